//! What is counted over many rounds, and how it is told to Prometheus.
//!
//! Labels are services, phases and statuses: never an address, which would make a new series with every endpoint that is
//! rebuilt.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::facts::dns::DnsStatus;
use crate::render::{escape, prometheus};
use crate::verdict::Report;
use crate::verdict::report::{RunVerdict, ServiceReport};

/// The upper bounds of the histograms' buckets, in seconds: from a neighbour's answer to a probe's usual limit.
const BOUNDS: [f64; 12] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
];
/// The most series of one kind. Whoever watches more services than a region has sees the first of them.
const MOST: usize = 2048;

/// Something that happened, and is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// A round was missed, since the one before took too long.
    Missed,
    /// A round ended at its deadline.
    AtDeadline,
    /// Something changed, and was told.
    Changed,
    /// Something changed, and was not told: too much was of late.
    HeldBack,
    /// Something was other than before, and at the second look it was not.
    Passing,
    /// A report, evidence or a delivery could not be written.
    NotWritten,
}

/// What was counted so far.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    rounds: BTreeMap<&'static str, u64>,
    reloads: BTreeMap<&'static str, u64>,
    events: BTreeMap<Event, u64>,
    phases: BTreeMap<(String, &'static str), Histogram>,
    failures: BTreeMap<(String, &'static str, String), u64>,
}

#[derive(Debug, Clone, Default)]
struct Histogram {
    /// How many were within each bound, and not within the one before.
    within: [u64; BOUNDS.len()],
    count: u64,
    sum: f64,
}

impl Tally {
    /// Counts an event.
    pub fn count(&mut self, event: Event) {
        self.count_many(event, 1);
    }

    /// Counts it so many times.
    pub fn count_many(&mut self, event: Event, times: u64) {
        let count = self.events.entry(event).or_default();
        *count = count.saturating_add(times);
    }

    /// Counts a round that could not be made.
    pub fn count_failed_round(&mut self) {
        *self.rounds.entry("error").or_default() += 1;
    }

    /// Counts a reading of the settings. Other settings may be about other services: what was counted of them goes.
    pub fn count_reload(&mut self, succeeded: bool) {
        let outcome = if succeeded { "success" } else { "failure" };
        *self.reloads.entry(outcome).or_default() += 1;
        if succeeded {
            self.phases.clear();
            self.failures.clear();
        }
    }

    /// Counts a round.
    pub fn take(&mut self, report: &Report) {
        let verdict = match report.verdict {
            RunVerdict::Pass => "pass",
            RunVerdict::Fail => "fail",
            RunVerdict::Inconclusive => "inconclusive",
        };
        *self.rounds.entry(verdict).or_default() += 1;
        for service in &report.services {
            let name = prometheus::label(service);
            for (phase, status, ms) in phases(service) {
                match (status, ms) {
                    ("ok", Some(ms)) => self.took(&name, phase, ms / 1000.0),
                    ("ok" | "skipped", _) => {}
                    (failed, _) => self.failed(&name, phase, failed),
                }
            }
        }
    }

    /// Writes what was counted in Prometheus's text format.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let verdicts = ["pass", "fail", "inconclusive", "error"];
        family(
            out,
            "vpcheck_rounds_total",
            "counter",
            "Rounds by their verdict; error: one that could not be made.",
        )?;
        for verdict in verdicts {
            let count = self.rounds.get(verdict).copied().unwrap_or_default();
            writeln!(out, "vpcheck_rounds_total{{verdict=\"{verdict}\"}} {count}")?;
        }
        for (event, name, help) in EVENTS {
            family(out, name, "counter", help)?;
            let count = self.events.get(event).copied().unwrap_or_default();
            writeln!(out, "{name} {count}")?;
        }
        family(
            out,
            "vpcheck_config_reloads_total",
            "counter",
            "How often the settings were read again.",
        )?;
        for outcome in ["success", "failure"] {
            let count = self.reloads.get(outcome).copied().unwrap_or_default();
            writeln!(
                out,
                "vpcheck_config_reloads_total{{outcome=\"{outcome}\"}} {count}"
            )?;
        }
        if !self.failures.is_empty() {
            let name = "vpcheck_phase_failures_total";
            let help = "Names and addresses whose phase did not succeed, over all rounds.";
            family(out, name, "counter", help)?;
            for ((service, phase, status), count) in &self.failures {
                let (service, status) = (escape::prometheus(service), escape::prometheus(status));
                writeln!(
                    out,
                    "{name}{{service=\"{service}\",phase=\"{phase}\",status=\"{status}\"}} {count}"
                )?;
            }
        }
        if !self.phases.is_empty() {
            let name = "vpcheck_phase_latency_seconds";
            let help =
                "How long a phase took where it succeeded, over all rounds, names and addresses.";
            family(out, name, "histogram", help)?;
            for ((service, phase), histogram) in &self.phases {
                let service = escape::prometheus(service);
                let labels = format!("service=\"{service}\",phase=\"{phase}\"");
                histogram.write(name, &labels, out)?;
            }
        }
        Ok(())
    }

    fn took(&mut self, service: &str, phase: &'static str, seconds: f64) {
        let key = (service.to_owned(), phase);
        if self.phases.len() < MOST || self.phases.contains_key(&key) {
            self.phases.entry(key).or_default().add(seconds);
        }
    }

    fn failed(&mut self, service: &str, phase: &'static str, status: &str) {
        let key = (service.to_owned(), phase, status.to_owned());
        if self.failures.len() < MOST || self.failures.contains_key(&key) {
            let count = self.failures.entry(key).or_default();
            *count = count.saturating_add(1);
        }
    }
}

impl Histogram {
    fn add(&mut self, seconds: f64) {
        if !seconds.is_finite() {
            return;
        }
        let fits = BOUNDS.iter().position(|bound| seconds <= *bound);
        if let Some(within) = fits.and_then(|at| self.within.get_mut(at)) {
            *within = within.saturating_add(1);
        }
        self.count = self.count.saturating_add(1);
        self.sum += seconds;
    }

    fn write(&self, name: &str, labels: &str, out: &mut dyn Write) -> io::Result<()> {
        let mut so_far: u64 = 0;
        for (bound, within) in BOUNDS.iter().zip(self.within) {
            so_far = so_far.saturating_add(within);
            writeln!(out, "{name}_bucket{{{labels},le=\"{bound}\"}} {so_far}")?;
        }
        writeln!(out, "{name}_bucket{{{labels},le=\"+Inf\"}} {}", self.count)?;
        writeln!(out, "{name}_sum{{{labels}}} {}", self.sum)?;
        writeln!(out, "{name}_count{{{labels}}} {}", self.count)
    }
}

const EVENTS: &[(&Event, &str, &str)] = &[
    (
        &Event::Missed,
        "vpcheck_rounds_missed_total",
        "Rounds that were missed, since the one before took too long.",
    ),
    (
        &Event::AtDeadline,
        "vpcheck_rounds_at_deadline_total",
        "Rounds that ended at their deadline, before all was looked at.",
    ),
    (
        &Event::Changed,
        "vpcheck_changes_total",
        "Rounds in which something changed, and was reported.",
    ),
    (
        &Event::HeldBack,
        "vpcheck_changes_held_back_total",
        "Rounds whose change was not reported, since too much was of late.",
    ),
    (
        &Event::Passing,
        "vpcheck_changes_passing_total",
        "Rounds in which the second look did not find the change of the first.",
    ),
    (
        &Event::NotWritten,
        "vpcheck_write_failures_total",
        "Reports, evidence and deliveries that could not be written.",
    ),
];

/// The first lines of a metric.
pub(super) fn family(out: &mut dyn Write, name: &str, kind: &str, help: &str) -> io::Result<()> {
    writeln!(out, "# HELP {name} {help}")?;
    writeln!(out, "# TYPE {name} {kind}")
}

/// Every phase of a service: which, how it ended, how long it took.
fn phases(service: &ServiceReport) -> impl Iterator<Item = (&'static str, &str, Option<f64>)> {
    service.hostnames.iter().flat_map(|hostname| {
        let dns = &hostname.dns;
        let dns = ("dns", word(dns.status), Some(dns.duration_ms));
        let probes = hostname.probes.iter().flat_map(|probe| {
            [
                ("tcp", probe.tcp.status.as_str(), probe.tcp.duration_ms),
                ("tls", probe.tls.status.as_str(), probe.tls.duration_ms),
                ("http", probe.http.status.as_str(), probe.http.duration_ms),
            ]
        });
        std::iter::once(dns).chain(probes)
    })
}

/// As the report spells it.
fn word(status: DnsStatus) -> &'static str {
    match status {
        DnsStatus::Ok => "ok",
        DnsStatus::NxDomain => "nxdomain",
        DnsStatus::NoData => "nodata",
        DnsStatus::ServFail => "servfail",
        DnsStatus::Refused => "refused",
        DnsStatus::Timeout => "timeout",
        DnsStatus::Error => "error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Facts;

    fn facts() -> Facts {
        serde_json::from_str(include_str!("../../tests/cli/facts.json")).unwrap()
    }

    #[test]
    fn every_phase_of_every_round_is_in_a_bucket() {
        let report = crate::verdict::report(&facts());
        let mut tally = Tally::default();
        (0..5).for_each(|_| tally.take(&report));
        let mut text = Vec::new();
        tally.write(&mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        let buckets: Vec<u64> = (text.lines())
            .filter(|line| line.contains("_bucket{") && line.contains("phase=\"dns\""))
            .filter_map(|line| line.rsplit(' ').next()?.parse().ok())
            .take(BOUNDS.len() + 1)
            .collect();
        assert_eq!(buckets.len(), BOUNDS.len() + 1, "{text}");
        assert!(buckets.is_sorted());
        assert!(
            buckets
                .last()
                .is_some_and(|all| all.is_multiple_of(5) && *all > 0)
        );
        assert!(text.contains("vpcheck_changes_total 0\n"), "{text}");
    }

    #[test]
    fn series_are_bounded_whatever_is_counted() {
        let mut tally = Tally::default();
        for at in 0..3 * MOST {
            tally.took(&format!("{at}.example.com"), "tcp", f64::from(1_u8));
            tally.failed(&format!("{at}.example.com"), "tcp", "timeout");
        }
        assert_eq!((tally.phases.len(), tally.failures.len()), (MOST, MOST));
        tally.took("0.example.com", "tcp", f64::NAN);
        tally.count_reload(true);
        assert!(tally.phases.is_empty());
    }
}
