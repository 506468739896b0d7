use crate::rules::cause::{Cause, quoted, region_flag};
use crate::rules::rule;
use crate::symptoms::{PolicyLayer, Scene, Symptoms};

use super::denied::{Way, by_layer, queue, way};

rule! {
    /// The canary is refused, and the service does not say by which policy.
    ///
    /// ## Told apart by
    /// A 403 whose text names no layer of policy, where neither the endpoint's policy nor the queue's was read and refuses
    /// the call for certain.
    ///
    /// ## Fix
    /// Look at the identity's policies, the queue's policy and the endpoint's policy, in this order.
    ///
    /// ## Source
    /// IAM User Guide, "Policy evaluation logic".
    pub ACCESS_DENIED, "access-denied", Fail, Undistinguished, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let cause = by_layer(scene, symptoms, &[PolicyLayer::Unnamed], queue(scene));
    cause
        .map(|cause| {
            cause
                .title("The canary is refused")
                .because("The service refuses the call and names no policy.")
                .evidence(read_policies(scene))
                .fix(
                    "Look at the identity's, the queue's and the endpoint's policy.",
                    vec![format!(
                        "aws sqs get-queue-attributes --queue-url {} --attribute-names Policy{}",
                        quoted(&queue(scene)),
                        region_flag(scene)
                    )],
                )
        })
        .into_iter()
        .collect()
}

/// Which policies were read; a rule that runs before this one speaks where one of them refuses for certain.
fn read_policies(scene: &Scene<'_>) -> &'static str {
    let endpoint = match way(scene) {
        Way::Through(endpoint) => endpoint.policy.is_some(),
        Way::Public | Way::Unknown => false,
    };
    match (endpoint, scene.facts.canary.queue_policy.is_some()) {
        (true, true) => {
            "The endpoint's and the queue's policy were read, and do not show the refusal."
        }
        (true, false) => "The endpoint's policy was read, and does not show the refusal.",
        (false, true) => "The queue's policy was read, and does not show the refusal.",
        (false, false) => "Neither the endpoint's nor the queue's policy could be read.",
    }
}
