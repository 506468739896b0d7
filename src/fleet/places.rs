//! Machines by account, Region, VPC and subnet, the worst first at each step.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::Serialize;

use super::counts::Counts;
use super::tally::Tally;
use crate::verdict::Severity;

/// Codes that a subnet names.
const MOST_CODES: usize = 8;

/// An account's machines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Account {
    /// The account.
    pub account_id: String,
    /// Its machines.
    pub machines: Counts,
    /// Its Regions.
    pub regions: Vec<Region>,
}

/// A Region's machines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Region {
    /// The Region.
    pub region: String,
    /// Its machines.
    pub machines: Counts,
    /// Its VPCs.
    pub vpcs: Vec<Vpc>,
}

/// A VPC's machines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Vpc {
    /// The VPC.
    pub vpc_id: String,
    /// Its machines.
    pub machines: Counts,
    /// Its subnets.
    pub subnets: Vec<Subnet>,
}

/// A subnet's machines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Subnet {
    /// The subnet.
    pub subnet_id: String,
    /// Its machines.
    pub machines: Counts,
    /// What fails or warns there: codes with how many machines have them, the most first.
    pub findings: Vec<(String, usize)>,
}

/// Where one machine is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)] // the names say what they hold
pub struct Place {
    pub account_id: Arc<str>,
    pub region: Arc<str>,
    pub vpc_id: Arc<str>,
    pub subnet_id: Arc<str>,
}

impl Place {
    pub(super) fn of(tally: &Tally, place: u32) -> Place {
        let parts = tally.places.get(place).copied().unwrap_or([u32::MAX; 4]);
        let [account_id, region, vpc_id, subnet_id] = parts.map(|part| tally.names.text(part));
        Place {
            account_id,
            region,
            vpc_id,
            subnet_id,
        }
    }
}

/// Machines by place.
pub(super) fn accounts(tally: &Tally) -> Vec<Account> {
    let mut subnets: HashMap<u32, (Counts, HashMap<u32, usize>)> = HashMap::new();
    for machine in tally.machines.values() {
        let (counts, codes) = subnets.entry(machine.place).or_default();
        counts.add(machine.verdict);
        let mut said: Vec<u32> = (machine.findings.iter())
            .filter(|(_, severity)| *severity > Severity::Info)
            .filter_map(|(cause, _)| Some(tally.causes.get(*cause)?.0))
            .collect();
        said.sort_unstable();
        said.dedup();
        for code in said {
            *codes.entry(code).or_default() += 1;
        }
    }
    type Tree = BTreeMap<Arc<str>, BTreeMap<Arc<str>, BTreeMap<Arc<str>, Vec<Subnet>>>>;
    let mut tree: Tree = BTreeMap::new();
    for (place, (machines, codes)) in subnets {
        let place = Place::of(tally, place);
        let mut findings: Vec<(String, usize)> = (codes.into_iter())
            .map(|(code, machines)| (tally.names.text(code).to_string(), machines))
            .collect();
        findings.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        findings.truncate(MOST_CODES);
        let subnets = (tree.entry(place.account_id).or_default())
            .entry(place.region)
            .or_default()
            .entry(place.vpc_id)
            .or_default();
        subnets.push(Subnet {
            subnet_id: place.subnet_id.to_string(),
            machines,
            findings,
        });
    }
    let accounts = tree.into_iter().map(|(account, regions)| {
        let regions = regions.into_iter().map(|(region, vpcs)| {
            let vpcs = vpcs.into_iter().map(|(vpc, subnets)| Vpc {
                vpc_id: vpc.to_string(),
                machines: sum(subnets.iter().map(|subnet| subnet.machines)),
                subnets: sorted(subnets, |s| s.machines, |s| &s.subnet_id),
            });
            let vpcs: Vec<Vpc> = vpcs.collect();
            Region {
                region: region.to_string(),
                machines: sum(vpcs.iter().map(|vpc| vpc.machines)),
                vpcs: sorted(vpcs, |v| v.machines, |v| &v.vpc_id),
            }
        });
        let regions: Vec<Region> = regions.collect();
        Account {
            account_id: account.to_string(),
            machines: sum(regions.iter().map(|region| region.machines)),
            regions: sorted(regions, |r| r.machines, |r| &r.region),
        }
    });
    sorted(accounts.collect(), |a| a.machines, |a| &a.account_id)
}

fn sum(counts: impl Iterator<Item = Counts>) -> Counts {
    counts.fold(Counts::default(), |all, one| Counts {
        total: all.total + one.total,
        pass: all.pass + one.pass,
        fail: all.fail + one.fail,
        inconclusive: all.inconclusive + one.inconclusive,
    })
}

fn sorted<T>(
    mut all: Vec<T>,
    counts: impl Fn(&T) -> Counts,
    name: impl Fn(&T) -> &String,
) -> Vec<T> {
    all.sort_by(|a, b| {
        let order = counts(a).worst_first().cmp(&counts(b).worst_first());
        order.then_with(|| name(a).cmp(name(b)))
    });
    all
}
