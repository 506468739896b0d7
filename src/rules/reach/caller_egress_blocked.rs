use std::net::IpAddr;

use crate::configuration::security_group::{Admission, Direction, Peer, admission};
use crate::facts::FailureKind;
use crate::rules::cause::{Cause, by_subject_in_all_places, host_range, region_flag};
use crate::rules::rule;
use crate::symptoms::placement::{is_private, without_dns64};
use crate::symptoms::{Kind, Scene, Stage, Symptoms};

use super::address_failures::groups;

rule! {
    /// The caller's own security groups let no 443 out to the endpoint.
    ///
    /// ## Told apart by
    /// The address swallows the connection attempt, and the outbound rules of all the caller's groups, evaluated for
    /// the endpoint's address and groups, let nothing out on 443.
    ///
    /// ## Fix
    /// Allow TCP 443 outbound to the endpoint's group, its range, or for a gateway endpoint its prefix list.
    ///
    /// ## Source
    /// Amazon VPC User Guide, "Security group rules".
    pub CALLER_EGRESS_BLOCKED, "caller-egress-blocked", Fail, Path, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let Some(own) = scene.group_ids.as_deref() else {
        return Vec::new();
    };
    let lists = scene
        .inventory()
        .and_then(|i| i.prefix_lists.seen())
        .map(Vec::as_slice);
    let silent = symptoms.where_kind(|kind| *kind == Kind::Tcp(FailureKind::Timeout));
    let causes = silent.filter_map(|symptom| {
        let own_groups = groups(scene, own)?;
        // Behind a NAT64 gateway the packets meet other groups than here.
        let address = symptom
            .address
            .filter(|address| without_dns64(*address) == *address)?;
        let target = scene.endpoint_at(address);
        let target_groups = target.map(|(endpoint, _)| endpoint.group_ids.as_slice());
        let peer = Peer {
            address,
            group_ids: target_groups,
        };
        // What is no known interface has no groups that a rule could name, or none that are known.
        let is_public = !is_private(address) && scene.in_vpc(address) == Some(false);
        let peer = match (target, is_public) {
            (None, true) => Peer {
                group_ids: Some(&[]),
                ..peer
            },
            _ => peer,
        };
        if admission(own_groups, Direction::Egress, &peer, 443, lists) != Admission::Refused {
            return None;
        }
        let subject = own.first()?;
        let permit = match target_groups.and_then(<[String]>::first) {
            Some(group) => format!("IpProtocol=tcp,FromPort=443,ToPort=443,UserIdGroupPairs=[{{GroupId={group}}}]"),
            None => format!("IpProtocol=tcp,FromPort=443,ToPort=443,{}", range_of(scene, address)),
        };
        Some(
            Cause::shown_by(subject, [symptom])
                .follows(symptoms.following_at(scene, &symptom.name, Stage::Tcp, symptom.address))
                .title(format!("{} lets no 443 out", own.join(" and ")))
                .because(format!(
                    "No outbound rule of the caller's groups {} allows TCP 443 to {address}, which swallows the connection attempts.",
                    own.join(", ")
                ))
                .fix(
                    "Allow 443 outbound.",
                    vec![format!(
                        "aws ec2 authorize-security-group-egress --group-id {subject} --ip-permissions '{permit}'{}",
                        region_flag(scene)
                    )],
                )
                .assume(format!("egress-allows-443={subject}")),
        )
    });
    by_subject_in_all_places(causes)
}

/// The prefix list that holds the address, as those of gateway endpoints do, else the address by itself.
fn range_of(scene: &Scene<'_>, address: IpAddr) -> String {
    let lists = scene.inventory().and_then(|i| i.prefix_lists.seen());
    let holding = lists
        .into_iter()
        .flatten()
        .find(|list| list.cidrs.iter().any(|cidr| cidr.contains(&address)));
    match (holding, address.is_ipv4()) {
        (Some(list), _) => format!("PrefixListIds=[{{PrefixListId={}}}]", list.id),
        (None, true) => format!("IpRanges=[{{CidrIp={}}}]", host_range(address)),
        (None, false) => format!("Ipv6Ranges=[{{CidrIpv6={}}}]", host_range(address)),
    }
}
