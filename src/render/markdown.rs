//! The report as Markdown, for issues, wikis and build summaries.

use std::io::{self, Write};

use super::escape::{
    markdown as md, markdown_code as code, markdown_code_cell as cell, markdown_fence,
};
use super::headline::headline;
use super::wording;
use crate::verdict::Report;
use crate::verdict::finding::Finding;
use crate::verdict::report::ServiceReport;

/// Writes the report as Markdown.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "## {}", md(&headline(report)))?;
    for finding in wording::in_order(&report.findings) {
        self::finding(finding, out)?;
    }
    services(report, out)?;
    closing(report, out)
}

fn finding(finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "\n### {} {}: {}\n",
        finding.severity.to_string().to_uppercase(),
        code(&finding.code),
        md(&finding.title)
    )?;
    write!(out, "**About** {}", code(&finding.subject))?;
    if !finding.services.is_empty() {
        let services: Vec<String> = finding.services.iter().map(|s| code(s)).collect();
        write!(out, " (services: {})", services.join(", "))?;
    }
    writeln!(out, "\n\n**Why** {}", md(&finding.because))?;
    bullets("Seen", &finding.evidence, out)?;
    bullets("Hence", &finding.consequences, out)?;
    if !finding.fix.summary.is_empty() {
        writeln!(out, "\n**Fix** {}", md(&finding.fix.summary))?;
    }
    let commands: Vec<_> = finding
        .fix
        .commands
        .iter()
        .map(|command| super::escape::terminal(command))
        .collect();
    if !commands.is_empty() {
        let fence = markdown_fence(commands.iter().map(AsRef::as_ref));
        writeln!(out, "\n{fence}sh")?;
        for command in &commands {
            writeln!(out, "{command}")?;
        }
        writeln!(out, "{fence}")?;
    }
    Ok(())
}

fn bullets(label: &str, texts: &[String], out: &mut dyn Write) -> io::Result<()> {
    if texts.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n**{label}**\n")?;
    for text in texts {
        writeln!(out, "- {}", md(text))?;
    }
    Ok(())
}

fn services(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    if report.services.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n### Services\n")?;
    writeln!(
        out,
        "| service | verdict | route | endpoint | addresses | TLS |"
    )?;
    writeln!(out, "|---|---|---|---|---|---|")?;
    for service in wording::worst_first(&report.services) {
        let optional = if service.required { "" } else { " (optional)" };
        let endpoint = service.endpoint.as_ref().map(|e| cell(&e.id));
        let addresses: Vec<String> = wording::addresses(service)
            .iter()
            .map(|address| cell(&address.to_string()))
            .collect();
        writeln!(
            out,
            "| {}{optional} | {} | {} | {} | {} | {} |",
            cell(&service.service),
            wording::service_word(service.verdict),
            wording::literal(&service.route),
            endpoint.unwrap_or_default(),
            addresses.join(" "),
            md(&tls(service)),
        )?;
    }
    Ok(())
}

fn tls(service: &ServiceReport) -> String {
    let mut seen: Vec<String> = Vec::new();
    for probe in wording::probes(service) {
        let said = match (&probe.tcp.status, &probe.tls.version) {
            (tcp, _) if tcp != "ok" => format!("TCP {tcp}"),
            (_, Some(version)) if probe.tls.status == "ok" => wording::tls_version(version),
            _ => format!("TLS {}", probe.tls.status),
        };
        if !seen.contains(&said) {
            seen.push(said);
        }
    }
    seen.join(", ")
}

fn closing(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let place = wording::place(&report.environment);
    let run = format!(
        "{} {}, {}, took {}, run {}",
        report.tool.name,
        report.tool.version,
        report.started_at,
        wording::milliseconds(report.duration_ms),
        report.run_id
    );
    writeln!(
        out,
        "\n**Canary** {}  ",
        md(&wording::canary(&report.canary))
    )?;
    let inventory = wording::inventory(&report.inventory);
    writeln!(out, "**Inventory** {}  ", md(&inventory))?;
    writeln!(out, "**Host** {}  ", md(&place))?;
    writeln!(
        out,
        "**Network** {}  ",
        md(&wording::network(&report.environment))
    )?;
    for line in wording::skipped(report) {
        writeln!(out, "**Skipped** {}  ", md(&line))?;
    }
    writeln!(out, "**Run** {}", md(&run))
}
