//! The words and sums several formats share. Nothing here is escaped: the format does that.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Serialize;

use crate::facts::DnsStatus;
use crate::facts::inventory::InventorySource;
use crate::verdict::finding::Finding;
use crate::verdict::report::{
    AnswerReport, CanaryReport, DnsReport, Environment, HostnameReport, InventoryReport,
    ProbeReport, Report, Route, ServiceReport, ServiceVerdict,
};

/// How many names a sentence lists before it counts the rest.
const NAMES_IN_A_SENTENCE: usize = 6;

/// A value of the report's vocabulary as the JSON spells it.
pub(super) fn literal(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::from("unknown"),
    }
}

/// A duration as people read it.
pub(super) fn milliseconds(ms: f64) -> String {
    if ms >= 1000.0 {
        format!("{:.1} s", ms / 1000.0)
    } else {
        format!("{ms:.1} ms")
    }
}

/// `1 cause`, `2 causes`.
pub(super) fn count(n: usize, noun: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{n} {noun}{plural}")
}

/// `a, b and 3 more`.
pub(super) fn names<'a>(all: impl IntoIterator<Item = &'a str>) -> String {
    let all: Vec<&str> = all.into_iter().collect();
    let shown = all
        .iter()
        .take(NAMES_IN_A_SENTENCE)
        .copied()
        .collect::<Vec<_>>()
        .join(", ");
    match all.len().saturating_sub(NAMES_IN_A_SENTENCE) {
        0 => shown,
        rest => format!("{shown} and {rest} more"),
    }
}

/// Addresses, separated by commas.
pub(super) fn list(addresses: &[IpAddr]) -> String {
    let texts: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
    texts.join(", ")
}

/// Addresses, or that there is none.
pub(super) fn list_or_none(addresses: &[IpAddr]) -> String {
    if addresses.is_empty() {
        String::from("no address")
    } else {
        list(addresses)
    }
}

/// Whether two sets of addresses are one.
pub(super) fn same(a: &[IpAddr], b: &[IpAddr]) -> bool {
    a.iter().all(|address| b.contains(address)) && b.iter().all(|address| a.contains(address))
}

/// Where an address lies, as far as it is known.
pub(super) fn whereabouts(answer: &AnswerReport) -> Option<String> {
    match (&answer.endpoint_id, &answer.availability_zone) {
        (Some(endpoint), Some(zone)) => Some(format!("{endpoint} in {zone}")),
        (Some(endpoint), None) => Some(endpoint.clone()),
        _ => match answer.in_vpc_cidr {
            Some(true) => Some(String::from("in the VPC")),
            Some(false) => Some(String::from("outside the VPC")),
            None => None,
        },
    }
}

/// Every address of a service, in order, once.
pub(super) fn addresses(service: &ServiceReport) -> Vec<IpAddr> {
    let mut all = Vec::new();
    for name in &service.hostnames {
        let answers = name.dns.answers.iter().map(|answer| answer.address);
        for address in answers.chain(name.probes.iter().map(|probe| probe.address)) {
            if !all.contains(&address) {
                all.push(address);
            }
        }
    }
    all
}

/// Every probe of a service.
pub(super) fn probes(service: &ServiceReport) -> impl Iterator<Item = &ProbeReport> {
    service.hostnames.iter().flat_map(|name| &name.probes)
}

/// The slowest address's time from the first packet to verified TLS.
pub(super) fn slowest_handshake(service: &ServiceReport) -> Option<f64> {
    probes(service)
        .filter(|probe| probe.tls.status == "ok")
        .filter_map(|probe| Some(probe.tcp.duration_ms? + probe.tls.duration_ms?))
        .fold(None, |slowest: Option<f64>, ms| {
            Some(slowest.map_or(ms, |s| s.max(ms)))
        })
}

/// `TLS 1.3` for `TLSv1.3`.
pub(super) fn tls_version(version: &str) -> String {
    match version.strip_prefix("TLSv") {
        Some(number) => format!("TLS {number}"),
        None => version.to_owned(),
    }
}

/// Whether this route stays inside AWS's private paths.
pub(super) fn is_private(route: Route) -> bool {
    match route {
        Route::InterfaceEndpoint
        | Route::GatewayEndpoint
        | Route::CentralEndpoint
        | Route::PrivateUnconfirmed => true,
        Route::Unresolved | Route::Public | Route::Mixed | Route::PrivateUnlisted => false,
    }
}

/// The word shown for a service's verdict.
pub(super) fn service_word(verdict: ServiceVerdict) -> &'static str {
    match verdict {
        ServiceVerdict::Pass => "ok",
        ServiceVerdict::Fail => "FAIL",
        ServiceVerdict::Unknown => "unknown",
    }
}

/// How a name's resolution ended, as a sentence without its full stop.
pub(super) fn resolution(dns: &DnsReport) -> String {
    let who = dns
        .resolver
        .map_or_else(|| String::from("the resolver"), |r| r.to_string());
    let took = milliseconds(dns.duration_ms);
    let answers: Vec<IpAddr> = dns.answers.iter().map(|answer| answer.address).collect();
    let said = match dns.status {
        DnsStatus::Ok => format!("{who} answered {} in {took}", list(&answers)),
        DnsStatus::NxDomain => {
            format!("{who} says the name does not exist (NXDOMAIN), in {took}")
        }
        DnsStatus::NoData => format!("{who} has no address for the name (NODATA), in {took}"),
        DnsStatus::ServFail => format!("{who} failed to answer (SERVFAIL), in {took}"),
        DnsStatus::Refused => format!("{who} refused to answer (REFUSED), in {took}"),
        DnsStatus::Timeout => format!("{who} did not answer within {took}"),
        DnsStatus::Error => format!("{who} could not be asked, after {took}"),
    };
    match &dns.error {
        Some(error) => format!("{said}: {error}"),
        None => said,
    }
}

/// What became of the canary, as a sentence without its full stop.
pub(super) fn canary(canary: &CanaryReport) -> String {
    let queue = canary.queue_url.as_deref().unwrap_or("the queue");
    let through = canary
        .remote_address
        .map(|address| format!(" through {address}"))
        .unwrap_or_default();
    let took = canary
        .duration_ms
        .map(|ms| format!(" in {}", milliseconds(ms)))
        .unwrap_or_default();
    let why = canary
        .error
        .as_deref()
        .map(|error| format!(": {error}"))
        .unwrap_or_default();
    match canary.status.as_str() {
        "sent" => format!("a message was sent to {queue}{through}{took}"),
        "round-trip" => {
            format!("a message was sent to {queue}{through}, received and deleted{took}")
        }
        "skipped" => format!("skipped{why}"),
        "failed" => format!("failed at {queue}{through}{took}{why}"),
        other => format!("{other}{why}"),
    }
}

/// Where the agent ran, short enough for a heading.
pub(super) fn place(environment: &Environment) -> String {
    let mut parts = vec![literal(&environment.kind)];
    let told = [
        environment
            .task_arn
            .as_ref()
            .or(environment.instance_id.as_ref()),
        environment
            .availability_zone
            .as_ref()
            .or(environment.region.as_ref()),
        environment.vpc_id.as_ref(),
        environment.subnet_id.as_ref(),
    ];
    parts.extend(told.into_iter().flatten().cloned());
    if let Some(account) = &environment.account_id {
        parts.push(format!("account {account}"));
    }
    parts.join(", ")
}

/// Whether every phase of a probe went well, an HTTP exchange that was not tried included.
pub(super) fn is_fine(probe: &ProbeReport) -> bool {
    probe.tcp.status == "ok"
        && probe.tls.status == "ok"
        && matches!(probe.http.status.as_str(), "ok" | "skipped")
}

/// Services in trouble first, otherwise as they come.
pub(super) fn worst_first(services: &[ServiceReport]) -> Vec<&ServiceReport> {
    let mut sorted: Vec<&ServiceReport> = services.iter().collect();
    sorted.sort_by_key(|service| match service.verdict {
        ServiceVerdict::Fail => 0,
        ServiceVerdict::Unknown => 1,
        ServiceVerdict::Pass => 2,
    });
    sorted
}

/// A timestamp in milliseconds since 1970, where it is one.
pub(super) fn epoch_milliseconds(timestamp: &str) -> Option<i64> {
    let at: jiff::Timestamp = timestamp.parse().ok()?;
    Some(at.as_millisecond())
}

/// The time spent on a service's slowest name, in milliseconds.
pub(super) fn time_spent(service: &ServiceReport) -> f64 {
    let of_name = |name: &HostnameReport| {
        let slowest = name.probes.iter().map(|probe| {
            [
                probe.tcp.duration_ms,
                probe.tls.duration_ms,
                probe.http.duration_ms,
            ]
            .into_iter()
            .flatten()
            .sum::<f64>()
        });
        name.dns.duration_ms + slowest.fold(0.0, f64::max)
    };
    service.hostnames.iter().map(of_name).fold(0.0, f64::max)
}

/// The most severe first, whatever order they came in.
pub(super) fn in_order(findings: &[Finding]) -> Vec<&Finding> {
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    sorted
}

/// Where the inventory came from, and what is missing from it.
pub(super) fn inventory(inventory: &InventoryReport) -> String {
    let file = match (&inventory.place, &inventory.kept_since) {
        (Some(place), None) => format!("fetched from {place},"),
        (Some(place), Some(since)) => format!("fetched from {place} at {since} and kept,"),
        (None, _) => String::from("read from a file"),
    };
    let taken = match (inventory.source, &inventory.taken_at) {
        (InventorySource::Ec2Api, _) => String::from("read from the EC2 API"),
        (InventorySource::File, Some(at)) => format!("{file} taken at {at}"),
        (InventorySource::File, None) => file.trim_end_matches(',').to_owned(),
        (InventorySource::None, _) => String::from("none"),
    };
    let mut said = taken;
    if !inventory.denied.is_empty() {
        said += &format!("; not permitted: {}", inventory.denied.join(", "));
    }
    if let Some(error) = &inventory.error {
        said += &format!("; {error}");
    }
    said
}

/// What was known of the network around the host.
pub(super) fn network(environment: &Environment) -> String {
    let cidrs = if environment.vpc_cidrs.is_empty() {
        String::from("VPC CIDRs not known")
    } else {
        format!(
            "VPC {} (from {})",
            environment.vpc_cidrs.join(", "),
            literal(&environment.vpc_cidrs_source)
        )
    };
    let mut parts = vec![cidrs];
    if !environment.addresses.is_empty() {
        parts.push(format!("own address {}", list(&environment.addresses)));
    }
    if environment.resolvers.is_empty() {
        parts.push(String::from("no resolver configured"));
    } else {
        parts.push(format!("DNS {}", list(&environment.resolvers)));
    }
    if let Some(proxy) = &environment.proxy {
        parts.push(format!("applications' proxy {proxy}"));
    }
    parts.join("; ")
}

/// What was not tried although nothing before it had failed, by reason.
pub(super) fn skipped(report: &Report) -> Vec<String> {
    let mut by_reason: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for service in &report.services {
        for probe in probes(service) {
            if let Some(skip) = first_skip(probe) {
                let services = by_reason.entry(skip).or_default();
                if !services.contains(&service.service.as_str()) {
                    services.push(&service.service);
                }
            }
        }
    }
    let told = |((phase, reason), services): ((&str, &str), Vec<&str>)| {
        format!("{phase} of {}: {reason}", names(services))
    };
    by_reason.into_iter().map(told).collect()
}

fn first_skip(probe: &ProbeReport) -> Option<(&'static str, &str)> {
    let phases = [
        (
            "connecting to some addresses",
            &probe.tcp.status,
            &probe.tcp.reason,
        ),
        (
            "TLS on some addresses",
            &probe.tls.status,
            &probe.tls.reason,
        ),
        (
            "HTTP on some addresses",
            &probe.http.status,
            &probe.http.reason,
        ),
    ];
    let (phase, status, reason) = phases.into_iter().find(|(_, status, _)| *status != "ok")?;
    let reason = reason.as_deref().unwrap_or("no reason given");
    (status == "skipped").then_some((phase, reason))
}
