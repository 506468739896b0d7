//! Network ACLs: their entries, and the subnets they guard.

use super::change::Kind;
use super::ledger::{Ledger, pairs};
use crate::facts::Inventory;
use crate::facts::inventory::{AclEntry, NetworkAcl};

/// Compares the network ACLs.
pub(super) fn compare(old: &Inventory, new: &Inventory, ledger: &mut Ledger) {
    let kind = Kind::NetworkAcl;
    let acls = (&old.network_acls, &new.network_acls);
    let Some((old, new)) = ledger.both("network ACLs", acls.0, acls.1) else {
        return;
    };
    for (id, pair) in pairs(old, new, |acl| &acl.id) {
        match pair {
            (None, Some(new)) => ledger.added(kind, id, entries(new)),
            (Some(old), None) => ledger.removed(kind, id, entries(old)),
            (Some(old), Some(new)) => {
                ledger.values(kind, id, "rules", entries(old), entries(new));
                let subnets = (old.subnet_ids.clone(), new.subnet_ids.clone());
                ledger.values(kind, id, "subnets", subnets.0, subnets.1);
            }
            (None, None) => {}
        }
    }
}

fn entries(acl: &NetworkAcl) -> Vec<String> {
    acl.entries.iter().map(entry).collect()
}

/// As the console has it: direction, number, what is done, protocol, ports, range.
fn entry(entry: &AclEntry) -> String {
    let direction = if entry.egress { "outbound" } else { "inbound" };
    let action = if entry.allow { "allow" } else { "deny" };
    let protocol = match entry.protocol {
        -1 => "all traffic".to_owned(),
        6 => "tcp".to_owned(),
        17 => "udp".to_owned(),
        1 => "icmp".to_owned(),
        number => format!("protocol {number}"),
    };
    let ports = match entry.ports {
        Some(ports) if ports.from == ports.to => format!(" {}", ports.from),
        Some(ports) => format!(" {}-{}", ports.from, ports.to),
        None => String::new(),
    };
    let (number, cidr) = (entry.number, entry.cidr);
    format!("{direction} {number} {action} {protocol}{ports} {cidr}")
}
