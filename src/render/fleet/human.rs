//! A fleet's report for people: causes first, then where, then what is not known.

use std::collections::BTreeMap;
use std::io::{self, Write};

use anstyle::Style as Paint;

use super::super::Style;
use super::super::layout::{BOLD, GREEN, PLAIN, Page, RED, YELLOW};
use super::super::wording::count;
use super::{examples, headline, reach, reports, trouble, word};
use crate::fleet::{CodeGroup, Counts, Fleet, FleetVerdict, Subnet};
use crate::verdict::Severity;
use crate::verdict::report::RunVerdict;

/// Things that a code is said of before the rest is counted, unless more is asked for.
const FEW: usize = 5;
/// Places, files and machines that are listed before the rest is counted, unless more is asked for.
const SOME: usize = 20;

/// Writes the report for people.
pub fn write(fleet: &Fleet, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let page = &mut Page::new(style, out);
    let many = style.verbose > 0;
    let label = format!("{}:", word(fleet.verdict));
    page.labelled(0, (&label, paint(fleet.verdict)), 6, &headline(fleet))?;
    let shown = |code: &&CodeGroup| many || code.severity > Severity::Info;
    for code in fleet.findings.iter().filter(shown) {
        page.blank()?;
        self::code(code, many, page)?;
    }
    let notes = fleet.findings.iter().filter(|code| !shown(code)).count();
    if notes > 0 {
        page.blank()?;
        page.text(
            0,
            &format!(
                "{} of severity info (-v shows them)",
                count(notes, "finding")
            ),
        )?;
    }
    silent(fleet, many, page)?;
    if !fleet.accounts.is_empty() {
        page.blank()?;
        page.verbatim(0, BOLD, "Where")?;
        places(fleet, many, page)?;
    }
    if !fleet.not_read.is_empty() {
        page.blank()?;
        page.verbatim(0, BOLD, "Not read")?;
        let most = if many { usize::MAX } else { SOME };
        for unread in fleet.not_read.iter().take(most) {
            let text = format!("{}: {}", unread.source, unread.reason);
            page.labelled(2, ("-", PLAIN), 4, &text)?;
        }
        let named = fleet.not_read.len().min(most);
        let skipped = usize::try_from(fleet.reports.skipped).unwrap_or(usize::MAX);
        more(skipped.saturating_sub(named), page)?;
    }
    if !fleet.clocks_ahead.is_empty() {
        page.blank()?;
        page.verbatim(0, BOLD, "From the future, by their clocks or this one")?;
        let most = if many { usize::MAX } else { SOME };
        for ahead in fleet.clocks_ahead.iter().take(most) {
            let text = format!(
                "{}: {}, {} s ahead ({})",
                ahead.machine, ahead.started_at, ahead.seconds, ahead.source
            );
            page.labelled(2, ("-", PLAIN), 4, &text)?;
        }
        let named = fleet.clocks_ahead.len().min(most);
        let all = usize::try_from(fleet.reports.ahead).unwrap_or(usize::MAX);
        more(all.saturating_sub(named), page)?;
    }
    page.blank()?;
    page.labelled(
        0,
        ("Reports", BOLD),
        9,
        &format!("{}, from {}", reports(fleet), fleet.source),
    )
}

fn code(code: &CodeGroup, many: bool, page: &mut Page<'_>) -> io::Result<()> {
    let shown = if many { code.groups.len() } else { FEW };
    for group in code.groups.iter().take(shown) {
        let about = match group.subject.as_str() {
            "" => String::new(),
            subject => format!(" at {subject}"),
        };
        let label = format!("{} {}{about}:", severity(group.severity), code.code);
        page.labelled(0, (&label, tone(group.severity)), 5, &reach(group))?;
        page.text(5, &examples(group))?;
    }
    let left = code.groups.get(shown..).unwrap_or_default();
    let machines: usize = left.iter().map(|group| group.machines).sum();
    let rest = code.subjects.saturating_sub(shown.min(code.groups.len()));
    match rest {
        0 => Ok(()),
        rest => {
            let machines = machines + code.machines_of_others;
            let text = format!("and at {rest} more: {}", count(machines, "machine"));
            let label = format!("{} {}", severity(code.severity), code.code);
            page.labelled(0, (&label, tone(code.severity)), 5, &text)
        }
    }
}

fn silent(fleet: &Fleet, many: bool, page: &mut Page<'_>) -> io::Result<()> {
    if fleet.silent.is_empty() {
        return Ok(());
    }
    page.blank()?;
    page.verbatim(0, BOLD, "Silent")?;
    let mut reasons: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for silent in &fleet.silent {
        reasons.entry(&silent.reason).or_default().push(silent);
    }
    for (reason, machines) in reasons {
        let label = format!("{reason}: {}", count(machines.len(), "machine"));
        page.labelled(2, (&label, YELLOW), 4, "")?;
        let most = if many { usize::MAX } else { SOME };
        for silent in machines.iter().take(most) {
            page.labelled(4, (&silent.machine, PLAIN), 6, &silent.detail)?;
        }
        more(machines.len().saturating_sub(most), page)?;
    }
    Ok(())
}

/// Accounts to subnets; those where all passes are counted, not listed, unless more is asked for.
fn places(fleet: &Fleet, many: bool, page: &mut Page<'_>) -> io::Result<()> {
    let mut left = if many { usize::MAX } else { SOME };
    let mut unlisted = 0_usize;
    for account in &fleet.accounts {
        line(2, &account.account_id, &account.machines, page)?;
        for region in &account.regions {
            line(4, &region.region, &region.machines, page)?;
            for vpc in &region.vpcs {
                let troubled =
                    |subnet: &&Subnet| many || subnet.machines.verdict() != RunVerdict::Pass;
                let listed: Vec<&Subnet> = vpc.subnets.iter().filter(troubled).collect();
                if left == 0 {
                    unlisted += listed.len();
                    continue;
                }
                line(6, &vpc.vpc_id, &vpc.machines, page)?;
                for subnet in listed.iter().take(left) {
                    self::subnet(subnet, page)?;
                }
                unlisted += listed.len().saturating_sub(left);
                left = left.saturating_sub(listed.len());
            }
        }
    }
    match unlisted {
        0 => Ok(()),
        n => page.text(
            6,
            &format!("and {} more (-v shows them)", count(n, "subnet")),
        ),
    }
}

fn subnet(subnet: &Subnet, page: &mut Page<'_>) -> io::Result<()> {
    let codes: Vec<String> = (subnet.findings.iter())
        .map(|(code, machines)| format!("{code} {machines}"))
        .collect();
    let text = format!(
        "{}, {}{}{}",
        count(subnet.machines.total, "machine"),
        trouble(&subnet.machines),
        if codes.is_empty() { "" } else { ": " },
        codes.join(", ")
    );
    page.labelled(
        8,
        (&subnet.subnet_id, of_counts(&subnet.machines)),
        10,
        &text,
    )
}

fn line(indent: usize, name: &str, counts: &Counts, page: &mut Page<'_>) -> io::Result<()> {
    let text = format!("{}, {}", count(counts.total, "machine"), trouble(counts));
    page.labelled(
        indent,
        (&format!("{name}:"), of_counts(counts)),
        indent + 2,
        &text,
    )
}

fn more(n: usize, page: &mut Page<'_>) -> io::Result<()> {
    match n {
        0 => Ok(()),
        n => page.text(4, &format!("and {n} more")),
    }
}

fn severity(severity: Severity) -> String {
    severity.to_string().to_uppercase()
}

fn tone(severity: Severity) -> Paint {
    match severity {
        Severity::Fail => RED,
        Severity::Warn => YELLOW,
        Severity::Info => BOLD,
    }
}

fn of_counts(counts: &Counts) -> Paint {
    match counts.verdict() {
        RunVerdict::Pass => GREEN,
        RunVerdict::Fail => RED,
        RunVerdict::Inconclusive => YELLOW,
    }
}

fn paint(verdict: FleetVerdict) -> Paint {
    match verdict {
        FleetVerdict::Pass => GREEN,
        FleetVerdict::Fail => RED,
        FleetVerdict::Inconclusive => YELLOW,
    }
}
