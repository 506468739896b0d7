//! Whether files are a whole chain: each one there, in its place, and the one that the next records.

use std::collections::BTreeMap;

use super::file_name::FileName;
use super::statement::{Break, Head, Link, Pointer, Start};
use super::verification::{Problem, ProblemKind};
use super::{HEAD_FILE, START_FILE};

/// A file of the chain.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its name, which gives its place.
    pub name: FileName,
    /// Its SHA-256; none where it cannot be read.
    pub sha256: Option<String>,
    /// What it says of its place, where that is to be believed.
    pub link: Option<Link>,
    /// True where something is wrong with it already: no second sentence is said of it.
    pub troubled: bool,
}

/// What keeps the files from being a whole chain; the entries in the order of their names.
pub fn broken_links(entries: &[Entry], head: Option<&Head>, start: Option<&Start>) -> Vec<Problem> {
    let mut found = Found::default();
    let mut files: Vec<&Entry> = Vec::new();
    for entry in entries {
        match files.last() {
            Some(before) if before.name.sequence == entry.name.sequence => {
                let text = format!(
                    "number {} of the chain is there twice, also as {}",
                    entry.name.sequence, before.name
                );
                found.say(entry.name.to_string(), ProblemKind::Twice, text);
            }
            _ => files.push(entry),
        }
    }
    beginning(&files, start, &mut found);
    for pair in files.windows(2) {
        if let [before, after] = pair {
            step(before, after, &mut found);
        }
    }
    end(&files, head, &mut found);
    chains(&files, head, start, &mut found);
    for entry in &files {
        if let Some(reason) = entry.link.as_ref().and_then(|link| link.break_) {
            let what = match reason {
                Break::HeadMissing => "was missing",
                Break::HeadNotProven => "was not signed by the run's key",
            };
            let text = format!(
                "{HEAD_FILE} {what} when it was written: files before it may have been removed"
            );
            found.say(entry.name.to_string(), ProblemKind::Broken, text);
        }
    }
    found.0
}

#[derive(Default)]
struct Found(Vec<Problem>);

impl Found {
    fn say(&mut self, file: String, kind: ProblemKind, text: String) {
        self.0.push(Problem::new(file, kind, text));
    }

    /// Files between two places are not there; the last of them may be known by name.
    fn missing(&mut self, from: u64, to: u64, last: Option<&str>, text: &str) {
        let numbers = match from == to {
            true => format!("number {from}"),
            false => format!("numbers {from} to {to}"),
        };
        let file = match (last, from == to) {
            (Some(name), _) => name.to_owned(),
            (None, true) => format!("evidence-{from:012}-*.json"),
            (None, false) => format!("evidence-{from:012}-*.json … evidence-{to:012}-*.json"),
        };
        let is = if from == to { "is" } else { "are" };
        self.say(
            file,
            ProblemKind::Missing,
            format!("{numbers} of the chain {is} missing: {text}"),
        );
    }
}

fn beginning(files: &[&Entry], start: Option<&Start>, found: &mut Found) {
    let Some(first) = files.first() else { return };
    let removed = start.map_or(0, |start| start.removed_through);
    let sequence = first.name.sequence;
    let previous = first.link.as_ref().and_then(|link| link.previous.as_ref());
    if sequence > removed.saturating_add(1) {
        let text = match start {
            None => format!(
                "the chain begins with {}, and no {START_FILE} says that what was before it was removed in due time",
                first.name
            ),
            Some(_) => format!(
                "the chain begins with {}, and {START_FILE} says that only numbers up to {removed} were removed",
                first.name
            ),
        };
        found.missing(
            removed.saturating_add(1),
            sequence - 1,
            previous.map(|previous| previous.file.as_str()),
            &text,
        );
        return;
    }
    let Some(start) = start else {
        if previous.is_some() && !first.troubled {
            let text = "it is the first of the chain, and records one before it";
            found.say(
                first.name.to_string(),
                ProblemKind::Replaced,
                text.to_owned(),
            );
        }
        return;
    };
    // What retention was about to remove may still be there: a run was cut off.
    let recorded = files.iter().find(|one| one.name.sequence == removed);
    let mismatch = match recorded {
        Some(last) => (last.sha256.as_ref()).is_some_and(|sha256| *sha256 != start.last.sha256),
        None => previous.is_some_and(|previous| *previous != start.last),
    };
    if mismatch {
        let file = recorded.unwrap_or(first);
        if !file.troubled {
            let text = format!("it does not fit what {START_FILE} records of number {removed}");
            found.say(file.name.to_string(), ProblemKind::Replaced, text);
        }
    }
}

fn step(before: &Entry, after: &Entry, found: &mut Found) {
    let previous = after.link.as_ref().and_then(|link| link.previous.as_ref());
    let (from, to) = (before.name.sequence, after.name.sequence);
    if to > from.saturating_add(1) {
        let text = format!("between {} and {}", before.name, after.name);
        let name = previous.map(|previous| previous.file.as_str());
        found.missing(from.saturating_add(1), to - 1, name, &text);
        return;
    }
    if after.link.is_none() {
        // What is not to be believed of the next says nothing of this one.
        return;
    }
    let name = before.name.to_string();
    let by = format!("{} records", after.name);
    compare(before, &name, previous, &by, found);
}

fn compare(entry: &Entry, name: &str, recorded: Option<&Pointer>, by: &str, found: &mut Found) {
    if entry.troubled {
        return;
    }
    let text = match (recorded, &entry.sha256) {
        (None, _) => format!("{by} none before it"),
        (Some(recorded), _) if recorded.file != name => {
            format!("{by} {} in its place", recorded.file)
        }
        (Some(recorded), Some(sha256)) if recorded.sha256 != *sha256 => format!(
            "it is not the file that {by}: its SHA-256 is {sha256}, the one recorded {}",
            recorded.sha256
        ),
        _ => return,
    };
    found.say(name.to_owned(), ProblemKind::Replaced, text);
}

fn end(files: &[&Entry], head: Option<&Head>, found: &mut Found) {
    let Some(head) = head else { return };
    let last = files.last().map_or(0, |last| last.name.sequence);
    if head.sequence > last {
        let text = format!("{HEAD_FILE} records it as the newest");
        let name = head.newest.as_ref().map(|newest| newest.file.as_str());
        found.missing(last.saturating_add(1), head.sequence, name, &text);
        return;
    }
    // One behind: a run was cut off between its file and the head, or could not sign; the next one mends it.
    let signed_after =
        |entry: &&&Entry| entry.name.sequence > head.sequence && entry.link.is_some();
    if last > head.sequence.saturating_add(1) && files.iter().filter(signed_after).count() > 1 {
        let text = format!(
            "it is older than the chain: it records number {} as the newest, and {last} is there",
            head.sequence
        );
        found.say(HEAD_FILE.to_owned(), ProblemKind::Replaced, text);
    }
    let named = files.iter().find(|one| one.name.sequence == head.sequence);
    if let (Some(entry), Some(newest)) = (named, &head.newest) {
        let by = format!("{HEAD_FILE} records");
        compare(entry, &entry.name.to_string(), Some(newest), &by, found);
    }
}

/// All must be of one chain: of that which most of them name.
fn chains(files: &[&Entry], head: Option<&Head>, start: Option<&Start>, found: &mut Found) {
    let links = files
        .iter()
        .filter_map(|entry| Some((entry.name.to_string(), entry.link.as_ref()?.id.as_str())));
    let records = [
        head.map(|head| (HEAD_FILE.to_owned(), head.chain.as_str())),
        start.map(|start| (START_FILE.to_owned(), start.chain.as_str())),
    ];
    let all: Vec<(String, &str)> = links.chain(records.into_iter().flatten()).collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, id) in &all {
        *counts.entry(*id).or_default() += 1;
    }
    let most = counts.iter().max_by_key(|(_, count)| **count);
    let Some((own, _)) = most else { return };
    for (name, id) in all.iter().filter(|(_, id)| id != own) {
        let text = format!("it is of another chain: {id}, where {own} is expected");
        found.say(name.clone(), ProblemKind::OtherChain, text);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(sequence: u64) -> Entry {
        let at = "2026-11-21T05:00:00Z".parse().unwrap();
        let name = |sequence| FileName::new(sequence, at, "r");
        let previous = (sequence > 1).then(|| Pointer {
            file: name(sequence - 1).to_string(),
            sha256: format!("{}", sequence - 1),
        });
        Entry {
            name: name(sequence),
            sha256: Some(sequence.to_string()),
            link: Some(Link {
                id: "c".to_owned(),
                sequence,
                previous,
                break_: None,
            }),
            troubled: false,
        }
    }

    fn head(sequence: u64) -> Head {
        Head {
            chain: "c".to_owned(),
            sequence,
            newest: entry(sequence.saturating_add(1)).link.unwrap().previous,
        }
    }

    #[test]
    fn a_whole_chain_has_no_problem_and_every_gap_has_one() {
        let whole: Vec<Entry> = (1..=6).map(entry).collect();
        assert_eq!(broken_links(&whole, Some(&head(6)), None), []);
        assert_eq!(broken_links(&whole, Some(&head(5)), None), []);
        for gone in 0..6 {
            let mut left = whole.clone();
            left.remove(gone);
            let problems = broken_links(&left, Some(&head(6)), None);
            assert_eq!(problems.len(), 1, "{problems:#?}");
            assert_eq!(problems[0].kind, ProblemKind::Missing);
            assert_eq!(problems[0].file, whole[gone].name.to_string());
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(
            mut sequences in prop::collection::vec(prop_oneof![1..9_u64, any::<u64>()], 0..8),
            newest: u64,
            removed: u64,
        ) {
            sequences.sort_unstable();
            let entries: Vec<Entry> = sequences.into_iter().map(|n| entry(n.max(1))).collect();
            let start = Start {
                chain: "d".to_owned(),
                removed_through: removed,
                last: Pointer { file: String::new(), sha256: String::new() },
                retention_s: 1,
                removed_at: "2026-11-21T05:00:00Z".parse().unwrap(),
            };
            broken_links(&entries, Some(&head(newest)), Some(&start));
            broken_links(&entries, None, None);
        }
    }
}
