//! What a discovery could not see, in sentences.

use super::way::Way;
use super::whose::Whose;
use super::{Remote, Seen, is_here};
use crate::facts::inventory::InventorySource;
use crate::symptoms::scene::Scene;

/// The sentences, those about what was asked for first.
pub(super) fn sentences(seen: &Seen<'_>, scene: &Scene<'_>, remotes: &[Remote]) -> Vec<String> {
    let mut said = Vec::new();
    let blind = &seen.traffic.blind;
    if seen.facts.interrupted {
        said.push("Watching was ended before its time.".to_owned());
    }
    for table in &blind.tables {
        said.push(format!("A table of sockets could not be read: {table}."));
    }
    processes(seen, remotes, &mut said);
    if blind.overflowed {
        said.push(
            "There were more sockets, processes or namespaces than are kept: some are left out."
                .to_owned(),
        );
    }
    let local: u64 = (seen.traffic.calls.iter())
        .filter(|call| is_here(seen.facts, call.address))
        .map(|call| call.connections.saturating_add(call.attempts))
        .fold(0, u64::saturating_add);
    if local > 0 {
        said.push(format!(
            "{} to this host itself: what a proxy here calls for others shows as its own.",
            connections(local)
        ));
    }
    if !seen.facts.host.proxies.is_empty() {
        let names = seen.facts.host.proxies.iter().map(|v| v.name.as_str());
        said.push(format!(
            "{} is set: what programs call through a proxy does not show here.",
            names.collect::<Vec<_>>().join(", ")
        ));
    }
    names(seen, &mut said);
    inventory(seen, scene, &mut said);
    let unknown = remotes.iter().any(|remote| {
        remote.whose == Whose::Unknown && matches!(remote.way, Way::Public | Way::Unclear)
    });
    if unknown && seen.ranges.is_none() {
        said.push(
            "Whether the unknown public addresses are AWS's is told by AWS's published ranges, where they are handed over (--ranges)."
                .to_owned(),
        );
    }
    said.push(match seen.traffic.looks {
        0 | 1 => "Only what was open at one moment, or closed by this host in the minute before, was seen: --for 10m \
                  watches."
            .to_owned(),
        _ => "A connection that the service closed between two looks was not seen.".to_owned(),
    });
    said.push(
        "Only connections to port 443 were looked at: other ports of AWS services, such as databases' and file \
         systems', were not."
            .to_owned(),
    );
    said
}

/// Whose processes could not be told, and why.
fn processes(seen: &Seen<'_>, remotes: &[Remote], said: &mut Vec<String>) {
    let blind = &seen.traffic.blind;
    let callers = || remotes.iter().flat_map(|remote| &remote.processes);
    let nameless = |has_user: bool| {
        callers()
            .filter(|c| c.process.name.is_none() && c.process.uid.is_some() == has_user)
            .map(|c| c.connections)
            .fold(0, u64::saturating_add)
    };
    let (open, closed) = (nameless(true), nameless(false));
    if open > 0 {
        let why = match blind.processes {
            0 => "the process is not visible here, or had ended".to_owned(),
            count => format!(
                "the open files of {count} processes may not be read (root, or CAP_SYS_PTRACE, may)"
            ),
        };
        said.push(format!(
            "Of {} the process is not known: {why}.",
            connections(open)
        ));
    }
    if closed > 0 {
        said.push(format!(
            "Of {} the process is not known, closed as they were already.",
            connections(closed)
        ));
    }
    if blind.namespaces > 0 {
        said.push(format!(
            "{} processes do not tell their network namespace: connections from namespaces that only they are in were \
             not seen (root, or CAP_SYS_PTRACE, may).",
            blind.namespaces
        ));
    }
}

/// The names that nobody answered for.
fn names(seen: &Seen<'_>, said: &mut Vec<String>) {
    let (silent, all) = (seen.answers.silent.len(), seen.answers.services.len());
    match (silent, all) {
        (_, 0) => said.push(
            "No region is known: no service's name was asked for. Say it with --region.".to_owned(),
        ),
        (0, _) => {}
        (silent, all) => said.push(format!(
            "{silent} of {all} names of services had no answer from this host's resolvers: their addresses are not \
             known."
        )),
    }
}

/// What of the VPC's configuration is not known.
fn inventory(seen: &Seen<'_>, scene: &Scene<'_>, said: &mut Vec<String>) {
    let inventory = &seen.facts.inventory;
    let without = "which endpoint an address belongs to, and what goes through a gateway endpoint, is not known";
    if inventory.source == InventorySource::None {
        let reason = inventory
            .endpoints
            .skip_reason()
            .unwrap_or("it was not read");
        said.push(format!("No configuration of the VPC: {reason}; {without}."));
    } else if scene.inventory().is_none() {
        said.push(format!(
            "The inventory is too old or another VPC's; {without}."
        ));
    } else {
        let failed: Vec<&str> = (inventory.calls().iter())
            .filter(|(_, failure)| failure.is_some())
            .map(|(call, _)| *call)
            .collect();
        if !failed.is_empty() {
            said.push(format!(
                "Of the VPC's configuration these calls had no answer or were denied: {}.",
                failed.join(", ")
            ));
        }
    }
    if scene.vpc_cidrs.is_empty() {
        said.push(
            "The VPC's address ranges are not known: say them with --vpc-cidr, and what lies inside is told apart."
                .to_owned(),
        );
    }
}

fn connections(number: u64) -> String {
    match number {
        1 => "1 connection".to_owned(),
        number => format!("{number} connections"),
    }
}
