//! The host's own settings: its resolver, its hosts file, its proxy variables.

use std::net::{IpAddr, SocketAddr};

use crate::facts::dns::{VPC_RESOLVER_V4, is_vpc_resolver, vpc_resolver_in};
use crate::facts::{Facts, Host, Lookup, NameFacts, Observation, ServerRole};
use crate::symptoms::Scene;

/// The host asks the VPC's resolver: what that answered, it gets.
pub(super) fn ask_the_vpc_resolver(facts: &mut Facts) -> Result<(), String> {
    let cidrs = Scene::of(facts).vpc_cidrs;
    let server = vpc_resolver_in(&cidrs).unwrap_or(VPC_RESOLVER_V4.into());
    let asks_it = facts.host.resolvers.first();
    if asks_it.is_some_and(|first| is_vpc_resolver(*first, &cidrs)) {
        return Ok(());
    }
    facts.host.resolvers = vec![server];
    let pinned: Vec<String> = facts
        .host
        .hosts_file
        .iter()
        .map(|l| l.name.clone())
        .collect();
    for name in &mut facts.names {
        let reason = "assumed: resolver=vpc; the VPC's resolver was not asked for it";
        let known: Vec<Lookup> = name.by_role(ServerRole::Vpc).cloned().collect();
        let mut asked: Vec<Lookup> = match known.is_empty() {
            false => known,
            true => name.by_role(ServerRole::Host).cloned().collect(),
        };
        for lookup in &mut asked {
            if lookup.role == ServerRole::Host {
                lookup.answer = Observation::skipped(reason);
            }
            lookup.role = ServerRole::Host;
            lookup.server = SocketAddr::new(server, 53);
        }
        name.lookups
            .retain(|lookup| lookup.role != ServerRole::Host);
        // The first of each family is the one that the host gets its answer from.
        name.lookups.splice(0..0, asked);
        system_follows(name, &pinned, reason);
    }
    Ok(())
}

/// Removes a name's lines from the hosts file.
pub(super) fn remove_line(facts: &mut Facts, wanted: &str) -> Result<(), String> {
    let before = facts.host.hosts_file.len();
    facts.host.hosts_file.retain(|line| line.name != wanted);
    if facts.host.hosts_file.len() == before {
        return Err(format!(
            "expected a recorded line of the hosts file, found none for {wanted}"
        ));
    }
    for name in facts.names.iter_mut().filter(|name| name.name == wanted) {
        system_follows(name, &[], "assumed");
    }
    Ok(())
}

/// Takes a proxy variable away.
pub(super) fn remove_proxy(facts: &mut Facts, variable: &str) -> Result<(), String> {
    let before = facts.host.proxies.len();
    facts.host.proxies.retain(|known| known.name != variable);
    match facts.host.proxies.len() < before {
        true => Ok(()),
        false => Err(format!(
            "expected a recorded proxy variable, found none called {variable}"
        )),
    }
}

/// Whether the host sends over IPv6 and has nothing to send from over IPv4.
pub(super) fn has_ipv6_alone(host: &Host) -> bool {
    let own = &host.addresses;
    let has_ipv4 = host.ipv4_route && (own.is_empty() || own.iter().any(IpAddr::is_ipv4));
    host.ipv6_route && !has_ipv4
}

/// Applications see what the host's resolver answers, unless the hosts file says otherwise.
pub(super) fn system_follows(name: &mut NameFacts, pinned: &[String], reason: &str) {
    if !name.system.is_seen() && name.system.failure().is_none() || pinned.contains(&name.name) {
        return;
    }
    let is_known = name
        .by_role(ServerRole::Host)
        .any(|lookup| lookup.answer.skip_reason().is_none());
    name.system = match is_known {
        false => Observation::skipped(reason),
        true => {
            let records = name.host_records();
            Observation::known(records.iter().map(|record| record.address).collect())
        }
    };
}
