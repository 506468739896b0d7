use crate::rules::cause::Cause;
use crate::rules::rule;
use crate::symptoms::{Kind, PolicyLayer, Scene, Symptoms};

use super::denied::{by_layer, queue_arn};

rule! {
    /// The caller's own permissions refuse the canary.
    ///
    /// An identity-based policy, a permissions boundary, a session policy, a service or resource control policy: which one
    /// is named in the evidence. The network is fine.
    ///
    /// ## Told apart by
    /// The service's 403 text names the layer. Across accounts it can name the resource policy where the identity's is
    /// to blame; only one layer is ever named, so mending it may show the next.
    ///
    /// ## Fix
    /// Allow `sqs:SendMessage` on the queue in that layer. `vpcheck iam-policy` prints the least policy.
    ///
    /// ## Source
    /// IAM User Guide, "Troubleshoot access denied error messages".
    pub IDENTITY_POLICY_DENIES, "identity-policy-denies", Fail, Connection, find
}

const LAYERS: [PolicyLayer; 6] = [
    PolicyLayer::Identity,
    PolicyLayer::Boundary,
    PolicyLayer::Session,
    PolicyLayer::ServiceControl,
    PolicyLayer::ResourceControl,
    PolicyLayer::Trust,
];

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let layer = symptoms.iter().find_map(|symptom| match symptom.kind {
        Kind::CanaryDenied(layer) if LAYERS.contains(&layer) => Some(layer),
        _ => None,
    });
    let Some(layer) = layer else {
        return Vec::new();
    };
    let message = scene
        .facts
        .canary
        .error
        .as_ref()
        .map_or("", |error| error.message.as_str());
    let subject = super::denied::queue(scene);
    let Some(cause) = by_layer(scene, symptoms, &LAYERS, subject) else {
        return Vec::new();
    };
    vec![
        cause
            .evidence(match principal(message) {
                Some(principal) => format!("The caller is {principal}."),
                None => "The caller is not named.".to_owned(),
            })
            .evidence(format!("The layer named is the {}.", layer.words()))
            .title(format!("The caller's {} refuses the canary", layer.words()))
            .because(format!("The service's refusal names a {}.", layer.words()))
            .fix(
                format!(
                    "Allow sqs:SendMessage on {} in the {}.",
                    queue_arn(scene),
                    layer.words()
                ),
                vec![format!(
                    "vpcheck iam-policy --queue-url {}",
                    crate::rules::cause::quoted(&super::denied::queue(scene))
                )],
            ),
    ]
}

/// The principal that the text names: the thing whose permissions are to be changed.
fn principal(message: &str) -> Option<String> {
    let rest = message.split("User: ").nth(1)?;
    let arn = rest.split_whitespace().next()?;
    (arn.starts_with("arn:") && arn.len() <= 2048).then(|| arn.to_owned())
}
