//! Two runs side by side: what changed that matters, and which change explains a changed verdict.
//!
//! What the reports tell is compared for all records; the configuration and what else only facts hold is compared where
//! both have it, and what could not be compared is named. Run ids, times, durations, times to live and every order are
//! no change; neither is which of a service's public addresses a resolver happened to give.

mod answers;
mod canary;
mod certificates;
mod change;
mod endpoints;
mod expectations;
mod explain;
mod findings;
mod hosts_file;
mod interfaces;
mod ledger;
mod network_acls;
mod place;
mod policy;
mod prefix_lists;
mod probes;
mod record;
mod resolvers;
mod route_tables;
mod security_groups;
mod services;
mod subnets;
mod targets;
mod variables;
mod vpc;

pub use change::{
    Change, Drift, FindingDrift, Happened, Kind, NotCompared, Side, VerdictDrift, Whose,
};
pub use record::{Record, RecordError, Source};

use crate::facts::inventory::InventorySource;
use crate::facts::{Facts, Inventory};
use crate::verdict::report::Tool;
use ledger::Ledger;

/// What changed between two runs.
pub fn drift(old: &Record, new: &Record) -> Drift {
    let mut ledger = Ledger::default();
    let reports = (&old.report, &new.report);
    let facts = old.facts.as_deref().zip(new.facts.as_deref());

    match facts {
        Some((old, new)) => expectations::compare(&old.request, &new.request, &mut ledger),
        None => ledger.not_compared("what was expected", &lacks_facts(old, new)),
    }
    targets::compare(reports, &mut ledger);
    place::compare(reports, facts, &mut ledger);
    resolvers::compare(reports, facts, &mut ledger);
    match facts {
        Some(facts) => {
            hosts_file::compare(facts, &mut ledger);
            variables::compare(facts, &mut ledger);
        }
        None => ledger.not_compared(
            "the hosts file, environment variables and the host's security groups",
            &lacks_facts(old, new),
        ),
    }
    let has_endpoints = match facts {
        Some((old, new)) => configuration(old, new, &mut ledger),
        None => {
            ledger.not_compared(
                "the VPC's configuration, beyond what reports tell of endpoints",
                &lacks_facts(old, new),
            );
            false
        }
    };
    services::compare(reports, !has_endpoints, &mut ledger);
    answers::compare(reports, facts, &mut ledger);
    probes::compare(reports, &mut ledger);
    certificates::compare(reports, &mut ledger);
    canary::compare(reports, &mut ledger);

    let (changes, not_compared) = ledger.finish();
    let findings = findings::compare(reports, &changes);
    let verdict = explain::verdict(reports, &findings);
    Drift {
        schema_version: "1".to_owned(),
        tool: Tool {
            name: "vpcheck".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        changed: verdict.changed || !findings.is_empty() || !changes.is_empty(),
        old: side(old),
        new: side(new),
        verdict,
        findings,
        changes,
        not_compared,
    }
}

/// Compares the VPC's configuration; true where both list the endpoints.
fn configuration(old: &Facts, new: &Facts, ledger: &mut Ledger) -> bool {
    let (old, new) = (&old.inventory, &new.inventory);
    let has_none = |inventory: &Inventory| inventory.source == InventorySource::None;
    if let Some(whose) = whose(has_none(old), has_none(new)) {
        ledger.not_compared(
            "the VPC's configuration",
            &format!("{whose} without an inventory"),
        );
        return false;
    }
    vpc::compare(old, new, ledger);
    subnets::compare(old, new, ledger);
    route_tables::compare(old, new, ledger);
    network_acls::compare(old, new, ledger);
    security_groups::compare(old, new, ledger);
    endpoints::compare(old, new, ledger);
    interfaces::compare(old, new, ledger);
    prefix_lists::compare(old, new, ledger);
    old.endpoints.is_seen() && new.endpoints.is_seen()
}

/// Why what only facts hold could not be compared.
fn lacks_facts(old: &Record, new: &Record) -> String {
    match whose(old.facts.is_none(), new.facts.is_none()) {
        Some(whose) => format!("{whose} a report without facts"),
        None => String::new(),
    }
}

/// Which of the two, in words with their verb.
fn whose(old: bool, new: bool) -> Option<&'static str> {
    match (old, new) {
        (true, true) => Some("both are"),
        (true, false) => Some("the old one is"),
        (false, true) => Some("the new one is"),
        (false, false) => None,
    }
}

fn side(record: &Record) -> Side {
    Side {
        source: record.source,
        run_id: record.report.run_id.clone(),
        started_at: record.report.started_at.clone(),
        verdict: record.report.verdict,
        note: record.note.clone(),
    }
}
