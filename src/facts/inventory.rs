//! The VPC's configuration as the EC2 API tells it. This is also what `vpcheck inventory` writes.
//!
//! An empty list and a list that could not be read are different things: every section is an
//! [`Observation`], so a denied call never reads as "there is none".

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::inventory_fetch::InventoryFetch;
use super::observation::{Failure, FailureKind, Observation};

/// A snapshot of one VPC's configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inventory {
    /// The version of this format: 1.
    pub inventory_version: u32,
    /// Where it came from.
    pub source: InventorySource,
    /// When it was taken.
    pub taken_at: Option<jiff::Timestamp>,
    /// The region it is about.
    pub region: Option<String>,
    /// The VPC it is about.
    pub vpc_id: Option<String>,
    /// The account that asked, as far as it is known.
    pub account_id: Option<String>,
    /// How it came here, where somebody else took it and put it into S3 or Parameter Store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fetch: Option<InventoryFetch>,
    /// `DescribeVpcs`.
    #[serde(default)]
    pub vpcs: Observation<Vec<Vpc>>,
    /// `DescribeVpcAttribute`, both attributes.
    #[serde(default)]
    pub vpc_attributes: Observation<Vec<VpcAttributes>>,
    /// `DescribeDhcpOptions`.
    #[serde(default)]
    pub dhcp_options: Observation<Vec<DhcpOptions>>,
    /// `DescribeSubnets`.
    #[serde(default)]
    pub subnets: Observation<Vec<Subnet>>,
    /// `DescribeRouteTables`.
    #[serde(default)]
    pub route_tables: Observation<Vec<RouteTable>>,
    /// `DescribeNetworkAcls`.
    #[serde(default)]
    pub network_acls: Observation<Vec<NetworkAcl>>,
    /// `DescribeSecurityGroups`.
    #[serde(default)]
    pub security_groups: Observation<Vec<SecurityGroup>>,
    /// `DescribeVpcEndpoints`.
    #[serde(default)]
    pub endpoints: Observation<Vec<Endpoint>>,
    /// `DescribeNetworkInterfaces`.
    #[serde(default)]
    pub network_interfaces: Observation<Vec<NetworkInterface>>,
    /// `DescribePrefixLists`.
    #[serde(default)]
    pub prefix_lists: Observation<Vec<PrefixList>>,
    /// `DescribeVpcEndpointServices`.
    #[serde(default)]
    pub endpoint_services: Observation<Vec<EndpointService>>,
}

/// Where an inventory came from, in the report's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InventorySource {
    /// The EC2 API, in this run.
    Ec2Api,
    /// A file that was handed over, or fetched from where somebody put it.
    File,
    /// There is none.
    #[default]
    None,
}

/// A VPC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vpc {
    /// As in `vpc-0abc`.
    pub id: String,
    /// The owner's account.
    pub owner_id: Option<String>,
    /// Its associated CIDRs, IPv4 (the primary first) and IPv6.
    pub cidrs: Vec<IpNet>,
    /// Its DHCP option set.
    pub dhcp_options_id: Option<String>,
}

/// The DNS attributes of a VPC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VpcAttributes {
    /// The VPC.
    pub vpc_id: String,
    /// `enableDnsSupport`; none where it could not be read.
    pub dns_support: Option<bool>,
    /// `enableDnsHostnames`; none where it could not be read.
    pub dns_hostnames: Option<bool>,
}

/// A DHCP option set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DhcpOptions {
    /// As in `dopt-0abc`.
    pub id: String,
    /// `AmazonProvidedDNS` or addresses.
    pub domain_name_servers: Vec<String>,
}

/// A subnet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subnet {
    /// As in `subnet-0abc`.
    pub id: String,
    /// Its VPC.
    pub vpc_id: Option<String>,
    /// The owner's account.
    pub owner_id: Option<String>,
    /// Its CIDRs.
    pub cidrs: Vec<IpNet>,
    /// Its Availability Zone.
    pub availability_zone: Option<String>,
    /// The zone's id.
    pub availability_zone_id: Option<String>,
}

/// A route table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteTable {
    /// As in `rtb-0abc`.
    pub id: String,
    /// Its VPC.
    pub vpc_id: Option<String>,
    /// True for the VPC's main table, which serves subnets without one of their own.
    pub main: bool,
    /// The subnets associated with it.
    pub subnet_ids: Vec<String>,
    /// Its routes.
    pub routes: Vec<Route>,
}

/// A route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// What it matches.
    pub destination: Destination,
    /// Where it leads: `local`, or the id of a gateway, endpoint, connection or interface; empty where unknown.
    pub target: String,
    /// True for a route whose target is gone.
    pub blackhole: bool,
}

/// What a route matches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Destination {
    /// A range of addresses.
    Cidr(IpNet),
    /// A prefix list, by id.
    PrefixList(String),
}

/// A network ACL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkAcl {
    /// As in `acl-0abc`.
    pub id: String,
    /// Its VPC.
    pub vpc_id: Option<String>,
    /// The subnets it guards.
    pub subnet_ids: Vec<String>,
    /// Its entries, in any order.
    pub entries: Vec<AclEntry>,
}

/// One entry of a network ACL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AclEntry {
    /// The rule number; the lowest that matches decides.
    pub number: u32,
    /// True for outbound.
    pub egress: bool,
    /// The protocol's number, `-1` for all.
    pub protocol: i32,
    /// True for allow.
    pub allow: bool,
    /// The other side's range.
    pub cidr: IpNet,
    /// The ports, where the entry has any.
    pub ports: Option<PortRange>,
}

/// A range of ports, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortRange {
    /// The lowest port.
    pub from: u16,
    /// The highest port.
    pub to: u16,
}

/// A security group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityGroup {
    /// As in `sg-0abc`.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// Its VPC.
    pub vpc_id: Option<String>,
    /// Inbound rules.
    pub ingress: Vec<GroupRule>,
    /// Outbound rules.
    pub egress: Vec<GroupRule>,
}

/// One permission of a security group: any of the sources, on these ports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupRule {
    /// `tcp`, `udp`, `icmp`, `-1` for all, or a protocol number.
    pub protocol: String,
    /// The ports; none for all.
    pub ports: Option<PortRange>,
    /// Ranges, IPv4 and IPv6.
    pub cidrs: Vec<IpNet>,
    /// Other groups, by id.
    pub group_ids: Vec<String>,
    /// Prefix lists, by id.
    pub prefix_list_ids: Vec<String>,
}

/// A VPC endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// As in `vpce-0abc`.
    pub id: String,
    /// `Interface`, `Gateway`, `GatewayLoadBalancer`, …, as the API says.
    pub kind: String,
    /// As in `com.amazonaws.us-east-1.sqs`.
    pub service_name: String,
    /// The service's region, where the API tells it.
    pub service_region: Option<String>,
    /// Its VPC.
    pub vpc_id: Option<String>,
    /// The owner's account.
    pub owner_id: Option<String>,
    /// `available`, `pending`, …; compare without case, the API and its model disagree on it.
    pub state: String,
    /// Whether the VPC is associated with a private hosted zone for this endpoint.
    pub private_dns_enabled: bool,
    /// `PrivateDnsOnlyForInboundResolverEndpoint`.
    pub inbound_resolver_only: Option<bool>,
    /// Its subnets.
    pub subnet_ids: Vec<String>,
    /// Its network interfaces.
    pub interface_ids: Vec<String>,
    /// Its security groups.
    pub group_ids: Vec<String>,
    /// The route tables of a gateway endpoint.
    pub route_table_ids: Vec<String>,
    /// The names that resolve to it; those without `.vpce.` are the private names it covers.
    pub dns_names: Vec<String>,
    /// The policy document, where there is one.
    pub policy: Option<String>,
    /// The error it is in, code and message.
    pub last_error: Option<String>,
}

/// A network interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkInterface {
    /// As in `eni-0abc`.
    pub id: String,
    /// Its subnet.
    pub subnet_id: Option<String>,
    /// Its VPC.
    pub vpc_id: Option<String>,
    /// Its Availability Zone.
    pub availability_zone: Option<String>,
    /// Its private addresses, IPv4 and IPv6.
    pub addresses: Vec<IpAddr>,
    /// Its public addresses.
    pub public_addresses: Vec<IpAddr>,
    /// Its hardware address.
    pub mac: Option<String>,
    /// Its security groups.
    pub group_ids: Vec<String>,
    /// Its description, which names the endpoint it belongs to.
    pub description: Option<String>,
}

/// A prefix list of an AWS service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrefixList {
    /// As in `pl-63a5400a`.
    pub id: String,
    /// As in `com.amazonaws.us-east-1.s3`.
    pub name: Option<String>,
    /// Its ranges.
    pub cidrs: Vec<IpNet>,
}

/// An endpoint service on offer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointService {
    /// As in `com.amazonaws.us-east-1.sqs`.
    pub name: String,
    /// `Interface` or `Gateway`; S3 and DynamoDB are listed once for each.
    pub kinds: Vec<String>,
    /// The private names an endpoint of it would cover.
    pub private_dns_names: Vec<String>,
    /// The Availability Zones it is offered in.
    pub availability_zones: Vec<String>,
}

impl Inventory {
    /// No inventory, for this reason.
    pub fn none(reason: &str) -> Self {
        Inventory {
            inventory_version: 1,
            source: InventorySource::None,
            taken_at: None,
            region: None,
            vpc_id: None,
            account_id: None,
            fetch: None,
            vpcs: Observation::skipped(reason),
            vpc_attributes: Observation::skipped(reason),
            dhcp_options: Observation::skipped(reason),
            subnets: Observation::skipped(reason),
            route_tables: Observation::skipped(reason),
            network_acls: Observation::skipped(reason),
            security_groups: Observation::skipped(reason),
            endpoints: Observation::skipped(reason),
            network_interfaces: Observation::skipped(reason),
            prefix_lists: Observation::skipped(reason),
            endpoint_services: Observation::skipped(reason),
        }
    }

    /// How each call ended: its IAM action, and the failure if it failed. Where an inventory was to be fetched, that was
    /// the only call of this run; how those of whoever took it ended is told as well.
    pub fn calls(&self) -> Vec<(&'static str, Option<&Failure>)> {
        let mut calls = vec![
            ("ec2:DescribeVpcs", self.vpcs.failure()),
            ("ec2:DescribeVpcAttribute", self.vpc_attributes.failure()),
            ("ec2:DescribeDhcpOptions", self.dhcp_options.failure()),
            ("ec2:DescribeSubnets", self.subnets.failure()),
            ("ec2:DescribeRouteTables", self.route_tables.failure()),
            ("ec2:DescribeNetworkAcls", self.network_acls.failure()),
            ("ec2:DescribeSecurityGroups", self.security_groups.failure()),
            ("ec2:DescribeVpcEndpoints", self.endpoints.failure()),
            (
                "ec2:DescribeNetworkInterfaces",
                self.network_interfaces.failure(),
            ),
            ("ec2:DescribePrefixLists", self.prefix_lists.failure()),
            (
                "ec2:DescribeVpcEndpointServices",
                self.endpoint_services.failure(),
            ),
        ];
        if let Some(fetch) = &self.fetch {
            calls.push((fetch.place.action(), fetch.asked.failure()));
        }
        calls
    }

    /// True where any call was answered with what it asked for.
    pub fn answered(&self) -> bool {
        self.vpcs.is_seen()
            || self.vpc_attributes.is_seen()
            || self.dhcp_options.is_seen()
            || self.subnets.is_seen()
            || self.route_tables.is_seen()
            || self.network_acls.is_seen()
            || self.security_groups.is_seen()
            || self.endpoints.is_seen()
            || self.network_interfaces.is_seen()
            || self.prefix_lists.is_seen()
            || self.endpoint_services.is_seen()
    }

    /// Who was asked for it: the EC2 API, or the service that keeps it.
    pub fn asked_of(&self) -> &'static str {
        let fetch = self.fetch.as_ref();
        fetch.map_or("the EC2 API", |fetch| fetch.place.service_name())
    }

    /// True where anything was read of the VPC and its endpoints.
    pub fn tells_of_vpc(&self) -> bool {
        self.vpcs.is_seen() || self.endpoints.is_seen()
    }

    /// True where it is fit for others to judge by: it tells of the VPC, and nothing is missing that another attempt may bring.
    pub fn is_fit_to_share(&self) -> bool {
        let stays = |kind| {
            use FailureKind::{Denied, Malformed, Service};
            matches!(kind, Denied | Service | Malformed)
        };
        let calls = self.calls();
        let mut failures = calls.iter().filter_map(|(_, failure)| *failure);
        self.tells_of_vpc() && failures.all(|failure| stays(failure.kind))
    }

    /// The IAM actions the caller was refused.
    pub fn denied(&self) -> Vec<&'static str> {
        self.calls()
            .into_iter()
            .filter(|(_, failure)| failure.is_some_and(|f| f.kind == FailureKind::Denied))
            .map(|(action, _)| action)
            .collect()
    }
}

impl Endpoint {
    /// True in state `available`. The API answers in camel case where its model has Pascal case
    /// (aws/aws-sdk issue 360), so case does not count.
    pub fn is_available(&self) -> bool {
        self.state.eq_ignore_ascii_case("available")
    }

    /// True for an interface endpoint.
    pub fn is_interface(&self) -> bool {
        self.kind.eq_ignore_ascii_case("interface")
    }

    /// True for a gateway endpoint.
    pub fn is_gateway(&self) -> bool {
        self.kind.eq_ignore_ascii_case("gateway")
    }

    /// The private names it covers while private DNS is on: its DNS entries without the public `vpce` ones.
    pub fn private_names(&self) -> impl Iterator<Item = &str> {
        self.dns_names
            .iter()
            .map(String::as_str)
            .filter(|name| !name.contains(".vpce."))
    }

    /// Whether one of its private names is this one, or a wildcard that matches it.
    pub fn covers(&self, hostname: &str) -> bool {
        self.private_names()
            .any(|name| match name.strip_prefix("*.") {
                Some(parent) => hostname
                    .strip_suffix(parent)
                    .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
                None => name.eq_ignore_ascii_case(hostname),
            })
    }
}
