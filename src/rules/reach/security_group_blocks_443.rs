use crate::configuration::security_group::{Admission, Direction, Peer, admission};
use crate::rules::cause::{Cause, by_subject, host_range, region_flag};
use crate::rules::rule;
use crate::symptoms::{Scene, Stage, Symptoms};

use super::address_failures::{all_of_family_fail, groups, silent};

rule! {
    /// No security group on the endpoint lets this caller in on 443.
    ///
    /// Connection attempts get no answer at all: groups drop silently. The VPC's default group, which an endpoint gets when
    /// none is chosen, admits only its own members.
    ///
    /// ## Told apart by
    /// Every address of the endpoint swallows the connection attempt, and the inbound rules of all its groups, evaluated
    /// for this caller's address and groups, admit nothing on 443. Where a rule cannot be decided (a prefix list or
    /// the caller's groups were not read), the finding stays `tcp-timeout`.
    ///
    /// ## Fix
    /// Admit TCP 443 from the caller's group or range on one of the endpoint's groups.
    ///
    /// ## Source
    /// AWS PrivateLink Guide, "Security groups" of interface endpoints; Amazon VPC User Guide, "Security group rules".
    pub SECURITY_GROUP_BLOCKS_443, "security-group-blocks-443", Fail, Path, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let lists = scene
        .inventory()
        .and_then(|i| i.prefix_lists.seen())
        .map(Vec::as_slice);
    let causes = silent(scene, symptoms).filter_map(|(symptom, endpoint, interface)| {
        // One of the same family that answers shows that the groups let it through.
        if !all_of_family_fail(scene, &symptom.name, symptom.address?) {
            return None;
        }
        let ids = match interface.group_ids.is_empty() || !endpoint.group_ids.is_empty() {
            true => &endpoint.group_ids,
            false => &interface.group_ids,
        };
        let groups = groups(scene, ids)?;
        let source = scene.source_towards(symptom.address?)?;
        let peer = Peer {
            address: source,
            group_ids: scene.group_ids.as_deref(),
        };
        if admission(groups, Direction::Ingress, &peer, 443, lists) != Admission::Refused {
            return None;
        }
        let subject = ids.first()?;
        let own_group = scene.group_ids.as_deref().and_then(<[String]>::first);
        let admit = match own_group {
            Some(own) => format!("--protocol tcp --port 443 --source-group {own}"),
            // `--cidr` takes IPv4 alone.
            None if source.is_ipv6() => format!(
                "--ip-permissions 'IpProtocol=tcp,FromPort=443,ToPort=443,Ipv6Ranges=[{{CidrIpv6={}}}]'",
                host_range(source)
            ),
            None => format!("--protocol tcp --port 443 --cidr {}", host_range(source)),
        };
        Some(
            Cause::shown_by(subject, [symptom])
                .follows(symptoms.following_at(scene, &symptom.name, Stage::Tcp, symptom.address))
                .title(format!("{} does not admit this caller on 443", ids.join(" and ")))
                .because(format!(
                    "No inbound rule of {} admits TCP 443 from {source}, and the endpoint's addresses swallow the connection attempts.",
                    ids.join(", ")
                ))
                .evidence(format!("{} ({}) has the groups {}.", endpoint.id, endpoint.service_name, ids.join(", ")))
                .evidence(format!(
                    "The caller is {source} with the groups {}.",
                    scene.group_ids.as_deref().map_or("(not known)".to_owned(), |ids| ids.join(", "))
                ))
                .fix(
                    "Admit the caller on 443.",
                    vec![format!(
                        "aws ec2 authorize-security-group-ingress --group-id {subject} {admit}{}",
                        region_flag(scene)
                    )],
                )
                .assume(format!("group-allows-443={subject}")),
        )
    });
    by_subject(causes)
}
