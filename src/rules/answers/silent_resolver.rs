//! What the rules about resolvers that do not answer share.

use std::net::IpAddr;

use super::change_resolver;
use crate::facts::{DnsStatus, FailureKind, ServerRole};
use crate::rules::Cause;
use crate::rules::cause::region_flag;
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
        .map(|(server, shown)| cause(scene, symptoms, server, &shown, (ending, does)))
        .collect()
}

fn cause(
    scene: &Scene<'_>,
    symptoms: &Symptoms,
    server: Option<IpAddr>,
    shown: &[&Symptom],
    (ending, does): (Ending, &str),
) -> Cause {
    let address = server;
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
    let (summary, mut commands) = remedy(scene, address, vpc_resolver, ending);
    if address.is_some() {
        commands.push(format!("dig +tries=1 @{server} {name}"));
    }
    commands.push(format!("dig +tries=1 @169.254.169.253 {name}"));
    cause.because(because).fix(summary, commands)
}

/// The VPC's own resolver is silent where the VPC's DNS support is off; another one gives way to the VPC's, where that answers.
fn remedy(
    scene: &Scene<'_>,
    server: Option<IpAddr>,
    vpc_resolver: Option<IpAddr>,
    ending: Ending,
) -> (&'static str, Vec<String>) {
    let is_vpcs = server.is_some_and(|server| change_resolver::is_vpc_resolver(scene, server));
    match (server, vpc_resolver, scene.vpc_id.as_deref()) {
        (Some(_), None, Some(vpc)) if is_vpcs && ending == Ending::NoAnswer => {
            let region = region_flag(scene);
            let commands = vec![
                format!(
                    "aws ec2 describe-vpc-attribute --vpc-id {vpc} --attribute enableDnsSupport{region}"
                ),
                format!(
                    "aws ec2 modify-vpc-attribute --vpc-id {vpc} --enable-dns-support '{{\"Value\":true}}'{region}"
                ),
            ];
            let summary = "This is the VPC's own resolver, which is silent where enableDnsSupport is off: switch it on. To look, switch and try:";
            (summary, commands)
        }
        (Some(server), Some(vpc_resolver), _) if !is_vpcs => (
            "Repair the resolver, or use the VPC's own (AmazonProvidedDNS in the DHCP option set). To change it and try:",
            change_resolver::commands(scene, server, Some(vpc_resolver)),
        ),
        _ => (
            "Repair the resolver, or use the VPC's own (AmazonProvidedDNS in the DHCP option set). To try it:",
            Vec::new(),
        ),
    }
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
