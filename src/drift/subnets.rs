//! The subnets.

use super::change::Kind;
use super::ledger::{Ledger, pairs, texts};
use crate::facts::Inventory;
use crate::facts::inventory::Subnet;

/// Compares the subnets.
pub(super) fn compare(old: &Inventory, new: &Inventory, ledger: &mut Ledger) {
    let kind = Kind::Subnet;
    let Some((old, new)) = ledger.both("subnets", &old.subnets, &new.subnets) else {
        return;
    };
    for (id, pair) in pairs(old, new, |subnet| &subnet.id) {
        match pair {
            (None, Some(new)) => ledger.added(kind, id, ranges(new)),
            (Some(old), None) => ledger.removed(kind, id, ranges(old)),
            (Some(old), Some(new)) => {
                ledger.values(kind, id, "ranges", ranges(old), ranges(new));
                let zone = |subnet: &Subnet| subnet.availability_zone.clone();
                ledger.value(kind, id, "zone", (zone(old), zone(new)));
                let owner = |subnet: &Subnet| subnet.owner_id.clone();
                ledger.value(kind, id, "owner", (owner(old), owner(new)));
            }
            (None, None) => {}
        }
    }
}

fn ranges(subnet: &Subnet) -> Vec<String> {
    texts(&subnet.cidrs).collect()
}
