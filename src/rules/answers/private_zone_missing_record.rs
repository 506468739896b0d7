use crate::catalog::Partition;
use crate::facts::dns::Soa;
use crate::facts::{DnsStatus, NameFacts, ServerRole};
use crate::rules::cause::{Cause, by_subject_in_all_places};
use crate::rules::rule;
use crate::symptoms::{Kind, Scene, Symptom, Symptoms};

use super::why_public::uncovered_form;
use super::{create_endpoint, zone_record};

rule! {
    /// A private hosted zone shadows the name without a record for it.
    ///
    /// Where a private zone matches a name, the VPC's resolver asks nobody else: a name without a record in it does
    /// not exist in this VPC. The classic is a zone for `ecr.<region>` without the `*.dkr` record.
    ///
    /// ## Told apart by
    /// The negative answer's SOA: it belongs to the name itself or to a zone below the partition's suffix, or its
    /// name server is one of a private hosted zone. With the public suffix's own SOA the finding is `name-not-found`.
    ///
    /// ## Fix
    /// Add the record (for ECR `*.dkr.ecr`), narrow the zone to the names it serves, or delete it.
    ///
    /// ## Source
    /// Route 53 Developer Guide, "Considerations when working with a private hosted zone".
    pub PRIVATE_ZONE_MISSING_RECORD, "private-zone-missing-record", Fail, Service, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let missing = symptoms.where_kind(|kind| matches!(kind, Kind::NotFound(_)));
    let causes = missing.filter_map(|symptom| {
        scene.service(&symptom.service)?;
        let name = scene.facts.name(&symptom.name)?;
        let soa = private_zone(scene, name)?;
        if uncovered_form(scene, name).is_some() {
            return None;
        }
        let cause = Cause::shown_by(&soa.owner, [symptom])
            .follows(symptoms.after_name(scene, &symptom.name))
            .title(format!("The private zone {} has no record for {}", soa.owner, symptom.name))
            .because(format!(
                "The answer that {} has no address comes from the zone {}, which shadows the public name in this VPC.",
                symptom.name, soa.owner
            ))
            .evidence(format!("SOA of the negative answer: {} ({}).", soa.owner, soa.primary))
            ;
        let (summary, commands) = remedy(scene, symptom, &soa.owner);
        Some(cause.fix(summary, commands))
    });
    let mut causes = by_subject_in_all_places(causes);
    // A zone that hides one name is known by the name; one that hides several is itself the thing to change.
    for cause in &mut causes {
        if let [only] = cause.explains.as_slice()
            && let Some(symptom) = symptoms.get(*only)
        {
            cause.subject.clone_from(&symptom.name);
        }
    }
    causes
}

/// A record that leads to the endpoint; without one, the endpoint: its private names are more specific than the zone.
fn remedy(scene: &Scene<'_>, symptom: &Symptom, zone: &str) -> (&'static str, Vec<String>) {
    let (service, name) = (&symptom.service, &symptom.name);
    if let Some(endpoint) = zone_record::endpoint(scene, service) {
        let commands = zone_record::commands(scene, Some(zone), name, endpoint, &["A"]);
        return (
            "Add the record to the zone, narrow the zone, or delete it.",
            commands,
        );
    }
    let has_gateway = scene.service(service).is_some_and(|s| s.has_gateway());
    let missing = scene.endpoint_list_is_complete() && scene.endpoints_of(service).is_empty();
    match (
        missing && name != zone,
        scene.endpoint_service_name(service),
    ) {
        (true, Some(service_name)) if !has_gateway => {
            let mut commands = zone_record::list(scene);
            commands.extend(create_endpoint::commands(scene, &service_name, false, None));
            (
                "Create the endpoint, whose private names go before the zone's; or narrow the zone.",
                commands,
            )
        }
        // The name is public by nature, so that no record of a private zone can be right for long.
        _ if has_gateway => (
            "Narrow the zone, or take it from this VPC; its only VPC it keeps until it is deleted.",
            zone_record::disassociate(scene, zone),
        ),
        _ => (
            "Add the record to the zone, narrow the zone, or delete it. To find it:",
            zone_record::list(scene),
        ),
    }
}

/// The private zone that denied the name, if one did: in the VPC resolver's answer where it was asked, else in
/// the host resolver's.
pub(super) fn private_zone<'a>(scene: &Scene<'_>, name: &'a NameFacts) -> Option<&'a Soa> {
    // A server that has an address of the other family denies nothing by having none of this one.
    let denies = |role: ServerRole| match role {
        ServerRole::Host => is_negative(name.host_status()),
        ServerRole::Vpc => name.vpc_status().is_some_and(is_negative),
        ServerRole::Extra => false,
    };
    let negative = name
        .lookups
        .iter()
        .filter(|lookup| denies(lookup.role))
        .filter_map(|lookup| lookup.answer.seen())
        .filter(|answer| is_negative(answer.status));
    let suffixes: Vec<&str> = match scene.partition() {
        Some(Partition {
            dns_suffix,
            dual_stack_suffix,
            ..
        }) => vec![dns_suffix, dual_stack_suffix],
        None => vec!["amazonaws.com"],
    };
    negative
        .filter_map(|answer| answer.soa.as_ref())
        .find(|soa| is_private(soa, &name.name, &suffixes))
}

fn is_negative(status: DnsStatus) -> bool {
    matches!(status, DnsStatus::NxDomain | DnsStatus::NoData)
}

/// Settled by the SOA: the name's own zone, a zone below the suffix, or any zone that covers the name and is
/// served by a private zone's name servers (`ns-0`, `ns-512`, `ns-1024`, `ns-1536` of awsdns-00).
fn is_private(soa: &Soa, name: &str, suffixes: &[&str]) -> bool {
    let covers = name == soa.owner || name.ends_with(&format!(".{}", soa.owner));
    let below = suffixes
        .iter()
        .any(|suffix| soa.owner.ends_with(&format!(".{suffix}")));
    let private_server = ["ns-0.", "ns-512.", "ns-1024.", "ns-1536."]
        .iter()
        .any(|prefix| soa.primary.starts_with(&format!("{prefix}awsdns-00.")));
    covers && (name == soa.owner || below || private_server)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_suffix_is_blamed_only_where_a_private_zones_server_speaks_for_it() {
        let name = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
        let cases = [
            ("dkr.ecr.us-east-1.amazonaws.com", "ns.example", true),
            ("us-east-1.amazonaws.com", "ns.example", true),
            (name, "ns.example", true),
            ("amazonaws.com", "dns-external-master.amazon.com", false),
            ("amazonaws.com", "ns-1536.awsdns-00.co.uk", true),
            ("com", "a.gtld-servers.net", false),
            ("sqs.us-east-1.amazonaws.com", "ns.example", false),
        ];
        for (owner, primary, expected) in cases {
            let soa = Soa {
                owner: owner.to_owned(),
                primary: primary.to_owned(),
            };
            assert_eq!(
                is_private(&soa, name, &["amazonaws.com"]),
                expected,
                "{owner} {primary}"
            );
        }
    }
}
