use crate::rules::cause::Cause;
use crate::rules::rule;
use crate::symptoms::{PolicyLayer, Scene, Symptoms};

use super::denied::{by_layer, queue};

rule! {
    /// The canary is refused, and the service does not say by which policy.
    ///
    /// ## Told apart by
    /// A 403 whose text names no layer of policy.
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
                .fix(
                    "Look at the identity's, the queue's and the endpoint's policy.",
                    vec![format!(
                        "aws sqs get-queue-attributes --queue-url {} --attribute-names Policy",
                        crate::rules::cause::quoted(&queue(scene))
                    )],
                )
        })
        .into_iter()
        .collect()
}
