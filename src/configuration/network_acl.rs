//! Network ACLs: stateless, in order of rule number, the first match decides.

use std::net::IpAddr;

use crate::facts::inventory::{AclEntry, NetworkAcl, PortRange};

/// The ports Linux connects from by default (`ip_local_port_range`).
pub const EPHEMERAL: PortRange = PortRange {
    from: 32768,
    to: 60999,
};

/// HTTPS.
pub const HTTPS: PortRange = PortRange { from: 443, to: 443 };

/// What an ACL does with TCP packets of a range of destination ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passage {
    /// Every port passes.
    Passes,
    /// No port passes; the rule number that denies the first one, none for the final deny.
    Denied(Option<u32>),
    /// Some ports pass and some do not.
    Partial,
}

/// The ACL that guards a subnet.
pub fn guarding<'a>(acls: &'a [NetworkAcl], subnet_id: &str) -> Option<&'a NetworkAcl> {
    acls.iter()
        .find(|acl| acl.subnet_ids.iter().any(|id| id == subnet_id))
}

/// What an ACL does with TCP packets from (inbound) or to (outbound) an address, to these destination ports.
/// Entries are taken in ascending order and the first match decides; what nothing matches is denied
/// (Amazon VPC User Guide, "Network ACL rules").
pub fn passage(acl: &NetworkAcl, egress: bool, other: IpAddr, ports: PortRange) -> Passage {
    let mut entries: Vec<&AclEntry> = acl
        .entries
        .iter()
        .filter(|entry| entry.egress == egress)
        .filter(|entry| entry.protocol == -1 || entry.protocol == 6)
        .filter(|entry| entry.cidr.contains(&other))
        .collect();
    entries.sort_by_key(|entry| entry.number);
    let decide = |port: u16| {
        let decisive = entries.iter().find(|entry| {
            entry.protocol == -1
                || entry
                    .ports
                    .is_none_or(|range| (range.from..=range.to).contains(&port))
        });
        match decisive {
            Some(entry) if entry.allow => Ok(()),
            Some(entry) => Err(Some(entry.number).filter(|number| *number < 32767)),
            None => Err(None),
        }
    };
    // Decisions change only where a range begins or ends, so these ports stand for all.
    let mut edges = vec![ports.from, ports.to];
    for range in entries.iter().filter_map(|entry| entry.ports) {
        edges.extend([
            range.from,
            range.from.saturating_sub(1),
            range.to,
            range.to.saturating_add(1),
        ]);
    }
    edges.retain(|port| (ports.from..=ports.to).contains(port));
    let decisions: Vec<Result<(), Option<u32>>> = edges.into_iter().map(decide).collect();
    let denied = decisions.iter().find_map(|decision| decision.err());
    match denied {
        None => Passage::Passes,
        Some(_) if decisions.iter().any(Result::is_ok) => Passage::Partial,
        Some(number) => Passage::Denied(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry(number: u32, allow: bool, cidr: &str, ports: Option<(u16, u16)>) -> AclEntry {
        AclEntry {
            number,
            egress: false,
            protocol: if ports.is_some() { 6 } else { -1 },
            allow,
            cidr: cidr.parse().unwrap(),
            ports: ports.map(|(from, to)| PortRange { from, to }),
        }
    }

    fn acl(entries: Vec<AclEntry>) -> NetworkAcl {
        NetworkAcl {
            id: "acl-1".to_owned(),
            vpc_id: None,
            subnet_ids: vec!["subnet-a".to_owned()],
            entries,
        }
    }

    fn https(entries: Vec<AclEntry>) -> Passage {
        passage(&acl(entries), false, "10.0.1.10".parse().unwrap(), HTTPS)
    }

    #[test]
    fn the_first_match_in_order_decides_whatever_the_order_of_the_list() {
        let deny = entry(90, false, "10.0.0.0/8", Some((443, 443)));
        let allow = entry(100, true, "0.0.0.0/0", None);
        assert_eq!(
            https(vec![allow.clone(), deny.clone()]),
            Passage::Denied(Some(90))
        );
        assert_eq!(https(vec![allow]), Passage::Passes);
        assert_eq!(https(vec![]), Passage::Denied(None));
        assert_eq!(
            https(vec![entry(32767, false, "0.0.0.0/0", None)]),
            Passage::Denied(None)
        );
    }

    #[test]
    fn the_return_path_is_denied_only_where_no_ephemeral_port_passes() {
        let from = "10.0.10.55".parse().unwrap();
        let low = acl(vec![entry(100, true, "0.0.0.0/0", Some((1024, 4999)))]);
        assert_eq!(passage(&low, false, from, EPHEMERAL), Passage::Denied(None));
        let some = acl(vec![entry(100, true, "0.0.0.0/0", Some((1024, 40000)))]);
        assert_eq!(passage(&some, false, from, EPHEMERAL), Passage::Partial);
        let all = acl(vec![entry(100, true, "0.0.0.0/0", Some((1024, 65535)))]);
        assert_eq!(passage(&all, false, from, EPHEMERAL), Passage::Passes);
    }

    proptest! {
        #[test]
        fn the_edges_stand_for_every_port(low: u16, high: u16, number in 1u32..200, port in 32768u16..=60999) {
            let acl = acl(vec![
                entry(number, false, "0.0.0.0/0", Some((low.min(high), low.max(high)))),
                entry(100, true, "0.0.0.0/0", None),
            ]);
            let from = "10.0.10.55".parse().unwrap();
            let one = passage(&acl, false, from, PortRange { from: port, to: port });
            match passage(&acl, false, from, EPHEMERAL) {
                Passage::Passes => prop_assert_eq!(one, Passage::Passes),
                Passage::Denied(_) => prop_assert!(matches!(one, Passage::Denied(_))),
                Passage::Partial => {}
            }
        }
    }
}
