//! The report as JUnit XML: one test case for each service and one for the canary.
//!
//! What could not be established is an error, never a pass: build systems count both as not green.
//! Findings that fail the run and concern neither a failing service nor the canary are a case of
//! their own, so that a run that fails always shows a failure.

use std::io::{self, Write};

use super::escape::xml;
use super::headline::headline;
use super::wording;
use crate::verdict::Report;
use crate::verdict::finding::{Finding, Severity};
use crate::verdict::report::{RunVerdict, ServiceReport, ServiceVerdict};

/// Writes the report as JUnit XML.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let cases = cases(report);
    let number = |wanted: fn(&Outcome) -> bool| cases.iter().filter(|c| wanted(&c.outcome)).count();
    let failures = number(|outcome| matches!(outcome, Outcome::Failed { .. }));
    let errors = number(|outcome| matches!(outcome, Outcome::Unsettled(_)));
    let skipped = number(|outcome| matches!(outcome, Outcome::Skipped(_)));
    let seconds = seconds(report.duration_ms);
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    let counts = format!(
        r#"tests="{}" failures="{failures}" errors="{errors}" skipped="{skipped}" time="{seconds:.3}""#,
        cases.len()
    );
    // The root has no `skipped` in the schema that Jenkins checks by.
    let root = counts.replace(&format!(r#" skipped="{skipped}""#), "");
    writeln!(out, r#"<testsuites name="vpcheck" {root}>"#)?;
    let timestamp = report
        .started_at
        .split(['.', 'Z'])
        .next()
        .unwrap_or_default();
    writeln!(
        out,
        r#"  <testsuite name="vpcheck" {counts} timestamp="{}">"#,
        xml(timestamp)
    )?;
    writeln!(out, "    <properties>")?;
    let place = wording::place(&report.environment);
    for (name, value) in [
        ("run_id", report.run_id.as_str()),
        ("version", report.tool.version.as_str()),
        ("verdict", &wording::literal(&report.verdict)),
        ("environment", &place),
    ] {
        writeln!(
            out,
            r#"      <property name="{name}" value="{}"/>"#,
            xml(value)
        )?;
    }
    writeln!(out, "    </properties>")?;
    for case in &cases {
        case.write(out)?;
    }
    writeln!(
        out,
        "    <system-out>{}</system-out>",
        xml(&headline(report))
    )?;
    writeln!(out, "  </testsuite>\n</testsuites>")
}

struct Case<'a> {
    class: &'static str,
    name: &'a str,
    seconds: f64,
    outcome: Outcome<'a>,
}

enum Outcome<'a> {
    Passed,
    Skipped(String),
    Unsettled(String),
    Failed {
        findings: Vec<&'a Finding>,
        otherwise: String,
    },
}

/// Seconds, of which the schema takes no negative ones.
fn seconds(ms: f64) -> f64 {
    (ms / 1000.0).max(0.0)
}

fn cases(report: &Report) -> Vec<Case<'_>> {
    let failing: Vec<&Finding> = wording::in_order(&report.findings)
        .into_iter()
        .filter(|finding| finding.severity == Severity::Fail)
        .collect();
    let (of_services, rest): (Vec<&Finding>, Vec<&Finding>) =
        failing.into_iter().partition(|finding| {
            report.services.iter().any(|service| {
                service.verdict == ServiceVerdict::Fail
                    && finding.services.contains(&service.service)
            })
        });
    // A failing call of a service whose path works is the canary's.
    let canary_failed = report.canary.status == "failed";
    let (of_canary, of_run): (Vec<&Finding>, Vec<&Finding>) = rest
        .into_iter()
        .partition(|finding| canary_failed && !finding.services.is_empty());
    let mut cases: Vec<Case<'_>> = report
        .services
        .iter()
        .map(|service| case_of(service, &of_services))
        .collect();
    cases.push(Case {
        class: "vpcheck.canary",
        name: "canary",
        seconds: seconds(report.canary.duration_ms.unwrap_or(0.0)),
        outcome: canary_outcome(report, of_canary),
    });
    if !of_run.is_empty() {
        cases.push(Case {
            class: "vpcheck.run",
            name: "host and network",
            seconds: 0.0,
            outcome: Outcome::Failed {
                findings: of_run,
                otherwise: String::new(),
            },
        });
    }
    cases
}

fn case_of<'a>(service: &'a ServiceReport, failing: &[&'a Finding]) -> Case<'a> {
    let why = || format!("the route is {}", wording::literal(&service.route));
    let outcome = match service.verdict {
        ServiceVerdict::Pass => Outcome::Passed,
        ServiceVerdict::Unknown if service.required => Outcome::Unsettled(why()),
        ServiceVerdict::Unknown => Outcome::Skipped(format!("optional, unknown: {}", why())),
        ServiceVerdict::Fail => {
            let about = |finding: &&&Finding| finding.services.contains(&service.service);
            let findings: Vec<&Finding> = failing.iter().filter(about).copied().collect();
            // An optional service out of reach is a warning, and does not fail the run.
            if findings.is_empty() && !service.required {
                Outcome::Skipped(format!("optional, not reached: {}", why()))
            } else {
                Outcome::Failed {
                    findings,
                    otherwise: why(),
                }
            }
        }
    };
    Case {
        class: "vpcheck.services",
        name: &service.service,
        seconds: seconds(wording::time_spent(service)),
        outcome,
    }
}

fn canary_outcome<'a>(report: &Report, findings: Vec<&'a Finding>) -> Outcome<'a> {
    let said = wording::canary(&report.canary);
    match report.canary.status.as_str() {
        "sent" | "round-trip" => Outcome::Passed,
        "skipped" => Outcome::Skipped(said),
        _ if findings.is_empty() && report.verdict != RunVerdict::Fail => Outcome::Unsettled(said),
        _ => Outcome::Failed {
            findings,
            otherwise: said,
        },
    }
}

impl Case<'_> {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let head = format!(
            r#"    <testcase classname="{}" name="{}" time="{:.3}""#,
            self.class,
            xml(self.name),
            self.seconds
        );
        match &self.outcome {
            Outcome::Passed => return writeln!(out, "{head}/>"),
            Outcome::Skipped(why) => {
                writeln!(out, "{head}>")?;
                writeln!(out, r#"      <skipped message="{}"/>"#, xml(why))?;
            }
            Outcome::Unsettled(why) => {
                writeln!(out, "{head}>")?;
                writeln!(
                    out,
                    r#"      <error type="inconclusive" message="{}"/>"#,
                    xml(why)
                )?;
            }
            Outcome::Failed {
                findings,
                otherwise,
            } => {
                writeln!(out, "{head}>")?;
                failure(findings, otherwise, out)?;
            }
        }
        writeln!(out, "    </testcase>")
    }
}

/// One element for all findings: the schema allows one failure in a test case.
fn failure(findings: &[&Finding], otherwise: &str, out: &mut dyn Write) -> io::Result<()> {
    let Some(first) = findings.first() else {
        return writeln!(
            out,
            r#"      <failure type="fail" message="{}"/>"#,
            xml(otherwise)
        );
    };
    let titles: Vec<&str> = findings
        .iter()
        .map(|finding| finding.title.as_str())
        .collect();
    write!(
        out,
        r#"      <failure type="{}" message="{}">"#,
        xml(&first.code),
        xml(&titles.join(" "))
    )?;
    for finding in findings {
        let head = format!("{}: {}", finding.code, finding.title);
        writeln!(out, "{}\n{}", xml(&head), xml(&finding.because))?;
        for seen in &finding.evidence {
            writeln!(out, "- {}", xml(seen))?;
        }
        writeln!(out, "Fix: {}", xml(&finding.fix.summary))?;
        for command in &finding.fix.commands {
            writeln!(out, "    {}", xml(command))?;
        }
    }
    writeln!(out, "</failure>")
}
