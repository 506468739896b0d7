use serde_json::json;

use crate::configuration::policy::{Decision, Policy, Request, with_statement, without_statement};
use crate::rules::cause::{Cause, quoted, region_flag};
use crate::rules::rule;
use crate::symptoms::{Kind, PolicyLayer, Scene, Symptoms};

use super::denied::{self, Way, by_layer, queue_arn};

rule! {
    /// The endpoint's policy does not allow the canary's call, or denies it.
    ///
    /// The path is right: a refusal that names the endpoint's policy proves that the request went through an endpoint.
    ///
    /// ## Told apart by
    /// The service's own 403 text names the VPC endpoint policy. Where the text names no policy: the endpoint that the request
    /// went through has a policy document that refuses the call for certain. Else it is `access-denied`.
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
    let through = match denied::way(scene) {
        Way::Through(endpoint) => Some(endpoint),
        Way::Public | Way::Unknown => None,
    };
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
    let layers = denied::layers(scene, PolicyLayer::Endpoint);
    let Some(mut cause) = by_layer(scene, symptoms, &layers, subject.clone()) else {
        return Vec::new();
    };
    let is_named = symptoms
        .where_kind(|kind| *kind == Kind::CanaryDenied(PolicyLayer::Endpoint))
        .next()
        .is_some();
    let document = endpoint.and_then(|endpoint| endpoint.policy.as_deref());
    let call = denied::call(scene);
    let mut amended = None;
    if let Some(document) = document {
        // Which endpoint the request went through decides whose policy is to be judged.
        if let (Some(call), Some(_)) = (&call, through) {
            let policy = Policy::read(document);
            for sentence in denied::judged(&policy, &format!("the policy of {subject}"), call) {
                cause = cause.evidence(capitalized(&sentence));
            }
            amended = allowing(document, &policy, call);
        }
        cause = cause.evidence(format!("The policy of {subject}: {}", short(document)));
    }
    let because = match is_named {
        true => "The service's refusal names the VPC endpoint policy.",
        false => {
            "The service's refusal names no policy; the request went through this endpoint, whose policy refuses the call."
        }
    };
    let mut commands = vec![format!(
        "aws ec2 describe-vpc-endpoints --vpc-endpoint-ids {subject} --query 'VpcEndpoints[0].PolicyDocument' --output text{}",
        region_flag(scene)
    )];
    if let Some(document) = &amended {
        commands.push(format!(
            "aws ec2 modify-vpc-endpoint --vpc-endpoint-id {subject} --policy-document {}{}",
            quoted(document),
            region_flag(scene)
        ));
    }
    if !subject.starts_with("vpce-") {
        commands.clear();
    }
    vec![
        cause
            .title(format!(
                "The endpoint policy of {subject} refuses the canary"
            ))
            .because(because)
            .fix(
                format!(
                    "Allow the call on {} in the endpoint's policy.",
                    queue_arn(scene)
                ),
                commands,
            ),
    ]
}

/// The document with a statement more that allows the call, or without those that deny it, where that is what it lacks and it is
/// short enough to paste.
fn allowing(document: &str, policy: &Policy, call: &Request) -> Option<String> {
    if !policy.problems.is_empty() {
        return None;
    }
    let fits = |document: &String| document.len() <= 4096;
    match policy.decide(call) {
        Decision::NotAllowed => {}
        Decision::ExplicitlyDenied(index) => {
            let rest = without_statement(document, index)?;
            return match Policy::read(&rest).decide(call) {
                Decision::Allowed(_) => Some(rest).filter(fits),
                // At most as often as there are statements: each time there is one less.
                _ => allowing(&rest, &Policy::read(&rest), call),
            };
        }
        Decision::Allowed(_) | Decision::Unknown(_) => return None,
    }
    let principal = match call.caller.account() {
        Some(account) => json!({"AWS": account}),
        None => json!("*"),
    };
    let statement = json!({
        "Effect": "Allow",
        "Principal": principal,
        "Action": denied::action_name(&call.action),
        "Resource": call.resource,
    });
    with_statement(document, statement).filter(fits)
}

fn capitalized(sentence: &str) -> String {
    let mut chars = sentence.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

fn short(policy: &str) -> String {
    let compact: String = policy.split_whitespace().collect::<Vec<_>>().join(" ");
    match compact.char_indices().nth(600) {
        Some((end, _)) => format!("{}…", &compact[..end]),
        None => compact,
    }
}
