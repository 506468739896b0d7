//! A fleet's report, for people on a terminal, as JSON and as a page.

mod html;
mod human;

use std::io::{self, Write};

use super::json;
use super::wording::count;
use crate::fleet::{Fleet, FleetVerdict, SubjectGroup};
use crate::verdict::Severity;

pub use html::write as write_html;
pub use human::write as write_human;

/// Writes the report as JSON: indented, and each machine on a line of its own.
pub fn write_json(fleet: &Fleet, out: &mut dyn Write) -> io::Result<()> {
    let mut head = Vec::new();
    json::pretty(fleet, &mut head)?;
    // The machines are written one by one instead of being held as a text: there may be a hundred thousand.
    let end = head
        .iter()
        .rposition(|byte| *byte == b'}')
        .unwrap_or(head.len());
    out.write_all(head.get(..end).unwrap_or_default().trim_ascii_end())?;
    write!(out, ",\n  \"machine_list\": [")?;
    for (at, machine) in fleet.machines().iter().enumerate() {
        let text = serde_json::to_string(machine).map_err(io::Error::other)?;
        let comma = if at == 0 { "" } else { "," };
        write!(out, "{comma}\n    {}", super::escape::json(&text))?;
    }
    writeln!(out, "\n  ]\n}}")
}

/// The fleet's verdict in one sentence.
fn headline(fleet: &Fleet) -> String {
    let machines = &fleet.machines;
    let mut parts = Vec::new();
    for (n, word) in [
        (machines.fail, "fail"),
        (machines.inconclusive, "inconclusive"),
        (fleet.silent.len(), "silent"),
    ] {
        if n > 0 {
            parts.push(format!("{n} {word}"));
        }
    }
    let all = count(machines.total + fleet.silent.len(), "machine");
    let mut said = match parts.as_slice() {
        [] if machines.total == 0 => "no machine reported".to_owned(),
        [] => format!("{all}, all pass"),
        parts => format!("of {all} {}", parts.join(", ")),
    };
    let skipped = fleet.reports.skipped;
    if skipped > 0 {
        let reports = count(usize::try_from(skipped).unwrap_or(usize::MAX), "report");
        said = format!("{said}; {reports} could not be read");
    }
    let causes = causes(fleet).count();
    match causes {
        0 => format!("{said}."),
        n => format!("{said}; {} found.", count(n, "cause")),
    }
}

/// Each code with each thing that it fails.
fn causes(fleet: &Fleet) -> impl Iterator<Item = &SubjectGroup> {
    let all = fleet.findings.iter().flat_map(|code| &code.groups);
    all.filter(|group| group.severity == Severity::Fail)
}

fn word(verdict: FleetVerdict) -> &'static str {
    match verdict {
        FleetVerdict::Pass => "PASS",
        FleetVerdict::Fail => "FAIL",
        FleetVerdict::Inconclusive => "INCONCLUSIVE",
    }
}

/// How far a cause reaches.
fn reach(group: &SubjectGroup) -> String {
    let machines = match group.of {
        of if of > group.machines => format!("{} of {}", group.machines, count(of, "machine")),
        _ => match group.machines {
            1 => "1 machine".to_owned(),
            n => format!("all of {n} machines"),
        },
    };
    let mut parts = vec![machines, count(group.subnets, "subnet")];
    if group.vpcs > 1 {
        parts.push(count(group.vpcs, "VPC"));
    }
    if group.accounts > 1 {
        parts.push(count(group.accounts, "account"));
    }
    parts.join(", ")
}

/// The machines that stand for a group, and how many there are besides.
fn examples(group: &SubjectGroup) -> String {
    let shown = group.examples.join(", ");
    match group.machines.saturating_sub(group.examples.len()) {
        0 => shown,
        rest => format!("{shown} and {rest} more"),
    }
}

/// Counts besides those that pass, as in `3 fail, 1 inconclusive`.
fn trouble(counts: &crate::fleet::Counts) -> String {
    let parts = [(counts.fail, "fail"), (counts.inconclusive, "inconclusive")];
    let said: Vec<String> = (parts.iter())
        .filter(|(n, _)| *n > 0)
        .map(|(n, word)| format!("{n} {word}"))
        .collect();
    match said.as_slice() {
        [] => "all pass".to_owned(),
        said => said.join(", "),
    }
}

/// What became of the reports.
fn reports(fleet: &Fleet) -> String {
    let reports = &fleet.reports;
    let mut parts = vec![format!("{} read", reports.read)];
    for (n, word) in [
        (reports.superseded, "older than another of the same machine"),
        (reports.too_old, "older than was asked for"),
        (reports.ahead, "from the future"),
        (reports.not_counted, "of more machines than are kept"),
        (reports.skipped, "not read"),
    ] {
        if n > 0 {
            parts.push(format!("{n} {word}"));
        }
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests;
