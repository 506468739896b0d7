//! A fleet's report as one page that loads nothing and runs nothing. What is long is folded, so that a browser lays out
//! only what its reader opens: it stays quick with ten thousand machines.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::super::escape::html as h;
use super::super::html::STYLESHEET;
use super::super::wording::{count, literal};
use super::{examples, headline, reach, reports, trouble, word};
use crate::fleet::{CodeGroup, Counts, Fleet, FleetVerdict, MachineRow, SilentMachine, Vpc};
use crate::verdict::Severity;
use crate::verdict::report::RunVerdict;

const OWN_STYLESHEET: &str = include_str!("fleet.css");
/// Machines that the page lists; those that fail stand first, and the JSON has all.
const MOST_MACHINES: usize = 10_000;
/// Subnets that the page lists.
const MOST_SUBNETS: usize = 5_000;

/// Writes the page.
pub fn write(fleet: &Fleet, out: &mut dyn Write) -> io::Result<()> {
    let class = match fleet.verdict {
        FleetVerdict::Pass => "ok",
        FleetVerdict::Fail => "bad",
        FleetVerdict::Inconclusive => "open",
    };
    let said = format!("{}: {}", word(fleet.verdict), headline(fleet));
    // Nothing may be loaded or run, whatever a report's text manages to become.
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
<title>vpcheck: {0}</title>
<style>
{STYLESHEET}{OWN_STYLESHEET}</style>
</head>
<body>
<header class="{class}">
<h1>{0}</h1>
<p>Reports: {1}</p>
<p>{2}, {3}</p>
</header>
<main>"#,
        h(&said),
        h(&reports(fleet)),
        h(&fleet.source),
        h(&fleet.made_at),
    )?;
    causes(fleet, out)?;
    silent(fleet, out)?;
    places(fleet, out)?;
    machines(fleet, out)?;
    unread(fleet, out)?;
    writeln!(out, "</main>\n</body>\n</html>")
}

fn causes(fleet: &Fleet, out: &mut dyn Write) -> io::Result<()> {
    if fleet.findings.is_empty() {
        return Ok(());
    }
    writeln!(out, "<section>\n<h2>Causes</h2>")?;
    for code in &fleet.findings {
        let open = if code.severity == Severity::Fail {
            " open"
        } else {
            ""
        };
        writeln!(
            out,
            "<details class=\"fold {}\"{open}>\n<summary><span class=\"tag\">{}</span> <code>{}</code> {} <small>{}</small></summary>",
            tone(code.severity),
            h(&code.severity.to_string()),
            h(&code.code),
            count(code.machines, "machine"),
            match code.subjects {
                1 => String::new(),
                n => format!("at {n} places"),
            }
        )?;
        table(code, out)?;
        writeln!(out, "</details>")?;
    }
    writeln!(out, "</section>")
}

fn table(code: &CodeGroup, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "<table>\n<thead><tr><th>About</th><th>Reach</th><th>Machines</th></tr></thead>\n<tbody>"
    )?;
    for group in &code.groups {
        writeln!(
            out,
            "<tr><td data-label=\"About\"><code>{}</code></td><td data-label=\"Reach\">{}</td><td data-label=\"Machines\">{}</td></tr>",
            h(&group.subject),
            h(&reach(group)),
            h(&examples(group))
        )?;
    }
    let rest = code.subjects.saturating_sub(code.groups.len());
    if rest > 0 {
        writeln!(
            out,
            "<tr><td>and {rest} more</td><td>{}</td><td></td></tr>",
            count(code.machines_of_others, "machine")
        )?;
    }
    writeln!(out, "</tbody>\n</table>")
}

fn silent(fleet: &Fleet, out: &mut dyn Write) -> io::Result<()> {
    if fleet.silent.is_empty() {
        return Ok(());
    }
    let mut reasons: BTreeMap<&str, Vec<&SilentMachine>> = BTreeMap::new();
    for silent in &fleet.silent {
        reasons.entry(&silent.reason).or_default().push(silent);
    }
    writeln!(out, "<section>\n<h2>Silent</h2>")?;
    for (reason, machines) in reasons {
        writeln!(
            out,
            "<details class=\"fold open\" open>\n<summary><b>{}</b> {}</summary>\n<ul>",
            h(reason),
            count(machines.len(), "machine")
        )?;
        for silent in machines.iter().take(MOST_MACHINES) {
            let detail = match silent.detail.as_str() {
                "" => String::new(),
                detail => format!(": {}", h(detail)),
            };
            writeln!(out, "<li><code>{}</code>{detail}</li>", h(&silent.machine))?;
        }
        writeln!(out, "</ul>\n</details>")?;
    }
    writeln!(out, "</section>")
}

fn places(fleet: &Fleet, out: &mut dyn Write) -> io::Result<()> {
    if fleet.accounts.is_empty() {
        return Ok(());
    }
    let mut left = MOST_SUBNETS;
    writeln!(out, "<section>\n<h2>Where</h2>")?;
    for account in &fleet.accounts {
        fold(&account.account_id, &account.machines, true, out)?;
        for region in &account.regions {
            fold(&region.region, &region.machines, true, out)?;
            for vpc in &region.vpcs {
                let open = vpc.machines.verdict() != RunVerdict::Pass && vpc.subnets.len() <= 50;
                fold(&vpc.vpc_id, &vpc.machines, open, out)?;
                subnets(vpc, &mut left, out)?;
                writeln!(out, "</details>")?;
            }
            writeln!(out, "</details>")?;
        }
        writeln!(out, "</details>")?;
    }
    writeln!(out, "</section>")
}

fn fold(name: &str, counts: &Counts, open: bool, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "<details class=\"fold {}\"{}>\n<summary><code>{}</code> {}, {}</summary>",
        class(counts.verdict()),
        if open { " open" } else { "" },
        h(name),
        count(counts.total, "machine"),
        h(&trouble(counts))
    )
}

fn subnets(vpc: &Vpc, left: &mut usize, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "<table>\n<thead><tr><th>Subnet</th><th class=\"n\">Machines</th><th>Verdicts</th><th>Findings</th></tr></thead>\n<tbody>"
    )?;
    for subnet in vpc.subnets.iter().take(*left) {
        let codes: Vec<String> = (subnet.findings.iter())
            .map(|(code, machines)| format!("{code} {machines}"))
            .collect();
        writeln!(
            out,
            "<tr><td data-label=\"Subnet\"><code>{}</code></td><td class=\"n\" data-label=\"Machines\">{}</td><td class=\"{}\" data-label=\"Verdicts\">{}</td><td data-label=\"Findings\">{}</td></tr>",
            h(&subnet.subnet_id),
            subnet.machines.total,
            class(subnet.machines.verdict()),
            h(&trouble(&subnet.machines)),
            h(&codes.join(", "))
        )?;
    }
    let rest = vpc.subnets.len().saturating_sub(*left);
    *left = left.saturating_sub(vpc.subnets.len());
    if rest > 0 {
        writeln!(
            out,
            "<tr><td>and {rest} more</td><td></td><td></td><td></td></tr>"
        )?;
    }
    writeln!(out, "</tbody>\n</table>")
}

/// Every machine by verdict and VPC, folded; the machines come in that order.
fn machines(fleet: &Fleet, out: &mut dyn Write) -> io::Result<()> {
    let all = fleet.machines();
    if all.is_empty() {
        return Ok(());
    }
    writeln!(out, "<section>\n<h2>Machines</h2>")?;
    let shown = all.get(..MOST_MACHINES).unwrap_or(all);
    let together = |a: &MachineRow, b: &MachineRow| {
        let key = |row: &MachineRow| {
            let place = &row.place;
            (
                row.verdict,
                [&place.account_id, &place.region, &place.vpc_id].map(ToString::to_string),
            )
        };
        key(a) == key(b)
    };
    for rows in shown.chunk_by(together) {
        let Some(first) = rows.first() else { continue };
        writeln!(
            out,
            "<details class=\"fold {}\">\n<summary><span class=\"tag\">{}</span> <code>{}</code> {} <small>{}, {}</small></summary>\n<table>\n<tbody>",
            class(first.verdict),
            h(&literal(&first.verdict)),
            h(&first.place.vpc_id),
            count(rows.len(), "machine"),
            h(&first.place.account_id),
            h(&first.place.region)
        )?;
        for row in rows {
            writeln!(
                out,
                "<tr><td><code>{}</code></td><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
                h(&row.machine),
                h(&row.place.subnet_id),
                h(&row.started_at),
                h(&row.findings.join(", "))
            )?;
        }
        writeln!(out, "</tbody>\n</table>\n</details>")?;
    }
    let rest = all.len().saturating_sub(shown.len());
    if rest > 0 {
        writeln!(
            out,
            "<p>{} more: <code>-o json</code> lists all.</p>",
            count(rest, "machine")
        )?;
    }
    writeln!(out, "</section>")
}

fn unread(fleet: &Fleet, out: &mut dyn Write) -> io::Result<()> {
    if !fleet.not_read.is_empty() {
        let all = count(
            usize::try_from(fleet.reports.skipped).unwrap_or(usize::MAX),
            "report",
        );
        let named = fleet
            .not_read
            .iter()
            .map(|unread| (&unread.source, &unread.reason));
        list(&format!("Not read: {all}"), named, out)?;
    }
    if !fleet.clocks_ahead.is_empty() {
        let said: Vec<(String, String)> = (fleet.clocks_ahead.iter())
            .map(|ahead| {
                let when = format!(
                    "{}, {} s ahead ({})",
                    ahead.started_at, ahead.seconds, ahead.source
                );
                (ahead.machine.clone(), when)
            })
            .collect();
        let named = said.iter().map(|(machine, when)| (machine, when));
        list("From the future, by their clocks or this one", named, out)?;
    }
    Ok(())
}

fn list<'a>(
    heading: &str,
    named: impl Iterator<Item = (&'a String, &'a String)>,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(out, "<section>\n<h2>{}</h2>\n<ul>", h(heading))?;
    for (what, why) in named {
        writeln!(out, "<li><code>{}</code>: {}</li>", h(what), h(why))?;
    }
    writeln!(out, "</ul>\n</section>")
}

fn tone(severity: Severity) -> &'static str {
    match severity {
        Severity::Fail => "bad",
        Severity::Warn => "open",
        Severity::Info => "note",
    }
}

fn class(verdict: RunVerdict) -> &'static str {
    match verdict {
        RunVerdict::Pass => "ok",
        RunVerdict::Fail => "bad",
        RunVerdict::Inconclusive => "open",
    }
}
