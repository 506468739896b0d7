//! What is said of a fleet: the verdict, the causes by how many machines share them, every machine.

use std::sync::Arc;

use serde::Serialize;

use super::counts::Counts;
use super::groups::{self, CodeGroup};
use super::places::{self, Account, Place};
use super::tally::{Silent, Tally};
use crate::verdict::Severity;
use crate::verdict::report::{RunVerdict, Tool};

/// The version of this format.
const FLEET_VERSION: &str = "1";
/// Codes that are listed of one machine.
const MOST_CODES: usize = 8;

/// A fleet's report; all but its machines, which [`Fleet::machines`] lists, is its JSON.
#[derive(Debug, Serialize)]
pub struct Fleet {
    /// The version of this format: `1`.
    pub fleet_version: &'static str,
    /// Who made it.
    pub tool: Tool,
    /// What the reports came from.
    pub source: String,
    /// When it was made.
    pub made_at: String,
    /// The fleet's verdict.
    pub verdict: FleetVerdict,
    /// Machines by the verdict of their newest report.
    pub machines: Counts,
    /// Reports by what became of them.
    pub reports: Reports,
    /// Causes, the worst first, then those of the most machines.
    pub findings: Vec<CodeGroup>,
    /// Machines by place, the worst first.
    pub accounts: Vec<Account>,
    /// Machines that were to report and did not.
    pub silent: Vec<SilentMachine>,
    /// Some of what could not be read, by name.
    pub not_read: Vec<Unread>,
    /// Some of the reports that are from the future, by name.
    pub clocks_ahead: Vec<Ahead>,
    #[serde(skip)]
    rows: Vec<MachineRow>,
}

/// A fleet's verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FleetVerdict {
    /// Every machine passes, and every report could be read.
    Pass,
    /// At least one machine fails.
    Fail,
    /// None fails, and of some it is not known.
    Inconclusive,
}

/// Reports by what became of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Reports {
    /// Read.
    pub read: u64,
    /// Of these, older ones of a machine that has a newer.
    pub superseded: u64,
    /// Of these, older than was asked for.
    pub too_old: u64,
    /// Of these, from the future.
    pub ahead: u64,
    /// Of these, of more machines than are kept.
    pub not_counted: u64,
    /// Not read.
    pub skipped: u64,
}

/// What could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unread {
    /// The file, object or line.
    pub source: String,
    /// Why.
    pub reason: String,
}

/// A report from the future: the machine's clock, or this one's, is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ahead {
    /// The file, object or line.
    pub source: String,
    /// The machine.
    pub machine: String,
    /// When its run began, by its clock.
    pub started_at: String,
    /// By how many seconds that is ahead of here.
    pub seconds: i64,
}

/// A machine that did not report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SilentMachine {
    /// The machine.
    pub machine: String,
    /// Why, in the word of whoever was to start it.
    pub reason: String,
    /// What was said besides.
    pub detail: String,
}

/// One machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MachineRow {
    /// The machine.
    pub machine: Arc<str>,
    /// The verdict of its newest report.
    pub verdict: RunVerdict,
    /// When that run began.
    pub started_at: String,
    /// Where it is.
    #[serde(flatten)]
    pub place: Place,
    /// What fails or warns there, the worst first.
    pub findings: Vec<Arc<str>>,
}

impl Fleet {
    /// The summary of what came in.
    pub fn of(tally: &Tally, source: &str) -> Fleet {
        let mut machines = Counts::default();
        tally
            .machines
            .values()
            .for_each(|one| machines.add(one.verdict));
        let mut silent = tally.silent.clone();
        silent.sort();
        let open = !silent.is_empty() || tally.skipped > 0 || tally.not_counted > 0;
        let verdict = match machines.verdict() {
            RunVerdict::Fail => FleetVerdict::Fail,
            RunVerdict::Pass if !open && machines.total > 0 => FleetVerdict::Pass,
            _ => FleetVerdict::Inconclusive,
        };
        Fleet {
            fleet_version: FLEET_VERSION,
            tool: Tool {
                name: "vpcheck".to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
            source: source.to_owned(),
            made_at: time(tally.now_ms),
            verdict,
            machines,
            reports: Reports {
                read: tally.read,
                superseded: tally.superseded,
                too_old: tally.too_old,
                ahead: tally.ahead,
                not_counted: tally.not_counted,
                skipped: tally.skipped,
            },
            findings: groups::groups(tally),
            accounts: places::accounts(tally),
            silent: silent.into_iter().map(SilentMachine::from).collect(),
            not_read: (tally.unread.iter())
                .map(|(source, reason)| Unread {
                    source: source.clone(),
                    reason: reason.clone(),
                })
                .collect(),
            clocks_ahead: (tally.ahead_named.iter())
                .map(|(source, (machine, started_ms))| Ahead {
                    source: source.clone(),
                    machine: machine.to_string(),
                    started_at: time(*started_ms),
                    seconds: started_ms.saturating_sub(tally.now_ms) / 1000,
                })
                .collect(),
            rows: rows(tally),
        }
    }

    /// Every machine, the worst first, then by place and name.
    pub fn machines(&self) -> &[MachineRow] {
        &self.rows
    }
}

impl From<Silent> for SilentMachine {
    fn from(silent: Silent) -> SilentMachine {
        SilentMachine {
            machine: silent.machine,
            reason: silent.reason,
            detail: silent.detail,
        }
    }
}

fn rows(tally: &Tally) -> Vec<MachineRow> {
    let mut rows: Vec<MachineRow> = (tally.machines.iter())
        .map(|(name, machine)| {
            let mut findings: Vec<(Severity, Arc<str>)> = (machine.findings.iter())
                .filter(|(_, severity)| *severity > Severity::Info)
                .filter_map(|(cause, severity)| {
                    let (code, _) = tally.causes.get(*cause)?;
                    Some((*severity, tally.names.text(*code)))
                })
                .collect();
            findings.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
            findings.dedup_by(|a, b| a.1 == b.1);
            findings.truncate(MOST_CODES);
            MachineRow {
                machine: tally.names.text(*name),
                verdict: machine.verdict,
                started_at: time(machine.started_ms),
                place: Place::of(tally, machine.place),
                findings: findings.into_iter().map(|(_, code)| code).collect(),
            }
        })
        .collect();
    let weight = |row: &MachineRow| match row.verdict {
        RunVerdict::Fail => 0,
        RunVerdict::Inconclusive => 1,
        RunVerdict::Pass => 2,
    };
    rows.sort_by(|a, b| {
        let place = |row: &MachineRow| {
            let place = &row.place;
            [
                &place.account_id,
                &place.region,
                &place.vpc_id,
                &place.subnet_id,
            ]
            .map(Arc::clone)
        };
        (weight(a).cmp(&weight(b)))
            .then_with(|| place(a).cmp(&place(b)))
            .then_with(|| a.machine.cmp(&b.machine))
    });
    rows
}

fn time(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map_or_else(|_| "unknown".to_owned(), |t| t.to_string())
}

#[cfg(test)]
mod tests;
