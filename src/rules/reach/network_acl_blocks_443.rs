use std::net::IpAddr;

use crate::configuration::network_acl::{Passage, passage};
use crate::facts::FailureKind;
use crate::facts::inventory::{NetworkAcl, PortRange};
use crate::rules::cause::{Cause, by_subject};
use crate::rules::rule;
use crate::symptoms::acl_passages::acl_passages;
use crate::symptoms::placement::without_dns64;
use crate::symptoms::{Kind, Scene, Stage, Symptom, Symptoms};

use super::acl_entries;
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

pub(super) struct Blocked<'a> {
    pub(super) acl: &'a NetworkAcl,
    pub(super) egress: bool,
    pub(super) ports: PortRange,
    pub(super) other: IpAddr,
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
                    Vec::new(),
                )
                .assume(format!("acl-allows-443={acl}")),
        )
    });
    let mut causes = by_subject(causes);
    for cause in &mut causes {
        let shown = cause.explains.iter().filter_map(|id| symptoms.get(*id));
        let all = shown.flat_map(|symptom| all_blocked(scene, symptom));
        let of_this: Vec<Blocked<'_>> = all.filter(|b| b.acl.id == cause.subject).collect();
        cause.fix.commands = acl_entries::commands(scene, &of_this);
    }
    causes
}

fn blocked<'a>(scene: &Scene<'a>, symptom: &Symptom) -> Option<Blocked<'a>> {
    all_blocked(scene, symptom).into_iter().next()
}

/// Every passage that an ACL blocks, in the order of the packets.
fn all_blocked<'a>(scene: &Scene<'a>, symptom: &Symptom) -> Vec<Blocked<'a>> {
    blocked_passages(scene, symptom).unwrap_or_default()
}

fn blocked_passages<'a>(scene: &Scene<'a>, symptom: &Symptom) -> Option<Vec<Blocked<'a>>> {
    // Behind a NAT64 gateway the packets meet other groups and ACLs than here.
    let there = symptom
        .address
        .filter(|address| without_dns64(*address) == *address)?;
    let nothing_answers = all_fail(scene, &symptom.name);
    let blocked = acl_passages(scene, there).into_iter().filter_map(|at| {
        let rule = match passage(at.acl, at.egress, at.other, at.ports) {
            Passage::Denied(rule) => rule,
            // Some of the ports the kernel picks from are lost: enough to explain that nothing gets through.
            Passage::Partial if nothing_answers => None,
            Passage::Passes | Passage::Partial => return None,
        };
        Some(Blocked {
            acl: at.acl,
            egress: at.egress,
            ports: at.ports,
            other: at.other,
            rule,
        })
    });
    Some(blocked.collect())
}
