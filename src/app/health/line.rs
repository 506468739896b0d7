//! The one line of `vpcheck health`.

use crate::verdict::report::{RunVerdict, ServiceVerdict};
use crate::verdict::{Finding, Report};

use super::history::{Probe, Record};

/// How a probe ended, with what the probes before say.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Health {
    /// All is well.
    Healthy,
    /// Something is wrong, and not often enough in a row to be called unhealthy.
    InGrace {
        /// What is wrong.
        trouble: String,
        /// How often in a row.
        failures: u32,
        /// How often is unhealthy.
        grace: u32,
    },
    /// Something is wrong.
    Unhealthy {
        /// What is wrong.
        trouble: String,
        /// What the probes before add to it.
        history: Option<String>,
    },
    /// It was told to stop before it was done.
    Interrupted,
}

impl Health {
    /// From this probe and what is remembered after it.
    pub(super) fn of(probe: &Probe, record: &Record, grace: u32) -> Health {
        let standing = || {
            let trouble = record.standing()?;
            Some(format!("{trouble}, as the last canary found"))
        };
        let Some(trouble) = probe.trouble.clone().or_else(standing) else {
            return Health::Healthy;
        };
        let failures = record.failures;
        match failures < grace {
            true => Health::InGrace {
                trouble,
                failures,
                grace,
            },
            false => Health::Unhealthy {
                trouble,
                history: (grace > 1).then(|| format!("{failures} failures in a row")),
            },
        }
    }

    /// From this probe alone.
    pub(super) fn without_memory(probe: &Probe, grace: u32) -> Health {
        match probe.trouble.clone() {
            None => Health::Healthy,
            Some(trouble) => Health::Unhealthy {
                trouble,
                history: (grace > 1).then(|| {
                    "the probes before are not remembered (-v says why), so there is no grace"
                        .to_owned()
                }),
            },
        }
    }

    /// Whether the exit code is 0.
    pub(super) fn is_healthy(&self) -> bool {
        matches!(self, Health::Healthy | Health::InGrace { .. })
    }

    /// The line.
    pub(super) fn line(&self, report: &Report) -> String {
        match self {
            Health::Healthy => format!(
                "healthy: {} {} in {:.0} ms",
                report.services.len(),
                match report.services.len() {
                    1 => "service",
                    _ => "services",
                },
                report.duration_ms
            ),
            Health::InGrace {
                trouble,
                failures,
                grace,
            } => format!("healthy for now, failure {failures} of {grace} in a row: {trouble}"),
            Health::Unhealthy { trouble, history } => match history {
                Some(history) => format!("unhealthy: {trouble}; {history}"),
                None => format!("unhealthy: {trouble}"),
            },
            Health::Interrupted => "unhealthy: not established; it was told to stop".to_owned(),
        }
    }
}

/// What is wrong, in words: the finding that says it best, how many more there are, and what would settle the rest.
pub(super) fn trouble(report: &Report, finding: Option<&Finding>) -> String {
    let open = report.verdict == RunVerdict::Inconclusive;
    let mut said = match open {
        true => "not established".to_owned(),
        false => String::new(),
    };
    let Some(finding) = finding else {
        return match open {
            true => said,
            false => "something failed".to_owned(),
        };
    };
    if open {
        said.push_str("; ");
    }
    said.push_str(&format!("{} ({})", finding.title, finding.code));
    let others = report.findings.iter().filter(|other| {
        other.severity == finding.severity && (!open || other.code == finding.code)
    });
    let more = others.count().saturating_sub(1);
    if more > 0 {
        said.push_str(&format!(" and {more} more"));
    }
    if open && let Some(settles) = what_settles(finding) {
        said.push_str(&format!("; {settles}"));
    }
    said
}

/// The finding about a required service whose path could not be established.
pub(super) fn of_the_unknown(report: &Report) -> Option<&Finding> {
    let is_unknown = |name: &String| {
        let is_open = |verdict| verdict == ServiceVerdict::Unknown;
        let mut open = report.services.iter().filter(|s| is_open(s.verdict));
        open.any(|service| service.required && service.service == *name)
    };
    let about = |finding: &&Finding| finding.services.iter().any(is_unknown);
    // What says of itself that it could be settled comes before what is merely about the same service.
    let settled = |finding: &&Finding| about(finding) && what_settles(finding).is_some();
    let findings = || report.findings.iter();
    findings().find(settled).or_else(|| findings().find(about))
}

/// What an operator of a probe would add; the probe itself never asks the EC2 API.
fn what_settles(finding: &Finding) -> Option<&'static str> {
    match finding.code.as_str() {
        "gateway-unconfirmed" => Some("--inventory FILE settles it"),
        // Without the VPC's own ranges the fix is a command with this option.
        "private-address-unlisted"
            if (finding.fix.commands.iter()).any(|command| command.contains("--vpc-cidr")) =>
        {
            Some("--vpc-cidr CIDR settles it")
        }
        "private-address-unlisted" => Some("--allow-cidr CIDR settles it"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::health::history::{CanaryCall, LastCanary};

    fn probe(trouble: Option<&str>) -> Probe {
        Probe {
            trouble: trouble.map(str::to_owned),
            canary: CanaryCall::Off,
        }
    }

    fn after(failures: u32) -> Record {
        Record {
            failures,
            ..Record::default()
        }
    }

    #[test]
    fn unhealthy_at_the_nth_failure_in_a_row() {
        let broken = probe(Some("broken"));
        let health = [1, 2, 3, 4].map(|n| Health::of(&broken, &after(n), 3).is_healthy());
        assert_eq!(health, [true, true, false, false]);
        assert!(!Health::of(&broken, &after(1), 1).is_healthy());
        assert!(Health::of(&probe(None), &after(0), 1).is_healthy());
        assert!(!Health::Interrupted.is_healthy());
    }

    #[test]
    fn without_a_memory_the_first_failure_counts() {
        let health = Health::without_memory(&probe(Some("broken")), 3);
        assert!(!health.is_healthy());
        assert!(Health::without_memory(&probe(None), 3).is_healthy());
    }

    #[test]
    fn a_canary_that_failed_before_is_told_from_a_failure_now() {
        let record = Record {
            failures: 1,
            canary: Some(LastCanary {
                at: jiff::Timestamp::UNIX_EPOCH,
                trouble: Some("denied".to_owned()),
            }),
        };
        let health = Health::of(&probe(None), &record, 1);
        let expected = Health::Unhealthy {
            trouble: "denied, as the last canary found".to_owned(),
            history: None,
        };
        assert_eq!(health, expected);
        assert!(Health::of(&probe(None), &record, 2).is_healthy());
    }
}
