//! The commands that let traffic through a network ACL.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::configuration::network_acl::HTTPS;
use crate::rules::cause::{host_range, region_flag};
use crate::symptoms::Scene;

use super::network_acl_blocks_443::Blocked;

/// The highest number a rule can have (Amazon VPC User Guide, "Network ACL rules").
const LAST: u32 = 32766;

/// One entry for each passage that is blocked, with numbers that are free and come before every rule that denies it.
pub(super) fn commands(scene: &Scene<'_>, blocked: &[Blocked<'_>]) -> Vec<String> {
    let region = region_flag(scene);
    let mut wanted: BTreeSet<(bool, u16, u16, IpNet)> = BTreeSet::new();
    for passage in blocked {
        let (from, to) = match passage.ports == HTTPS {
            true => (443, 443),
            false => (1024, 65535),
        };
        wanted.insert((passage.egress, from, to, range_of(scene, passage.other)));
    }
    let Some(first) = blocked.first() else {
        return Vec::new();
    };
    let acl = first.acl;
    let mut taken: BTreeSet<(bool, u32)> = acl
        .entries
        .iter()
        .map(|entry| (entry.egress, entry.number))
        .collect();
    let mut commands = Vec::new();
    for (egress, from, to, range) in wanted {
        let way = if egress { "--egress" } else { "--ingress" };
        // Before the first rule that denies any of this, the number of which is free.
        let limit = acl
            .entries
            .iter()
            .filter(|entry| entry.egress == egress && !entry.allow && entry.number <= LAST)
            .filter(|entry| entry.cidr.contains(&range) || range.contains(&entry.cidr))
            .map(|entry| entry.number)
            .min()
            .unwrap_or(LAST + 1);
        let free = (1..limit).rev().filter(|n| !taken.contains(&(egress, *n)));
        let mut preferred = free
            .clone()
            .filter(|number| *number <= limit.min(101).saturating_sub(1));
        let number = preferred.next().or_else(|| free.clone().next());
        let Some(number) = number else {
            commands.push(format!(
                "aws ec2 delete-network-acl-entry --network-acl-id {} --rule-number {limit} {way}{region}",
                acl.id
            ));
            continue;
        };
        taken.insert((egress, number));
        let cidr = match range {
            IpNet::V4(range) => format!("--cidr-block {range}"),
            IpNet::V6(range) => format!("--ipv6-cidr-block {range}"),
        };
        commands.push(format!(
            "aws ec2 create-network-acl-entry --network-acl-id {} --rule-number {number} --protocol tcp --port-range From={from},To={to} {cidr} --rule-action allow {way}{region}",
            acl.id
        ));
    }
    commands
}

/// The other side's range: the VPC's, for what is in it; the prefix list's, for a gateway endpoint's address, as any of the list
/// may be the next answer; else the address.
fn range_of(scene: &Scene<'_>, address: IpAddr) -> IpNet {
    let own = scene.vpc_cidrs.iter().find(|cidr| cidr.contains(&address));
    let lists = scene.inventory().and_then(|i| i.prefix_lists.seen());
    let mut ranges = lists.into_iter().flatten().flat_map(|list| &list.cidrs);
    own.or_else(|| ranges.find(|cidr| cidr.contains(&address)))
        .copied()
        .unwrap_or_else(|| host_range(address))
}
