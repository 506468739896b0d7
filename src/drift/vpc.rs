//! The VPC: its ranges, its DNS attributes, its DHCP options.

use super::change::Kind;
use super::ledger::{Ledger, pairs, switch, texts};
use crate::facts::Inventory;
use crate::facts::inventory::{DhcpOptions, Vpc};

/// Compares the VPCs.
pub(super) fn compare(old: &Inventory, new: &Inventory, ledger: &mut Ledger) {
    let kind = Kind::Vpc;
    if let Some((was, is)) = ledger.both("VPCs", &old.vpcs, &new.vpcs) {
        for (id, pair) in pairs(was, is, |vpc| &vpc.id) {
            match pair {
                (None, Some(vpc)) => ledger.added(kind, id, ranges(vpc)),
                (Some(vpc), None) => ledger.removed(kind, id, ranges(vpc)),
                (Some(old), Some(new)) => {
                    ledger.values(kind, id, "ranges", ranges(old), ranges(new));
                    let options = (old.dhcp_options_id.clone(), new.dhcp_options_id.clone());
                    ledger.value(kind, id, "DHCP options", options);
                    let owners = (old.owner_id.clone(), new.owner_id.clone());
                    ledger.value(kind, id, "owner", owners);
                }
                (None, None) => {}
            }
        }
    }
    let attributes = (&old.vpc_attributes, &new.vpc_attributes);
    if let Some((was, is)) = ledger.both("VPC attributes", attributes.0, attributes.1) {
        for (id, pair) in pairs(was, is, |attributes| &attributes.vpc_id) {
            if let (Some(old), Some(new)) = pair {
                let support = (old.dns_support.map(switch), new.dns_support.map(switch));
                ledger.value(kind, id, "enableDnsSupport", support);
                let names = (old.dns_hostnames.map(switch), new.dns_hostnames.map(switch));
                ledger.value(kind, id, "enableDnsHostnames", names);
            }
        }
    }
    if let Some((was, is)) = ledger.both("DHCP options", &old.dhcp_options, &new.dhcp_options) {
        for (id, pair) in pairs(was, is, |options| &options.id) {
            if let (Some(old), Some(new)) = pair {
                let servers = |options: &DhcpOptions| options.domain_name_servers.clone();
                ledger.values(kind, id, "domain-name-servers", servers(old), servers(new));
            }
        }
    }
}

fn ranges(vpc: &Vpc) -> Vec<String> {
    texts(&vpc.cidrs).collect()
}
