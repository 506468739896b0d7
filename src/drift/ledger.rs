//! Where each comparison writes down what it finds.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::change::{Change, Happened, Kind, NotCompared};
use crate::facts::{Observation, Outcome};

/// What the comparisons found so far.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    changes: Vec<Change>,
    not_compared: Vec<NotCompared>,
}

/// One thing on both sides, by its key.
pub(super) type Pair<'a, T> = (Option<&'a T>, Option<&'a T>);

impl Ledger {
    /// A thing that came: what it is, in short.
    pub(super) fn added(&mut self, kind: Kind, subject: &str, what: Vec<String>) {
        self.push(kind, Happened::Added, subject, None, (Vec::new(), what));
    }

    /// A thing that went: what it was, in short.
    pub(super) fn removed(&mut self, kind: Kind, subject: &str, what: Vec<String>) {
        self.push(kind, Happened::Removed, subject, None, (what, Vec::new()));
    }

    /// One value of a thing; a side that does not tell it is no change.
    pub(super) fn value(
        &mut self,
        kind: Kind,
        subject: &str,
        attribute: &str,
        (old, new): (Option<String>, Option<String>),
    ) {
        if let (Some(old), Some(new)) = (old, new)
            && old != new
        {
            let values = (vec![old], vec![new]);
            self.push(kind, Happened::Changed, subject, Some(attribute), values);
        }
    }

    /// Several values of a thing, in whatever order: those that came and those that went.
    pub(super) fn values(
        &mut self,
        kind: Kind,
        subject: &str,
        attribute: &str,
        old: impl IntoIterator<Item = String>,
        new: impl IntoIterator<Item = String>,
    ) {
        let old: BTreeSet<String> = old.into_iter().collect();
        let new: BTreeSet<String> = new.into_iter().collect();
        if old != new {
            let gone = old.difference(&new).cloned().collect();
            let come = new.difference(&old).cloned().collect();
            let values = (gone, come);
            self.push(kind, Happened::Changed, subject, Some(attribute), values);
        }
    }

    /// Says by which other words findings are about what was written down since `from`.
    pub(super) fn also(&mut self, from: usize, words: &[String]) {
        for change in self.changes.iter_mut().skip(from) {
            change.also.extend(words.iter().cloned());
        }
    }

    /// How many changes there are so far.
    pub(super) fn len(&self) -> usize {
        self.changes.len()
    }

    /// What could not be compared, and why.
    pub(super) fn not_compared(&mut self, what: &str, reason: &str) {
        self.not_compared.push(NotCompared {
            what: what.to_owned(),
            reason: reason.to_owned(),
        });
    }

    /// Both sides of what was observed; where one is missing, that is written down.
    pub(super) fn both<'a, T>(
        &mut self,
        what: &str,
        old: &'a Observation<T>,
        new: &'a Observation<T>,
    ) -> Option<(&'a T, &'a T)> {
        if let (Some(old), Some(new)) = (old.seen(), new.seen()) {
            return Some((old, new));
        }
        let reason = match (lacking(old), lacking(new)) {
            (Some(old), Some(new)) if old == new => format!("in neither: {old}"),
            (Some(old), Some(new)) => format!("in the old one: {old}; in the new one: {new}"),
            (Some(old), None) => format!("in the old one: {old}"),
            (None, Some(new)) => format!("in the new one: {new}"),
            (None, None) => return None,
        };
        self.not_compared(what, &reason);
        None
    }

    /// All changes, in the order of their kinds, and what could not be compared.
    pub(super) fn finish(self) -> (Vec<Change>, Vec<NotCompared>) {
        let mut changes = self.changes;
        changes.sort_by_key(|change| change.kind);
        (changes, self.not_compared)
    }

    fn push(
        &mut self,
        kind: Kind,
        change: Happened,
        subject: &str,
        attribute: Option<&str>,
        (old, new): (Vec<String>, Vec<String>),
    ) {
        self.changes.push(Change {
            kind,
            change,
            subject: subject.to_owned(),
            attribute: attribute.map(str::to_owned),
            old,
            new,
            also: Vec::new(),
        });
    }
}

/// The things of two lists, by key.
pub(super) fn pairs<'a, T, K: Ord>(
    old: &'a [T],
    new: &'a [T],
    key: impl Fn(&'a T) -> K,
) -> BTreeMap<K, Pair<'a, T>> {
    let mut pairs: BTreeMap<K, Pair<'a, T>> = BTreeMap::new();
    for thing in old {
        pairs.entry(key(thing)).or_default().0.get_or_insert(thing);
    }
    for thing in new {
        pairs.entry(key(thing)).or_default().1.get_or_insert(thing);
    }
    pairs
}

/// A value as the JSON of reports and facts spells it.
pub(super) fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(other) => other.to_string(),
        Err(_) => "unknown".to_owned(),
    }
}

/// Each of several as text.
pub(super) fn texts<T: ToString>(values: &[T]) -> impl Iterator<Item = String> + '_ {
    values.iter().map(ToString::to_string)
}

/// A switch, as people say it.
pub(super) fn switch(on: bool) -> String {
    if on { "on" } else { "off" }.to_owned()
}

/// Why there is nothing, if there is nothing.
fn lacking<T>(observation: &Observation<T>) -> Option<&str> {
    match &observation.outcome {
        Outcome::Seen(_) => None,
        Outcome::Failed(failure) => Some(&failure.detail),
        Outcome::Skipped(reason) => Some(reason),
    }
}
