//! The report as one page that loads nothing and runs nothing: it can be mailed, archived and opened
//! on a phone, light or dark as its reader likes.

use std::io::{self, Write};

use super::escape::html as h;
use super::headline::headline;
use super::wording;
use crate::verdict::Report;
use crate::verdict::finding::{Finding, Severity};
use crate::verdict::report::RunVerdict;

mod path;
mod services;
mod steps;

use steps::State;

pub(super) const STYLESHEET: &str = include_str!("html/page.css");
/// The marks of the drawn path, defined once.
const ICONS: &str = include_str!("html/icons.svg");

/// Writes the page.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let said = headline(report);
    let class = match report.verdict {
        RunVerdict::Pass => "ok",
        RunVerdict::Fail => "bad",
        RunVerdict::Inconclusive => "open",
    };
    // Nothing may be loaded or run, whatever a server's text manages to become.
    writeln!(
        out,
        r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>vpcheck: {}</title>
<style>
{STYLESHEET}</style>
</head>
<body>
{ICONS}
<header class="{class}">
<h1>{}</h1>
<p>{}</p>
<p>{}</p>
</header>
<main>"#,
        h(&said),
        h(&said),
        h(&counts(report)),
        h(&format!(
            "{}, {}",
            wording::place(&report.environment),
            report.started_at
        )),
    )?;
    let findings = wording::in_order(&report.findings);
    if !findings.is_empty() {
        writeln!(out, "<section>\n<h2>Causes</h2>")?;
        for finding in findings {
            self::finding(finding, report, out)?;
        }
        writeln!(out, "</section>")?;
    }
    services::write(report, out)?;
    closing(report, out)?;
    writeln!(out, "</main>\n</body>\n</html>")
}

/// What names a finding's card inside the page.
fn anchor(finding: &Finding, report: &Report) -> String {
    let at = report.findings.iter().position(|other| other == finding);
    format!("cause-{}", at.unwrap_or_default() + 1)
}

/// The mark of a state, drawn so that it needs no font; what it means is said beside it.
fn icon(state: State) -> String {
    let name = match state {
        State::Holds => "ok",
        State::Breaks => "bad",
        State::Open => "open",
        State::Behind | State::Unseen => "unseen",
    };
    format!("<svg class=\"icon\" aria-hidden=\"true\"><use href=\"#{name}\"/></svg>")
}

fn counts(report: &Report) -> String {
    let (services, findings) = (report.summary.services, report.summary.findings);
    let mut parts = Vec::new();
    for (n, word) in [
        (services.pass, "ok"),
        (services.fail, "failing"),
        (services.unknown, "unknown"),
    ] {
        if n > 0 {
            parts.push(format!("{n} {word}"));
        }
    }
    let mut said = vec![format!("Services: {}", parts.join(", "))];
    if parts.is_empty() {
        said.clear();
    }
    for (n, noun) in [
        (findings.fail, "cause"),
        (findings.warn, "warning"),
        (findings.info, "note"),
    ] {
        if n > 0 {
            said.push(wording::count(n, noun));
        }
    }
    said.join(" · ")
}

fn finding(finding: &Finding, report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let class = match finding.severity {
        Severity::Fail => "bad",
        Severity::Warn => "open",
        Severity::Info => "note",
    };
    writeln!(
        out,
        "<article class=\"finding {class}\" id=\"{}\">\n<h3><span class=\"tag\">{}</span> {}</h3>",
        anchor(finding, report),
        h(&finding.severity.to_string()),
        h(&finding.title)
    )?;
    let services = match finding.services.as_slice() {
        [] => String::new(),
        all => format!(", services {}", h(&all.join(", "))),
    };
    writeln!(
        out,
        "<p class=\"about\"><code>{}</code> about <code>{}</code>{services}</p>",
        h(&finding.code),
        h(&finding.subject)
    )?;
    writeln!(out, "<p>{}</p>", h(&finding.because))?;
    bullets("What was seen", &finding.evidence, out)?;
    bullets("What follows from it", &finding.consequences, out)?;
    if !finding.fix.summary.is_empty() || !finding.fix.commands.is_empty() {
        writeln!(out, "<h4>Fix</h4>\n<p>{}</p>", h(&finding.fix.summary))?;
    }
    // A box for each: where one is wrapped, it must be seen where the next begins.
    for command in &finding.fix.commands {
        writeln!(out, "<pre>{}</pre>", h(command))?;
    }
    writeln!(out, "</article>")
}

fn bullets(heading: &str, texts: &[String], out: &mut dyn Write) -> io::Result<()> {
    if texts.is_empty() {
        return Ok(());
    }
    writeln!(out, "<h4>{heading}</h4>\n<ul>")?;
    for text in texts {
        writeln!(out, "<li>{}</li>", h(text))?;
    }
    writeln!(out, "</ul>")
}

fn closing(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<section>\n<h2>The run</h2>\n<dl>")?;
    let mut rows = vec![
        ("Canary", wording::canary(&report.canary)),
        ("Inventory", wording::inventory(&report.inventory)),
        ("Host", wording::place(&report.environment)),
        ("Network", wording::network(&report.environment)),
    ];
    rows.extend(
        wording::skipped(report)
            .into_iter()
            .map(|line| ("Skipped", line)),
    );
    let run = format!(
        "{} {}, run {}, {}, took {}",
        report.tool.name,
        report.tool.version,
        report.run_id,
        report.started_at,
        wording::milliseconds(report.duration_ms)
    );
    rows.push(("Run", run));
    for (name, text) in rows {
        writeln!(out, "<dt>{name}</dt><dd>{}</dd>", h(&text))?;
    }
    writeln!(out, "</dl>\n</section>")
}
