use crate::rules::cause::{Cause, region_flag};
use crate::rules::rule;
use crate::symptoms::{PolicyLayer, Scene, Symptoms};

use super::denied::{by_layer, queue_arn};

rule! {
    /// The endpoint's policy does not allow the canary's call, or denies it.
    ///
    /// The path is right: a refusal that names the endpoint's policy proves that the request went through an endpoint.
    ///
    /// ## Told apart by
    /// The service's own 403 text names the VPC endpoint policy. A text that names no policy is `access-denied`.
    ///
    /// ## Fix
    /// Add a statement to the endpoint's policy that allows the call on the queue.
    ///
    /// ## Source
    /// AWS PrivateLink Guide, "Control access to VPC endpoints using endpoint policies"; IAM User Guide, "Troubleshoot access
    /// denied error messages".
    pub ENDPOINT_POLICY_DENIES, "endpoint-policy-denies", Fail, Connection, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let through = scene
        .facts
        .canary
        .remote_address
        .and_then(|address| scene.endpoint_at(address))
        .map(|(endpoint, _)| endpoint);
    let endpoint = through.or_else(|| scene.endpoints_of("sqs").into_iter().next());
    let subject = endpoint.map_or_else(
        || {
            scene
                .facts
                .canary
                .host
                .clone()
                .unwrap_or_else(|| "sqs".to_owned())
        },
        |endpoint| endpoint.id.clone(),
    );
    let Some(mut cause) = by_layer(scene, symptoms, &[PolicyLayer::Endpoint], subject.clone())
    else {
        return Vec::new();
    };
    if let Some(policy) = endpoint.and_then(|endpoint| endpoint.policy.as_deref()) {
        cause = cause.evidence(format!("The policy of {subject}: {}", short(policy)));
    }
    vec![
        cause
            .title(format!("The endpoint policy of {subject} refuses the canary"))
            .because("The service's refusal names the VPC endpoint policy.")
            .fix(
                format!("Allow the call on {} in the endpoint's policy.", queue_arn(scene)),
                vec![
                    format!(
                        "aws ec2 describe-vpc-endpoints --vpc-endpoint-ids {subject} --query 'VpcEndpoints[0].PolicyDocument' --output text{}",
                        region_flag(scene)
                    ),
                    format!(
                        "aws ec2 modify-vpc-endpoint --vpc-endpoint-id {subject} --policy-document file://policy.json{}",
                        region_flag(scene)
                    ),
                ],
            ),
    ]
}

fn short(policy: &str) -> String {
    let compact: String = policy.split_whitespace().collect::<Vec<_>>().join(" ");
    match compact.char_indices().nth(600) {
        Some((end, _)) => format!("{}…", &compact[..end]),
        None => compact,
    }
}
