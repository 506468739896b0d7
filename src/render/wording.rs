//! The words and sums several formats share. Nothing here is escaped: the format does that.

use std::net::IpAddr;

use serde::Serialize;

use crate::facts::DnsStatus;
use crate::verdict::report::{
    CanaryReport, DnsReport, Environment, ProbeReport, Report, Route, RunVerdict, ServiceReport,
    ServiceVerdict,
};

/// How many names a sentence lists before it counts the rest.
const NAMES_IN_A_SENTENCE: usize = 6;

/// The verdict in plain words, in one sentence.
pub(super) fn headline(report: &Report) -> String {
    match report.verdict {
        RunVerdict::Pass => format!("PASS: {}", passed(report)),
        RunVerdict::Fail => format!("FAIL: {}", failed(report)),
        RunVerdict::Inconclusive => format!("INCONCLUSIVE: {}", unsettled(report)),
    }
}

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

fn passed(report: &Report) -> String {
    let reached: Vec<&ServiceReport> = with_verdict(report, ServiceVerdict::Pass).collect();
    let others = report.services.len() - reached.len();
    let outside: Vec<&str> = reached
        .iter()
        .filter(|service| !is_private(service.route))
        .map(|service| service.service.as_str())
        .collect();
    let how = if outside.is_empty() { " privately" } else { "" };
    let mut said = match (reached.as_slice(), others) {
        ([], _) => String::from("nothing is wrong with what was checked"),
        ([only], 0) => format!("{} is reached{how}", only.service),
        (all, 0) => format!("all {} services are reached{how}", all.len()),
        (some, _) => format!(
            "{} of {} services are reached{how}, the others are optional here",
            some.len(),
            report.services.len()
        ),
    };
    if !outside.is_empty() {
        said += &format!(", not privately: {}", names(outside));
    }
    match report.canary.status.as_str() {
        "sent" => said += "; the canary message was accepted",
        "round-trip" => said += "; the canary message went there and back",
        _ => {}
    }
    if report.summary.findings.warn > 0 {
        said += &format!("; {}", count(report.summary.findings.warn, "warning"));
    }
    said + "."
}

fn failed(report: &Report) -> String {
    let failing: Vec<&ServiceReport> = with_verdict(report, ServiceVerdict::Fail).collect();
    let causes = count(report.summary.findings.fail, "cause");
    let Some(first) = failing.first() else {
        return if report.canary.status == "failed" {
            format!("the paths to the services work, the canary message does not; {causes} found.")
        } else {
            format!("the paths to the services work, and yet {causes} of failure found.")
        };
    };
    let symptom = symptom(first);
    let (one, many) = if failing
        .iter()
        .all(|service| self::symptom(service) == symptom)
    {
        symptom
    } else {
        (
            "is not reached as it should be",
            "are not reached as they should be",
        )
    };
    let who = names(failing.iter().map(|service| service.service.as_str()));
    match (failing.len(), report.services.len()) {
        (1, 1) => format!("{who} {one}; {causes} found."),
        (1, total) => format!("1 of {total} services {one}: {who}; {causes} found."),
        (n, total) => format!("{n} of {total} services {many}: {who}; {causes} found."),
    }
}

fn unsettled(report: &Report) -> String {
    let open: Vec<&str> = with_verdict(report, ServiceVerdict::Unknown)
        .filter(|service| service.required)
        .map(|service| service.service.as_str())
        .collect();
    if open.is_empty() {
        return String::from("nothing failed, but the canary message settled nothing.");
    }
    let verb = if open.len() == 1 { "it is" } else { "they are" };
    format!(
        "nothing failed, but for {} of {} it could not be told whether {verb} reached privately: {}.",
        open.len(),
        count(report.services.len(), "service"),
        names(open)
    )
}

fn with_verdict(report: &Report, verdict: ServiceVerdict) -> impl Iterator<Item = &ServiceReport> {
    let of = move |service: &&ServiceReport| service.verdict == verdict;
    report.services.iter().filter(of)
}

/// What is wrong with a failing service, of one and of many.
fn symptom(service: &ServiceReport) -> (&'static str, &'static str) {
    let tcp = probes(service).any(|probe| !matches!(probe.tcp.status.as_str(), "ok" | "skipped"));
    let tls = probes(service).any(|probe| !matches!(probe.tls.status.as_str(), "ok" | "skipped"));
    match service.route {
        Route::Unresolved => ("does not resolve", "do not resolve"),
        Route::Public | Route::Mixed => ("is not reached privately", "are not reached privately"),
        _ if tcp => ("cannot be connected to", "cannot be connected to"),
        _ if tls => ("fails in TLS", "fail in TLS"),
        _ => (
            "is not reached as it should be",
            "are not reached as they should be",
        ),
    }
}
