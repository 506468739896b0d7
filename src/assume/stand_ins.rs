//! Addresses that stand for those that nobody can know before the change is made.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

use crate::catalog::{Catalog, Region};
use crate::facts::Facts;

/// Stands for a service's public addresses where none was seen: the IPv4 dummy address, which no host has (RFC 7600).
pub const PUBLIC_STAND_IN: Ipv4Addr = Ipv4Addr::new(192, 0, 0, 8);

/// How many addresses of a subnet are tried.
const TRIES: u32 = 512;

/// An address of this range that nothing in the facts has, from its end.
pub(super) fn free_address(facts: &Facts, range: IpNet) -> Option<IpAddr> {
    let taken = taken(facts);
    // The last address of an IPv4 subnet is reserved ("Subnet CIDR blocks", Amazon VPC User Guide).
    let candidates = (1..=TRIES).filter_map(|back| match range {
        IpNet::V4(range) => {
            let last = u32::from(range.broadcast());
            Some(IpAddr::V4(last.checked_sub(back)?.into()))
        }
        IpNet::V6(range) => {
            let last = u128::from(range.broadcast());
            Some(IpAddr::V6(last.checked_sub(u128::from(back))?.into()))
        }
    });
    candidates
        .take_while(|address| range.contains(address))
        .find(|address| !taken.contains(address))
}

/// What stands for the public addresses of a service: one of its prefix list where gateway endpoints are about those,
/// which decides where its packets go; none where that list is not known.
pub(super) fn public_address(facts: &Facts, service: &str) -> Option<IpAddr> {
    let entry = Catalog::get().service(service);
    let Some(entry) = entry.filter(|entry| entry.has_gateway()) else {
        return Some(IpAddr::V4(PUBLIC_STAND_IN));
    };
    let region = Region::parse(facts.host.region.as_deref()?).ok()?;
    let lists = facts.inventory.prefix_lists.seen()?.iter();
    let mut lists = lists.filter(|list| {
        let name = list.name.as_deref();
        name.is_some_and(|name| entry.matches_service_name(name, &region))
    });
    let ranges = lists.next()?.cidrs.iter();
    let mut ranges = ranges.filter(|range| range.addr().is_ipv4());
    ranges.next().and_then(|range| range.hosts().next())
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
