//! Puts the report together from the facts and the causes.

use std::time::Duration;

use crate::catalog::Catalog;
use crate::environment::no_proxy;
use crate::facts::inventory::{Endpoint, InventorySource};
use crate::facts::{
    AddressProbe, DnsStatus, Facts, FailureKind, NameFacts, Observation, Outcome, Target,
};
use crate::symptoms::placement::{Placement, place};
use crate::symptoms::reach::{TlsVerdict, judge_tls};
use crate::symptoms::route::{Route, route_of};
use crate::symptoms::{Scene, Symptoms, gateway};

use super::cover::cover;
use super::finding::Severity;
use super::report::*;
use super::status;

/// The report on these facts: pure, so that the same facts give the same report.
pub fn report(facts: &Facts) -> Report {
    let scene = Scene::of(facts);
    let symptoms = Symptoms::of(&scene);
    let accepted = cover(&scene, &symptoms);
    let services: Vec<ServiceReport> = facts
        .targets
        .iter()
        .map(|target| {
            let verdict = status::of_service(&scene, &symptoms, &accepted, target);
            service(&scene, target, verdict)
        })
        .collect();
    let verdicts: Vec<(bool, ServiceVerdict)> = services
        .iter()
        .map(|service| (service.required, service.verdict))
        .collect();
    let count = |wanted: ServiceVerdict| verdicts.iter().filter(|(_, v)| *v == wanted).count();
    let weigh = |wanted: Severity| {
        let of_severity = accepted.iter().filter(|a| a.finding.severity == wanted);
        of_severity.count()
    };
    Report {
        schema_version: "1".to_owned(),
        tool: Tool {
            name: "vpcheck".to_owned(),
            version: facts.tool_version.clone(),
        },
        run_id: facts.run_id.clone(),
        started_at: timestamp(facts.started_at),
        duration_ms: facts.duration_ms,
        assumed: facts.assumed.clone(),
        verdict: status::of_run(facts, &accepted, &verdicts),
        summary: Summary {
            services: ServiceCounts {
                pass: count(ServiceVerdict::Pass),
                fail: count(ServiceVerdict::Fail),
                unknown: count(ServiceVerdict::Unknown),
            },
            findings: FindingCounts {
                fail: weigh(Severity::Fail),
                warn: weigh(Severity::Warn),
                info: weigh(Severity::Info),
            },
        },
        environment: environment(&scene),
        services,
        canary: canary(facts),
        inventory: inventory(facts),
        findings: accepted.into_iter().map(|a| a.finding).collect(),
    }
}

fn environment(scene: &Scene<'_>) -> Environment {
    let host = &scene.facts.host;
    Environment {
        kind: host.kind,
        region: host.region.clone(),
        partition: host.partition.clone(),
        availability_zone: scene.availability_zone().map(str::to_owned),
        availability_zone_id: host.availability_zone_id.clone().or_else(|| {
            scene
                .subnet()
                .and_then(|subnet| subnet.availability_zone_id.clone())
        }),
        account_id: host.account_id.clone(),
        instance_id: host.instance_id.clone(),
        task_arn: host.task_arn.clone(),
        vpc_id: scene.vpc_id.clone(),
        subnet_id: scene.subnet_id.clone(),
        vpc_cidrs: scene.vpc_cidrs.iter().map(ToString::to_string).collect(),
        vpc_cidrs_source: scene.cidr_source,
        addresses: host.addresses.clone(),
        resolvers: host.resolvers.clone(),
        proxy: no_proxy::https_proxy(&host.proxies).map(|variable| variable.value.clone()),
    }
}

fn service(scene: &Scene<'_>, target: &Target, verdict: ServiceVerdict) -> ServiceReport {
    let names: Vec<&NameFacts> = target
        .hostnames
        .iter()
        .filter_map(|hostname| scene.facts.name(&hostname.name))
        .collect();
    let route = names
        .iter()
        .map(|name| route_of(scene, name))
        .min()
        .unwrap_or(Route::Unresolved);
    ServiceReport {
        service: target.service.clone(),
        service_name: scene.endpoint_service_name(&target.service),
        required: target.required,
        verdict,
        route,
        endpoint: endpoint(scene, target, &names),
        hostnames: names
            .iter()
            .map(|name| HostnameReport {
                name: name.name.clone(),
                dns: dns(scene, name),
                probes: scene
                    .facts
                    .probes_of(&name.name)
                    .map(|probe| probe_report(scene.facts, target.in_catalog, probe))
                    .collect(),
            })
            .collect(),
    }
}

/// The endpoint the answers belong to, else the one of this VPC that ought to serve the service.
fn endpoint(scene: &Scene<'_>, target: &Target, names: &[&NameFacts]) -> Option<EndpointReport> {
    Catalog::get().service(&target.service)?;
    let mut placed = names.iter().flat_map(|name| {
        let records = name.host_records();
        records
            .into_iter()
            .map(|record| place(scene, &target.service, &name.name, record.address))
    });
    let used = placed.find_map(|placement| match placement {
        Placement::Endpoint(endpoint, _)
        | Placement::NotAvailable(endpoint, _)
        | Placement::KnownElsewhere(endpoint, _) => Some(endpoint),
        Placement::Gateway(endpoint) => endpoint,
        _ => None,
    });
    let own = || scene.endpoints_of(&target.service).into_iter().next();
    let central = || gateway::gateways(scene, &target.service).into_iter().next();
    used.or_else(own).or_else(central).map(summary)
}

fn summary(endpoint: &Endpoint) -> EndpointReport {
    EndpointReport {
        id: endpoint.id.clone(),
        kind: endpoint.kind.clone(),
        state: endpoint.state.clone(),
        private_dns_enabled: endpoint.private_dns_enabled,
    }
}

fn dns(scene: &Scene<'_>, name: &NameFacts) -> DnsReport {
    use crate::facts::dns::Family;
    let a = name.host_lookup(Family::A);
    let aaaa = name.host_lookup(Family::Aaaa);
    let decisive = match (a, aaaa) {
        (Some(a), Some(aaaa)) if a.status() != DnsStatus::Ok && aaaa.status() == DnsStatus::Ok => {
            Some(aaaa)
        }
        (a, aaaa) => a.or(aaaa),
    };
    let status = name.host_status();
    let chain = decisive
        .and_then(|lookup| lookup.answer.seen())
        .map(|answer| answer.cname_chain.clone())
        .unwrap_or_default();
    let error = decisive.and_then(|lookup| match &lookup.answer.outcome {
        Outcome::Failed(failure) => Some(failure.detail.clone()),
        Outcome::Skipped(reason) => Some(reason.clone()),
        Outcome::Seen(_) => None,
    });
    DnsReport {
        status,
        resolver: decisive.map(|lookup| lookup.server.ip()),
        duration_ms: decisive.map_or(0.0, |lookup| lookup.answer.took_ms),
        cname_chain: chain,
        answers: name
            .host_records()
            .into_iter()
            .map(|record| answer(scene, name, record))
            .collect(),
        system_answers: name.system.seen().cloned(),
        vpc_resolver_answers: name.vpc_status().map(|_| {
            let records = name.vpc_records();
            records.into_iter().map(|record| record.address).collect()
        }),
        error,
    }
}

fn answer(scene: &Scene<'_>, name: &NameFacts, record: crate::facts::Record) -> AnswerReport {
    let owner = match place(scene, &name.service, &name.name, record.address) {
        Placement::Endpoint(endpoint, interface)
        | Placement::NotAvailable(endpoint, interface)
        | Placement::KnownElsewhere(endpoint, interface)
        | Placement::OtherService(endpoint, interface) => Some((endpoint, Some(interface))),
        Placement::Gateway(Some(endpoint)) => Some((endpoint, None)),
        _ => None,
    };
    let interface = owner.and_then(|(_, interface)| interface);
    AnswerReport {
        address: record.address,
        ttl: record.ttl,
        in_vpc_cidr: scene.in_vpc(record.address),
        endpoint_id: owner.map(|(endpoint, _)| endpoint.id.clone()),
        network_interface_id: interface.map(|interface| interface.id.clone()),
        availability_zone: interface.and_then(|interface| interface.availability_zone.clone()),
    }
}

fn probe_report(facts: &Facts, in_catalog: bool, probe: &AddressProbe) -> ProbeReport {
    let tls = probe.tls.seen();
    let leaf = tls.and_then(|tls| tls.leaf());
    let tls_status = match tls.map(|tls| judge_tls(tls, in_catalog, facts.started_at)) {
        Some(TlsVerdict::Verified) => "ok",
        Some(TlsVerdict::Untrusted) => "untrusted",
        Some(TlsVerdict::NameMismatch) => "name-mismatch",
        Some(TlsVerdict::Expired) => "expired",
        Some(TlsVerdict::NotYetValid) => "not-yet-valid",
        None => status_word(&probe.tls, Phase::Tls),
    };
    ProbeReport {
        address: probe.address,
        tcp: TcpReport {
            status: status_word(&probe.tcp, Phase::Tcp).to_owned(),
            duration_ms: duration(&probe.tcp),
            reason: reason(&probe.tcp),
        },
        tls: TlsReport {
            status: tls_status.to_owned(),
            version: tls.map(|tls| tls.version.clone()),
            alpn: tls.and_then(|tls| tls.alpn.clone()),
            issuer: leaf.map(|leaf| leaf.issuer.clone()),
            not_after: leaf.map(|leaf| seconds(leaf.not_after)),
            duration_ms: duration(&probe.tls),
            reason: reason(&probe.tls),
        },
        http: HttpReport {
            status: status_word(&probe.http, Phase::Http).to_owned(),
            code: probe.http.seen().map(|http| http.code),
            duration_ms: duration(&probe.http),
            reason: reason(&probe.http),
        },
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Phase {
    Tcp,
    Tls,
    Http,
}

/// The contract's word for how a phase ended.
fn status_word<T>(observation: &Observation<T>, phase: Phase) -> &'static str {
    let kind = match &observation.outcome {
        Outcome::Seen(_) => return "ok",
        Outcome::Skipped(_) => return "skipped",
        Outcome::Failed(failure) => failure.kind,
    };
    match (kind, phase) {
        (FailureKind::Timeout, _) => "timeout",
        (FailureKind::Reset, _) => "reset",
        (FailureKind::Refused, Phase::Tcp) => "refused",
        (FailureKind::Unreachable, Phase::Tcp) => "unreachable",
        (FailureKind::Alert | FailureKind::TooOld, Phase::Tls) => "alert",
        (FailureKind::Untrusted, Phase::Tls) => "untrusted",
        _ => "error",
    }
}

fn duration<T>(observation: &Observation<T>) -> Option<f64> {
    observation
        .skip_reason()
        .is_none()
        .then_some(observation.took_ms)
}

fn reason<T>(observation: &Observation<T>) -> Option<String> {
    match &observation.outcome {
        Outcome::Seen(_) => None,
        Outcome::Failed(failure) => Some(failure.detail.clone()),
        Outcome::Skipped(reason) => Some(reason.clone()),
    }
}

fn canary(facts: &Facts) -> CanaryReport {
    let canary = &facts.canary;
    let seen = canary.result.seen();
    let trip = seen.and_then(|seen| seen.round_trip.as_ref());
    let status = match (&canary.result.outcome, trip) {
        (Outcome::Skipped(_), _) => "skipped",
        // What shows only after the credentials were asked for: nothing was sent, so it is no failed call.
        (Outcome::Failed(failure), _) if failure.kind == FailureKind::Untrusted => "skipped",
        (Outcome::Failed(_), _) => "failed",
        (Outcome::Seen(_), Some(trip)) if trip.is_seen() => "round-trip",
        (Outcome::Seen(_), Some(_)) => "failed",
        (Outcome::Seen(sent), None) if !sent.digest_matches => "failed",
        (Outcome::Seen(_), None) => "sent",
    };
    let error = match &canary.error {
        Some(error) => Some(format!("{}: {}", error.code, error.message)),
        None => reason(&canary.result).or_else(|| trip.and_then(reason)),
    };
    CanaryReport {
        status: status.to_owned(),
        queue_url: facts.request.queue_url.clone(),
        message_id: seen.map(|seen| seen.message_id.clone()),
        request_id: match (&canary.error, seen) {
            (Some(error), _) => error.request_id.clone(),
            (None, Some(seen)) => seen.request_id.clone(),
            (None, None) => None,
        },
        remote_address: canary.remote_address,
        duration_ms: duration(&canary.result),
        error,
    }
}

fn inventory(facts: &Facts) -> InventoryReport {
    let inventory = &facts.inventory;
    // Calls that failed alike are named together: one reason, once.
    let mut alike: Vec<(Vec<&str>, &str)> = Vec::new();
    for (call, failure) in inventory.calls() {
        let Some(failure) = failure.filter(|failure| failure.kind != FailureKind::Denied) else {
            continue;
        };
        match alike
            .iter_mut()
            .find(|(_, detail)| *detail == failure.detail)
        {
            Some((calls, _)) => calls.push(call),
            None => alike.push((vec![call], &failure.detail)),
        }
    }
    let failed: Vec<String> = alike
        .into_iter()
        .map(|(calls, detail)| format!("{}: {detail}", calls.join(", ")))
        .collect();
    let none = match (inventory.source, &inventory.endpoints.outcome) {
        (InventorySource::None, Outcome::Skipped(reason)) => Some(reason.clone()),
        _ => None,
    };
    InventoryReport {
        source: inventory.source,
        taken_at: inventory.taken_at.map(timestamp),
        place: inventory
            .fetch
            .as_ref()
            .map(|fetch| fetch.place.to_string()),
        kept_since: inventory
            .fetch
            .as_ref()
            .and_then(|fetch| fetch.kept_since.map(timestamp)),
        denied: inventory.denied().into_iter().map(str::to_owned).collect(),
        error: match failed.is_empty() {
            true => none,
            false => Some(failed.join("; ")),
        },
    }
}

/// RFC 3339 in milliseconds, UTC.
fn timestamp(at: jiff::Timestamp) -> String {
    let millis = at.round(jiff::Unit::Millisecond).unwrap_or(at);
    format!("{millis:.3}")
}

/// RFC 3339 in seconds, UTC.
fn seconds(at: jiff::Timestamp) -> String {
    let whole = at
        .checked_sub(Duration::from_nanos(
            u64::try_from(at.subsec_nanosecond()).unwrap_or(0),
        ))
        .unwrap_or(at);
    whole.to_string()
}
