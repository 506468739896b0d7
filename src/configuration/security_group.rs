//! Security groups: whether a set of groups lets a connection through.

use std::net::IpAddr;

use crate::facts::inventory::{GroupRule, PrefixList, SecurityGroup};

/// The other side of a connection, as a rule of a group sees it.
#[derive(Debug, Clone)]
pub struct Peer<'a> {
    /// Its address.
    pub address: IpAddr,
    /// Its groups; none where they are not known.
    pub group_ids: Option<&'a [String]>,
}

/// Which rules of a group decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Inbound rules.
    Ingress,
    /// Outbound rules.
    Egress,
}

/// What a set of groups does with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// A rule lets it through.
    Admitted,
    /// No rule does, and all were understood.
    Refused,
    /// A rule might, and what decides it was not read.
    Unknown,
}

/// Whether any rule of any of these groups lets TCP to `port` through. Groups only allow, and all of an
/// interface's groups count together (Amazon VPC User Guide, "Security group rules").
pub fn admission<'a>(
    groups: impl IntoIterator<Item = &'a SecurityGroup>,
    direction: Direction,
    peer: &Peer<'_>,
    port: u16,
    prefix_lists: Option<&[PrefixList]>,
) -> Admission {
    let mut unknown = false;
    for group in groups {
        let rules = match direction {
            Direction::Ingress => &group.ingress,
            Direction::Egress => &group.egress,
        };
        for rule in rules.iter().filter(|rule| carries(rule, port)) {
            match matches(rule, peer, prefix_lists) {
                Admission::Admitted => return Admission::Admitted,
                Admission::Unknown => unknown = true,
                Admission::Refused => {}
            }
        }
    }
    match unknown {
        true => Admission::Unknown,
        false => Admission::Refused,
    }
}

/// Whether a rule is about TCP to this port. Protocol `-1` carries everything and has no ports.
pub fn carries(rule: &GroupRule, port: u16) -> bool {
    match rule.protocol.as_str() {
        "-1" => true,
        "tcp" | "6" => rule
            .ports
            .is_none_or(|ports| (ports.from..=ports.to).contains(&port)),
        _ => false,
    }
}

fn matches(rule: &GroupRule, peer: &Peer<'_>, prefix_lists: Option<&[PrefixList]>) -> Admission {
    if rule.cidrs.iter().any(|cidr| cidr.contains(&peer.address)) {
        return Admission::Admitted;
    }
    let mut unknown = false;
    match peer.group_ids {
        Some(ids) => {
            if rule.group_ids.iter().any(|id| ids.contains(id)) {
                return Admission::Admitted;
            }
        }
        None => unknown |= !rule.group_ids.is_empty(),
    }
    for id in &rule.prefix_list_ids {
        let list = prefix_lists.and_then(|lists| lists.iter().find(|list| list.id == *id));
        match list.filter(|list| !list.cidrs.is_empty()) {
            Some(list) if list.cidrs.iter().any(|cidr| cidr.contains(&peer.address)) => {
                return Admission::Admitted;
            }
            Some(_) => {}
            None => unknown = true,
        }
    }
    match unknown {
        true => Admission::Unknown,
        false => Admission::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::inventory::PortRange;
    use proptest::prelude::*;

    fn rule(protocol: &str, ports: Option<(u16, u16)>) -> GroupRule {
        GroupRule {
            protocol: protocol.to_owned(),
            ports: ports.map(|(from, to)| PortRange { from, to }),
            cidrs: vec![],
            group_ids: vec![],
            prefix_list_ids: vec![],
        }
    }

    fn group(ingress: Vec<GroupRule>) -> SecurityGroup {
        SecurityGroup {
            id: "sg-endpoint".to_owned(),
            name: None,
            vpc_id: None,
            ingress,
            egress: vec![],
        }
    }

    fn ask(group: &SecurityGroup, address: &str, groups: Option<&[String]>) -> Admission {
        let peer = Peer {
            address: address.parse().unwrap(),
            group_ids: groups,
        };
        admission([group], Direction::Ingress, &peer, 443, None)
    }

    #[test]
    fn no_rule_lets_nothing_through() {
        assert_eq!(ask(&group(vec![]), "10.0.1.10", None), Admission::Refused);
    }

    #[test]
    fn a_range_counts_for_its_protocol_and_ports_only() {
        let cases = [
            ("tcp", Some((443, 443)), Admission::Admitted),
            ("tcp", Some((0, 65535)), Admission::Admitted),
            ("6", None, Admission::Admitted),
            ("-1", None, Admission::Admitted),
            ("tcp", Some((80, 80)), Admission::Refused),
            ("udp", Some((443, 443)), Admission::Refused),
        ];
        for (protocol, ports, expected) in cases {
            let mut rule = rule(protocol, ports);
            rule.cidrs.push("10.0.0.0/16".parse().unwrap());
            let group = group(vec![rule]);
            assert_eq!(
                ask(&group, "10.0.1.10", None),
                expected,
                "{protocol} {ports:?}"
            );
            assert_eq!(ask(&group, "10.1.1.10", None), Admission::Refused);
        }
    }

    #[test]
    fn a_referenced_group_counts_where_the_callers_groups_are_known_and_is_unknown_otherwise() {
        let mut referring = rule("tcp", Some((443, 443)));
        referring.group_ids.push("sg-caller".to_owned());
        let group = group(vec![referring]);
        let caller = ["sg-caller".to_owned()];
        let other = ["sg-other".to_owned()];
        assert_eq!(ask(&group, "10.0.1.10", Some(&caller)), Admission::Admitted);
        assert_eq!(ask(&group, "10.0.1.10", Some(&other)), Admission::Refused);
        assert_eq!(ask(&group, "10.0.1.10", None), Admission::Unknown);
    }

    #[test]
    fn an_unread_prefix_list_is_unknown_never_a_refusal() {
        let mut listed = rule("tcp", Some((443, 443)));
        listed.prefix_list_ids.push("pl-1".to_owned());
        assert_eq!(
            ask(&group(vec![listed]), "10.0.1.10", None),
            Admission::Unknown
        );
    }

    proptest! {
        #[test]
        fn adding_a_rule_never_takes_an_admission_away(bits: u32, low: u16, high: u16, any in 0u8..2) {
            let mut open = rule("tcp", Some((443, 443)));
            open.cidrs.push("0.0.0.0/0".parse().unwrap());
            let mut added = rule(if any == 0 { "-1" } else { "tcp" }, Some((low.min(high), low.max(high))));
            added.cidrs.push("10.0.0.0/8".parse().unwrap());
            let address = IpAddr::V4(bits.into()).to_string();
            prop_assert_eq!(ask(&group(vec![open.clone()]), &address, None), Admission::Admitted);
            prop_assert_eq!(ask(&group(vec![added, open]), &address, None), Admission::Admitted);
        }
    }
}
