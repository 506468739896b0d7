use crate::facts::FailureKind;
use crate::rules::cause::{Cause, by_subject_in_all_places, inventory_commands, region_flag};
use crate::rules::rule;
use crate::symptoms::placement::{Placement, place};
use crate::symptoms::{Kind, Scene, Stage, Symptoms, reach};

rule! {
    /// Some of the endpoint's addresses answer, and some do not.
    ///
    /// About one request in as many as there are addresses fails or is slow, which looks like chance from inside an
    /// application.
    ///
    /// ## Told apart by
    /// Every address of the name was tried by itself: at least one completes a verified handshake and at least one
    /// fails by silence, refusal, reset or a stalled handshake, with no group or ACL to explain it.
    ///
    /// ## Fix
    /// Look at the subnet of the address that fails: its ACL, its route table, the interface's state. Taking the subnet out
    /// of the endpoint takes the address out of the answers.
    ///
    /// ## Source
    /// AWS PrivateLink Guide, "Subnets and Availability Zones".
    pub ENDPOINT_ADDRESS_DOWN, "endpoint-address-down", Fail, Connection, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let broken = symptoms.where_kind(|kind| {
        matches!(
            kind,
            Kind::Tcp(_)
                | Kind::Tls(FailureKind::Timeout | FailureKind::Reset)
                | Kind::Http(FailureKind::Timeout | FailureKind::Reset)
        )
    });
    let causes = broken.filter_map(|symptom| {
        let address = symptom.address?;
        let target = scene.target(&symptom.service)?;
        let placement = place(scene, &symptom.service, &symptom.name, address);
        let is_endpoint = matches!(
            placement,
            Placement::Endpoint(..)
                | Placement::KnownElsewhere(..)
                | Placement::NotAvailable(..)
                | Placement::InVpc
                | Placement::Allowed
                | Placement::PrivateElsewhere
        );
        let answering: Vec<String> = scene
            .facts
            .probes_of(&symptom.name)
            .filter(|probe| {
                probe.address != address
                    && reach::is_verified(scene, target, probe)
                    && probe.http.failure().is_none()
                    // What was not asked for is no answer: only HTTP's own shows that HTTP works there.
                    && (symptom.kind.stage() < Stage::Http || probe.http.is_seen())
            })
            .map(|probe| probe.address.to_string())
            .collect();
        if !is_endpoint || answering.is_empty() {
            return None;
        }
        let owner = match placement {
            Placement::Endpoint(endpoint, interface)
            | Placement::KnownElsewhere(endpoint, interface) => Some((endpoint, interface)),
            _ => None,
        };
        let subject = owner.map_or(symptom.name.clone(), |(endpoint, _)| endpoint.id.clone());
        let mut cause = Cause::shown_by(&subject, [symptom])
            .follows(symptoms.following_at(scene, &symptom.name, Stage::Tcp, Some(address)))
            .title(format!("An address of {subject} is down: {address}"))
            .because(format!(
                "{address} does not answer on 443, while {} of the same name does.",
                answering.join(", ")
            ));
        let mut commands = Vec::new();
        if let Some((endpoint, interface)) = owner {
            let subnet = interface.subnet_id.as_deref().unwrap_or("a subnet not known");
            cause = cause.evidence(format!(
                "{address} is {} in {subnet} ({}).",
                interface.id,
                interface
                    .availability_zone
                    .as_deref()
                    .unwrap_or("zone not known")
            ));
            commands.push(format!(
                "aws ec2 describe-network-interfaces --network-interface-ids {}{}",
                interface.id,
                region_flag(scene)
            ));
            if let Some(subnet) = &interface.subnet_id {
                commands.push(format!(
                    "aws ec2 modify-vpc-endpoint --vpc-endpoint-id {} --remove-subnet-ids {subnet}{}",
                    endpoint.id,
                    region_flag(scene)
                ));
            }
        }
        // Whose the address is could not be read.
        if owner.is_none() && !scene.endpoint_list_is_complete() {
            commands = inventory_commands(scene);
        }
        Some(cause.fix(
            "Repair the address's subnet, or take it out of the endpoint.",
            commands,
        ))
    });
    by_subject_in_all_places(causes)
}
