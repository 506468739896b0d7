//! Network ACLs: against a model that asks every port.

use std::net::IpAddr;

use super::input::{Input, holds};
use crate::configuration::network_acl::{EPHEMERAL, HTTPS, Passage, passage};
use crate::facts::inventory::{AclEntry, NetworkAcl, PortRange};

/// A random ACL and a random packet.
///
/// - The answer is that of asking each port by itself, where the lowest matching rule number decides.
/// - The order of the list does not matter, nor do entries of the other direction or of other protocols.
/// - An entry before all others that allows everything lets everything pass, one that denies everything nothing;
///   one after an entry that matches everything changes nothing.
pub(super) fn network_acl(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let other = input.address();
    let egress = input.flag();
    let ports = match input.byte() % 8 {
        0 => EPHEMERAL,
        1 | 2 => HTTPS,
        3 => PortRange { from: 0, to: 65535 },
        _ => {
            let from = input.u16();
            let to = from.saturating_add(u16::from(input.byte()));
            PortRange { from, to }
        }
    };
    let count = input.below(12);
    let mut acl = NetworkAcl {
        id: "acl-1".to_owned(),
        vpc_id: None,
        subnet_ids: vec![],
        entries: (0..count).map(|at| entry(&mut input, at, ports)).collect(),
    };
    let found = passage(&acl, egress, other, ports);
    assert_eq!(
        found,
        model(&acl, egress, other, ports),
        "{acl:?} {other} {ports:?}"
    );

    let same = |acl: &NetworkAcl, why: &str| {
        assert_eq!(
            passage(acl, egress, other, ports),
            found,
            "{why}: {acl:?} {other} {ports:?}"
        );
    };
    let mut changed = acl.clone();
    changed.entries.reverse();
    same(&changed, "in another order");
    let at = input.below(acl.entries.len().max(1));
    if !acl.entries.is_empty() {
        changed.entries.rotate_left(at);
        same(&changed, "in another order");
    }
    changed.entries.retain(|entry| {
        entry.egress == egress && [-1, 6].contains(&entry.protocol) && holds(&entry.cidr, other)
    });
    same(&changed, "without what does not match");
    changed.entries.push(all(32766, egress, true, other));
    changed.entries.push(all(32767, egress, false, other));
    same_but_for_the_end(&changed, egress, other, ports, found);

    acl.entries.push(all(0, egress, true, other));
    assert_eq!(passage(&acl, egress, other, ports), Passage::Passes);
    if let Some(first) = acl.entries.last_mut() {
        first.allow = false;
    }
    assert_eq!(
        passage(&acl, egress, other, ports),
        Passage::Denied(Some(0))
    );
}

/// What lets the rest pass at the end turns no allowed port into a denied one.
fn same_but_for_the_end(
    acl: &NetworkAcl,
    egress: bool,
    other: IpAddr,
    ports: PortRange,
    before: Passage,
) {
    let after = passage(acl, egress, other, ports);
    match before {
        Passage::Passes => assert_eq!(after, Passage::Passes),
        Passage::Partial => assert!(!matches!(after, Passage::Denied(_)), "{after:?}"),
        Passage::Denied(_) => {}
    }
}

fn model(acl: &NetworkAcl, egress: bool, other: IpAddr, ports: PortRange) -> Passage {
    let one = |port: u16| {
        let matching = acl.entries.iter().filter(|entry| {
            let in_range = entry.protocol == -1
                || entry.protocol == 6
                    && entry
                        .ports
                        .is_none_or(|range| range.from <= port && port <= range.to);
            entry.egress == egress && in_range && holds(&entry.cidr, other)
        });
        matching.min_by_key(|entry| entry.number)
    };
    // Every port of a short range; of a long one those around which anything may change, and some between.
    let near = |port: u16| port.saturating_sub(2)..=port.saturating_add(2);
    let mut asked: Vec<u16> = match ports.to - ports.from {
        0..=300 => (ports.from..=ports.to).collect(),
        _ => {
            let ends = acl.entries.iter().filter_map(|entry| entry.ports);
            let ends = ends.flat_map(|range| [range.from, range.to]);
            let steps = (ports.from..=ports.to).step_by(997);
            let between = steps
                .chain([ports.from, ports.to])
                .chain(ends.flat_map(near));
            between
                .filter(|port| (ports.from..=ports.to).contains(port))
                .collect()
        }
    };
    asked.sort_unstable();
    let allowed = |port: &u16| one(*port).is_some_and(|entry| entry.allow);
    match (asked.iter().all(allowed), asked.iter().any(allowed)) {
        (true, _) => Passage::Passes,
        (false, true) => Passage::Partial,
        (false, false) => {
            let number = one(ports.from).map(|entry| entry.number);
            Passage::Denied(number.filter(|number| *number != 32767))
        }
    }
}

fn all(number: u32, egress: bool, allow: bool, other: IpAddr) -> AclEntry {
    AclEntry {
        number,
        egress,
        protocol: -1,
        allow,
        cidr: other.into(),
        ports: None,
    }
}

/// An entry; numbers are unique, as AWS keeps them, and leave room for one before and one after.
fn entry(input: &mut Input<'_>, at: usize, asked: PortRange) -> AclEntry {
    let own = u32::try_from(at).unwrap_or_default();
    let bound = |input: &mut Input<'_>| match input.byte() % 6 {
        0 => input.u16(),
        1 => asked.from,
        2 => asked.to,
        3 => asked.from.saturating_add(u16::from(input.byte())),
        4 => asked.to.saturating_sub(u16::from(input.byte())),
        _ => *input.pick(&[443, 0, 65535, 1024, 32768, 60999, 442, 444]),
    };
    AclEntry {
        number: 1 + u32::from(input.byte()) * 64 + own,
        egress: input.flag(),
        protocol: *input.pick(&[6, 6, -1, 17, 1]),
        allow: input.flag(),
        cidr: input.network(),
        ports: input.flag().then(|| PortRange {
            from: bound(input),
            to: bound(input),
        }),
    }
}
