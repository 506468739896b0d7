//! Findings that came, went or changed, and which changes they are about.

use std::collections::BTreeSet;

use super::change::{Change, FindingDrift, Happened};
use super::explain;
use super::ledger::pairs;
use crate::verdict::{Finding, Report};

/// Compares the findings by code and subject.
pub(super) fn compare((old, new): (&Report, &Report), changes: &[Change]) -> Vec<FindingDrift> {
    let key = |finding: &'_ Finding| (finding.code.clone(), finding.subject.clone());
    let mut drifts: Vec<FindingDrift> = pairs(&old.findings, &new.findings, key)
        .into_values()
        .filter_map(|pair| one(pair, changes))
        .collect();
    // What came before what went, the most severe first.
    drifts.sort_by_key(|drift| {
        let order = match drift.change {
            Happened::Added => 0,
            Happened::Changed => 1,
            Happened::Removed => 2,
        };
        let severity = drift.new_severity.max(drift.old_severity);
        (order, std::cmp::Reverse(severity))
    });
    drifts
}

fn one(
    (old, new): (Option<&Finding>, Option<&Finding>),
    changes: &[Change],
) -> Option<FindingDrift> {
    let finding = new.or(old)?;
    let change = match (old, new) {
        (None, _) => Happened::Added,
        (_, None) => Happened::Removed,
        (Some(old), Some(new)) => {
            let services = |finding: &Finding| -> BTreeSet<String> {
                finding.services.iter().cloned().collect()
            };
            if old.severity == new.severity && services(old) == services(new) {
                return None;
            }
            Happened::Changed
        }
    };
    let sorted = |finding: Option<&Finding>| {
        let mut services = finding.map(|f| f.services.clone()).unwrap_or_default();
        services.sort();
        services
    };
    Some(FindingDrift {
        change,
        code: finding.code.clone(),
        subject: finding.subject.clone(),
        old_severity: old.map(|finding| finding.severity),
        new_severity: new.map(|finding| finding.severity),
        old_services: sorted(old),
        new_services: sorted(new),
        title: finding.title.clone(),
        explained_by: explain::finding(change, finding, changes),
    })
}
