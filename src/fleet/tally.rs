//! What is kept while reports come in: each machine's newest, and what was said besides.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::entry::{Entry, NotRead};
use super::names::{Known, Names};
use crate::verdict::Severity;
use crate::verdict::report::RunVerdict;

/// Machines that are kept; more are counted and named as such, so that memory has an end.
const MOST_MACHINES: usize = 1_000_000;
/// Different causes that are kept; of further ones the code is.
const MOST_CAUSES: usize = 250_000;
/// Files that are named of those that cannot be read; the others are counted.
const MOST_NAMED: usize = 200;
/// A clock may be ahead by this much before it is worth a word: what AWS allows of a signature.
const AHEAD_MS: i64 = 5 * 60_000;

/// A machine that was to report and did not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Silent {
    /// The machine.
    pub machine: String,
    /// Why, in the word of whoever was to start it.
    pub reason: String,
    /// What was said besides; empty where nothing was.
    pub detail: String,
}

/// Machines as they come in.
#[derive(Debug)]
pub struct Tally {
    pub(super) now_ms: i64,
    /// Reports that began earlier say nothing any more.
    since_ms: Option<i64>,
    pub(super) names: Names,
    /// Code and subject.
    pub(super) causes: Known<(u32, u32)>,
    /// Account, Region, VPC, subnet.
    pub(super) places: Known<[u32; 4]>,
    pub(super) machines: HashMap<u32, Machine>,
    pub(super) read: u64,
    pub(super) superseded: u64,
    pub(super) too_old: u64,
    pub(super) skipped: u64,
    pub(super) not_counted: u64,
    pub(super) unread: BTreeMap<String, String>,
    pub(super) ahead: u64,
    pub(super) ahead_named: BTreeMap<String, (Arc<str>, i64)>,
    pub(super) silent: Vec<Silent>,
}

/// A machine's newest report.
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) started_ms: i64,
    run_id: Box<str>,
    pub(super) place: u32,
    pub(super) verdict: RunVerdict,
    pub(super) findings: Box<[(u32, Severity)]>,
}

impl Tally {
    /// Nothing yet. `now_ms` tells which reports are from the future, in milliseconds since 1970; with `since_ms`
    /// earlier reports are left out.
    pub fn new(now_ms: i64, since_ms: Option<i64>) -> Tally {
        Tally {
            now_ms,
            since_ms,
            names: Names::default(),
            causes: Known::default(),
            places: Known::default(),
            machines: HashMap::new(),
            read: 0,
            superseded: 0,
            too_old: 0,
            skipped: 0,
            not_counted: 0,
            unread: BTreeMap::new(),
            ahead: 0,
            ahead_named: BTreeMap::new(),
            silent: Vec::new(),
        }
    }

    /// The time that it is, in milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        self.now_ms
    }

    /// Takes a report in. Of two of one machine the newer stands, by its own clock.
    pub fn add(&mut self, source: &str, entry: &Entry<'_>) {
        self.read += 1;
        if self.since_ms.is_some_and(|since| entry.started_ms < since) {
            self.too_old += 1;
            return;
        }
        if entry.started_ms > self.now_ms.saturating_add(AHEAD_MS) {
            self.ahead += 1;
            let what = (Arc::from(entry.machine.as_ref()), entry.started_ms);
            self.ahead_named.insert(source.to_owned(), what);
            if self.ahead_named.len() > MOST_NAMED {
                self.ahead_named.pop_last();
            }
        }
        let name = self.names.number(&entry.machine);
        if let Some(known) = self.machines.get(&name) {
            self.superseded += 1;
            let newer = (entry.started_ms, entry.run_id.as_ref())
                > (known.started_ms, known.run_id.as_ref());
            if !newer {
                return;
            }
        } else if self.machines.len() >= MOST_MACHINES {
            self.not_counted += 1;
            return;
        }
        let machine = self.machine(entry);
        self.machines.insert(name, machine);
    }

    /// Takes in that something is no report; what merely belongs to a chain of evidence is none that lacks.
    pub fn skip(&mut self, source: &str, why: &NotRead) {
        if *why != NotRead::ChainRecord {
            self.unreadable(source, &why.to_string());
        }
    }

    /// Takes in that something could not be read at all.
    pub fn unreadable(&mut self, source: &str, why: &str) {
        self.skipped += 1;
        let bounded = |text: &str| text.chars().take(400).collect::<String>();
        self.unread.insert(bounded(source), bounded(why));
        // The first by name are kept, so that the same files give the same words in whatever order they come.
        if self.unread.len() > MOST_NAMED {
            self.unread.pop_last();
        }
    }

    /// Takes in a machine that did not report.
    pub fn silent(&mut self, silent: Silent) {
        self.silent.push(silent);
    }

    /// Some of the machines that did not report, in the order they were told of.
    pub fn silent_machines(&self, most: usize) -> Vec<String> {
        let machines = self.silent.iter().take(most);
        machines.map(|silent| silent.machine.clone()).collect()
    }

    /// Adds to what is said of a machine that did not report.
    pub fn explain_silent(&mut self, machine: &str, said: &str) {
        for silent in self
            .silent
            .iter_mut()
            .filter(|silent| silent.machine == machine)
        {
            if !silent.detail.is_empty() {
                silent.detail.push_str("; ");
            }
            silent.detail.push_str(said);
        }
    }

    /// Whether nothing at all came in.
    pub fn is_empty(&self) -> bool {
        self.read == 0 && self.skipped == 0 && self.silent.is_empty()
    }

    fn machine(&mut self, entry: &Entry<'_>) -> Machine {
        let known = [
            &entry.account_id,
            &entry.region,
            &entry.vpc_id,
            &entry.subnet_id,
        ];
        let place = known.map(|part| self.names.number(part.as_deref().unwrap_or("unknown")));
        let mut findings: Vec<(u32, Severity)> = Vec::with_capacity(entry.findings.len());
        for finding in &entry.findings {
            let code = self.names.number(&finding.code);
            let full = self.causes.len() >= MOST_CAUSES;
            let subject = match full {
                true => "(others)",
                false => finding.subject.as_ref(),
            };
            let cause = (code, self.names.number(subject));
            let cause = self.causes.number(cause);
            // One machine counts once for a cause, by the worst that it says.
            match findings.iter_mut().find(|(other, _)| *other == cause) {
                Some((_, severity)) => *severity = (*severity).max(finding.severity),
                None => findings.push((cause, finding.severity)),
            }
        }
        Machine {
            started_ms: entry.started_ms,
            run_id: entry.run_id.chars().take(64).collect(),
            place: self.places.number(place),
            verdict: entry.verdict,
            findings: findings.into_boxed_slice(),
        }
    }
}
