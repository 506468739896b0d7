//! What happens to a SYN: derived from routes, security groups and network ACLs as a VPC would do it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;

use super::public_names;
use super::world::{AddressBehaviour, Endpoint, GroupRule, NetworkAcl, World};

/// What becomes of a connection to port 443 of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is accepted.
    Answers,
    /// The SYN gets no answer.
    Swallows,
    /// It is refused.
    Refuses,
    /// It is accepted and reset at once.
    Resets,
    /// The kernel has no route to it.
    Unreachable,
}

/// Somebody at an address.
#[derive(Clone, Debug)]
pub struct Peer {
    /// The address.
    pub address: IpAddr,
    /// What becomes of a connection.
    pub fate: Fate,
    /// The host label of the service that answers there (`sqs`, `api.ecr`); none: whatever name is asked for.
    pub label: Option<String>,
    /// What it does beyond accepting.
    pub behaviour: AddressBehaviour,
}

/// Everybody the world knows of: endpoints, public addresses, and any address a name or a hosts file may give.
pub fn peers(world: &World) -> Vec<Peer> {
    let public = public_names::every_address(world);
    let mut addresses: BTreeSet<IpAddr> = public.keys().copied().collect();
    for endpoint in world.endpoints.values() {
        for interface in &endpoint.interfaces {
            addresses.insert(interface.address);
            addresses.extend(interface.ipv6);
        }
    }
    addresses.extend(
        world
            .addresses
            .keys()
            .filter_map(|key| key.parse::<IpAddr>().ok()),
    );
    for names in world.dns.overrides.values() {
        addresses.extend(
            names
                .values()
                .flat_map(|answer| answer.addresses.iter().copied()),
        );
    }
    let zones = world
        .dns
        .private_zones
        .values()
        .flat_map(|zone| zone.records.values());
    for record in zones.chain(world.dns.public.values()) {
        addresses.extend(record.iter().filter_map(|text| text.parse::<IpAddr>().ok()));
    }
    for line in &world.host.hosts_lines {
        addresses.extend(
            line.split_whitespace()
                .next()
                .and_then(|text| text.parse::<IpAddr>().ok()),
        );
    }
    addresses
        .into_iter()
        .map(|address| peer(world, &public, address))
        .collect()
}

fn peer(world: &World, public: &BTreeMap<IpAddr, String>, address: IpAddr) -> Peer {
    let behaviour = behaviour_of(world, address);
    let label = match world.endpoint_at(address) {
        // A FIPS endpoint is the same service behind the same certificate.
        Some(endpoint) => {
            let service = endpoint.service.strip_suffix("-fips");
            Some(World::host_label(service.unwrap_or(&endpoint.service)))
        }
        None => public.get(&address).cloned(),
    };
    let fate = match behaviour.tcp.as_str() {
        "ok" => Fate::Answers,
        "swallow" => Fate::Swallows,
        "refuse" => Fate::Refuses,
        "reset" => Fate::Resets,
        "unreachable" => Fate::Unreachable,
        _ => derived_fate(world, public, address),
    };
    Peer {
        address,
        fate,
        label,
        behaviour,
    }
}

/// The longest matching entry of `addresses`.
fn behaviour_of(world: &World, address: IpAddr) -> AddressBehaviour {
    let matching = world.addresses.iter().filter_map(|(key, behaviour)| {
        let range = key
            .parse::<IpNet>()
            .or_else(|_| key.parse::<IpAddr>().map(IpNet::from))
            .ok()?;
        range
            .contains(&address)
            .then_some((range.prefix_len(), behaviour))
    });
    matching
        .max_by_key(|(length, _)| *length)
        .map(|(_, behaviour)| behaviour.clone())
        .unwrap_or_default()
}

fn derived_fate(world: &World, public: &BTreeMap<IpAddr, String>, address: IpAddr) -> Fate {
    let arrives = match world.endpoint_at(address) {
        Some(endpoint) => endpoint_admits(world, endpoint, address),
        None => {
            public.contains_key(&address)
                && way_out(world, address)
                && egress_allowed(world, address)
                && acl_of_host_allows(world, address)
        }
    };
    if arrives {
        Fate::Answers
    } else {
        Fate::Swallows
    }
}

fn endpoint_admits(world: &World, endpoint: &Endpoint, address: IpAddr) -> bool {
    let serving = matches!(endpoint.state.as_str(), "available" | "deleting");
    let routed = endpoint.vpc == world.own_vpc() || route_target(world, address).is_some();
    serving
        && routed
        && egress_allowed(world, address)
        && ingress_allowed(world, endpoint, address)
        && acls_allow(world, endpoint, address)
}

/// The target of the longest route of the host's subnet that covers an address, if it is usable.
fn route_target(world: &World, address: IpAddr) -> Option<String> {
    let (table, _) = world.route_table_of(&world.host.subnet)?;
    let covering = world.routes(table).into_iter().flat_map(|route| {
        let ranges: Vec<IpNet> = match world.prefix_lists.get(&route.destination) {
            Some(list) => list.cidrs.clone(),
            None => route.destination.parse().into_iter().collect(),
        };
        let longest = ranges
            .iter()
            .filter(|r| r.contains(&address))
            .map(IpNet::prefix_len)
            .max();
        longest.map(|length| (length, route))
    });
    let (_, route) = covering.max_by_key(|(length, _)| *length)?;
    (!route.blackhole).then_some(route.target)
}

/// Whether a public address can be reached: a gateway endpoint's route, a NAT or internet gateway, or said outright.
fn way_out(world: &World, address: IpAddr) -> bool {
    let target = route_target(world, address);
    if target.as_deref().is_some_and(|t| t.starts_with("vpce-")) {
        return true;
    }
    let routed = target.is_some_and(|target| {
        target.starts_with("nat-")
            || target.starts_with("eigw-")
            || target.starts_with("tgw-")
            || (target.starts_with("igw-") && world.host.public_address.is_some())
    });
    world.internet.reachable.unwrap_or(routed)
}

fn egress_allowed(world: &World, address: IpAddr) -> bool {
    let members = world
        .endpoint_at(address)
        .map(|e| e.groups.as_slice())
        .unwrap_or_default();
    let mut rules = groups(world, &world.host.groups).flat_map(|group| &group.egress);
    rules.any(|rule| admits(world, rule, address, members))
}

fn ingress_allowed(world: &World, endpoint: &Endpoint, address: IpAddr) -> bool {
    let mut rules = groups(world, &endpoint.groups).flat_map(|group| &group.ingress);
    let sources = &world.host.addresses;
    rules.any(|rule| {
        sources
            .iter()
            .filter(|source| source.is_ipv4() == address.is_ipv4())
            .any(|source| admits(world, rule, *source, &world.host.groups))
    })
}

fn groups<'a>(
    world: &'a World,
    ids: &'a [String],
) -> impl Iterator<Item = &'a super::world::SecurityGroup> + 'a {
    ids.iter().filter_map(|id| world.security_groups.get(id))
}

fn admits(world: &World, rule: &GroupRule, peer: IpAddr, members_of: &[String]) -> bool {
    let port =
        rule.protocol == "-1" || (rule.protocol == "tcp" && (rule.from..=rule.to).contains(&443));
    let lists = rule
        .prefix_lists
        .iter()
        .filter_map(|id| world.prefix_lists.get(id))
        .flat_map(|l| &l.cidrs);
    port && (rule
        .cidrs
        .iter()
        .chain(lists)
        .any(|range| range.contains(&peer))
        || rule.groups.iter().any(|group| members_of.contains(group)))
}

/// Network ACLs are stateless: 443 there and the ephemeral ports back, on both subnets, unless both ends share one.
fn acls_allow(world: &World, endpoint: &Endpoint, address: IpAddr) -> bool {
    let interface = endpoint
        .interfaces
        .iter()
        .find(|i| i.address == address || i.ipv6 == Some(address));
    let Some(interface) = interface else {
        return true;
    };
    if interface.subnet == world.host.subnet {
        return true;
    }
    let Some(host) = world
        .host
        .addresses
        .iter()
        .find(|a| a.is_ipv4() == address.is_ipv4())
    else {
        return true;
    };
    let theirs = world
        .network_acl_of(&interface.subnet)
        .is_none_or(|(_, acl)| {
            acl_allows(acl, false, *host, 443..=443) && acl_allows(acl, true, *host, 32768..=60999)
        });
    theirs && acl_of_host_allows(world, address)
}

fn acl_of_host_allows(world: &World, address: IpAddr) -> bool {
    world
        .network_acl_of(&world.host.subnet)
        .is_none_or(|(_, acl)| {
            acl_allows(acl, true, address, 443..=443)
                && acl_allows(acl, false, address, 32768..=60999)
        })
}

/// Whether the first matching entry allows; a port range must be covered whole by the entry that decides.
fn acl_allows(
    acl: &NetworkAcl,
    egress: bool,
    peer: IpAddr,
    ports: std::ops::RangeInclusive<u16>,
) -> bool {
    let mut entries: Vec<_> = acl
        .entries
        .iter()
        .filter(|entry| entry.egress == egress)
        .collect();
    entries.sort_by_key(|entry| entry.number);
    entries
        .into_iter()
        .find(|entry| {
            let protocol = entry.protocol == "-1"
                || (entry.protocol == "6"
                    && entry.from <= *ports.end()
                    && entry.to >= *ports.start());
            protocol && entry.cidr.contains(&peer)
        })
        .is_some_and(|entry| {
            entry.allow
                && (entry.protocol == "-1"
                    || (entry.from <= *ports.start() && entry.to >= *ports.end()))
        })
}
