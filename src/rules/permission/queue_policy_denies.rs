use crate::rules::cause::{Cause, quoted, region_flag};
use crate::rules::rule;
use crate::symptoms::{PolicyLayer, Scene, Symptoms};

use super::denied::{by_layer, queue};

rule! {
    /// The queue's own policy denies the canary.
    ///
    /// Queue policies often ask for an endpoint or VPC by id (`aws:SourceVpce`, `aws:SourceVpc`); after an endpoint is
    /// rebuilt the id no longer matches.
    ///
    /// ## Told apart by
    /// The service's 403 text names a resource-based policy, and the request went a private way. From a public path the same
    /// refusal is most likely the bypassed endpoint, and then a consequence of that path.
    ///
    /// ## Fix
    /// Correct the statement in the queue's policy that denies, or add one that allows.
    ///
    /// ## Source
    /// Amazon SQS Developer Guide, "Creating an Amazon VPC endpoint policy for Amazon SQS" and policy example 5.
    pub QUEUE_POLICY_DENIES, "queue-policy-denies", Fail, Connection, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let subject = queue(scene);
    let Some(mut cause) = by_layer(scene, symptoms, &[PolicyLayer::Resource], subject.clone())
    else {
        return Vec::new();
    };
    if let Some(policy) = &scene.facts.canary.queue_policy {
        let keys: Vec<&str> = [
            "aws:SourceVpce",
            "aws:SourceVpc",
            "aws:VpcSourceIp",
            "aws:SourceIp",
        ]
        .into_iter()
        .filter(|key| {
            let quoted = format!("\"{}\"", key.to_ascii_lowercase());
            policy.to_ascii_lowercase().contains(&quoted)
        })
        .collect();
        if !keys.is_empty() {
            cause = cause.evidence(format!(
                "The queue's policy has conditions on {}.",
                keys.join(", ")
            ));
        }
    }
    let endpoint = scene
        .facts
        .canary
        .remote_address
        .and_then(|address| scene.endpoint_at(address));
    if let Some((endpoint, _)) = endpoint {
        cause = cause.evidence(format!(
            "The request went through {} in {}.",
            endpoint.id,
            endpoint.vpc_id.as_deref().unwrap_or("this VPC")
        ));
    }
    vec![
        cause
            .title("The queue's policy refuses the canary")
            .because("The service's refusal names a resource-based policy, which for SQS is the queue's.")
            .fix(
                "Correct the queue's policy.",
                vec![format!(
                    "aws sqs get-queue-attributes --queue-url {} --attribute-names Policy{}",
                    quoted(&subject),
                    region_flag(scene)
                )],
            ),
    ]
}
