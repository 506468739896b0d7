//! The report in Prometheus's text exposition format, for the node exporter's textfile collector.
//!
//! Addresses are never in labels: they would make a new series with every endpoint that is rebuilt.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::IpAddr;

use super::{escape, wording};
use crate::verdict::Report;
use crate::verdict::finding::Severity;
use crate::verdict::report::{RunVerdict, ServiceReport, ServiceVerdict};

/// Writes the report's gauges.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for gauge in run(report).into_iter().chain(services(report)) {
        gauge.write(out)?;
    }
    Ok(())
}

/// One metric with its series, which a key cannot enter twice.
struct Gauge {
    name: &'static str,
    help: &'static str,
    series: BTreeMap<String, f64>,
}

impl Gauge {
    fn new(name: &'static str, help: &'static str) -> Gauge {
        Gauge {
            name,
            help,
            series: BTreeMap::new(),
        }
    }

    /// Sets a series; where it is there already, `choose` decides.
    fn set(&mut self, labels: &[(&str, &str)], value: f64, choose: fn(f64, f64) -> f64) {
        if !value.is_finite() {
            return;
        }
        let labels: Vec<String> = labels
            .iter()
            .map(|(name, value)| format!("{name}=\"{}\"", escape::prometheus(value)))
            .collect();
        self.series
            .entry(labels.join(","))
            .and_modify(|seen| *seen = choose(*seen, value))
            .or_insert(value);
    }

    fn with(mut self, labels: &[(&str, &str)], value: f64) -> Gauge {
        self.set(labels, value, f64::max);
        self
    }

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.series.is_empty() {
            return Ok(());
        }
        writeln!(out, "# HELP {} {}", self.name, self.help)?;
        writeln!(out, "# TYPE {} gauge", self.name)?;
        for (labels, value) in &self.series {
            match labels.as_str() {
                "" => writeln!(out, "{} {value}", self.name)?,
                labels => writeln!(out, "{}{{{labels}}} {value}", self.name)?,
            }
        }
        Ok(())
    }
}

fn run(report: &Report) -> Vec<Gauge> {
    let mut verdict = Gauge::new(
        "vpcheck_verdict",
        "The run's verdict: 1 for the one that holds.",
    );
    for (is, word) in [
        (RunVerdict::Pass, "pass"),
        (RunVerdict::Fail, "fail"),
        (RunVerdict::Inconclusive, "inconclusive"),
    ] {
        verdict.set(&[("verdict", word)], flag(report.verdict == is), f64::max);
    }
    let mut findings = Gauge::new("vpcheck_findings", "Findings by code and severity.");
    for finding in &report.findings {
        let severity = finding.severity.to_string();
        let labels = [("code", finding.code.as_str()), ("severity", &severity)];
        findings.set(&labels, 1.0, |seen, one| seen + one);
    }
    let mut by_severity = Gauge::new("vpcheck_findings_by_severity", "Findings by severity.");
    for (severity, n) in [
        (Severity::Fail, report.summary.findings.fail),
        (Severity::Warn, report.summary.findings.warn),
        (Severity::Info, report.summary.findings.info),
    ] {
        by_severity.set(&[("severity", &severity.to_string())], number(n), f64::max);
    }
    let mut canary = Gauge::new(
        "vpcheck_canary_status",
        "What became of the canary message: 1 for the status that holds.",
    );
    for status in ["sent", "round-trip", "failed", "skipped"] {
        canary.set(
            &[("status", status)],
            flag(report.canary.status == status),
            f64::max,
        );
    }
    let mut gauges = vec![
        Gauge::new("vpcheck_info", "The version of vpcheck.")
            .with(&[("version", &report.tool.version)], 1.0),
        Gauge::new("vpcheck_up", "1 if the run's verdict is pass.")
            .with(&[], flag(report.verdict == RunVerdict::Pass)),
        verdict,
        Gauge::new("vpcheck_run_duration_seconds", "How long the run took.")
            .with(&[], seconds(report.duration_ms)),
        by_severity,
        findings,
        canary,
    ];
    if let Some(at) = seconds_since_epoch(&report.started_at) {
        let started = Gauge::new(
            "vpcheck_run_started_timestamp_seconds",
            "When the run began.",
        );
        gauges.push(started.with(&[], at));
    }
    if let Some(ms) = report.canary.duration_ms {
        let took = Gauge::new(
            "vpcheck_canary_duration_seconds",
            "How long the canary took.",
        );
        gauges.push(took.with(&[], seconds(ms)));
    }
    gauges
}

fn services(report: &Report) -> Vec<Gauge> {
    let mut up = Gauge::new("vpcheck_service_up", "1 if the service's verdict is pass.");
    let mut verdict = Gauge::new(
        "vpcheck_service_verdict",
        "The verdict on a service's path: 1 for the one that holds.",
    );
    let mut route = Gauge::new("vpcheck_service_route", "How a service is reached.");
    let mut duration = Gauge::new(
        "vpcheck_phase_duration_seconds",
        "The slowest of a service's names or addresses, by phase.",
    );
    let mut probes = Gauge::new(
        "vpcheck_addresses",
        "A service's addresses by how a phase ended.",
    );
    let mut expiry = Gauge::new(
        "vpcheck_certificate_not_after_timestamp_seconds",
        "When the first of a service's certificates expires.",
    );
    for service in &report.services {
        let name = label(service);
        let of_service = ("service", name.as_str());
        let required = ("required", if service.required { "true" } else { "false" });
        up.set(
            &[of_service, required],
            flag(service.verdict == ServiceVerdict::Pass),
            f64::min,
        );
        for (is, word) in [
            (ServiceVerdict::Pass, "pass"),
            (ServiceVerdict::Fail, "fail"),
            (ServiceVerdict::Unknown, "unknown"),
        ] {
            let holds = flag(service.verdict == is);
            verdict.set(&[of_service, ("verdict", word)], holds, f64::max);
        }
        route.set(
            &[of_service, ("route", &wording::literal(&service.route))],
            1.0,
            f64::max,
        );
        for hostname in &service.hostnames {
            let took = seconds(hostname.dns.duration_ms);
            duration.set(&[of_service, ("phase", "dns")], took, f64::max);
        }
        for probe in wording::probes(service) {
            for (phase, status, ms) in [
                ("tcp", &probe.tcp.status, probe.tcp.duration_ms),
                ("tls", &probe.tls.status, probe.tls.duration_ms),
                ("http", &probe.http.status, probe.http.duration_ms),
            ] {
                let labels = [of_service, ("phase", phase), ("status", status.as_str())];
                probes.set(&labels, 1.0, |seen, one| seen + one);
                if let Some(ms) = ms {
                    duration.set(&[of_service, ("phase", phase)], seconds(ms), f64::max);
                }
            }
            let not_after = probe.tls.not_after.as_deref();
            if let Some(at) = not_after.and_then(seconds_since_epoch) {
                expiry.set(&[of_service], at, f64::min);
            }
        }
    }
    vec![up, verdict, route, duration, probes, expiry]
}

/// The service's id as a label; a target that is a bare address has none that may be shown.
pub fn label(service: &ServiceReport) -> String {
    let bare = service
        .service
        .trim_start_matches('[')
        .trim_end_matches(']');
    match bare.parse::<IpAddr>() {
        Ok(_) => String::from("address"),
        Err(_) => service.service.clone(),
    }
}

/// Seconds, to the microsecond: more digits are noise of the division.
fn seconds(ms: f64) -> f64 {
    (ms * 1000.0).round() / 1_000_000.0
}

fn flag(holds: bool) -> f64 {
    if holds { 1.0 } else { 0.0 }
}

#[allow(clippy::cast_precision_loss)] // a report does not hold 2^52 findings
fn number(n: usize) -> f64 {
    n as f64
}

#[allow(clippy::cast_precision_loss)] // seconds of any year that matters are exact
fn seconds_since_epoch(timestamp: &str) -> Option<f64> {
    let at: jiff::Timestamp = timestamp.parse().ok()?;
    Some(at.as_second() as f64)
}
