use crate::facts::EnvironmentKind;
use crate::rules::cause::{Cause, region_flag};
use crate::rules::rule;
use crate::symptoms::{Kind, Scene, Symptoms};
use crate::verdict::finding::Severity;

rule! {
    /// In a container, the metadata token's reply never arrives: the hop limit is 1.
    ///
    /// The instance metadata service answers with a TTL that does not survive the hop into the container's network.
    ///
    /// ## Told apart by
    /// The agent runs in a container, the connection to the metadata service is made, and the token request gets no answer.
    /// Without the connection the finding is `imds-unreachable`.
    ///
    /// ## Fix
    /// Raise the hop limit to 2, or give the workload its credentials by a task or pod role.
    ///
    /// ## Source
    /// Amazon EC2 User Guide, "Configure the instance metadata options": the PUT response hop limit.
    pub IMDS_HOP_LIMIT, "imds-hop-limit", Fail, Shared, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let host = &scene.facts.host;
    if !host.imds_token_stalled || !host.container || host.kind == EnvironmentKind::Fargate {
        return Vec::new();
    }
    let lacking: Vec<_> = symptoms
        .where_kind(|kind| matches!(kind, Kind::CanaryCredentials | Kind::InventoryCredentials))
        .map(|symptom| symptom.id)
        .collect();
    let no_facts = scene.vpc_cidrs.is_empty();
    let unplaced = symptoms
        .where_kind(|kind| no_facts && *kind == Kind::Unlisted)
        .map(|symptom| symptom.id);
    let severity = match lacking.is_empty() && !no_facts {
        true => Severity::Info,
        false => Severity::Fail,
    };
    let instance = host.instance_id.as_deref().unwrap_or("169.254.169.254");
    // The container cannot learn the instance's id; the EC2 API knows it by the address.
    let region = region_flag(scene);
    let id = match (&host.instance_id, host.addresses.first()) {
        (Some(id), _) => id.clone(),
        (None, Some(address)) => format!(
            "\"$(aws ec2 describe-instances --filters Name=network-interface.{}={address} --query 'Reservations[0].Instances[0].InstanceId' --output text{region})\"",
            match address.is_ipv4() {
                true => "addresses.private-ip-address,Values",
                false => "ipv6-addresses.ipv6-address,Values",
            }
        ),
        (None, None) => String::new(),
    };
    let commands = match id.is_empty() {
        true => Vec::new(),
        false => vec![format!(
            "aws ec2 modify-instance-metadata-options --instance-id {id} --http-put-response-hop-limit 2{region}"
        )],
    };
    vec![
        Cause::alone(instance, severity, Vec::new())
            .follows(lacking)
            .follows(unplaced.collect::<Vec<_>>())
            .title("The instance metadata service does not answer from this container")
            .because("The connection to it is made and the token's reply never arrives, as with a hop limit of 1.")
            .evidence("PUT /latest/api/token: connected, no answer in time.")
            .fix(
                "Raise the hop limit of the instance to 2.",
                commands,
            ),
    ]
}
