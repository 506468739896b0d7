//! The machine: where it runs, its addresses, its resolvers, what its environment tells applications.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::canary::ServiceError;
use super::observation::Observation;

/// The host's facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Host {
    /// Where the agent runs.
    pub kind: EnvironmentKind,
    /// The region.
    pub region: Option<String>,
    /// The partition, as in `aws-cn`.
    pub partition: Option<String>,
    /// The Availability Zone's name.
    pub availability_zone: Option<String>,
    /// The Availability Zone's id, the same in every account.
    pub availability_zone_id: Option<String>,
    /// The account the workload runs in.
    pub account_id: Option<String>,
    /// The instance.
    pub instance_id: Option<String>,
    /// The ECS task.
    pub task_arn: Option<String>,
    /// The VPC, where metadata tells it.
    pub vpc_id: Option<String>,
    /// Every CIDR of the VPC, where metadata tells them.
    #[serde(default)]
    pub vpc_cidrs: Vec<IpNet>,
    /// The subnet, where metadata tells it.
    pub subnet_id: Option<String>,
    /// The subnet's CIDRs, where metadata tells them.
    #[serde(default)]
    pub subnet_cidrs: Vec<IpNet>,
    /// The network interface whose address the kernel would use.
    pub interface_id: Option<String>,
    /// That interface's hardware address.
    pub mac: Option<String>,
    /// The security groups of that interface.
    #[serde(default)]
    pub group_ids: Vec<String>,
    /// The addresses the kernel would send from, IPv4 first.
    #[serde(default)]
    pub addresses: Vec<IpAddr>,
    /// Public addresses that metadata tells of.
    #[serde(default)]
    pub public_addresses: Vec<IpAddr>,
    /// Whether the kernel has an IPv4 route towards services.
    pub ipv4_route: bool,
    /// Whether the kernel has an IPv6 route towards services.
    pub ipv6_route: bool,
    /// The resolvers the host is configured with, in order.
    #[serde(default)]
    pub resolvers: Vec<IpAddr>,
    /// What reading `resolv.conf` came to.
    #[serde(default)]
    pub resolv_conf: Observation<()>,
    /// Lines of the hosts file that name a host under test.
    #[serde(default)]
    pub hosts_file: Vec<HostsLine>,
    /// Proxy variables that applications here would obey; credentials in them are removed.
    #[serde(default)]
    pub proxies: Vec<Variable>,
    /// AWS variables that change which endpoints applications here call.
    #[serde(default)]
    pub switches: Vec<Variable>,
    /// True where the agent runs in a container.
    pub container: bool,
    /// The instance metadata service.
    #[serde(default)]
    pub imds: Observation<()>,
    /// True where the metadata service took the connection and never answered the token request.
    #[serde(default)]
    pub imds_token_stalled: bool,
    /// The ECS task metadata service.
    #[serde(default)]
    pub task_metadata: Observation<()>,
    /// Where AWS credentials come from, if they were needed and found.
    #[serde(default)]
    pub credentials: Observation<CredentialSource>,
    /// True where the workload exchanges a web identity at STS for its credentials (IRSA).
    #[serde(default)]
    pub web_identity: bool,
    /// The error of the credential service, where it answered with one (STS for a web identity).
    #[serde(default)]
    pub credentials_error: Option<ServiceError>,
    /// The instance identity document and its signature, where the metadata service gave them.
    #[serde(default)]
    pub instance_identity: Option<InstanceIdentity>,
    /// What the interfaces' drivers say they dropped of the traffic to Amazon's link-local services, where they
    /// keep count of it.
    #[serde(default)]
    pub link_local_drops: Vec<LinkLocalDrops>,
}

/// `linklocal_allowance_exceeded` of an interface's driver: packets to Amazon's DNS, metadata and time services
/// that were dropped since the interface sent more of them a second than it may.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkLocalDrops {
    /// The interface.
    pub interface: String,
    /// The count before the run.
    pub before: u64,
    /// The count after the run.
    pub after: u64,
}

impl LinkLocalDrops {
    /// How many packets were dropped during the run; nothing where a driver began to count anew.
    pub fn dropped(&self) -> u64 {
        self.after.saturating_sub(self.before)
    }
}

/// Where credentials came from; never the credentials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialSource {
    /// The provider's name.
    pub provider: String,
    /// When they expire, if they do.
    pub expires_at: Option<jiff::Timestamp>,
}

/// What AWS says of the instance and signs ("Instance identity documents", Amazon EC2 user guide).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceIdentity {
    /// The document, byte for byte: the signature is over these.
    pub document: String,
    /// The RSA-2048 signature over it (PKCS #7 in base64, without its PEM lines), where there is one.
    pub rsa2048: Option<String>,
}

/// A line of the hosts file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostsLine {
    /// The address.
    pub address: IpAddr,
    /// The name under test.
    pub name: String,
}

/// An environment variable that matters, without secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variable {
    /// Its name, as it is set.
    pub name: String,
    /// Its value, credentials removed.
    pub value: String,
}

/// Where the agent runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EnvironmentKind {
    /// An EC2 instance.
    Ec2,
    /// An ECS task on an EC2 instance.
    EcsEc2,
    /// A Fargate task.
    Fargate,
    /// A Kubernetes pod.
    Eks,
    /// A Lambda function.
    Lambda,
    /// Anything else.
    #[default]
    Other,
}
