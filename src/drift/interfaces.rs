//! Network interfaces: the endpoints' and the host's own.

use super::change::Kind;
use super::ledger::{Ledger, pairs, texts};
use crate::facts::Inventory;
use crate::facts::inventory::NetworkInterface;

/// Compares the network interfaces.
pub(super) fn compare(old: &Inventory, new: &Inventory, ledger: &mut Ledger) {
    let kind = Kind::NetworkInterface;
    let interfaces = (&old.network_interfaces, &new.network_interfaces);
    let Some((old, new)) = ledger.both("network interfaces", interfaces.0, interfaces.1) else {
        return;
    };
    for (id, pair) in pairs(old, new, |interface| &interface.id) {
        match pair {
            (None, Some(new)) => ledger.added(kind, id, shortly(new)),
            (Some(old), None) => ledger.removed(kind, id, shortly(old)),
            (Some(old), Some(new)) => {
                let (was, is) = (texts(&old.addresses), texts(&new.addresses));
                ledger.values(kind, id, "addresses", was, is);
                let (was, is) = (texts(&old.public_addresses), texts(&new.public_addresses));
                ledger.values(kind, id, "public addresses", was, is);
                let groups = (old.group_ids.clone(), new.group_ids.clone());
                ledger.values(kind, id, "security groups", groups.0, groups.1);
                let subnet = (old.subnet_id.clone(), new.subnet_id.clone());
                ledger.value(kind, id, "subnet", subnet);
            }
            (None, None) => {}
        }
    }
}

fn shortly(interface: &NetworkInterface) -> Vec<String> {
    texts(&interface.addresses)
        .chain(interface.description.clone())
        .collect()
}
