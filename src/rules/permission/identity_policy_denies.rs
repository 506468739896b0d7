use crate::rules::cause::{Cause, quoted};
use crate::rules::rule;
use crate::symptoms::{Kind, PolicyLayer, Scene, Symptoms};

use super::denied::{by_layer, queue_arn};
use super::identity_statement::{self, principal};

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
    let mut commands = vec![format!(
        "vpcheck iam-policy --queue-url {}",
        quoted(&subject)
    )];
    let lacks = layer == PolicyLayer::Identity && message.contains("because no ");
    if let (true, Some(caller), Some(arn)) =
        (lacks, principal(message), &scene.facts.canary.queue_arn)
    {
        let actions = [action(message).unwrap_or("sqs:SendMessage")];
        commands.extend(identity_statement::command(scene, &caller, &actions, arn));
    }
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
                commands,
            ),
    ]
}

/// The action that the text names, as a policy spells it.
fn action(message: &str) -> Option<&'static str> {
    let named = message
        .split("is not authorized to perform: ")
        .nth(1)?
        .split_whitespace()
        .next()?;
    ["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage"]
        .into_iter()
        .find(|action| action.eq_ignore_ascii_case(named))
}
