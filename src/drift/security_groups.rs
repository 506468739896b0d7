//! Security groups: each source of each rule by itself, however the rules put them together.

use super::change::Kind;
use super::ledger::{Ledger, pairs};
use crate::facts::Inventory;
use crate::facts::inventory::{GroupRule, SecurityGroup};

/// Compares the security groups.
pub(super) fn compare(old: &Inventory, new: &Inventory, ledger: &mut Ledger) {
    let kind = Kind::SecurityGroup;
    let groups = (&old.security_groups, &new.security_groups);
    let Some((old, new)) = ledger.both("security groups", groups.0, groups.1) else {
        return;
    };
    for (id, pair) in pairs(old, new, |group| &group.id) {
        match pair {
            (None, Some(new)) => ledger.added(kind, id, all(new)),
            (Some(old), None) => ledger.removed(kind, id, all(old)),
            (Some(old), Some(new)) => ledger.values(kind, id, "rules", all(old), all(new)),
            (None, None) => {}
        }
    }
}

fn all(group: &SecurityGroup) -> Vec<String> {
    let inbound = group
        .ingress
        .iter()
        .flat_map(|rule| rules("inbound", "from", rule));
    let outbound = group
        .egress
        .iter()
        .flat_map(|rule| rules("outbound", "to", rule));
    inbound.chain(outbound).collect()
}

fn rules<'a>(
    direction: &'a str,
    preposition: &'a str,
    rule: &'a GroupRule,
) -> impl Iterator<Item = String> + 'a {
    let traffic = traffic(rule);
    let peers = rule.cidrs.iter().map(ToString::to_string);
    let peers = peers.chain(rule.group_ids.iter().cloned());
    let peers = peers.chain(rule.prefix_list_ids.iter().cloned());
    peers.map(move |peer| format!("{direction} {traffic} {preposition} {peer}"))
}

fn traffic(rule: &GroupRule) -> String {
    let protocol = match rule.protocol.as_str() {
        "-1" => return "all traffic".to_owned(),
        "6" => "tcp",
        "17" => "udp",
        "1" => "icmp",
        other => other,
    };
    match rule.ports {
        Some(ports) if ports.from == ports.to => format!("{protocol} {}", ports.from),
        Some(ports) if (ports.from, ports.to) == (0, u16::MAX) => format!("{protocol} all ports"),
        Some(ports) => format!("{protocol} {}-{}", ports.from, ports.to),
        None => format!("{protocol} all ports"),
    }
}
