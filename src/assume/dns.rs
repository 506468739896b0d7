//! What names answer after a change: as the VPC's resolver would, and the host's where it forwards to it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use crate::facts::dns::{Family, is_vpc_resolver};
use crate::facts::{Answer, DnsStatus, Facts, NameFacts, Observation, Record, ServerRole};
use crate::symptoms::Scene;
use crate::symptoms::placement::{is_private, is_sinkhole};

use super::host::system_follows;
use super::stand_ins::public_address;

/// The time to live of the records of an endpoint's private zone.
const TTL: u32 = 60;

/// What the configuration says that the VPC's resolver answers for a name.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Configured {
    /// The addresses of an endpoint.
    Endpoint(BTreeSet<IpAddr>),
    /// What the world is told.
    Public,
    /// Nothing: the resolver is off.
    Silence,
}

/// Whether a resolver of the host hands questions on to the VPC's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Forwards {
    Yes,
    No,
    NotKnown,
}

/// Lets the answers follow from a change of the configuration.
pub(super) fn follow(before: &Facts, after: &mut Facts, reason: &str) {
    let changed: Vec<(usize, Configured, bool)> = {
        let (old, new) = (Scene::of(before), Scene::of(after));
        let names = before.names.iter().enumerate();
        names
            .filter_map(|(at, name)| {
                let (was, is) = (configured(&old, name), configured(&new, name));
                (was != is).then(|| (at, is, is_as_configured(&old, name, &was)))
            })
            .collect()
    };
    if changed.is_empty() {
        return;
    }
    let cidrs = Scene::of(before).vpc_cidrs;
    let pinned: Vec<String> = before
        .host
        .hosts_file
        .iter()
        .map(|l| l.name.clone())
        .collect();
    let servers = before
        .names
        .iter()
        .flat_map(|name| name.by_role(ServerRole::Host));
    let servers: BTreeSet<SocketAddr> = servers.map(|lookup| lookup.server).collect();
    let forwards: BTreeMap<SocketAddr, Forwards> = servers
        .into_iter()
        .map(|server| (server, forwards(before, server, &cidrs)))
        .collect();
    for (at, configured, trusted) in changed {
        let Some(name) = after.names.get_mut(at) else {
            continue;
        };
        let mut public = public_addresses(name, &cidrs);
        if public.is_empty() {
            public.extend(public_address(before, &name.service));
        }
        // Where nobody knows which side of a gateway endpoint's list it would answer, it is not known what it is.
        let trusted = trusted && (configured != Configured::Public || !public.is_empty());
        let mut unknown = false;
        for lookup in &mut name.lookups {
            let follows = match lookup.role {
                ServerRole::Vpc => Forwards::Yes,
                ServerRole::Extra => Forwards::No,
                ServerRole::Host => {
                    let known = forwards.get(&lookup.server);
                    known.copied().unwrap_or(Forwards::NotKnown)
                }
            };
            match follows {
                Forwards::No => {}
                Forwards::Yes if trusted => {
                    lookup.answer = answer(&configured, lookup.family, &public, reason);
                }
                Forwards::Yes | Forwards::NotKnown => unknown |= lookup.role == ServerRole::Host,
            }
        }
        if unknown {
            // A name that nothing is known of any more was not looked at, rather than failed.
            for lookup in &mut name.lookups {
                lookup.answer =
                    Observation::skipped(format!("{reason}; its answer then is not known"));
            }
        }
        system_follows(name, &pinned, reason);
    }
}

/// What the configuration says of a name.
fn configured(scene: &Scene<'_>, name: &NameFacts) -> Configured {
    let inventory = scene.inventory();
    let attributes = inventory
        .and_then(|inventory| inventory.vpc_attributes.seen())
        .and_then(|all| {
            all.iter()
                .find(|one| Some(&one.vpc_id) == scene.vpc_id.as_ref())
        });
    if attributes.is_some_and(|one| one.dns_support == Some(false)) {
        return Configured::Silence;
    }
    if attributes.is_some_and(|one| one.dns_hostnames == Some(false)) {
        return Configured::Public;
    }
    let own = scene
        .endpoints_of_name(name)
        .into_iter()
        .filter(|endpoint| {
            endpoint.is_interface()
                && endpoint.is_available()
                && endpoint.private_dns_enabled
                && endpoint.covers(&name.name)
        });
    let addresses: BTreeSet<IpAddr> = own
        .flat_map(|endpoint| scene.interfaces_of(endpoint).iter())
        .flat_map(|interface| interface.addresses.iter().copied())
        .collect();
    match addresses.is_empty() {
        true => Configured::Public,
        false => Configured::Endpoint(addresses),
    }
}

/// Whether the VPC's resolver, where it was asked, answered as the configuration says: where it did not, a rule or a
/// zone that is not recorded decides, and may do so after the change.
fn is_as_configured(scene: &Scene<'_>, name: &NameFacts, configured: &Configured) -> bool {
    let asked = name.vpc_status().map(|status| (status, name.vpc_records()));
    let by_host = || {
        let servers = name
            .by_role(ServerRole::Host)
            .map(|lookup| lookup.server.ip());
        let mut servers = servers.filter(|server| is_vpc_resolver(*server, &scene.vpc_cidrs));
        servers
            .next()
            .map(|_| (name.host_status(), name.host_records()))
    };
    let Some((status, records)) = asked.or_else(by_host) else {
        return true;
    };
    match configured {
        Configured::Silence => true,
        Configured::Endpoint(addresses) => {
            let mut records = records.iter();
            status == DnsStatus::Ok && records.all(|record| addresses.contains(&record.address))
        }
        Configured::Public => {
            let mut records = records.iter();
            status == DnsStatus::Ok && records.all(|record| is_public(scene, record.address))
        }
    }
}

fn is_public(scene: &Scene<'_>, address: IpAddr) -> bool {
    !is_private(address) && !is_sinkhole(address) && scene.in_vpc(address) != Some(true)
}

/// Whether a server showed, by any name, that it answers as the VPC's resolver does, or that it does not.
fn forwards(facts: &Facts, server: SocketAddr, cidrs: &[IpNet]) -> Forwards {
    if is_vpc_resolver(server.ip(), cidrs) {
        return Forwards::Yes;
    }
    let interfaces = facts
        .inventory
        .network_interfaces
        .seen()
        .into_iter()
        .flatten();
    let own: BTreeSet<IpAddr> = interfaces
        .flat_map(|i| i.addresses.iter().copied())
        .collect();
    let mut shown = Forwards::NotKnown;
    for name in &facts.names {
        let vpcs: BTreeSet<IpAddr> = name.vpc_records().iter().map(|r| r.address).collect();
        let lookups = name
            .by_role(ServerRole::Host)
            .filter(|l| l.server == server);
        let theirs: BTreeSet<IpAddr> = lookups.flat_map(|lookup| lookup.addresses()).collect();
        if theirs.is_empty() {
            continue;
        }
        let is_private_there = vpcs.iter().any(|address| own.contains(address));
        let is_private_here = theirs.iter().any(|address| own.contains(address));
        match (is_private_there, is_private_here) {
            (true, false) => return Forwards::No,
            (_, true) => shown = Forwards::Yes,
            _ => {}
        }
    }
    shown
}

/// The public addresses that anybody was told for the name.
fn public_addresses(name: &NameFacts, cidrs: &[IpNet]) -> BTreeSet<IpAddr> {
    let seen = name.lookups.iter().flat_map(|lookup| lookup.addresses());
    let own = |address: &IpAddr| cidrs.iter().any(|cidr| cidr.contains(address));
    seen.filter(|address| !is_private(*address) && !is_sinkhole(*address) && !own(address))
        .collect()
}

fn answer(
    configured: &Configured,
    family: Family,
    public: &BTreeSet<IpAddr>,
    reason: &str,
) -> Observation<Answer> {
    let of_family = |address: &&IpAddr| address.is_ipv4() == (family == Family::A);
    let addresses = match configured {
        Configured::Silence => return Observation::skipped(reason),
        Configured::Endpoint(addresses) => addresses,
        Configured::Public => public,
    };
    let records: Vec<Record> = addresses
        .iter()
        .filter(of_family)
        .map(|address| Record {
            address: *address,
            ttl: TTL,
        })
        .collect();
    Observation::known(Answer {
        status: match records.is_empty() {
            true => DnsStatus::NoData,
            false => DnsStatus::Ok,
        },
        cname_chain: Vec::new(),
        records,
        soa: None,
        truncated: None,
    })
}
