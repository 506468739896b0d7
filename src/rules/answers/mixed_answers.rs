use crate::facts::NameFacts;
use crate::rules::cause::{Cause, by_subject};
use crate::rules::rule;
use crate::symptoms::{Kind, Scene, Symptom, Symptoms};

use super::why_public::uncovered_form;
use super::zone_record;

rule! {
    /// One name has private and public addresses together.
    ///
    /// Some requests stay inside and some leave, or hang, depending on the address that is picked. Often the IPv4
    /// answer is the endpoint's while the IPv6 answer is the public service's.
    ///
    /// ## Told apart by
    /// The answers of one name, A and AAAA alike, lie partly in an endpoint and partly outside.
    ///
    /// ## Fix
    /// Remove the public addresses from the zone that gives them; for public IPv6 answers use a dual-stack endpoint,
    /// or let the applications use IPv4 only.
    ///
    /// ## Source
    /// AWS PrivateLink Guide, "DNS record IP type".
    pub MIXED_ANSWERS, "mixed-answers", Fail, Service, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let causes = symptoms
        .where_kind(|kind| *kind == Kind::Mixed)
        .filter(|symptom| {
            let name = scene.facts.name(&symptom.name);
            name.is_none_or(|name| uncovered_form(scene, name).is_none())
        })
        .map(|symptom| {
            let all: Vec<String> = scene
                .facts
                .name(&symptom.name)
                .map(|name| name.host_records())
                .unwrap_or_default()
                .iter()
                .map(|record| record.address.to_string())
                .collect();
            Cause::shown_by(&symptom.name, [symptom])
                .follows(symptoms.after_name(scene, &symptom.name))
                .title(format!("{} has private and public addresses together", symptom.name))
                .because("Which way a request takes depends on the address that is picked.")
                .evidence(format!("All answers: {}.", all.join(", ")))
                .fix(
                    "Remove the public addresses from the private zone or resolver that gives them. To see them, and to have a private zone's record lead to the endpoint:",
                    commands(scene, symptom),
                )
        });
    by_subject(causes)
}

fn commands(scene: &Scene<'_>, symptom: &Symptom) -> Vec<String> {
    let name = &symptom.name;
    let mut commands = vec![
        format!("dig +short A {name}"),
        format!("dig +short AAAA {name}"),
    ];
    if let Some(endpoint) = zone_record::endpoint(scene, &symptom.service) {
        let records = scene.facts.name(name).map(NameFacts::host_records);
        let has_ipv6 = records.is_some_and(|all| all.iter().any(|r| r.address.is_ipv6()));
        let types: &[&str] = if has_ipv6 { &["A", "AAAA"] } else { &["A"] };
        commands.extend(zone_record::commands(scene, None, name, endpoint, types));
    }
    commands
}
