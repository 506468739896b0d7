//! The report an operator pastes into a ticket: the verdict, the causes and what mends them, then
//! everything that was looked at.

use std::collections::BTreeMap;
use std::io::{self, Write};

use anstyle::Style as Paint;

use super::layout::{BOLD, CYAN, GREEN, PLAIN, Page, RED, YELLOW};
use super::{Style, wording};
use crate::facts::inventory::InventorySource;
use crate::verdict::finding::{Finding, Severity};
use crate::verdict::report::{Environment, InventoryReport, ProbeReport, Report, RunVerdict};

mod services;

/// Where text stands behind the labels of a finding.
const FINDING_TEXT: usize = 10;
/// Where text stands behind the labels at the report's end.
const CLOSING_TEXT: usize = 11;

/// Writes the report for people.
pub fn write(report: &Report, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let page = &mut Page::new(style, out);
    headline(report, page)?;
    for finding in in_order(&report.findings) {
        page.blank()?;
        self::finding(finding, page)?;
    }
    if !report.services.is_empty() {
        page.blank()?;
        services::write(report, style.verbose, page)?;
    }
    page.blank()?;
    closing(report, page)
}

fn headline(report: &Report, page: &mut Page<'_>) -> io::Result<()> {
    let said = wording::headline(report);
    let (word, rest) = said.split_once(' ').unwrap_or((&said, ""));
    let paint = match report.verdict {
        RunVerdict::Pass => GREEN,
        RunVerdict::Fail => RED,
        RunVerdict::Inconclusive => YELLOW,
    };
    page.labelled(0, (word, paint), word.len() + 1, rest)
}

/// The most severe first, whatever order they came in.
fn in_order(findings: &[Finding]) -> Vec<&Finding> {
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    sorted
}

fn finding(finding: &Finding, page: &mut Page<'_>) -> io::Result<()> {
    let (word, paint) = match finding.severity {
        Severity::Fail => ("FAIL", RED),
        Severity::Warn => ("WARN", YELLOW),
        Severity::Info => ("INFO", BOLD),
    };
    let label = format!("{word} {}:", finding.code);
    page.labelled(0, (&label, paint), 2, &finding.title)?;
    let about = match finding.services.as_slice() {
        [] => finding.subject.clone(),
        [only] if *only == finding.subject => only.clone(),
        all => format!("{} ({})", finding.subject, all.join(", ")),
    };
    labelled("About", &about, page)?;
    labelled("Why", &finding.because, page)?;
    bullets("Seen", &finding.evidence, page)?;
    bullets("Hence", &finding.consequences, page)?;
    labelled("Fix", &finding.fix.summary, page)?;
    if !finding.fix.commands.is_empty() {
        page.blank()?;
        for command in &finding.fix.commands {
            page.verbatim(4, CYAN, command)?;
        }
    }
    Ok(())
}

fn labelled(label: &str, text: &str, page: &mut Page<'_>) -> io::Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    page.labelled(2, (label, BOLD), FINDING_TEXT, text)
}

fn bullets(label: &str, texts: &[String], page: &mut Page<'_>) -> io::Result<()> {
    for (at, text) in texts.iter().enumerate() {
        let label = if at == 0 { label } else { "" };
        let label = format!("{label:<width$}-", width = FINDING_TEXT - 2);
        // The dash belongs to the label, so that wrapped lines stand behind it.
        page.labelled(2, (&label, PLAIN), FINDING_TEXT + 2, text)?;
    }
    Ok(())
}

fn closing(report: &Report, page: &mut Page<'_>) -> io::Result<()> {
    let paint = match report.canary.status.as_str() {
        "sent" | "round-trip" => GREEN,
        "failed" => RED,
        _ => BOLD,
    };
    last("Canary", paint, &wording::canary(&report.canary), page)?;
    last("Inventory", BOLD, &inventory(&report.inventory), page)?;
    last("Host", BOLD, &wording::place(&report.environment), page)?;
    last("Network", BOLD, &network(&report.environment), page)?;
    for (at, line) in skipped(report).iter().enumerate() {
        last(if at == 0 { "Skipped" } else { "" }, BOLD, line, page)?;
    }
    let run = format!(
        "{} {}, run {}, {}, took {}",
        report.tool.name,
        report.tool.version,
        report.run_id,
        report.started_at,
        wording::milliseconds(report.duration_ms)
    );
    last("Run", BOLD, &run, page)
}

fn last(label: &str, paint: Paint, text: &str, page: &mut Page<'_>) -> io::Result<()> {
    page.labelled(0, (label, paint), CLOSING_TEXT, text)
}

fn inventory(inventory: &InventoryReport) -> String {
    let taken = match (inventory.source, &inventory.taken_at) {
        (InventorySource::Ec2Api, _) => String::from("read from the EC2 API"),
        (InventorySource::File, Some(at)) => format!("read from a file taken at {at}"),
        (InventorySource::File, None) => String::from("read from a file"),
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

fn network(environment: &Environment) -> String {
    let cidrs = if environment.vpc_cidrs.is_empty() {
        String::from("VPC CIDRs not known")
    } else {
        format!(
            "VPC {} (from {})",
            environment.vpc_cidrs.join(", "),
            wording::literal(&environment.vpc_cidrs_source)
        )
    };
    let mut parts = vec![cidrs];
    if !environment.addresses.is_empty() {
        parts.push(format!("own {}", wording::list(&environment.addresses)));
    }
    if environment.resolvers.is_empty() {
        parts.push(String::from("no resolver configured"));
    } else {
        parts.push(format!("DNS {}", wording::list(&environment.resolvers)));
    }
    if let Some(proxy) = &environment.proxy {
        parts.push(format!("applications' proxy {proxy}"));
    }
    parts.join("; ")
}

/// What was not tried although nothing before it had failed, by reason.
fn skipped(report: &Report) -> Vec<String> {
    let mut by_reason: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for service in &report.services {
        for probe in wording::probes(service) {
            if let Some(skip) = first_skip(probe) {
                let services = by_reason.entry(skip).or_default();
                if !services.contains(&service.service.as_str()) {
                    services.push(&service.service);
                }
            }
        }
    }
    let told = |((phase, reason), services): ((&str, &str), Vec<&str>)| {
        format!("{phase} of {}: {reason}", wording::names(services))
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
