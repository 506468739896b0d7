//! What the rules about resolvers that do not answer share.

use std::net::IpAddr;

use crate::facts::{DnsStatus, FailureKind, ServerRole};
use crate::rules::Cause;
use crate::symptoms::{Kind, Scene, Symptom, Symptoms};

/// How resolution through the host's resolvers ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// Nothing came back: silence, or word that nobody listens there.
    NoAnswer,
    /// SERVFAIL, or something that is no proper answer.
    Failure,
    /// REFUSED.
    Refusal,
}

/// The causes, one for each resolver, of names whose resolution ended this way.
pub(super) fn find(
    scene: &Scene<'_>,
    symptoms: &Symptoms,
    ending: Ending,
    does: &str,
) -> Vec<Cause> {
    let shown = symptoms.iter().filter(|symptom| match symptom.kind {
        Kind::DnsFailed(status) => ending_of(scene, symptom, status) == ending,
        _ => false,
    });
    let mut by_resolver: Vec<(Option<IpAddr>, Vec<&Symptom>)> = Vec::new();
    for symptom in shown {
        let server = first_resolver(scene, symptom);
        match by_resolver.iter_mut().find(|(known, _)| *known == server) {
            Some((_, shown)) => shown.push(symptom),
            None => by_resolver.push((server, vec![symptom])),
        }
    }
    by_resolver
        .into_iter()
        .map(|(server, shown)| cause(scene, symptoms, server, &shown, does))
        .collect()
}

fn cause(
    scene: &Scene<'_>,
    symptoms: &Symptoms,
    server: Option<IpAddr>,
    shown: &[&Symptom],
    does: &str,
) -> Cause {
    let server = server.map_or("/etc/resolv.conf".to_owned(), |server| server.to_string());
    let mut cause = Cause::shown_by(&server, shown.iter().copied());
    for symptom in shown {
        cause = cause.follows(symptoms.after_name(scene, &symptom.name));
    }
    // Without names nothing of AWS can be called, whatever the call's own host.
    let rest = symptoms.where_kind(|kind| {
        matches!(
            kind,
            Kind::CanaryNoPath
                | Kind::CanaryFailed(_)
                | Kind::InventoryUnreachable
                | Kind::InventoryCredentials
        )
    });
    cause = cause.follows(rest.map(|symptom| symptom.id));
    let vpc_resolver = shown.iter().find_map(|symptom| {
        let name = scene.facts.name(&symptom.name)?;
        let answering = name
            .by_role(ServerRole::Vpc)
            .find(|lookup| lookup.status() == DnsStatus::Ok)?;
        Some(answering.server.ip())
    });
    let because = match vpc_resolver {
        Some(vpc) => {
            cause = cause.evidence(format!(
                "The VPC's own resolver {vpc} answers the same names."
            ));
            format!(
                "{server}, which this host asks, {does}, while the VPC's resolver {vpc} answers."
            )
        }
        None => format!("{server}, which this host asks, {does}, so no name can be looked up."),
    };
    let name = shown.first().map_or("", |symptom| symptom.name.as_str());
    cause.because(because).fix(
        "Repair the resolver, or use the VPC's own (AmazonProvidedDNS in the DHCP option set). To try it:",
        vec![
            format!("dig +tries=1 @{server} {name}"),
            format!("dig +tries=1 @169.254.169.253 {name}"),
        ],
    )
}

fn ending_of(scene: &Scene<'_>, symptom: &Symptom, status: DnsStatus) -> Ending {
    match status {
        DnsStatus::Timeout => Ending::NoAnswer,
        DnsStatus::Refused => Ending::Refusal,
        DnsStatus::Error if !heard_from(scene, symptom) => Ending::NoAnswer,
        _ => Ending::Failure,
    }
}

/// Whether anything came from any of the host's resolvers, however malformed.
fn heard_from(scene: &Scene<'_>, symptom: &Symptom) -> bool {
    let name = scene.facts.name(&symptom.name);
    name.is_some_and(|name| {
        name.by_role(ServerRole::Host).any(|lookup| {
            lookup.answer.is_seen() || lookup.answer.failure_kind() == Some(FailureKind::Malformed)
        })
    })
}

fn first_resolver(scene: &Scene<'_>, symptom: &Symptom) -> Option<IpAddr> {
    scene
        .facts
        .name(&symptom.name)?
        .by_role(ServerRole::Host)
        .next()
        .map(|lookup| lookup.server.ip())
}
