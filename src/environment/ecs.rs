//! An ECS task, on Fargate or on an instance, and what its metadata says.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny};

use super::arn::Arn;
use super::ec2::{mac, resource_id, zone};
use super::{EnvSnapshot, Place, Signs};
use crate::facts::EnvironmentKind;

/// Recognised by the task metadata address that ECS gives every container.
///
/// Source: "Task metadata endpoint version 4" in the ECS developer guide; the launch type is in the task's
/// metadata, and `AWS_EXECUTION_ENV` hints at it. A Fargate task has no instance metadata.
pub const PLACE: Place = Place {
    recognise,
    no_instance_metadata: |kind| {
        (kind == EnvironmentKind::Fargate).then_some("a Fargate task has no instance metadata")
    },
    account_id: |_| None,
    container: true,
};

/// The variables that hold the task metadata address, the newest version first.
const URIS: [&str; 2] = [
    "ECS_CONTAINER_METADATA_URI_V4",
    "ECS_CONTAINER_METADATA_URI",
];

/// The most entries of a list in task metadata that are read.
const MOST_ENTRIES: usize = 64;

/// The address of the task metadata service, where ECS gave one.
pub fn metadata_uri(env: &EnvSnapshot) -> Option<&str> {
    URIS.iter().find_map(|name| env.get(name))
}

/// What the task metadata service said, validated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// The task's ARN.
    pub arn_text: String,
    /// The ARN's parts: the region and the account.
    pub arn: Arn,
    /// The Availability Zone's name.
    pub availability_zone: Option<String>,
    /// The launch type, as in `FARGATE`.
    pub launch_type: Option<String>,
    /// The VPC, which only tasks on instances are told.
    pub vpc_id: Option<String>,
    /// The networks of the task's containers, each once.
    pub networks: Vec<Network>,
}

/// One network of a task in `awsvpc` mode: an elastic network interface of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Network {
    /// The interface's hardware address.
    pub mac: Option<String>,
    /// Its addresses, IPv4 first.
    pub addresses: Vec<IpAddr>,
    /// Its subnet's CIDRs.
    pub subnet_cidrs: Vec<IpNet>,
    /// The resolvers ECS configures.
    pub resolvers: Vec<IpAddr>,
}

impl Task {
    /// Reads the answer to `/task`; `None` if it is no task's.
    pub fn read(json: &[u8]) -> Option<Task> {
        let wire: WireTask = serde_json::from_slice(json).ok()?;
        let arn_text = wire.arn?;
        let arn = Arn::parse(&arn_text).filter(|arn| arn.service == "ecs")?;
        let mut networks: Vec<Network> = Vec::new();
        let wires = wire.containers.into_iter().take(MOST_ENTRIES);
        for wire in wires.flat_map(|container| container.networks.into_iter().take(MOST_ENTRIES)) {
            let network = Network::of(wire);
            if network != Network::default() && !networks.contains(&network) {
                networks.push(network);
            }
        }
        Some(Task {
            arn,
            arn_text,
            availability_zone: wire.availability_zone.as_deref().and_then(zone),
            launch_type: wire.launch_type.filter(|text| text.len() <= 64),
            vpc_id: wire.vpc_id.and_then(|text| resource_id("vpc-", &text)),
            networks,
        })
    }

    /// The network whose addresses the kernel sends from, else the only one there is.
    pub fn network_of(&self, sources: &[IpAddr]) -> Option<&Network> {
        let holder = self
            .networks
            .iter()
            .find(|network| sources.iter().any(|one| network.addresses.contains(one)));
        match self.networks.as_slice() {
            [only] => holder.or(Some(only)),
            _ => holder,
        }
    }
}

impl Network {
    fn of(wire: WireNetwork) -> Network {
        // A bridge's or the host's network is told by neither hardware address nor subnet.
        let awsvpc = wire.mode.as_deref().is_none_or(|mode| mode == "awsvpc");
        if !awsvpc {
            return Network::default();
        }
        Network {
            mac: wire.mac.as_deref().and_then(mac),
            addresses: parsed(wire.ipv4.into_iter().chain(wire.ipv6)),
            subnet_cidrs: parsed(wire.ipv4_subnet.into_iter().chain(wire.ipv6_subnet)),
            resolvers: parsed(wire.resolvers.into_iter()),
        }
    }
}

fn recognise(signs: &Signs) -> Option<EnvironmentKind> {
    let executed = signs.env.get("AWS_EXECUTION_ENV");
    let hinted = executed.is_some_and(|by| by == "AWS_ECS_FARGATE" || by == "AWS_ECS_EC2");
    if metadata_uri(signs.env).is_none() && !hinted {
        return None;
    }
    let fargate = match signs.launch_type {
        Some(launch_type) => launch_type.eq_ignore_ascii_case("FARGATE"),
        None => executed == Some("AWS_ECS_FARGATE"),
    };
    Some(match fargate {
        true => EnvironmentKind::Fargate,
        false => EnvironmentKind::EcsEc2,
    })
}

fn parsed<T: std::str::FromStr>(texts: impl Iterator<Item = String>) -> Vec<T> {
    texts
        .take(MOST_ENTRIES)
        .filter_map(|text| text.trim().parse().ok())
        .collect()
}

#[derive(Deserialize)]
struct WireTask {
    #[serde(rename = "TaskARN", default, deserialize_with = "lenient")]
    arn: Option<String>,
    #[serde(rename = "AvailabilityZone", default, deserialize_with = "lenient")]
    availability_zone: Option<String>,
    #[serde(rename = "LaunchType", default, deserialize_with = "lenient")]
    launch_type: Option<String>,
    #[serde(rename = "VPCID", default, deserialize_with = "lenient")]
    vpc_id: Option<String>,
    #[serde(rename = "Containers", default, deserialize_with = "lenient")]
    containers: Vec<WireContainer>,
}

#[derive(Deserialize)]
struct WireContainer {
    #[serde(rename = "Networks", default, deserialize_with = "lenient")]
    networks: Vec<WireNetwork>,
}

#[derive(Deserialize)]
struct WireNetwork {
    #[serde(rename = "NetworkMode", default, deserialize_with = "lenient")]
    mode: Option<String>,
    #[serde(rename = "MACAddress", default, deserialize_with = "lenient")]
    mac: Option<String>,
    #[serde(rename = "IPv4Addresses", default, deserialize_with = "lenient")]
    ipv4: Vec<String>,
    #[serde(rename = "IPv6Addresses", default, deserialize_with = "lenient")]
    ipv6: Vec<String>,
    #[serde(rename = "IPv4SubnetCIDRBlock", default, deserialize_with = "lenient")]
    ipv4_subnet: Option<String>,
    #[serde(rename = "IPv6SubnetCIDRBlock", default, deserialize_with = "lenient")]
    ipv6_subnet: Option<String>,
    #[serde(rename = "DomainNameServers", default, deserialize_with = "lenient")]
    resolvers: Vec<String>,
}

/// Takes a field of an unexpected type for an absent one: one odd field must not hide the others.
fn lenient<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either<T> {
        Fits(T),
        Odd(IgnoredAny),
    }
    Ok(match Either::deserialize(deserializer)? {
        Either::Fits(value) => value,
        Either::Odd(_) => T::default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FARGATE: &str = r#"{
        "Cluster": "arn:aws:ecs:us-west-2:111122223333:cluster/default",
        "TaskARN": "arn:aws:ecs:us-west-2:111122223333:task/default/e9028f8d5d8e4f258373e7b93ce9a3c3",
        "Family": "curltest", "LaunchType": "FARGATE", "AvailabilityZone": "us-west-2a",
        "Containers": [{"Name": "curl", "Networks": [{
            "NetworkMode": "awsvpc", "IPv4Addresses": ["10.0.0.222"], "AttachmentIndex": 0,
            "MACAddress": "0A:61:1F:6C:50:A7", "IPv4SubnetCIDRBlock": "10.0.0.0/24",
            "DomainNameServers": ["10.0.0.2"], "SubnetGatewayIpv4Address": "10.0.0.1/24"}]},
            {"Name": "sidecar", "Networks": [{
            "NetworkMode": "awsvpc", "IPv4Addresses": ["10.0.0.222"], "MACAddress": "0a:61:1f:6c:50:a7",
            "IPv4SubnetCIDRBlock": "10.0.0.0/24", "DomainNameServers": ["10.0.0.2"]}]}]}"#;

    #[test]
    fn a_fargate_task_is_read_whole() {
        let task = Task::read(FARGATE.as_bytes()).unwrap();
        assert_eq!(task.arn.region.as_ref().unwrap().as_str(), "us-west-2");
        assert_eq!(task.arn.account_id.as_deref(), Some("111122223333"));
        assert_eq!(task.launch_type.as_deref(), Some("FARGATE"));
        assert_eq!(task.vpc_id, None);
        assert_eq!(task.networks.len(), 1);
        let network = task.network_of(&["10.0.0.222".parse().unwrap()]).unwrap();
        assert_eq!(network.mac.as_deref(), Some("0a:61:1f:6c:50:a7"));
        assert_eq!(network.resolvers.len(), 1);
    }

    #[test]
    fn a_bridged_task_has_no_network_of_its_own() {
        let json = r#"{"TaskARN": "arn:aws:ecs:us-west-2:111122223333:task/d/1", "LaunchType": "EC2",
            "VPCID": "vpc-0123", "Containers": [{"Networks": [{"NetworkMode": "bridge",
            "IPv4Addresses": ["172.17.0.2"], "IPv4SubnetCIDRBlock": null}]}, {"Networks": 7}]}"#;
        let task = Task::read(json.as_bytes()).unwrap();
        assert_eq!(task.vpc_id.as_deref(), Some("vpc-0123"));
        assert!(task.networks.is_empty());
    }

    #[test]
    fn odd_fields_do_not_hide_the_others() {
        let json = r#"{"TaskARN": "arn:aws:ecs:us-west-2:111122223333:task/d/1", "LaunchType": 7,
            "AvailabilityZone": {"a": []}, "Containers": "none", "VPCID": "../../x"}"#;
        let task = Task::read(json.as_bytes()).unwrap();
        assert_eq!(task.launch_type, None);
        assert_eq!(task.vpc_id, None);
    }

    #[test]
    fn what_is_no_task_is_none() {
        let deep = "[".repeat(100_000);
        for bad in [
            "",
            "{}",
            "null",
            "<html>",
            r#"{"TaskARN": "x"}"#,
            r#"{"TaskARN": "arn:aws:iam::111122223333:role/x"}"#,
            &deep,
        ] {
            assert_eq!(Task::read(bad.as_bytes()), None);
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(bytes: Vec<u8>, field in "\\PC*") {
            let _ = Task::read(&bytes);
            let quoted = serde_json::to_string(&field).unwrap();
            let json = format!(r#"{{"TaskARN": {quoted}, "Containers": [{{"Networks": [{{"MACAddress": {quoted}}}]}}]}}"#);
            let _ = Task::read(json.as_bytes());
        }
    }
}
