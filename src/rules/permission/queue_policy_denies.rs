use serde_json::json;

use crate::configuration::policy::{Condition, Decision, Policy, Request, with_value};
use crate::rules::cause::{Cause, quoted, region_flag};
use crate::rules::rule;
use crate::symptoms::{Kind, PolicyLayer, Scene, Symptoms};

use super::denied::{self, Way, by_layer, queue};

rule! {
    /// The queue's own policy denies the canary.
    ///
    /// Queue policies often ask for an endpoint or VPC by id (`aws:SourceVpce`, `aws:SourceVpc`); after an endpoint is
    /// rebuilt the id no longer matches.
    ///
    /// ## Told apart by
    /// The service's 403 text names a resource-based policy, and the request went a private way. From a public path the same
    /// refusal is most likely the bypassed endpoint, and then a consequence of that path. Where the text names no policy: the
    /// queue's policy, where it can be read, denies the call for certain. Else it is `access-denied`.
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
    let layers = denied::layers(scene, PolicyLayer::Resource);
    let Some(mut cause) = by_layer(scene, symptoms, &layers, subject.clone()) else {
        return Vec::new();
    };
    let is_named = symptoms
        .where_kind(|kind| *kind == Kind::CanaryDenied(PolicyLayer::Resource))
        .next()
        .is_some();
    let mut fix = Remedy {
        summary: "Correct the queue's policy.".to_owned(),
        document: None,
    };
    let document = scene.facts.canary.queue_policy.as_deref();
    if let (Some(document), Some(call)) = (document, denied::call(scene)) {
        let policy = Policy::read(document);
        for sentence in denied::judged(&policy, "the queue's policy", &call) {
            cause = cause.evidence(sentence.replacen(
                "the queue's",
                "The queue's",
                usize::from(sentence.starts_with("the")),
            ));
        }
        if let Some((wanted, remedy)) = unmet(document, &policy, &call) {
            cause = cause.evidence(wanted);
            fix = remedy;
        }
    }
    if document.is_none() {
        cause =
            cause.evidence("The queue's policy could not be read, so the statement is not known.");
    }
    match denied::way(scene) {
        Way::Through(endpoint) => {
            cause = cause.evidence(format!(
                "The request went through {} in {}.",
                endpoint.id,
                endpoint.vpc_id.as_deref().unwrap_or("this VPC")
            ));
        }
        Way::Public => {
            cause = cause.evidence("The request went to a public address, through no endpoint.");
        }
        Way::Unknown => {}
    }
    let because = match is_named {
        true => {
            "The service's refusal names a resource-based policy, which for SQS is the queue's."
        }
        false => {
            "The service's refusal names no policy; the queue's, which was read, refuses the call."
        }
    };
    let region = region_flag(scene);
    let url = quoted(&subject);
    let mut commands = vec![format!(
        "aws sqs get-queue-attributes --queue-url {url} --attribute-names Policy{region}"
    )];
    if let Some(document) = fix.document {
        let attributes = json!({ "Policy": document }).to_string();
        commands.push(format!(
            "aws sqs set-queue-attributes --queue-url {url} --attributes {}{region}",
            quoted(&attributes)
        ));
    }
    vec![
        cause
            .title("The queue's policy refuses the canary")
            .because(because)
            .fix(fix.summary, commands),
    ]
}

/// What mends the policy: in words, and as a whole document where that is short enough to paste.
struct Remedy {
    summary: String,
    document: Option<String>,
}

/// The condition on an endpoint or a VPC that the request does not meet, and what would let it through.
fn unmet(document: &str, policy: &Policy, call: &Request) -> Option<(String, Remedy)> {
    let (index, condition) = match policy.decide(call) {
        Decision::ExplicitlyDenied(index) => {
            let conditions = &policy.statements.get(index)?.conditions;
            let negated = conditions.iter().find(|c| c.is_negated() && is_path(c))?;
            (index, negated)
        }
        Decision::NotAllowed => policy
            .statements
            .iter()
            .enumerate()
            .find_map(|(index, s)| {
                let positive = s
                    .conditions
                    .iter()
                    .find(|c| !c.is_negated() && is_path(c))?;
                (s.mismatches(call).len() == 1).then_some((index, positive))
            })?,
        Decision::Allowed(_) | Decision::Unknown(_) => return None,
    };
    let name = policy.name(index);
    let wants: Vec<&str> = condition.wanted().take(4).collect();
    let (key, wants) = (&condition.key, wants.join(" or "));
    let Some(has) = call.held(key).only() else {
        let wanted = format!("{key} wants {wants}, and the request came through no endpoint.");
        let summary = format!("Send the requests through {wants}, or change {name}.");
        let document = None;
        return Some((wanted, Remedy { summary, document }));
    };
    let wanted = format!("{key} wants {wants}, and the request came through {has}.");
    let amended = with_value(document, index, &condition.operator, key, has)
        // What is offered has to let the call through.
        .filter(|amended| {
            !matches!(
                Policy::read(amended).decide(call),
                Decision::ExplicitlyDenied(_)
            )
        })
        .filter(|amended| amended.len() <= 4096);
    let summary = format!("Add {has} to {key} in {name} of the queue's policy.");
    let document = amended;
    Some((wanted, Remedy { summary, document }))
}

fn is_path(condition: &Condition) -> bool {
    ["aws:SourceVpce", "aws:SourceVpc", "aws:VpcSourceIp"]
        .iter()
        .any(|key| key.eq_ignore_ascii_case(&condition.key))
}
