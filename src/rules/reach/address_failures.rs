//! What the rules about addresses that cannot be reached share.

use std::net::IpAddr;

use crate::facts::FailureKind;
use crate::facts::inventory::{Endpoint, NetworkInterface, SecurityGroup};
use crate::rules::Cause;
use crate::rules::cause::by_subject;
use crate::symptoms::{Kind, Scene, Stage, Symptom, Symptoms};

/// The addresses that swallowed the connection attempt, each with the endpoint's interface it belongs to.
pub(super) fn silent<'s, 'a>(
    scene: &'s Scene<'a>,
    symptoms: &'s Symptoms,
) -> impl Iterator<Item = (&'s Symptom, &'a Endpoint, &'a NetworkInterface)> {
    symptoms
        .where_kind(|kind| *kind == Kind::Tcp(FailureKind::Timeout))
        .filter_map(|symptom| {
            let (endpoint, interface) = scene.endpoint_at(symptom.address?)?;
            Some((symptom, endpoint, interface))
        })
}

/// The groups with these ids, or none where any of them was not read.
pub(super) fn groups<'a>(scene: &Scene<'a>, ids: &[String]) -> Option<Vec<&'a SecurityGroup>> {
    let all = scene.inventory()?.security_groups.seen()?;
    let found: Vec<&SecurityGroup> = ids
        .iter()
        .filter_map(|id| all.iter().find(|group| group.id == *id))
        .collect();
    (!ids.is_empty() && found.len() == ids.len()).then_some(found)
}

/// True where no address of this name completed a connection.
pub(super) fn all_fail(scene: &Scene<'_>, name: &str) -> bool {
    let mut probes = scene.facts.probes_of(name);
    !probes.any(|probe| probe.tcp.is_seen())
}

/// True where no address of this name and family completed a connection.
pub(super) fn all_of_family_fail(scene: &Scene<'_>, name: &str, family_of: IpAddr) -> bool {
    let mut probes = scene.facts.probes_of(name);
    !probes.any(|probe| probe.address.is_ipv4() == family_of.is_ipv4() && probe.tcp.is_seen())
}

/// One cause for each name whose addresses failed this way and that nothing readable explains better.
pub(super) fn undistinguished(
    scene: &Scene<'_>,
    symptoms: &Symptoms,
    matches: impl Fn(&Kind) -> bool,
    tell: impl Fn(&Symptom) -> Cause,
) -> Vec<Cause> {
    let causes = symptoms
        .where_kind(matches)
        .map(|symptom| tell(symptom).follows(symptoms.following(scene, &symptom.name, Stage::Tcp)));
    by_subject(causes)
}
