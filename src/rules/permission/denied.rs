//! What the rules about refusals of the canary share.

use crate::configuration::policy::{Caller, Decision, Effect, Held, Policy, Request};
use crate::facts::inventory::Endpoint;
use crate::facts::{Outcome, ServiceError};
use crate::rules::Cause;
use crate::symptoms::placement::{self, Placement};
use crate::symptoms::{Kind, PolicyLayer, Scene, Symptoms};

/// How many statements or problems of a policy are gone into.
const SHOWN: usize = 4;

/// The way a request took, as far as it is known.
#[derive(Debug, Clone, Copy)]
pub(super) enum Way<'a> {
    /// Through this endpoint.
    Through(&'a Endpoint),
    /// To a public address, through no endpoint.
    Public,
    /// To an address of which nobody can say whose it is.
    Unknown,
}

/// The way the canary took.
pub(super) fn way<'a>(scene: &Scene<'a>) -> Way<'a> {
    let canary = &scene.facts.canary;
    let Some(address) = canary.remote_address else {
        return Way::Unknown;
    };
    if let Some((endpoint, _)) = scene.endpoint_at(address) {
        return Way::Through(endpoint);
    }
    let host = canary.host.as_deref().unwrap_or_default();
    match placement::place(scene, "sqs", host, address) {
        Placement::Public => Way::Public,
        _ => Way::Unknown,
    }
}

/// The refused call as a policy sees it. Who calls is known where the service's text says so; what is not known stays so.
/// None where it cannot be told which call was refused.
pub(super) fn call(scene: &Scene<'_>) -> Option<Request> {
    let canary = &scene.facts.canary;
    let error = canary.error.as_ref()?;
    let named = |before: &str| {
        let rest = error.message.split(before).nth(1)?;
        let word = rest.split_whitespace().next()?;
        Some(word.trim_matches(['"', ',', '.']).to_owned())
    };
    let action = match (
        named("is not authorized to perform: "),
        &canary.result.outcome,
    ) {
        (Some(action), _) => action,
        // Once the message is sent, it may be the receiving or the deleting that is refused.
        (None, Outcome::Seen(_)) => return None,
        (None, _) => "sqs:SendMessage".to_owned(),
    };
    let resource = canary
        .queue_arn
        .clone()
        .or_else(|| named("on resource: ").filter(|arn| arn.starts_with("arn:")))?;
    let caller = named("User: ").and_then(|arn| Caller::read(&arn));
    let at = error.date.unwrap_or(scene.facts.started_at);
    let mut request = Request::new(caller.unwrap_or_default(), &action, &resource)
        // The canary only ever goes over TLS, and nobody sends it on our behalf.
        .with("aws:SecureTransport", Held::one("true"))
        .with("aws:ViaAWSService", Held::one("false"))
        .with("aws:SourceArn", Held::Absent)
        .with("aws:SourceAccount", Held::Absent)
        .with("aws:CurrentTime", Held::one(at.to_string()))
        .with("aws:EpochTime", Held::one(at.as_second().to_string()));
    if let Some(region) = &scene.region {
        request = request.with("aws:RequestedRegion", Held::one(region.as_str()));
    }
    if let Some(account) = account_of(&resource) {
        request = request.with("aws:ResourceAccount", Held::one(account));
    }
    Some(on_its_way(scene, request))
}

/// What the condition keys about the network hold: those of an endpoint are there only behind one, and `aws:SourceIp` only
/// without (IAM User Guide, "AWS global condition context keys").
fn on_its_way(scene: &Scene<'_>, request: Request) -> Request {
    match way(scene) {
        Way::Through(endpoint) => {
            let vpc = endpoint.vpc_id.as_ref();
            // From another VPC the address may have been translated on the way, as it may be in a container.
            let own = scene
                .facts
                .canary
                .remote_address
                .filter(|_| vpc.is_some() && vpc == scene.vpc_id.as_ref())
                .and_then(|address| scene.source_towards(address))
                .filter(|own| scene.in_vpc(*own) == Some(true));
            request
                .with("aws:SourceVpce", Held::one(&endpoint.id))
                .with("aws:SourceVpc", vpc.map_or(Held::Unknown, Held::one))
                .with("aws:SourceIp", Held::Absent)
                .with(
                    "aws:VpcSourceIp",
                    own.map_or(Held::Unknown, |own| Held::one(own.to_string())),
                )
        }
        Way::Public => request
            .with("aws:SourceVpce", Held::Absent)
            .with("aws:SourceVpc", Held::Absent)
            .with("aws:VpcSourceIp", Held::Absent),
        Way::Unknown => request,
    }
}

/// The layers whose refusals a rule answers for: its own, and an unnamed one where the policy it knows refuses for certain.
pub(super) fn layers(scene: &Scene<'_>, own: PolicyLayer) -> Vec<PolicyLayer> {
    match unnamed(scene) == Some(own) {
        true => vec![own, PolicyLayer::Unnamed],
        false => vec![own],
    }
}

/// The policy that refuses the call for certain, for a refusal that names none.
pub(super) fn unnamed(scene: &Scene<'_>) -> Option<PolicyLayer> {
    let request = call(scene)?;
    if let Way::Through(endpoint) = way(scene)
        && let Some(document) = &endpoint.policy
        && Policy::read(document).decide(&request).refuses()
    {
        return Some(PolicyLayer::Endpoint);
    }
    let decision = Policy::read(scene.facts.canary.queue_policy.as_deref()?).decide(&request);
    let refused = match decision {
        Decision::ExplicitlyDenied(_) => true,
        // Within an account the caller's own policies suffice; across accounts the queue's has to allow it as well.
        decision => {
            let owner = account_of(&request.resource);
            let caller = request.caller.account();
            decision.refuses() && caller.is_some() && owner.is_some() && caller != owner
        }
    };
    refused.then_some(PolicyLayer::Resource)
}

/// What a policy document says of the call, in sentences: the statement that denies it, or why none allows it.
pub(super) fn judged(policy: &Policy, name: &str, request: &Request) -> Vec<String> {
    let call = format!("{} on {}", action_name(&request.action), request.resource);
    let mut said: Vec<String> = policy
        .problems
        .iter()
        .take(SHOWN)
        .map(|problem| format!("{name} is not as AWS wants it: {problem}."))
        .collect();
    match policy.decide(request) {
        Decision::ExplicitlyDenied(index) => {
            said.push(format!("In {name} {} denies {call}.", policy.name(index)));
            let conditions = policy.statements.get(index).map(|s| &s.conditions);
            for condition in conditions.into_iter().flatten().take(SHOWN) {
                said.push(format!(
                    "Its condition holds: {}.",
                    condition.words(request)
                ));
            }
        }
        Decision::NotAllowed => {
            said.push(format!("No statement of {name} allows {call}."));
            said.extend(near_misses(policy, request));
        }
        Decision::Unknown(doubt) => {
            if doubt.refused {
                said.push(format!("No statement of {name} allows {call}."));
                said.extend(near_misses(policy, request));
            } else if let Some(index) = doubt.statement {
                let statement = policy.name(index);
                said.push(format!(
                    "In {name} it depends on {statement}: {}.",
                    doubt.reason
                ));
            }
        }
        Decision::Allowed(index) => said.push(format!(
            "{name}, as it was read, allows the call in {}: it may have changed a moment ago.",
            policy.name(index)
        )),
    }
    said
}

/// Why the statements that allow something do not allow this.
fn near_misses(policy: &Policy, request: &Request) -> Vec<String> {
    let statements = policy.statements.iter().enumerate();
    statements
        .filter(|(_, statement)| statement.effect == Some(Effect::Allow))
        .filter_map(|(index, statement)| {
            let reasons = statement.mismatches(request);
            let reasons: Vec<String> = reasons.iter().map(|reason| reason.to_string()).collect();
            let name = policy.name(index);
            (!reasons.is_empty())
                .then(|| format!("It is not allowed by {name}: {}.", reasons.join("; ")))
        })
        .take(SHOWN)
        .collect()
}

/// The action as documents write it; SQS's refusals write it in small letters.
pub(super) fn action_name(action: &str) -> &str {
    ["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage"]
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(action))
        .unwrap_or(action)
}

fn account_of(arn: &str) -> Option<&str> {
    arn.split(':').nth(4).filter(|account| !account.is_empty())
}

/// The cause of a canary refused by one of these layers, on this subject.
pub(super) fn by_layer(
    scene: &Scene<'_>,
    symptoms: &Symptoms,
    layers: &[PolicyLayer],
    subject: String,
) -> Option<Cause> {
    let symptom = symptoms
        .where_kind(|kind| match kind {
            Kind::CanaryDenied(layer) => layers.contains(layer),
            _ => false,
        })
        .next()?;
    let mut cause = Cause::shown_by(subject, [symptom]);
    if let Some(error) = &scene.facts.canary.error {
        cause = cause.evidence(said(error));
    }
    Some(cause)
}

/// The service's own words.
pub(super) fn said(error: &ServiceError) -> String {
    let status = error
        .status
        .map_or(String::new(), |status| format!("{status} "));
    let request = match &error.request_id {
        Some(id) => format!(" (request {id})"),
        None => String::new(),
    };
    format!(
        "The service said: {status}{}: {}{request}",
        error.code, error.message
    )
}

/// The queue's URL, as the thing to change.
pub(super) fn queue(scene: &Scene<'_>) -> String {
    scene
        .facts
        .request
        .queue_url
        .clone()
        .unwrap_or_else(|| "sqs".to_owned())
}

/// The queue's ARN, as far as the URL tells it.
pub(super) fn queue_arn(scene: &Scene<'_>) -> String {
    scene
        .facts
        .canary
        .queue_arn
        .clone()
        .unwrap_or_else(|| "QUEUE_ARN".to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::facts::Facts;
    use crate::symptoms::{Scene, Symptoms};
    use crate::verdict::cover;
    use crate::verdict::finding::Finding;

    const OPEN: &str =
        r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sqs:*","Resource":"*"}]}"#;
    const NARROW: &str = r#"{"Statement":[{"Sid":"Other","Effect":"Allow","Principal":"*","Action":"sqs:*","Resource":"arn:aws:sqs:us-east-1:123456789012:other"}]}"#;
    const GUARD: &str = r#"{"Statement":[{"Effect":"Deny","Principal":"*","Action":"sqs:*","Resource":"*","Condition":{"StringNotEquals":{"aws:SourceVpce":"vpce-a"}}}]}"#;
    const UNNAMED: &str = "Access to the resource https://sqs.us-east-1.amazonaws.com/ is denied.";
    const IDENTITY: &str = "User: arn:aws:sts::123456789012:assumed-role/app/i-1 is not authorized to perform: sqs:sendmessage on resource: arn:aws:sqs:us-east-1:123456789012:canary because no identity-based policy allows the sqs:sendmessage action";

    fn times(outcome: Value) -> Value {
        let mut observation = json!({"at_ms": 0.0, "took_ms": 0.0});
        let (key, value) = outcome.as_object().unwrap().iter().next().unwrap();
        observation[key] = value.clone();
        observation
    }

    /// The finding about a canary refused with this text, through vpce-b unless it went to another address.
    fn found(text: &str, endpoint: &str, queue: Option<&str>, address: &str) -> Finding {
        let facts = json!({
            "facts_version": 1, "tool_version": "0", "run_id": "r", "duration_ms": 1.0,
            "started_at": "2026-11-21T09:00:00Z",
            "request": {"expect": "private", "queue_url": "https://sqs.us-east-1.amazonaws.com/123456789012/canary",
                "canary": "send", "timeout_ms": 2000, "deadline_ms": 20000, "inventory_max_age_s": 86400},
            "host": {"kind": "ec2", "region": "us-east-1", "vpc_id": "vpc-1", "vpc_cidrs": ["10.0.0.0/16"],
                "addresses": ["10.0.1.10"], "ipv4_route": true, "ipv6_route": false, "container": false},
            "targets": [], "names": [], "probes": [],
            "canary": {
                "host": "sqs.us-east-1.amazonaws.com", "remote_address": address,
                "result": times(json!({"failed": {"kind": "denied", "detail": "403"}})),
                "error": {"status": 403, "code": "AccessDenied", "message": text},
                "queue_policy": queue, "queue_arn": "arn:aws:sqs:us-east-1:123456789012:canary"},
            "inventory": {
                "inventory_version": 1, "source": "ec2-api", "taken_at": "2026-11-21T09:00:00Z", "vpc_id": "vpc-1",
                "endpoints": times(json!({"seen": [{
                    "id": "vpce-b", "kind": "Interface", "service_name": "com.amazonaws.us-east-1.sqs", "vpc_id": "vpc-1",
                    "state": "available", "private_dns_enabled": true, "subnet_ids": [], "interface_ids": ["eni-1"],
                    "group_ids": [], "route_table_ids": [], "dns_names": [], "policy": endpoint}]})),
                "network_interfaces": times(json!({"seen": [{
                    "id": "eni-1", "vpc_id": "vpc-1", "addresses": ["10.0.10.55"], "public_addresses": [], "group_ids": [],
                    "description": "VPC Endpoint Interface vpce-b"}]})),
            },
        });
        let facts: Facts = serde_json::from_value(facts).unwrap();
        let scene = Scene::of(&facts);
        let accepted = cover(&scene, &Symptoms::of(&scene));
        let about = accepted.into_iter().map(|accepted| accepted.finding);
        let mut about = about.filter(|f| f.code.ends_with("denies") || f.code == "access-denied");
        let first = about.next().unwrap();
        assert_eq!(about.next(), None, "one refusal is one finding");
        first
    }

    const ENDPOINT: &str = "10.0.10.55";

    #[test]
    fn a_text_without_a_layer_is_judged_by_the_documents_alone() {
        let code = |endpoint, queue, address| found(UNNAMED, endpoint, queue, address).code;
        assert_eq!(code(NARROW, None, ENDPOINT), "endpoint-policy-denies");
        assert_eq!(code(OPEN, None, ENDPOINT), "access-denied");
        assert_eq!(code("{", None, ENDPOINT), "access-denied");
        assert_eq!(
            code(NARROW, None, "10.0.77.7"),
            "access-denied",
            "not through the endpoint"
        );
        assert_eq!(code(OPEN, Some(GUARD), ENDPOINT), "queue-policy-denies");
        assert_eq!(
            code(OPEN, Some(GUARD), "10.0.77.7"),
            "access-denied",
            "which way it went is not known"
        );
        let silent = NARROW.replace("*:other", "other");
        assert_eq!(
            code(OPEN, Some(&silent), ENDPOINT),
            "access-denied",
            "within an account the queue's policy need not allow"
        );
        assert_eq!(
            found(IDENTITY, NARROW, Some(GUARD), ENDPOINT).code,
            "identity-policy-denies",
            "the service's own words win"
        );
    }

    #[test]
    fn the_evidence_names_the_statement_and_the_fix_has_the_ids() {
        let finding = found(UNNAMED, NARROW, None, ENDPOINT);
        let evidence = finding.evidence.join("\n");
        assert!(
            evidence
                .contains("allows sqs:SendMessage on arn:aws:sqs:us-east-1:123456789012:canary"),
            "{evidence}"
        );
        assert!(evidence.contains("statement 1 (Other)"), "{evidence}");
        let fix = finding.fix.commands.join("\n");
        assert!(
            fix.contains("modify-vpc-endpoint --vpc-endpoint-id vpce-b"),
            "{fix}"
        );

        let finding = found(UNNAMED, OPEN, Some(GUARD), ENDPOINT);
        let evidence = finding.evidence.join("\n");
        assert!(
            evidence.contains("aws:SourceVpce wants vpce-a, and the request came through vpce-b"),
            "{evidence}"
        );
        let fix = finding.fix.commands.join("\n");
        assert!(fix.contains("set-queue-attributes"), "{fix}");
        assert!(fix.contains("vpce-a") && fix.contains("vpce-b"), "{fix}");
    }

    #[test]
    fn a_malformed_document_is_pointed_at() {
        let named = "User: arn:aws:sts::123456789012:assumed-role/app/i-1 is not authorized to perform: sqs:sendmessage because no VPC endpoint policy allows the sqs:sendmessage action";
        let broken = r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam:123456789012:role/app"},"Action":"sqs:*","Resource":"*"}]}"#;
        let finding = found(named, broken, None, ENDPOINT);
        assert_eq!(finding.code, "endpoint-policy-denies");
        let evidence = finding.evidence.join("\n");
        assert!(
            evidence.contains("statement 1, Principal.AWS: expected"),
            "{evidence}"
        );
    }
}
