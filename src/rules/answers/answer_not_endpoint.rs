use crate::rules::cause::{Cause, by_subject};
use crate::rules::rule;
use crate::symptoms::{Kind, Scene, Symptoms};

use super::zone_record;

rule! {
    /// A private answer that belongs to no endpoint of the service.
    ///
    /// A stale record from before the endpoint was rebuilt, a private hosted zone that points elsewhere, a sinkhole
    /// or a corporate proxy. What the address then does, be it a refusal, silence or an odd certificate, follows
    /// from it.
    ///
    /// ## Told apart by
    /// The endpoints of the VPC and their interfaces were read, and the address is none of theirs. Where they cannot
    /// be read, an address inside the VPC stays `private-unconfirmed`. Addresses that no service can have
    /// (0.0.0.0, 127.0.0.1) need no inventory.
    ///
    /// ## Fix
    /// Correct or remove the record; where an endpoint of the service is here, its private DNS makes the right one.
    ///
    /// ## Source
    /// Route 53 Developer Guide, "Considerations when working with a private hosted zone".
    pub ANSWER_NOT_ENDPOINT, "answer-not-endpoint", Fail, Service, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let causes = symptoms.where_kind(|kind| *kind == Kind::NotEndpoint).map(|symptom| {
        let endpoints = scene.endpoints_of(&symptom.service);
        let mut cause = Cause::shown_by(&symptom.name, [symptom])
            .follows(symptoms.after_name(scene, &symptom.name))
            .title(format!("{} answers with an address of no endpoint", symptom.name))
            .because("The answer is a private address that is on no interface of an endpoint of this service.");
        for endpoint in &endpoints {
            let addresses: Vec<String> = scene
                .interfaces_of(endpoint)
                .iter()
                .flat_map(|interface| &interface.addresses)
                .map(ToString::to_string)
                .collect();
            if !addresses.is_empty() {
                cause = cause.evidence(format!(
                    "{} ({}, {}) has the addresses {}.",
                    endpoint.id,
                    endpoint.service_name,
                    endpoint.state,
                    addresses.join(", ")
                ));
            }
        }
        if endpoints.is_empty() && scene.endpoint_list_is_complete() {
            cause = cause.evidence(format!("This VPC has no endpoint for {}.", symptom.service));
        }
        for probe in scene.facts.probes_of(&symptom.name) {
            if let Some(leaf) = probe.tls.seen().and_then(|tls| tls.leaf()) {
                cause = cause.evidence(format!(
                    "{} presents a certificate issued by {}.",
                    probe.address, leaf.issuer
                ));
            }
        }
        match zone_record::endpoint(scene, &symptom.service) {
            Some(endpoint) => cause.fix(
                "Correct the private zone's record that gives this address, so that it leads to the endpoint, or delete the zone.",
                zone_record::commands(scene, None, &symptom.name, endpoint, &["A"]),
            ),
            None => cause.fix(
                "Correct or remove the record that gives this address. Private zones that this VPC sees:",
                zone_record::list(scene),
            ),
        }
    });
    by_subject(causes)
}
