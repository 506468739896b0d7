//! Whether an inventory that was handed over may be judged by.

use ipnet::IpNet;

use super::Stale;
use crate::facts::Facts;
use crate::facts::inventory::InventorySource;

/// Why the facts' inventory is not to be judged by, if it is not.
pub(super) fn of(facts: &Facts) -> Option<Stale> {
    let inventory = &facts.inventory;
    if inventory.source != InventorySource::File {
        return None;
    }
    let other_vpc = match (&inventory.vpc_id, &facts.host.vpc_id) {
        (Some(theirs), Some(ours)) => theirs != ours,
        _ => lies_outside(facts),
    };
    let other_region = matches!(
        (&inventory.region, &facts.host.region),
        (Some(theirs), Some(ours)) if theirs != ours
    );
    if other_vpc || other_region {
        return Some(Stale::OtherVpc);
    }
    let taken_at = inventory.taken_at?;
    let age = facts.started_at.duration_since(taken_at).as_secs();
    let age = u64::try_from(age).unwrap_or(0);
    (age > facts.request.inventory_max_age_s).then_some(Stale::Old(age))
}

/// Without a VPC id of our own, the own address tells whether the file can be of this VPC.
fn lies_outside(facts: &Facts) -> bool {
    let cidrs: Vec<&IpNet> = facts
        .inventory
        .vpcs
        .seen()
        .into_iter()
        .flatten()
        .flat_map(|vpc| &vpc.cidrs)
        .collect();
    let own = &facts.host.addresses;
    !cidrs.is_empty()
        && !own.is_empty()
        && !own
            .iter()
            .any(|address| cidrs.iter().any(|cidr| cidr.contains(address)))
}
