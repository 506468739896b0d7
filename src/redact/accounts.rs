//! Stand-ins for account ids.

use std::collections::BTreeMap;

/// How many digits an account's id has (AWS Account Management Reference Guide, "View AWS account identifiers").
pub(super) const DIGITS: usize = 12;

/// The accounts of a run, each with its stand-in.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    order: Vec<String>,
    stand_ins: BTreeMap<String, String>,
}

impl Accounts {
    /// Takes note of an account; the first one seen gets the first number.
    pub(super) fn note(&mut self, id: &str) {
        if !self.order.iter().any(|known| known == id) {
            self.order.push(id.to_owned());
        }
    }

    /// Gives out the numbers; none that is itself the id of an account here.
    pub(super) fn settle(&mut self) {
        let mut numbers = (1_u64..)
            .map(|number| format!("{number:0DIGITS$}"))
            .filter(|number| !self.order.contains(number));
        let numbered: Vec<(String, String)> =
            self.order.iter().cloned().zip(&mut numbers).collect();
        self.stand_ins.extend(numbered);
    }

    /// What stands for this account. One that was not among the facts has no number of its own.
    pub(super) fn stand_in(&self, id: &str) -> Option<String> {
        Some(match self.stand_ins.get(id) {
            Some(stand_in) => stand_in.clone(),
            None => "0".repeat(DIGITS),
        })
    }

    /// A word with a known account's id in it, as names of buckets have it, rewritten.
    pub(super) fn within(&self, word: &str) -> Option<String> {
        let is_digit = |c: char| c.is_ascii_digit();
        let mut rest = word;
        let mut out = String::new();
        let mut changed = false;
        while let Some(at) = rest.find(is_digit) {
            let (before, from) = rest.split_at(at);
            let end = from.find(|c| !is_digit(c)).unwrap_or(from.len());
            let (digits, after) = from.split_at(end);
            out.push_str(before);
            match self.stand_ins.get(digits) {
                Some(stand_in) => {
                    out.push_str(stand_in);
                    changed = true;
                }
                None => out.push_str(digits),
            }
            rest = after;
        }
        out.push_str(rest);
        changed.then_some(out)
    }
}
