//! Findings of one kind together: by code, and by what they are about.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use serde::Serialize;

use super::tally::{Machine, Tally};
use crate::verdict::Severity;

/// Things that a code is said of, each with its machines; of more the number is told.
const MOST_SUBJECTS: usize = 50;
/// Machines that stand for the others of a group.
const EXAMPLES: usize = 5;

/// A code, and what it is said of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CodeGroup {
    /// The finding's code.
    pub code: String,
    /// The worst severity that a machine gave it.
    pub severity: Severity,
    /// Machines with it.
    pub machines: usize,
    /// Different things that it is said of.
    pub subjects: usize,
    /// Those with the most machines.
    pub groups: Vec<SubjectGroup>,
    /// Machines of the things that are not listed here.
    pub machines_of_others: usize,
}

/// One code about one thing, wherever it was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SubjectGroup {
    /// The thing; empty where the machines could not say.
    pub subject: String,
    /// The worst severity that a machine gave it.
    pub severity: Severity,
    /// Machines that have it.
    pub machines: usize,
    /// Machines of the VPCs in which it was seen.
    pub of: usize,
    /// Different accounts.
    pub accounts: usize,
    /// Different VPCs.
    pub vpcs: usize,
    /// Different subnets.
    pub subnets: usize,
    /// Some of the machines, by name.
    pub examples: Vec<String>,
}

/// What is counted of one cause.
struct Seen {
    severity: Severity,
    machines: usize,
    places: HashSet<u32>,
    /// The first by name.
    examples: Vec<Arc<str>>,
}

/// Every code, the worst first.
pub(super) fn groups(tally: &Tally) -> Vec<CodeGroup> {
    let mut in_vpc: HashMap<[u32; 3], usize> = HashMap::new();
    let mut causes: HashMap<u32, Seen> = HashMap::new();
    let mut codes: BTreeMap<Arc<str>, (usize, Vec<u32>)> = BTreeMap::new();
    for (name, machine) in &tally.machines {
        if let Some(vpc) = vpc_of(tally, machine.place) {
            *in_vpc.entry(vpc).or_default() += 1;
        }
        count(tally, *name, machine, &mut causes);
        let said: HashSet<u32> = (machine.findings.iter())
            .filter_map(|(cause, _)| Some(tally.causes.get(*cause)?.0))
            .collect();
        for code in said {
            codes.entry(tally.names.text(code)).or_default().0 += 1;
        }
    }
    for cause in causes.keys() {
        if let Some((code, _)) = tally.causes.get(*cause)
            && let Some((_, listed)) = codes.get_mut(&tally.names.text(*code))
        {
            listed.push(*cause);
        }
    }
    let mut groups: Vec<CodeGroup> = codes
        .into_iter()
        .map(|(code, (machines, listed))| {
            of_code(tally, &code, machines, &listed, &causes, &in_vpc)
        })
        .collect();
    groups.sort_by(|a, b| order(a).cmp(&order(b)).then_with(|| a.code.cmp(&b.code)));
    groups
}

fn order(group: &CodeGroup) -> (Reverse<Severity>, Reverse<usize>) {
    (Reverse(group.severity), Reverse(group.machines))
}

fn count(tally: &Tally, name: u32, machine: &Machine, causes: &mut HashMap<u32, Seen>) {
    for (cause, severity) in &machine.findings {
        let seen = causes.entry(*cause).or_insert_with(|| Seen {
            severity: *severity,
            machines: 0,
            places: HashSet::new(),
            examples: Vec::new(),
        });
        seen.severity = seen.severity.max(*severity);
        seen.machines += 1;
        seen.places.insert(machine.place);
        let name = tally.names.text(name);
        let at = seen.examples.partition_point(|other| *other < name);
        if at < EXAMPLES {
            seen.examples.insert(at, name);
            seen.examples.truncate(EXAMPLES);
        }
    }
}

fn of_code(
    tally: &Tally,
    code: &str,
    machines: usize,
    listed: &[u32],
    causes: &HashMap<u32, Seen>,
    in_vpc: &HashMap<[u32; 3], usize>,
) -> CodeGroup {
    let mut sorted: Vec<(&Seen, Arc<str>)> = listed
        .iter()
        .filter_map(|cause| {
            let (_, subject) = tally.causes.get(*cause)?;
            Some((causes.get(cause)?, tally.names.text(*subject)))
        })
        .collect();
    let order = |(seen, _): &(&Seen, Arc<str>)| (Reverse(seen.severity), Reverse(seen.machines));
    sorted.sort_by(|a, b| order(a).cmp(&order(b)).then_with(|| a.1.cmp(&b.1)));
    let severity = sorted.iter().map(|(seen, _)| seen.severity).max();
    CodeGroup {
        code: code.to_owned(),
        severity: severity.unwrap_or(Severity::Info),
        machines,
        subjects: sorted.len(),
        machines_of_others: (sorted.iter().skip(MOST_SUBJECTS))
            .map(|(seen, _)| seen.machines)
            .sum(),
        groups: (sorted.iter().take(MOST_SUBJECTS))
            .map(|(seen, subject)| of_subject(tally, seen, subject, in_vpc))
            .collect(),
    }
}

fn of_subject(
    tally: &Tally,
    seen: &Seen,
    subject: &str,
    in_vpc: &HashMap<[u32; 3], usize>,
) -> SubjectGroup {
    let vpcs: HashSet<[u32; 3]> = (seen.places.iter())
        .filter_map(|place| vpc_of(tally, *place))
        .collect();
    let accounts: HashSet<u32> = vpcs.iter().map(|[account, ..]| *account).collect();
    SubjectGroup {
        subject: subject.to_owned(),
        severity: seen.severity,
        machines: seen.machines,
        of: vpcs.iter().filter_map(|vpc| in_vpc.get(vpc)).sum(),
        accounts: accounts.len(),
        vpcs: vpcs.len(),
        subnets: seen.places.len(),
        examples: seen.examples.iter().map(ToString::to_string).collect(),
    }
}

fn vpc_of(tally: &Tally, place: u32) -> Option<[u32; 3]> {
    let [account, region, vpc, _] = *tally.places.get(place)?;
    Some([account, region, vpc])
}
