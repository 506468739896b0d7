//! Addresses that stand for those that nobody can know before the change is made.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

use crate::facts::Facts;

/// Stands for a service's public addresses where none was seen: the IPv4 dummy address, which no host has (RFC 7600).
pub const PUBLIC_STAND_IN: Ipv4Addr = Ipv4Addr::new(192, 0, 0, 8);

/// How many addresses of a subnet are tried.
const TRIES: u32 = 512;

/// An address of this range that nothing in the facts has, from its end.
pub(super) fn free_address(facts: &Facts, range: IpNet) -> Option<IpAddr> {
    let taken = taken(facts);
    let IpNet::V4(range) = range else {
        return None;
    };
    // The last address is reserved ("Subnet CIDR blocks", Amazon VPC User Guide).
    let last = u32::from(range.broadcast());
    (1..=TRIES)
        .filter_map(|back| last.checked_sub(back))
        .map(Ipv4Addr::from)
        .take_while(|address| range.contains(address))
        .map(IpAddr::V4)
        .find(|address| !taken.contains(address))
}

fn taken(facts: &Facts) -> BTreeSet<IpAddr> {
    let own = facts.host.addresses.iter().copied();
    let interfaces = facts
        .inventory
        .network_interfaces
        .seen()
        .into_iter()
        .flatten();
    let interfaces = interfaces.flat_map(|interface| interface.addresses.iter().copied());
    let probed = facts.probes.iter().map(|probe| probe.address);
    own.chain(interfaces).chain(probed).collect()
}
