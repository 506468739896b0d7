//! Symptoms of names: what resolution says, and where the answers lie.

use std::net::IpAddr;

use crate::facts::dns::{TcpRetry, is_vpc_resolver};
use crate::facts::host::LinkLocalDrops;
use crate::facts::{DnsStatus, Expect, NameFacts, Record, ServerRole, Target};
use crate::symptoms::placement::{Placement, place};
use crate::verdict::finding::Severity;

use super::reach::{TlsVerdict, is_verified, judge_tls};
use super::route::{Route, route_of};
use super::{Kind, Scene, Symptom, Symptoms};

pub(super) fn collect(scene: &Scene<'_>, target: &Target, name: &str, symptoms: &mut Symptoms) {
    let Some(facts) = scene.facts.name(name) else {
        return;
    };
    let found = match facts.host_status() {
        DnsStatus::Ok => judge(scene, target, facts),
        status @ (DnsStatus::NxDomain | DnsStatus::NoData) => Some((
            Kind::NotFound(status),
            Severity::Fail,
            format!("{name} has no address here ({})", words(status)),
        )),
        _ if interrupted(facts) => Some((
            Kind::Unprobed,
            Severity::Info,
            match scene.facts.assumed.is_empty() {
                true => format!("{name} was not looked up before the run ended"),
                false => format!("what {name} answers after the change is not known"),
            },
        )),
        _ if is_truncated(facts) => Some((
            Kind::Truncated,
            Severity::Warn,
            format!("{name} has no address here: the answer is truncated, and TCP fails"),
        )),
        status => Some((
            Kind::DnsFailed(status),
            Severity::Fail,
            format!("{name} could not be resolved ({})", words(status)),
        )),
    };
    if let Some((kind, severity, text)) = found {
        let unknown = matches!(kind, Kind::Unprobed | Kind::Unlisted | Kind::Truncated)
            || matches!(kind, Kind::DnsFailed(status) if was_throttled(scene, facts, status))
            || kind == Kind::GatewayUnconfirmed && scene.facts.request.expect != Expect::Reachable;
        symptoms.push(Symptom {
            id: 0,
            kind,
            service: target.service.clone(),
            name: name.to_owned(),
            address: None,
            severity,
            unknown,
            text,
        });
    }
    if let Some(text) = overridden(scene, facts) {
        symptoms.push(Symptom {
            id: 0,
            kind: Kind::Overridden,
            service: target.service.clone(),
            name: name.to_owned(),
            address: None,
            severity: Severity::Fail,
            unknown: false,
            text,
        });
    }
}

/// Whether a name's resolution failed while the interface dropped packets on their way to the VPC's resolver:
/// the resolver itself gave no answer, or one on this host that asks it gave none or none that is of use.
pub fn was_throttled(scene: &Scene<'_>, name: &NameFacts, status: DnsStatus) -> bool {
    let dropped = scene.facts.host.link_local_drops.iter();
    if dropped.map(LinkLocalDrops::dropped).max().unwrap_or(0) == 0 {
        return false;
    }
    name.by_role(ServerRole::Host).any(|lookup| {
        let server = lookup.server;
        let is_vpcs = || {
            let asked = name.by_role(ServerRole::Vpc);
            asked.map(|other| other.server).any(|other| other == server)
                || is_vpc_resolver(server.ip(), &scene.vpc_cidrs)
        };
        match status {
            DnsStatus::Timeout => server.ip().is_loopback() || is_vpcs(),
            DnsStatus::ServFail => server.ip().is_loopback(),
            _ => false,
        }
    })
}

fn words(status: DnsStatus) -> &'static str {
    match status {
        DnsStatus::Ok => "ok",
        DnsStatus::NxDomain => "NXDOMAIN",
        DnsStatus::NoData => "no record",
        DnsStatus::ServFail => "SERVFAIL",
        DnsStatus::Refused => "REFUSED",
        DnsStatus::Timeout => "no answer in time",
        DnsStatus::Error => "no usable answer",
    }
}

fn interrupted(name: &NameFacts) -> bool {
    !name.lookups.is_empty()
        && name
            .lookups
            .iter()
            .all(|lookup| lookup.answer.skip_reason().is_some())
}

/// The answer was truncated, the question over TCP failed, and no address came.
fn is_truncated(name: &NameFacts) -> bool {
    name.by_role(ServerRole::Host)
        .filter_map(|lookup| lookup.answer.seen())
        .any(|answer| matches!(answer.truncated, Some(TcpRetry::Failed(_))))
}

fn judge(scene: &Scene<'_>, target: &Target, name: &NameFacts) -> Option<(Kind, Severity, String)> {
    let records = name.host_records();
    let placed: Vec<_> = records
        .iter()
        .map(|record| {
            let placement = place(scene, &target.service, &name.name, record.address);
            (record.address, placement)
        })
        .collect();
    let listed = |wanted: &dyn Fn(&Placement<'_>) -> bool| {
        let addresses: Vec<String> = placed
            .iter()
            .filter(|(_, placement)| wanted(placement))
            .map(|(address, _)| address.to_string())
            .collect();
        addresses.join(", ")
    };
    let any = |wanted: &dyn Fn(&Placement<'_>) -> bool| placed.iter().any(|(_, p)| wanted(p));
    let public_severity = match scene.facts.request.expect {
        Expect::Reachable => Severity::Warn,
        Expect::Private | Expect::Isolated => Severity::Fail,
    };
    let is_public = |p: &Placement<'_>| *p == Placement::Public;
    let is_unread = |p: &Placement<'_>| *p == Placement::GatewayUnconfirmed;
    let is_foreign = |p: &Placement<'_>| {
        matches!(
            p,
            Placement::InVpcForeign
                | Placement::PrivateForeign
                | Placement::Sinkhole
                | Placement::OtherService(..)
        )
    };
    let is_unlisted = |p: &Placement<'_>| *p == Placement::PrivateElsewhere;
    let host = &name.name;
    if any(&is_public) {
        let public = listed(&is_public);
        return Some(match placed.iter().all(|(_, p)| is_public(p)) {
            true => (
                Kind::Public,
                public_severity,
                format!("{host} answers with public addresses: {public}"),
            ),
            false => (
                Kind::Mixed,
                public_severity,
                format!("{host} answers with public addresses beside private ones: {public}"),
            ),
        });
    }
    if any(&is_foreign) && target.in_catalog {
        return Some((
            Kind::NotEndpoint,
            Severity::Fail,
            format!(
                "{host} answers with {}, an address of no endpoint of the service",
                listed(&is_foreign)
            ),
        ));
    }
    if any(&is_unread) {
        return Some((
            Kind::GatewayUnconfirmed,
            Severity::Warn,
            format!("{host} answers with public addresses, as behind a gateway endpoint"),
        ));
    }
    // A private answer that even shows a foreign certificate, where all endpoints are known, is none of theirs.
    if any(&is_unlisted)
        && target.in_catalog
        && scene.endpoint_list_is_complete()
        && shows_foreign_certificate(scene, target, name)
    {
        return Some((
            Kind::NotEndpoint,
            Severity::Fail,
            format!(
                "{host} answers with {}, an address of no endpoint of the service",
                listed(&is_unlisted)
            ),
        ));
    }
    if any(&is_unlisted) {
        return Some((
            Kind::Unlisted,
            Severity::Warn,
            format!(
                "{host} answers with {}, private and not known to be an endpoint's",
                listed(&is_unlisted)
            ),
        ));
    }
    None
}

fn shows_foreign_certificate(scene: &Scene<'_>, target: &Target, name: &NameFacts) -> bool {
    scene.facts.probes_of(&name.name).any(|probe| {
        probe.tls.seen().is_some_and(|tls| {
            judge_tls(tls, target.in_catalog, scene.facts.started_at) == TlsVerdict::Untrusted
        })
    })
}

/// What applications see differs from the wire's answer in a way that no rotation of answers explains: the
/// hosts file names the host, and the address is none of the wire's and none of an endpoint's.
fn overridden(scene: &Scene<'_>, name: &NameFacts) -> Option<String> {
    let wire = name.host_records();
    let seen = name.system.seen()?;
    let pinned: Vec<String> = scene
        .facts
        .host
        .hosts_file
        .iter()
        .filter(|line| line.name.eq_ignore_ascii_case(&name.name) && seen.contains(&line.address))
        .map(|line| line.address)
        .filter(|address| !wire.iter().any(|record| record.address == *address))
        .filter(|address| !may_be_an_endpoint(scene, name, *address))
        .map(|address| address.to_string())
        .collect();
    if pinned.is_empty() {
        return redirected(scene, name, &wire, seen);
    }
    Some(format!(
        "applications here connect to {} for {}, which the hosts file names",
        pinned.join(", "),
        name.name
    ))
}

/// Without a line in the hosts file, another source of the name service switch may answer. Answers rotate, so other
/// addresses alone prove nothing: only that all of them are public or no endpoint's while the wire's are private.
fn redirected(
    scene: &Scene<'_>,
    name: &NameFacts,
    wire: &[Record],
    seen: &[IpAddr],
) -> Option<String> {
    let shared = seen
        .iter()
        .any(|a| wire.iter().any(|record| record.address == *a));
    let wire_is_private = route_of(scene, name) > Route::Mixed;
    let elsewhere = seen.iter().all(|address| {
        matches!(
            place(scene, &name.service, &name.name, *address),
            Placement::Public
                | Placement::InVpcForeign
                | Placement::PrivateForeign
                | Placement::Sinkhole
        )
    });
    let differs = !seen.is_empty() && !wire.is_empty() && !shared && wire_is_private && elsewhere;
    differs.then(|| {
        let addresses: Vec<String> = seen.iter().map(ToString::to_string).collect();
        format!(
            "applications here connect to {} for {}, which DNS does not answer",
            addresses.join(", "),
            name.name
        )
    })
}

/// An endpoint's own address; or a private one that nothing says is none, and that shows the service's certificate.
fn may_be_an_endpoint(scene: &Scene<'_>, name: &NameFacts, address: IpAddr) -> bool {
    match place(scene, &name.service, &name.name, address) {
        Placement::Endpoint(..) => true,
        Placement::InVpc
        | Placement::Allowed
        | Placement::KnownElsewhere(..)
        | Placement::NotAvailable(..) => {
            let target = scene.target(&name.service);
            let mut probes = scene.facts.probes_of(&name.name);
            target.is_some_and(|target| {
                probes.any(|probe| probe.address == address && is_verified(scene, target, probe))
            })
        }
        _ => false,
    }
}
