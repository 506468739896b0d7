//! Which CIDRs are the VPC's.

use ipnet::IpNet;

use super::CidrSource;
use crate::facts::Facts;
use crate::facts::inventory::{Inventory, InventorySource};

/// The CIDRs and who said so: the operator's word counts alone, else metadata's and EC2's together.
pub(super) fn of(
    facts: &Facts,
    inventory: Option<&Inventory>,
    vpc_id: Option<&str>,
) -> (Vec<IpNet>, CidrSource) {
    if !facts.request.vpc_cidrs.is_empty() {
        return (facts.request.vpc_cidrs.clone(), CidrSource::Flag);
    }
    let told: Vec<IpNet> = inventory
        .and_then(|inventory| inventory.vpcs.seen())
        .into_iter()
        .flatten()
        .filter(|vpc| vpc_id.is_none_or(|id| vpc.id == id))
        .flat_map(|vpc| vpc.cidrs.iter().copied())
        .collect();
    let mut cidrs = facts.host.vpc_cidrs.clone();
    let source = match (cidrs.is_empty(), told.is_empty()) {
        (false, _) => CidrSource::Imds,
        (true, true) => CidrSource::None,
        (true, false) if facts.inventory.source == InventorySource::File => {
            CidrSource::InventoryFile
        }
        (true, false) => CidrSource::Ec2Api,
    };
    // Metadata can lag behind a CIDR that was just added, so what EC2 knows besides counts as well.
    for cidr in told {
        if !cidrs.contains(&cidr) {
            cidrs.push(cidr);
        }
    }
    (cidrs, source)
}
