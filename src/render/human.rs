//! The report an operator pastes into a ticket: the verdict, the causes and what mends them, then
//! everything that was looked at.

use std::io::{self, Write};

use anstyle::Style as Paint;

use super::headline::headline;
use super::layout::{BOLD, CYAN, GREEN, PLAIN, Page, RED, YELLOW};
use super::{Style, wording};
use crate::verdict::finding::{Finding, Severity};
use crate::verdict::report::{Report, RunVerdict};

mod services;

/// Where text stands behind the labels of a finding.
const FINDING_TEXT: usize = 10;
/// Where text stands behind the labels at the report's end.
const CLOSING_TEXT: usize = 11;

/// Writes the report for people.
pub fn write(report: &Report, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let page = &mut Page::new(style, out);
    verdict(report, page)?;
    for finding in wording::in_order(&report.findings) {
        page.blank()?;
        self::finding(finding, style.verbose, page)?;
    }
    if !report.services.is_empty() {
        page.blank()?;
        services::write(report, style.verbose, page)?;
    }
    page.blank()?;
    closing(report, page)
}

fn verdict(report: &Report, page: &mut Page<'_>) -> io::Result<()> {
    let said = headline(report);
    let (word, rest) = said.split_once(' ').unwrap_or((&said, ""));
    let paint = match report.verdict {
        RunVerdict::Pass => GREEN,
        RunVerdict::Fail => RED,
        RunVerdict::Inconclusive => YELLOW,
    };
    page.labelled(0, (word, paint), word.len() + 1, rest)
}

fn finding(finding: &Finding, verbose: u8, page: &mut Page<'_>) -> io::Result<()> {
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
    if verbose > 0 && !finding.fix.assume.is_empty() {
        let assumed: Vec<String> = (finding.fix.assume.iter())
            .map(|assumption| format!(" --assume {assumption}"))
            .collect();
        page.labelled(
            2,
            ("What if", BOLD),
            FINDING_TEXT,
            "The verdict after it, from saved facts:",
        )?;
        page.blank()?;
        let command = format!("vpcheck replay facts.json{}", assumed.concat());
        page.verbatim(4, CYAN, &command)?;
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
    last(
        "Inventory",
        BOLD,
        &wording::inventory(&report.inventory),
        page,
    )?;
    for (at, assumption) in report.assumed.iter().enumerate() {
        last(
            if at == 0 { "Assumed" } else { "" },
            YELLOW,
            assumption,
            page,
        )?;
    }
    last("Host", BOLD, &wording::place(&report.environment), page)?;
    last(
        "Network",
        BOLD,
        &wording::network(&report.environment),
        page,
    )?;
    for (at, line) in wording::skipped(report).iter().enumerate() {
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
