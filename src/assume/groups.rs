//! Security groups that admit 443, or no longer do.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::configuration::security_group::carries;
use crate::facts::Facts;
use crate::facts::inventory::{GroupRule, PortRange, SecurityGroup};
use crate::symptoms::Scene;

use super::parse::GroupPeer;

/// Lets 443 in: from this peer, else from the caller's own group, else from its addresses.
pub(super) fn allow(facts: &mut Facts, id: &str, peer: Option<&GroupPeer>) -> Result<(), String> {
    let mut rule = https();
    match peer {
        Some(GroupPeer::Range(range)) => rule.cidrs.push(*range),
        Some(GroupPeer::Group(group)) => rule.group_ids.push(group.clone()),
        None => {
            let own = Scene::of(facts).group_ids;
            match own.as_deref().and_then(<[String]>::first) {
                Some(group) => rule.group_ids.push(group.clone()),
                None => {
                    let own = facts.host.addresses.iter();
                    rule.cidrs
                        .extend(own.map(|address: &IpAddr| IpNet::from(*address)));
                }
            }
        }
    }
    find(facts, id)?.ingress.push(rule);
    Ok(())
}

/// Removes what lets 443 in. A rule that admits more than 443 goes as a whole: its other ports do not matter here.
pub(super) fn deny(facts: &mut Facts, id: &str) -> Result<(), String> {
    find(facts, id)?.ingress.retain(|rule| !carries(rule, 443));
    Ok(())
}

/// Lets 443 out to everywhere.
pub(super) fn allow_out(facts: &mut Facts, id: &str) -> Result<(), String> {
    let mut rule = https();
    rule.cidrs = everywhere();
    find(facts, id)?.egress.push(rule);
    Ok(())
}

/// Every address of both families.
pub(super) fn everywhere() -> Vec<IpNet> {
    let v4 = ipnet::Ipv4Net::default();
    let v6 = ipnet::Ipv6Net::default();
    vec![IpNet::V4(v4), IpNet::V6(v6)]
}

fn https() -> GroupRule {
    GroupRule {
        protocol: "tcp".to_owned(),
        ports: Some(PortRange { from: 443, to: 443 }),
        cidrs: Vec::new(),
        group_ids: Vec::new(),
        prefix_list_ids: Vec::new(),
    }
}

fn find<'a>(facts: &'a mut Facts, id: &str) -> Result<&'a mut SecurityGroup, String> {
    let groups = facts.inventory.security_groups.seen_mut();
    let groups = groups.ok_or("expected facts with the security groups, found none")?;
    let mut groups = groups.iter_mut().filter(|group| group.id == id);
    groups
        .next()
        .ok_or_else(|| format!("expected a recorded security group, found {id}"))
}
