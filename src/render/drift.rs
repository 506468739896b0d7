//! What changed between two runs, for people and as JSON.

use std::io::{self, Write};

use anstyle::Style as Paint;

use super::layout::{BOLD, GREEN, PLAIN, Page, RED, YELLOW};
use super::wording::{count, literal};
use super::{Style, json};
use crate::drift::{Change, Drift, FindingDrift, Happened, Kind, Side};
use crate::verdict::Severity;
use crate::verdict::report::RunVerdict;

/// The longest value that is shown as a whole; the JSON has them all.
const LONGEST: usize = 200;
/// How many values that came or went are shown of one thing, unless more is asked for.
const FEW: usize = 12;
/// Where text stands behind the labels.
const TEXT: usize = 10;

/// Writes the comparison as indented JSON with a newline at its end.
pub fn write_json(drift: &Drift, out: &mut dyn Write) -> io::Result<()> {
    json::pretty(drift, out)
}

/// Writes the comparison as JSON on one line, for several after each other.
pub fn write_json_line(drift: &Drift, out: &mut dyn Write) -> io::Result<()> {
    json::line(drift, out)
}

/// Writes the comparison for people.
pub fn write_human(drift: &Drift, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let page = &mut Page::new(style, out);
    headline(drift, page)?;
    if let Some(explanation) = &drift.verdict.explanation {
        page.blank()?;
        page.labelled(0, ("Why", BOLD), TEXT, explanation)?;
        for change in explained(drift, &drift.verdict.explained_by) {
            page.labelled(TEXT, ("-", PLAIN), TEXT + 2, &in_short(change))?;
        }
    }
    if !drift.findings.is_empty() {
        page.blank()?;
        page.verbatim(0, BOLD, "Findings")?;
        for finding in &drift.findings {
            self::finding(drift, finding, page)?;
        }
    }
    if !drift.changes.is_empty() {
        page.blank()?;
        page.verbatim(0, BOLD, "Changes")?;
        changes(drift, style.verbose, page)?;
    }
    if !drift.not_compared.is_empty() {
        page.blank()?;
        page.verbatim(0, BOLD, "Not compared")?;
        for open in &drift.not_compared {
            let text = format!("{}: {}", open.what, open.reason);
            page.labelled(2, ("-", PLAIN), 4, &text)?;
        }
    }
    page.blank()?;
    side("Old", &drift.old, page)?;
    side("New", &drift.new, page)
}

fn headline(drift: &Drift, page: &mut Page<'_>) -> io::Result<()> {
    let verdict = &drift.verdict;
    let now = literal(&verdict.new);
    if !drift.changed {
        let text = match drift.not_compared.is_empty() {
            true => format!("nothing that matters changed; the verdict is {now}."),
            false => format!(
                "of what could be compared nothing that matters changed; the verdict is {now}."
            ),
        };
        return page.labelled(0, ("SAME:", GREEN), 6, &text);
    }
    let mut parts = vec![match verdict.changed {
        true => format!("the verdict was {} and is {now}", literal(&verdict.old)),
        false => format!("the verdict is still {now}"),
    }];
    let mut say = |n: usize, text: String| {
        if n > 0 {
            parts.push(text);
        }
    };
    let of = |happened| {
        drift
            .findings
            .iter()
            .filter(|f| f.change == happened)
            .count()
    };
    let (came, went) = (of(Happened::Added), of(Happened::Removed));
    say(came, format!("{} came", count(came, "finding")));
    say(went, format!("{} went", count(went, "finding")));
    let other = of(Happened::Changed);
    say(other, format!("{} changed", count(other, "finding")));
    let rest = drift.changes.len();
    let noun = if came + went + other > 0 {
        "other change"
    } else {
        "change"
    };
    say(rest, count(rest, noun));
    let text = format!("{}.", parts.join("; "));
    page.labelled(0, ("CHANGED:", paint_of(verdict.new)), 9, &text)
}

fn finding(drift: &Drift, finding: &FindingDrift, page: &mut Page<'_>) -> io::Result<()> {
    let (sign, severity) = match finding.change {
        Happened::Added => ("+", finding.new_severity),
        Happened::Removed => ("-", finding.old_severity),
        Happened::Changed => ("*", finding.new_severity),
    };
    let word = severity.map(|s| s.to_string().to_uppercase());
    let label = format!("{sign} {} {}:", word.unwrap_or_default(), finding.code);
    page.labelled(2, (&label, paint(finding, severity)), 4, &finding.title)?;
    let services = match finding.new_services.is_empty() {
        true => &finding.old_services,
        false => &finding.new_services,
    };
    let about = match services.as_slice() {
        [] => finding.subject.clone(),
        [only] if *only == finding.subject => only.clone(),
        all => format!("{} ({})", finding.subject, all.join(", ")),
    };
    page.labelled(6, ("About", BOLD), 6 + TEXT, &about)?;
    if finding.change == Happened::Changed {
        if finding.old_severity != finding.new_severity
            && let (Some(old), Some(new)) = (finding.old_severity, finding.new_severity)
        {
            page.labelled(6, ("Severity", BOLD), 6 + TEXT, &format!("{old} -> {new}"))?;
        }
        let (old, new) = (&finding.old_services, &finding.new_services);
        if old != new {
            let text = format!("{} -> {}", old.join(", "), new.join(", "));
            page.labelled(6, ("Services", BOLD), 6 + TEXT, &text)?;
        }
    }
    for (at, change) in explained(drift, &finding.explained_by).enumerate() {
        let label = if at == 0 { "Changed" } else { "" };
        page.labelled(6, (label, BOLD), 6 + TEXT, &in_short(change))?;
    }
    Ok(())
}

/// The changes, those of one thing under its name.
fn changes(drift: &Drift, verbose: u8, page: &mut Page<'_>) -> io::Result<()> {
    let mut last: Option<(Kind, &str)> = None;
    for change in &drift.changes {
        let thing = (change.kind, change.subject.as_str());
        let sign = match (&change.attribute, change.change) {
            (None, Happened::Added) => "+ ",
            (None, Happened::Removed) => "- ",
            _ => "",
        };
        // Of places and options there is one of each name: it says all by itself.
        let is_plain = change.attribute.as_deref() == Some("value");
        if is_plain {
            page.labelled(2, ("", PLAIN), 2, &in_short(change))?;
            last = None;
            continue;
        }
        if last != Some(thing) || change.attribute.is_none() {
            let label = format!("{sign}{} {}", change.kind, change.subject);
            page.labelled(2, (&label, BOLD), 2, "")?;
            last = Some(thing);
        }
        if let Some(transition) = transition(change) {
            let label = change.attribute.as_deref().unwrap_or_default();
            page.labelled(6, (&format!("{label}:"), PLAIN), 8, &transition)?;
            continue;
        }
        if let Some(attribute) = &change.attribute
            && attribute != "values"
        {
            page.labelled(6, (&format!("{attribute}:"), PLAIN), 8, "")?;
        }
        for (sign, paint, values) in [("-", RED, &change.old), ("+", GREEN, &change.new)] {
            let most = if verbose > 0 { usize::MAX } else { FEW };
            for value in values.iter().take(most) {
                page.labelled(8, (sign, paint), 10, &bounded(value))?;
            }
            if values.len() > most {
                let rest = format!("{} more (-v shows them)", values.len() - most);
                page.labelled(8, (sign, paint), 10, &rest)?;
            }
        }
    }
    Ok(())
}

/// A change in one line.
fn in_short(change: &Change) -> String {
    let mut text = format!("{} {}", change.kind, change.subject);
    match (&change.attribute, change.change) {
        (None, Happened::Added) => return text + " came",
        (None, Happened::Removed) => return text + " went",
        (Some(attribute), _) if attribute == "value" || attribute == "values" => {}
        (Some(attribute), _) => text = format!("{text}, {attribute}"),
        (None, Happened::Changed) => {}
    }
    match transition(change) {
        Some(transition) => format!("{text}: {transition}"),
        None => {
            let some = |verb: &str, values: &[String]| {
                let shown: Vec<String> =
                    values.iter().take(3).map(|value| bounded(value)).collect();
                let more = match values.len().saturating_sub(shown.len()) {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                (!shown.is_empty()).then(|| format!("{verb} {}{more}", shown.join(", ")))
            };
            let (gone, come) = (some("lost", &change.old), some("got", &change.new));
            let said: Vec<String> = gone.into_iter().chain(come).collect();
            format!("{text}: {}", said.join("; "))
        }
    }
}

/// From one value to another.
fn transition(change: &Change) -> Option<String> {
    change.attribute.as_ref()?;
    match (change.old.as_slice(), change.new.as_slice()) {
        ([old], [new]) => Some(format!("{} -> {}", bounded(old), bounded(new))),
        _ => None,
    }
}

fn bounded(value: &str) -> String {
    match value.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", value.get(..end).unwrap_or_default()),
        None => value.to_owned(),
    }
}

fn explained<'a>(drift: &'a Drift, places: &'a [usize]) -> impl Iterator<Item = &'a Change> {
    places.iter().filter_map(|place| drift.changes.get(*place))
}

fn side(label: &str, side: &Side, page: &mut Page<'_>) -> io::Result<()> {
    let note = side.note.as_ref().map(|note| format!("; {note}"));
    let text = format!(
        "{}, run {}, {}, {}{}",
        side.source,
        side.run_id,
        side.started_at,
        literal(&side.verdict),
        note.unwrap_or_default()
    );
    page.labelled(0, (label, BOLD), TEXT, &text)
}

fn paint_of(verdict: RunVerdict) -> Paint {
    match verdict {
        RunVerdict::Pass => GREEN,
        RunVerdict::Fail => RED,
        RunVerdict::Inconclusive => YELLOW,
    }
}

fn paint(finding: &FindingDrift, severity: Option<Severity>) -> Paint {
    match (finding.change, severity) {
        (Happened::Removed, _) => GREEN,
        (_, Some(Severity::Fail)) => RED,
        (_, Some(Severity::Warn)) => YELLOW,
        _ => BOLD,
    }
}
