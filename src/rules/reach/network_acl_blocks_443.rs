use std::net::IpAddr;

use crate::configuration::network_acl::{EPHEMERAL, HTTPS, Passage, guarding, passage};
use crate::facts::FailureKind;
use crate::facts::inventory::{NetworkAcl, PortRange};
use crate::rules::cause::{Cause, by_subject, region_flag};
use crate::rules::rule;
use crate::symptoms::placement::without_dns64;
use crate::symptoms::{Kind, Scene, Stage, Symptom, Symptoms};

use super::address_failures::all_fail;

rule! {
    /// A subnet's network ACL drops 443, or the answers to it.
    ///
    /// ACLs keep no state: the request needs 443 out of the caller's subnet and into the endpoint's, the answer needs the
    /// ephemeral ports (1024-65535) out of the endpoint's and into the caller's.
    ///
    /// ## Told apart by
    /// The address swallows the connection attempt, and the entries of one of the two ACLs, taken in order, deny one of
    /// these four passages for all the ports concerned. Traffic inside one subnet meets no ACL.
    ///
    /// ## Fix
    /// Add an entry before the one that denies.
    ///
    /// ## Source
    /// Amazon VPC User Guide, "Network ACLs" and "Ephemeral ports".
    pub NETWORK_ACL_BLOCKS_443, "network-acl-blocks-443", Fail, Path, find
}

struct Blocked<'a> {
    acl: &'a NetworkAcl,
    egress: bool,
    ports: PortRange,
    other: IpAddr,
    rule: Option<u32>,
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let silent = symptoms.where_kind(|kind| *kind == Kind::Tcp(FailureKind::Timeout));
    let causes = silent.filter_map(|symptom| {
        let blocked = blocked(scene, symptom)?;
        let acl = &blocked.acl.id;
        let way = if blocked.egress { "outbound" } else { "inbound" };
        let ports = match blocked.ports.from == blocked.ports.to {
            true => blocked.ports.from.to_string(),
            false => "1024-65535".to_owned(),
        };
        let by = match blocked.rule {
            Some(number) => format!("Rule {number} denies it."),
            None => "No rule allows it.".to_owned(),
        };
        let number = blocked.rule.map_or(100, |number| number.saturating_sub(1).max(1));
        let (from, to) = match blocked.ports.from == blocked.ports.to {
            true => (443, 443),
            false => (1024, 65535),
        };
        Some(
            Cause::shown_by(acl, [symptom])
                .follows(symptoms.following_at(scene, &symptom.name, Stage::Tcp, symptom.address))
                .title(format!("{acl} blocks {way} traffic on {ports}"))
                .because(format!(
                    "{acl} does not pass {way} TCP {ports} with {}, so connections on 443 get no answer. {by}",
                    blocked.other
                ))
                .evidence(format!("{acl} guards {}.", blocked.acl.subnet_ids.join(", ")))
                .fix(
                    "Allow it before the rule that denies.",
                    vec![format!(
                        "aws ec2 create-network-acl-entry --network-acl-id {acl} --rule-number {number} --protocol tcp --port-range From={from},To={to} --cidr-block {}/32 --rule-action allow {}{}",
                        blocked.other,
                        if blocked.egress { "--egress" } else { "--ingress" },
                        region_flag(scene)
                    )],
                ),
        )
    });
    by_subject(causes)
}

fn blocked<'a>(scene: &Scene<'a>, symptom: &Symptom) -> Option<Blocked<'a>> {
    let acls = scene.inventory()?.network_acls.seen()?;
    // Behind a NAT64 gateway the packets meet other groups and ACLs than here.
    let there = symptom
        .address
        .filter(|address| without_dns64(*address) == *address)?;
    let here = scene.source_towards(there)?;
    let own_subnet = scene.subnet_id.as_deref();
    let their_subnet = scene
        .endpoint_at(there)
        .and_then(|(_, interface)| interface.subnet_id.as_deref());
    if own_subnet.is_some() && own_subnet == their_subnet {
        return None;
    }
    let own = own_subnet.and_then(|subnet| guarding(acls, subnet));
    let theirs = their_subnet.and_then(|subnet| guarding(acls, subnet));
    let passages = [
        (own, true, there, HTTPS),
        (theirs, false, here, HTTPS),
        (theirs, true, here, EPHEMERAL),
        (own, false, there, EPHEMERAL),
    ];
    let nothing_answers = all_fail(scene, &symptom.name);
    passages
        .into_iter()
        .find_map(|(acl, egress, other, ports)| {
            let acl = acl?;
            match passage(acl, egress, other, ports) {
                Passage::Denied(rule) => Some(Blocked {
                    acl,
                    egress,
                    ports,
                    other,
                    rule,
                }),
                // Some of the ports the kernel picks from are lost: enough to explain that nothing gets through.
                Passage::Partial if nothing_answers => Some(Blocked {
                    acl,
                    egress,
                    ports,
                    other,
                    rule: None,
                }),
                Passage::Passes | Passage::Partial => None,
            }
        })
}
