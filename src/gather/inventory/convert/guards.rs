//! Network ACLs and security groups.

use aws_sdk_ec2::types;

use super::{cidr, id, owned, unreadable};
use crate::facts::Failure;
use crate::facts::inventory::{AclEntry, GroupRule, NetworkAcl, PortRange, SecurityGroup};

/// A network ACL with the subnets it guards.
pub(in crate::gather::inventory) fn network_acl(
    acl: &types::NetworkAcl,
) -> Result<NetworkAcl, Failure> {
    Ok(NetworkAcl {
        id: id(acl.network_acl_id()),
        vpc_id: owned(acl.vpc_id()),
        subnet_ids: acl
            .associations()
            .iter()
            .filter_map(|held| owned(held.subnet_id()))
            .collect(),
        entries: acl
            .entries()
            .iter()
            .filter_map(|entry| acl_entry(entry).transpose())
            .collect::<Result<_, _>>()?,
    })
}

/// A security group.
pub(in crate::gather::inventory) fn security_group(
    group: &types::SecurityGroup,
) -> Result<SecurityGroup, Failure> {
    let rules = |permissions: &[types::IpPermission]| {
        permissions
            .iter()
            .map(group_rule)
            .collect::<Result<Vec<_>, _>>()
    };
    Ok(SecurityGroup {
        id: id(group.group_id()),
        name: owned(group.group_name()),
        vpc_id: owned(group.vpc_id()),
        ingress: rules(group.ip_permissions())?,
        egress: rules(group.ip_permissions_egress())?,
    })
}

/// An entry; none where it names no range at all.
fn acl_entry(entry: &types::NetworkAclEntry) -> Result<Option<AclEntry>, Failure> {
    let range = entry
        .cidr_block()
        .or(entry.ipv6_cidr_block())
        .filter(|text| !text.is_empty());
    let Some(range) = range else {
        return Ok(None);
    };
    let number = entry.rule_number().unwrap_or_default();
    let action = entry.rule_action().map(types::RuleAction::as_str);
    Ok(Some(AclEntry {
        number: u32::try_from(number)
            .map_err(|_| unreadable("a rule number", &number.to_string()))?,
        egress: entry.egress().unwrap_or_default(),
        protocol: protocol(entry.protocol().unwrap_or("-1"))?,
        allow: action.is_some_and(|action| action.eq_ignore_ascii_case("allow")),
        cidr: cidr(range)?,
        ports: entry
            .port_range()
            .and_then(|range| ports(range.from(), range.to())),
    }))
}

fn group_rule(permission: &types::IpPermission) -> Result<GroupRule, Failure> {
    let ipv4 = permission.ip_ranges().iter().filter_map(|r| r.cidr_ip());
    let ipv6 = permission
        .ipv6_ranges()
        .iter()
        .filter_map(|r| r.cidr_ipv6());
    Ok(GroupRule {
        protocol: permission
            .ip_protocol()
            .unwrap_or("-1")
            .to_ascii_lowercase(),
        ports: ports(permission.from_port(), permission.to_port()),
        cidrs: ipv4.chain(ipv6).map(cidr).collect::<Result<_, _>>()?,
        group_ids: permission
            .user_id_group_pairs()
            .iter()
            .filter_map(|pair| owned(pair.group_id()))
            .collect(),
        prefix_list_ids: permission
            .prefix_list_ids()
            .iter()
            .filter_map(|list| owned(list.prefix_list_id()))
            .collect(),
    })
}

/// A network ACL's protocol: a number in the API's answers, `-1` for all; names are understood as well.
fn protocol(text: &str) -> Result<i32, Failure> {
    match text.trim().to_ascii_lowercase().as_str() {
        "all" => Ok(-1),
        "icmp" => Ok(1),
        "tcp" => Ok(6),
        "udp" => Ok(17),
        "icmpv6" => Ok(58),
        number => number.parse().map_err(|_| unreadable("a protocol", text)),
    }
}

/// A range of ports; none where there is none, or -1 stands for all.
fn ports(from: Option<i32>, to: Option<i32>) -> Option<PortRange> {
    Some(PortRange {
        from: u16::try_from(from?).ok()?,
        to: u16::try_from(to?).ok()?,
    })
}
