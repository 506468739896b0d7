//! The world the lab plays: an account's configuration as AWS would describe it, and what no configuration can express.
//!
//! `World::default()` is the healthy VPC. A scenario is an overlay on it ([`World::overlay`]): tables merge key by key,
//! lists and values replace, and `key = false` where a table stands removes it (`endpoints.sqs = false`: no such endpoint).
//! What follows from the configuration (who is reachable, what a resolver says) is derived in `physics.rs` and `dns.rs`;
//! only `dns.overrides`, `addresses`, `metadata`, `ec2_api`, `sqs` and `clock` state behaviour outright.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// Everything the lab needs to know.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct World {
    /// The region everything is in: `us-east-1`.
    pub region: String,
    /// The partition's id: `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: String,
    /// The account the caller belongs to.
    pub account_id: String,
    /// Zone names with their ids: `us-east-1a = "use1-az1"`.
    pub zones: BTreeMap<String, String>,
    /// What the agent runs in, and its environment variables.
    pub environment: Environment,
    /// The machine, task or pod the agent runs on.
    pub host: Host,
    /// VPCs by id. The host's own is that of its subnet; others may be hubs.
    pub vpcs: BTreeMap<String, Vpc>,
    /// Subnets by id.
    pub subnets: BTreeMap<String, Subnet>,
    /// Security groups by id.
    pub security_groups: BTreeMap<String, SecurityGroup>,
    /// Network ACLs by id. A subnet in no ACL's list has its VPC's `default` one; a VPC without one allows everything.
    pub network_acls: BTreeMap<String, NetworkAcl>,
    /// Route tables by id. A subnet in no table's list has its VPC's `main` one.
    pub route_tables: BTreeMap<String, RouteTable>,
    /// AWS-managed prefix lists by id (`pl-63a5400a`).
    pub prefix_lists: BTreeMap<String, PrefixList>,
    /// VPC endpoints by a short name of the scenario's own (`sqs`, `sqs-hub`); the id inside is what AWS shows.
    pub endpoints: BTreeMap<String, Endpoint>,
    /// Names: private zones, resolver rules, further resolvers, outright misbehaviour.
    pub dns: Dns,
    /// Whether public addresses can be reached.
    pub internet: Internet,
    /// Misbehaviour by address: the key is an address or a CIDR (`10.0.10.55`, `0.0.0.0/0`), the longest match counts.
    pub addresses: BTreeMap<String, AddressBehaviour>,
    /// Trust and certificates.
    pub certificates: Certificates,
    /// Instance and task metadata.
    pub metadata: Metadata,
    /// What credentials there are and where they come from.
    pub credentials: Credentials,
    /// The EC2 API's temper.
    pub ec2_api: Ec2Api,
    /// SQS: queues and temper.
    pub sqs: Sqs,
    /// S3 and Parameter Store: what is kept for many agents.
    pub store: Store,
    /// The services' clock against the host's.
    pub clock: Clock,
}

/// Where the agent runs.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Environment {
    /// Which of the places: it decides which metadata services listen and which variables are set.
    pub kind: EnvironmentKind,
    /// Further environment variables for the command; an empty value unsets one.
    pub variables: BTreeMap<String, String>,
}

/// The places an agent can run in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EnvironmentKind {
    /// An EC2 instance: IMDS only.
    #[default]
    Ec2,
    /// A Fargate task: task metadata and task credentials, no IMDS.
    Fargate,
    /// An ECS task on an EC2 instance: task metadata, task credentials and IMDS.
    EcsEc2,
    /// A pod on EKS: Kubernetes variables, pod identity credentials, IMDS.
    Eks,
    /// A Lambda function: its variables, credentials in the environment, no metadata.
    Lambda,
    /// None of these: no metadata at all.
    Other,
}

/// The host the agent runs on.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Host {
    /// Its addresses, the first being the source towards the endpoints. An IPv6 one gives the host an IPv6 route.
    pub addresses: Vec<IpAddr>,
    /// The network interface's id.
    pub interface_id: String,
    /// Its hardware address, which the namespace's device really has.
    pub mac: String,
    /// Its subnet; the VPC, zone, route table and ACL follow from it.
    pub subnet: String,
    /// Its security groups.
    pub groups: Vec<String>,
    /// The instance's id (ec2, ecs-ec2, eks).
    pub instance_id: String,
    /// A public address mapped to it, as metadata and EC2 tell it.
    pub public_address: Option<IpAddr>,
    /// Lines added to `/etc/hosts`.
    pub hosts_lines: Vec<String>,
    /// `nameserver` lines of `/etc/resolv.conf`.
    pub resolvers: Vec<IpAddr>,
    /// Further lines of `/etc/resolv.conf`.
    pub resolv_conf_lines: Vec<String>,
    /// What the interface's driver counts of dropped packets to link-local services, one number for each time it is read (the
    /// last one stays); none: the driver keeps no such count.
    pub linklocal_allowance_exceeded: Vec<u64>,
}

/// A VPC.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Vpc {
    /// The owning account; another than `account_id` makes it a shared VPC (or a hub): its endpoints are not listed to the
    /// caller, its VPC and subnets are where the host sits in it, and nothing of it is otherwise. Empty: `account_id`.
    pub owner: String,
    /// IPv4 CIDRs, the primary first.
    pub cidrs: Vec<IpNet>,
    /// IPv6 CIDRs.
    pub ipv6_cidrs: Vec<IpNet>,
    /// CIDRs listed with a state other than `associated`: `{ "10.9.0.0/16" = "disassociated" }`.
    pub cidrs_not_associated: BTreeMap<String, String>,
    /// `enableDnsSupport`: off, and the VPC resolver is silent.
    pub dns_support: bool,
    /// `enableDnsHostnames`: off, and private names answer publicly.
    pub dns_hostnames: bool,
    /// The DHCP option set's id.
    pub dhcp_options_id: String,
    /// Its `domain-name-servers`.
    pub domain_name_servers: Vec<String>,
}

impl Default for Vpc {
    fn default() -> Self {
        Self {
            owner: String::new(),
            cidrs: Vec::new(),
            ipv6_cidrs: Vec::new(),
            cidrs_not_associated: BTreeMap::new(),
            dns_support: true,
            dns_hostnames: true,
            dhcp_options_id: "dopt-0d1c2b3a4f5e60718".into(),
            domain_name_servers: vec!["AmazonProvidedDNS".into()],
        }
    }
}

/// A subnet.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Subnet {
    /// The VPC it is in.
    pub vpc: String,
    /// Its IPv4 CIDR; none for an IPv6-only subnet.
    pub cidr: Option<IpNet>,
    /// Its IPv6 CIDR.
    pub ipv6_cidr: Option<IpNet>,
    /// The zone's name.
    pub zone: String,
}

/// A security group. No rule in a list means that direction is shut.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SecurityGroup {
    /// Its name.
    pub name: String,
    /// The VPC it is in.
    pub vpc: String,
    /// What may come in.
    pub ingress: Vec<GroupRule>,
    /// What may go out.
    pub egress: Vec<GroupRule>,
}

/// One permission of a security group: every listed range, group and list on these ports.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GroupRule {
    /// `tcp`, `udp`, `icmp` or `-1` for all (then without ports).
    pub protocol: String,
    /// First port.
    pub from: u16,
    /// Last port.
    pub to: u16,
    /// Ranges of either family.
    pub cidrs: Vec<IpNet>,
    /// Groups whose members may.
    pub groups: Vec<String>,
    /// Prefix lists.
    pub prefix_lists: Vec<String>,
}

impl Default for GroupRule {
    fn default() -> Self {
        Self {
            protocol: "tcp".into(),
            from: 443,
            to: 443,
            cidrs: Vec::new(),
            groups: Vec::new(),
            prefix_lists: Vec::new(),
        }
    }
}

/// A network ACL.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkAcl {
    /// The VPC it is in.
    pub vpc: String,
    /// Whether it is the VPC's default one.
    pub default: bool,
    /// The subnets associated with it.
    pub subnets: Vec<String>,
    /// Its entries; the closing deny (32767) is implied and listed by the API.
    pub entries: Vec<AclEntry>,
}

/// An entry of a network ACL.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AclEntry {
    /// The rule's number: the lowest that matches decides.
    pub number: u16,
    /// Outbound, else inbound.
    pub egress: bool,
    /// The protocol's number as text: `6`, `17`, `-1` for all.
    pub protocol: String,
    /// `allow`, else `deny`.
    pub allow: bool,
    /// The other side's range.
    pub cidr: IpNet,
    /// First port.
    pub from: u16,
    /// Last port.
    pub to: u16,
}

impl Default for AclEntry {
    fn default() -> Self {
        Self {
            number: 100,
            egress: false,
            protocol: "-1".into(),
            allow: true,
            cidr: everywhere(),
            from: 0,
            to: 65535,
        }
    }
}

/// A route table. `local` routes and a gateway endpoint's `pl-` routes are implied: see [`World::routes`].
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RouteTable {
    /// The VPC it is in.
    pub vpc: String,
    /// Whether it is the VPC's main one.
    pub main: bool,
    /// The subnets associated with it.
    pub subnets: Vec<String>,
    /// Its further routes.
    pub routes: Vec<Route>,
}

/// A route.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Route {
    /// A CIDR of either family or a `pl-` id.
    pub destination: String,
    /// `local`, `igw-…`, `nat-…`, `vpce-…`, `tgw-…`, `pcx-…`, `eni-…`, `eigw-…`.
    pub target: String,
    /// Whether its target is gone.
    pub blackhole: bool,
}

/// An AWS-managed prefix list.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PrefixList {
    /// `com.amazonaws.us-east-1.s3`.
    pub name: String,
    /// Its ranges.
    pub cidrs: Vec<IpNet>,
}

/// A VPC endpoint.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Endpoint {
    /// `vpce-…`; derived from the short name if empty.
    pub id: String,
    /// The part of the service name after the region: `sqs`, `ecr.api`, `kinesis-streams`. Empty: the short name.
    pub service: String,
    /// The whole service name; `com.amazonaws.REGION.SERVICE` if empty.
    pub service_name: String,
    /// `Interface` or `Gateway`.
    #[serde(rename = "type")]
    pub kind: EndpointKind,
    /// The VPC it is in; the host's own if empty.
    pub vpc: String,
    /// The state as the API spells it: `available`, `pending`, `pendingAcceptance`, `rejected`, `failed`, `deleting`, `expired`.
    pub state: String,
    /// `PrivateDnsEnabled`.
    pub private_dns: bool,
    /// Its network interfaces (Interface).
    pub interfaces: Vec<EndpointInterface>,
    /// Its security groups (Interface).
    pub groups: Vec<String>,
    /// The policy document; none: the default full access document.
    pub policy: Option<String>,
    /// Route tables associated (Gateway).
    pub route_tables: Vec<String>,
    /// `DnsOptions.DnsRecordIpType`: `ipv4`, `dualstack`, `ipv6`, `service-defined`; empty: not told.
    pub dns_record_ip_type: String,
    /// `DnsOptions.PrivateDnsOnlyForInboundResolverEndpoint`.
    pub private_dns_only_for_inbound: Option<bool>,
    /// `ServiceRegion`, if told.
    pub service_region: Option<String>,
    /// Whether a service made it (`RequesterManaged`).
    pub requester_managed: bool,
    /// `LastError` and `FailureReason`: code and message.
    pub last_error: Option<(String, String)>,
    /// The private names it covers, if they are not the service's usual ones.
    pub private_names: Option<Vec<String>>,
}

impl Default for Endpoint {
    fn default() -> Self {
        Self {
            id: String::new(),
            service: String::new(),
            service_name: String::new(),
            kind: EndpointKind::Interface,
            vpc: String::new(),
            state: "available".into(),
            private_dns: true,
            interfaces: Vec::new(),
            groups: vec![GROUP_ENDPOINTS.into()],
            policy: None,
            route_tables: Vec::new(),
            dns_record_ip_type: "ipv4".into(),
            private_dns_only_for_inbound: None,
            service_region: None,
            requester_managed: false,
            last_error: None,
            private_names: None,
        }
    }
}

/// The kinds of endpoint the lab knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum EndpointKind {
    /// Network interfaces with private addresses.
    #[default]
    Interface,
    /// A route to a prefix list.
    Gateway,
}

/// One network interface of an endpoint.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EndpointInterface {
    /// `eni-…`; derived from the address if empty.
    pub id: String,
    /// Its address.
    pub address: IpAddr,
    /// Its IPv6 address, for a dual-stack endpoint.
    pub ipv6: Option<IpAddr>,
    /// Its subnet, which gives the zone.
    pub subnet: String,
    /// Whether the VPC's DNS gives it out (AWS leaves an unhealthy zone out).
    pub in_dns: bool,
}

impl Default for EndpointInterface {
    fn default() -> Self {
        Self {
            id: String::new(),
            address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            ipv6: None,
            subnet: String::new(),
            in_dns: true,
        }
    }
}

/// Names beyond what the endpoints give.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Dns {
    /// Private hosted zones by zone name, associated with the host's VPC (they need both DNS attributes).
    pub private_zones: BTreeMap<String, PrivateZone>,
    /// Resolver FORWARD rules: a domain (`.` for all) and whom it is sent to: an address of `resolvers`, or `public`;
    /// `system` for a SYSTEM rule, which sends it nowhere.
    pub rules: BTreeMap<String, String>,
    /// Further resolvers by address.
    pub resolvers: BTreeMap<IpAddr, Resolver>,
    /// Public names beyond AWS's own: name to addresses or one CNAME.
    pub public: BTreeMap<String, Vec<String>>,
    /// Outright answers: by resolver (`vpc` for the VPC's under every address, `public`, an address of `resolvers`, or `*`),
    /// then by name (exact, `*.suffix`, or `*`).
    pub overrides: BTreeMap<String, BTreeMap<String, DnsAnswer>>,
}

/// A private hosted zone of the account's own.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PrivateZone {
    /// Records by full name (`*.` allowed): addresses, or one CNAME target.
    pub records: BTreeMap<String, Vec<String>>,
}

/// A further resolver.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Resolver {
    /// Where it asks: `public`, `vpc`, or nothing (then it is silent).
    pub forward: String,
    /// Domains it forwards elsewhere: domain to `public` or `vpc`.
    pub rules: BTreeMap<String, String>,
}

/// An outright answer. Without a `status` other than `ok`, `addresses` or a `cname`, the answer is the derived one and only
/// the manner (`truncated`, `tcp_closed`, `delay_ms`) is said here.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DnsAnswer {
    /// `ok`, `nxdomain`, `nodata`, `servfail`, `refused`, `timeout`, `notimp`, `formerr`, or one of
    /// `hostile::DNS`.
    pub status: String,
    /// Addresses of either family.
    pub addresses: Vec<IpAddr>,
    /// A CNAME that leads to the addresses (or, without any, is followed).
    pub cname: Option<String>,
    /// The time to live.
    pub ttl: u32,
    /// Owner of the SOA in a negative answer; none: no SOA.
    pub soa: Option<String>,
    /// The SOA's primary server.
    pub soa_mname: String,
    /// Sends the UDP answer truncated and empty; TCP 53 then works unless `tcp_closed`.
    pub truncated: bool,
    /// Refuses DNS over TCP (for the whole server).
    pub tcp_closed: bool,
    /// Milliseconds before the answer.
    pub delay_ms: u64,
    /// The types of record this is about, `A` and `AAAA`; empty: all.
    pub types: Vec<String>,
    /// Answers FORMERR to whoever asks with EDNS, as servers from before it do; others get the derived answer.
    pub no_edns: bool,
}

impl Default for DnsAnswer {
    fn default() -> Self {
        Self {
            status: "ok".into(),
            addresses: Vec::new(),
            cname: None,
            ttl: 60,
            soa: None,
            soa_mname: "ns-1536.awsdns-00.co.uk.".into(),
            truncated: false,
            tcp_closed: false,
            delay_ms: 0,
            types: Vec::new(),
            no_edns: false,
        }
    }
}

/// The way out.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Internet {
    /// Whether public addresses answer; none: as the subnet's route table says (a default route to `nat-` or `igw-`).
    pub reachable: Option<bool>,
}

/// What an address does instead of working. Everything is `ok` unless said otherwise.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AddressBehaviour {
    /// `ok`, `swallow` (a SYN gets no answer), `refuse`, `reset` (right after the accept), `unreachable` (no route to host).
    /// Empty: as the configuration has it.
    pub tcp: String,
    /// `ok`, `intercepted`, `expired`, `not-yet-valid`, `wrong-name`, `stall`, `reset`, `alert`, `old-version`,
    /// `stall-large-hello`, `stall-half-way`, `reset-half-way` (amid the server's flight), `many-names`,
    /// `too-many-names`, `long-chain`, `circle`, `malformed-certificate`, `no-certificate`, or one of `hostile::TLS`.
    pub tls: String,
    /// The names `tls` is about (SNI); empty: all.
    pub tls_names: Vec<String>,
    /// `ok`, `stall`, `reset`, `garbage`, `not-aws`, `slow` (1.5 s), `close`, `stall-large` (requests over 8 KiB),
    /// `echo` (an error that quotes the request's headers), `redirect-away` (to another host), or one of `hostile::HTTP`.
    pub http: String,
}

impl Default for AddressBehaviour {
    fn default() -> Self {
        Self {
            tcp: String::new(),
            tls: "ok".into(),
            tls_names: Vec::new(),
            http: "ok".into(),
        }
    }
}

/// Trust and certificates.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Certificates {
    /// Whether the corporate CA is in the system's trust store.
    pub corporate_ca_installed: bool,
    /// Organisation in the corporate CA's name.
    pub corporate_organisation: String,
}

impl Default for Certificates {
    fn default() -> Self {
        Self {
            corporate_ca_installed: true,
            corporate_organisation: "Example Corp".into(),
        }
    }
}

/// The metadata services.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Metadata {
    /// IMDS: `on`, `off` (nobody listens), `swallow`, `token-timeout` (hop limit: connects, the PUT gets no reply),
    /// `hang` (every request), `garbage`, `disabled` (403), `version-1` (no tokens: 404 to the PUT, and none is asked for), or one of `hostile::HTTP`. Listens only where `environment.kind` has it.
    pub imds: String,
    /// Parts of the paths that a manner of `hostile::HTTP` is about; empty: all.
    pub imds_paths: Vec<String>,
    /// Milliseconds before each answer of any of them.
    pub delay_ms: u64,
    /// IMDS on `[fd00:ec2::254]` as well.
    pub imds_ipv6: bool,
    /// Paths below `/latest/` that answer 404.
    pub imds_missing: Vec<String>,
    /// What stands below these paths of `/latest/` instead of the truth; `""` is an empty answer.
    pub imds_values: BTreeMap<String, String>,
    /// Task metadata: `on`, `off`, `hang`, `garbage`, or one of `hostile::HTTP`.
    pub ecs: String,
    /// Pod identity: `on`, or one of `hostile::HTTP`.
    pub pod: String,
    /// Whether task metadata tells `VPCID` (ECS on EC2 only).
    pub ecs_vpc_id: bool,
}

impl Default for Metadata {
    fn default() -> Self {
        Self {
            imds: "on".into(),
            imds_paths: Vec::new(),
            delay_ms: 0,
            imds_ipv6: false,
            imds_missing: Vec::new(),
            imds_values: BTreeMap::new(),
            ecs: "on".into(),
            pod: "on".into(),
            ecs_vpc_id: true,
        }
    }
}

/// Credentials.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Credentials {
    /// `default` (what the environment's kind gives: the instance role, the task role, pod identity, variables), `env`
    /// (variables) or `none`.
    pub source: String,
    /// The role's name.
    pub role: String,
    /// Whether they expired an hour ago (AWS answers `ExpiredToken`).
    pub expired: bool,
    /// Whether AWS knows the key (else `InvalidClientTokenId` / `UnrecognizedClientException`, EC2 `AuthFailure`).
    pub known: bool,
}

impl Default for Credentials {
    fn default() -> Self {
        Self {
            source: "default".into(),
            role: "app".into(),
            expired: false,
            known: true,
        }
    }
}

/// The EC2 API.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ec2Api {
    /// Actions the caller may not make: `DescribeRouteTables`, or `*`.
    pub denied: Vec<String>,
    /// `""` for well, `throttled` (503 `RequestLimitExceeded`), `hang`, `garbage`, `500`, `500-once` (each call's first
    /// attempt), `endless-pages` (every page
    /// with a new token), `same-token` (every page with the same), or one of `hostile::HTTP`.
    pub temper: String,
    /// The actions `temper` is about; empty: all.
    pub temper_actions: Vec<String>,
    /// Items per page at most; 0: as asked.
    pub page_size: usize,
    /// Elements that its answers lack, as emulators' do: `ipAddressType`.
    pub omit: Vec<String>,
    /// Texts that stand in its answers instead of others: `"<state>available<" = "<state>Available<"`.
    pub replace: BTreeMap<String, String>,
}

/// SQS.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sqs {
    /// Queues by name, in `account_id` and `region`. Another account's: `ACCOUNT/NAME`.
    pub queues: BTreeMap<String, Queue>,
    /// `""` for well, `throttled` (400 `RequestThrottled`), `hang`, `wrong-md5`, `anothers-message`
    /// (what is received is nobody's that was sent, and to delete it is an error), `500`, `garbage`, or one of `hostile::HTTP`.
    pub temper: String,
    /// A refusal by a policy that is not in this world's documents: the identity's, a boundary, an SCP.
    pub denied: Option<Denial>,
    /// Any other error, said outright.
    pub error: Option<ServiceError>,
}

impl Default for Sqs {
    fn default() -> Self {
        Self {
            queues: BTreeMap::from([("canary".into(), Queue::default())]),
            temper: String::new(),
            denied: None,
            error: None,
        }
    }
}

/// A queue.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Queue {
    /// Its resource policy, evaluated for what matters here: explicit denies with `aws:SourceVpce`/`aws:SourceVpc`
    /// conditions, principals `*`, actions and resources with wildcards.
    pub policy: Option<String>,
    /// The KMS code its key refuses with: `KMS.AccessDeniedException`.
    pub kms_error: Option<String>,
    /// For a `.fifo` queue.
    pub content_based_deduplication: bool,
}

/// A refusal in AWS's words.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Denial {
    /// The policy's kind as the message names it: `identity-based policy`, `resource-based policy`, `VPC endpoint policy`,
    /// `service control policy`, `resource control policy`, `permissions boundary`, `session policy`.
    pub by: String,
    /// `with an explicit deny in a …`, else `because no … allows the … action`.
    pub explicit: bool,
    /// The actions refused (`SendMessage`); empty: all.
    pub actions: Vec<String>,
}

/// An error said outright.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServiceError {
    /// The HTTP status.
    pub status: u16,
    /// The code in `x-amzn-query-error`.
    pub code: String,
    /// The message.
    pub message: String,
}

/// What S3 and Parameter Store hold for agents to fetch.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Store {
    /// Texts by place: `s3://BUCKET/KEY`, `ssm:/NAME`.
    pub held: BTreeMap<String, String>,
    /// How fetching goes: empty for well, `denied`, `throttled`, `throttled-once`, `hang`, or one of `hostile::HTTP`.
    pub temper: String,
}

/// The services' clock.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Clock {
    /// Seconds the services are ahead of the host (negative: behind). Beyond 300 signed calls get `SignatureDoesNotMatch`
    /// with "Signature expired" or "Signature not yet current".
    pub services_ahead_seconds: i64,
}

/// The endpoints' security group in the healthy world: 443 from the VPC.
pub const GROUP_ENDPOINTS: &str = "sg-0e0d0c0b0a0900002";
/// The host's security group in the healthy world: 443 to anywhere.
pub const GROUP_HOST: &str = "sg-0e0d0c0b0a0900001";
/// The host's VPC in the healthy world.
pub const VPC: &str = "vpc-0a1b2c3d4e5f60718";
/// The S3 prefix list.
pub const PREFIX_LIST_S3: &str = "pl-63a5400a";
/// The DynamoDB prefix list.
pub const PREFIX_LIST_DYNAMODB: &str = "pl-02cd2c6b";

/// Interface endpoints of the healthy world with the last octet of their addresses (10.0.10.x and 10.0.11.x).
const SERVICES: [(&str, u8); 15] = [
    ("sqs", 55),
    ("ssm", 60),
    ("ssmmessages", 61),
    ("ec2messages", 62),
    ("ec2", 63),
    ("logs", 64),
    ("kms", 65),
    ("monitoring", 66),
    ("sts", 67),
    ("secretsmanager", 68),
    ("sns", 69),
    ("events", 70),
    ("ecr.api", 71),
    ("ecr.dkr", 72),
    ("lambda", 73),
];

impl Default for Host {
    fn default() -> Self {
        Self {
            addresses: vec![v4(10, 0, 1, 10)],
            interface_id: "eni-0a0000000100010aa".into(),
            mac: "0e:1a:0a:00:01:0a".into(),
            subnet: "subnet-0a000000000000001".into(),
            groups: vec![GROUP_HOST.into()],
            instance_id: "i-0123456789abcdef0".into(),
            public_address: None,
            hosts_lines: Vec::new(),
            resolvers: vec![v4(10, 0, 0, 2)],
            resolv_conf_lines: Vec::new(),
            linklocal_allowance_exceeded: Vec::new(),
        }
    }
}

impl Default for World {
    /// The healthy world: two zones, a private subnet without a way out, an interface endpoint in both zones for every
    /// service with private DNS and a sufficient policy, gateway endpoints for S3 and DynamoDB, an instance role, a queue.
    fn default() -> Self {
        let account = "123456789012";
        let subnet = |cidr: &str, zone: &str| Subnet {
            vpc: VPC.into(),
            cidr: cidr.parse().ok(),
            ipv6_cidr: None,
            zone: zone.into(),
        };
        let policy = full_account_policy(account);
        let mut endpoints: BTreeMap<String, Endpoint> = SERVICES
            .iter()
            .map(|&(service, octet)| {
                let interface = |third: u8, subnet: &str| EndpointInterface {
                    address: v4(10, 0, third, octet),
                    subnet: subnet.into(),
                    ..EndpointInterface::default()
                };
                let endpoint = Endpoint {
                    service: service.into(),
                    interfaces: vec![
                        interface(10, "subnet-0a000000000000010"),
                        interface(11, "subnet-0a000000000000011"),
                    ],
                    policy: Some(policy.clone()),
                    ..Endpoint::default()
                };
                (service.to_owned(), endpoint)
            })
            .collect();
        for service in ["s3", "dynamodb"] {
            endpoints.insert(
                service.into(),
                Endpoint {
                    service: service.into(),
                    kind: EndpointKind::Gateway,
                    private_dns: false,
                    groups: Vec::new(),
                    dns_record_ip_type: "service-defined".into(),
                    route_tables: vec!["rtb-0a000000000000001".into()],
                    policy: Some(policy.clone()),
                    ..Endpoint::default()
                },
            );
        }
        Self {
            region: "us-east-1".into(),
            partition: "aws".into(),
            account_id: account.into(),
            zones: BTreeMap::from([
                ("us-east-1a".into(), "use1-az1".into()),
                ("us-east-1b".into(), "use1-az2".into()),
            ]),
            environment: Environment::default(),
            host: Host::default(),
            vpcs: BTreeMap::from([(
                VPC.into(),
                Vpc {
                    cidrs: vec![net("10.0.0.0/16")],
                    ..Vpc::default()
                },
            )]),
            subnets: BTreeMap::from([
                (
                    "subnet-0a000000000000001".into(),
                    subnet("10.0.1.0/24", "us-east-1a"),
                ),
                (
                    "subnet-0a000000000000002".into(),
                    subnet("10.0.2.0/24", "us-east-1b"),
                ),
                (
                    "subnet-0a000000000000010".into(),
                    subnet("10.0.10.0/24", "us-east-1a"),
                ),
                (
                    "subnet-0a000000000000011".into(),
                    subnet("10.0.11.0/24", "us-east-1b"),
                ),
            ]),
            security_groups: BTreeMap::from([
                (
                    GROUP_HOST.into(),
                    SecurityGroup {
                        name: "app".into(),
                        vpc: VPC.into(),
                        ingress: Vec::new(),
                        egress: vec![GroupRule {
                            cidrs: vec![everywhere()],
                            ..GroupRule::default()
                        }],
                    },
                ),
                (
                    GROUP_ENDPOINTS.into(),
                    SecurityGroup {
                        name: "endpoints".into(),
                        vpc: VPC.into(),
                        ingress: vec![GroupRule {
                            cidrs: vec![net("10.0.0.0/16")],
                            ..GroupRule::default()
                        }],
                        egress: Vec::new(),
                    },
                ),
            ]),
            network_acls: BTreeMap::from([(
                "acl-0a000000000000001".into(),
                NetworkAcl {
                    vpc: VPC.into(),
                    default: true,
                    subnets: Vec::new(),
                    entries: vec![
                        AclEntry::default(),
                        AclEntry {
                            egress: true,
                            ..AclEntry::default()
                        },
                    ],
                },
            )]),
            route_tables: BTreeMap::from([
                (
                    "rtb-0a000000000000000".into(),
                    RouteTable {
                        vpc: VPC.into(),
                        main: true,
                        ..RouteTable::default()
                    },
                ),
                (
                    "rtb-0a000000000000001".into(),
                    RouteTable {
                        vpc: VPC.into(),
                        subnets: vec![
                            "subnet-0a000000000000001".into(),
                            "subnet-0a000000000000002".into(),
                        ],
                        ..RouteTable::default()
                    },
                ),
            ]),
            prefix_lists: BTreeMap::from([
                (
                    PREFIX_LIST_S3.into(),
                    PrefixList {
                        name: "com.amazonaws.us-east-1.s3".into(),
                        cidrs: vec![
                            net("52.216.0.0/15"),
                            net("3.5.0.0/19"),
                            net("54.231.0.0/16"),
                        ],
                    },
                ),
                (
                    PREFIX_LIST_DYNAMODB.into(),
                    PrefixList {
                        name: "com.amazonaws.us-east-1.dynamodb".into(),
                        cidrs: vec![net("3.218.180.0/22"), net("52.119.224.0/21")],
                    },
                ),
            ]),
            endpoints,
            dns: Dns::default(),
            internet: Internet::default(),
            addresses: BTreeMap::new(),
            certificates: Certificates::default(),
            metadata: Metadata::default(),
            credentials: Credentials::default(),
            ec2_api: Ec2Api::default(),
            sqs: Sqs::default(),
            store: Store::default(),
            clock: Clock::default(),
        }
        .complete()
    }
}

impl World {
    /// The healthy world with these changes.
    pub fn overlay(changes: &toml::Table) -> Result<Self, String> {
        Self::default().changed(changes)
    }

    /// This world with these changes.
    pub fn changed(&self, changes: &toml::Table) -> Result<Self, String> {
        let mut whole =
            toml::Table::try_from(self).map_err(|e| format!("cannot write the base world: {e}"))?;
        merge(&mut whole, changes);
        let world: Self = whole.try_into().map_err(|e| format!("not a world: {e}"))?;
        Ok(world.complete())
    }

    /// This world with other beginnings of values: `10.0.` becomes `100.64.` wherever a value starts so.
    pub fn renumbered(&self, beginnings: &BTreeMap<String, String>) -> Result<Self, String> {
        let whole =
            toml::Table::try_from(self).map_err(|e| format!("cannot write the base world: {e}"))?;
        let mut whole = toml::Value::Table(whole);
        replace(&mut whole, beginnings);
        whole.try_into().map_err(|e| format!("not a world: {e}"))
    }

    /// The VPC the host is in.
    pub fn own_vpc(&self) -> &str {
        self.subnets
            .get(&self.host.subnet)
            .map_or("", |subnet| subnet.vpc.as_str())
    }

    /// The account that owns a VPC.
    pub fn owner_of<'a>(&'a self, vpc: &str) -> &'a str {
        match self.vpcs.get(vpc) {
            Some(vpc) if !vpc.owner.is_empty() => &vpc.owner,
            _ => &self.account_id,
        }
    }

    /// The zone of a subnet and its id.
    pub fn zone_of(&self, subnet: &str) -> (&str, &str) {
        let zone = self
            .subnets
            .get(subnet)
            .map_or("", |subnet| subnet.zone.as_str());
        (zone, self.zones.get(zone).map_or("", String::as_str))
    }

    /// The route table in force for a subnet.
    pub fn route_table_of(&self, subnet: &str) -> Option<(&str, &RouteTable)> {
        let vpc = &self.subnets.get(subnet)?.vpc;
        let tables = || {
            self.route_tables
                .iter()
                .filter(|(_, table)| table.vpc == *vpc)
        };
        tables()
            .find(|(_, table)| table.subnets.iter().any(|s| s == subnet))
            .or_else(|| tables().find(|(_, table)| table.main))
            .map(|(id, table)| (id.as_str(), table))
    }

    /// Every route of a table: the VPC's local ones, its own, and those the gateway endpoints put there.
    pub fn routes(&self, table_id: &str) -> Vec<Route> {
        let Some(table) = self.route_tables.get(table_id) else {
            return Vec::new();
        };
        let mut routes: Vec<Route> = Vec::new();
        if let Some(vpc) = self.vpcs.get(&table.vpc) {
            routes.extend(vpc.cidrs.iter().chain(&vpc.ipv6_cidrs).map(|cidr| Route {
                destination: cidr.to_string(),
                target: "local".into(),
                blackhole: false,
            }));
        }
        routes.extend(table.routes.iter().cloned());
        for endpoint in self
            .endpoints
            .values()
            .filter(|e| e.kind == EndpointKind::Gateway && e.state == "available")
        {
            let list = self
                .prefix_lists
                .iter()
                .find(|(_, list)| list.name == endpoint.service_name);
            if let Some((list, _)) = list
                && endpoint.route_tables.iter().any(|t| t == table_id)
            {
                routes.push(Route {
                    destination: list.clone(),
                    target: endpoint.id.clone(),
                    blackhole: false,
                });
            }
        }
        routes
    }

    /// The network ACL in force for a subnet.
    pub fn network_acl_of(&self, subnet: &str) -> Option<(&str, &NetworkAcl)> {
        let vpc = &self.subnets.get(subnet)?.vpc;
        let acls = || self.network_acls.iter().filter(|(_, acl)| acl.vpc == *vpc);
        acls()
            .find(|(_, acl)| acl.subnets.iter().any(|s| s == subnet))
            .or_else(|| acls().find(|(_, acl)| acl.default))
            .map(|(id, acl)| (id.as_str(), acl))
    }

    /// The endpoint that has an address on one of its interfaces.
    pub fn endpoint_at(&self, address: IpAddr) -> Option<&Endpoint> {
        self.endpoints.values().find(|e| {
            e.interfaces
                .iter()
                .any(|i| i.address == address || i.ipv6 == Some(address))
        })
    }

    /// The suffix of the partition's public names: `amazonaws.com`.
    pub fn dns_suffix(&self) -> &'static str {
        match self.partition.as_str() {
            "aws-cn" => "amazonaws.com.cn",
            "aws-eusc" => "amazonaws.eu",
            _ => "amazonaws.com",
        }
    }

    /// The suffix of the partition's dual-stack names: `api.aws`.
    pub fn dual_stack_suffix(&self) -> &'static str {
        match self.partition.as_str() {
            "aws-cn" => "api.amazonwebservices.com.cn",
            "aws-eusc" => "api.amazonwebservices.eu",
            _ => "api.aws",
        }
    }

    /// The service's own label in host names, reversed where AWS reverses it: `ecr.api` is `api.ecr`.
    pub fn host_label(service: &str) -> String {
        match service {
            "ecr.api" => "api.ecr".into(),
            "ecr.dkr" => "dkr.ecr".into(),
            "sagemaker.api" => "api.sagemaker".into(),
            "sagemaker.runtime" => "runtime.sagemaker".into(),
            "kinesis-streams" => "kinesis".into(),
            "kinesis-firehose" => "firehose".into(),
            "ecs-agent" => "ecs-a".into(),
            "ecs-telemetry" => "ecs-t".into(),
            "dynamodb-streams" => "streams.dynamodb".into(),
            "codeartifact.api" => "codeartifact".into(),
            other => other.into(),
        }
    }

    /// The private names an endpoint covers while its private DNS is on, with `*.` ones, as its `DnsEntries` list them.
    pub fn private_names(&self, endpoint: &Endpoint) -> Vec<String> {
        if endpoint.kind == EndpointKind::Gateway || !endpoint.private_dns {
            return Vec::new();
        }
        if let Some(names) = &endpoint.private_names {
            return names.clone();
        }
        let (region, suffix, dual) = (&self.region, self.dns_suffix(), self.dual_stack_suffix());
        match endpoint.service.as_str() {
            "ecr.dkr" => vec![
                format!("dkr.ecr.{region}.{suffix}"),
                format!("*.dkr.ecr.{region}.{suffix}"),
                format!("dkr-ecr.{region}.on.aws"),
                format!("*.dkr-ecr.{region}.on.aws"),
            ],
            "ecr.api" => vec![
                format!("api.ecr.{region}.{suffix}"),
                format!("ecr.{region}.{dual}"),
            ],
            "s3" => vec![
                format!("s3.{region}.{suffix}"),
                format!("*.s3.{region}.{suffix}"),
                format!("s3-control.{region}.{suffix}"),
                format!("*.s3-control.{region}.{suffix}"),
                format!("s3-accesspoint.{region}.{suffix}"),
                format!("*.s3-accesspoint.{region}.{suffix}"),
            ],
            "dynamodb" => Vec::new(),
            "eks-auth" => vec![format!("eks-auth.{region}.{dual}")],
            "execute-api" => {
                vec![
                    format!("execute-api.{region}.{suffix}"),
                    format!("*.execute-api.{region}.{suffix}"),
                ]
            }
            "elasticfilesystem" => {
                vec![
                    format!("elasticfilesystem.{region}.{suffix}"),
                    format!("efs.{region}.{dual}"),
                ]
            }
            service @ ("secretsmanager" | "ec2messages" | "ecs-agent" | "ecs-telemetry"
            | "guardduty-data") => {
                vec![format!("{}.{region}.{suffix}", Self::host_label(service))]
            }
            service if service.ends_with("-fips") => vec![format!("{service}.{region}.{suffix}")],
            service => {
                let label = Self::host_label(service);
                vec![
                    format!("{label}.{region}.{suffix}"),
                    format!("{label}.{region}.{dual}"),
                ]
            }
        }
    }

    /// The public `vpce` names of an endpoint: the regional one, then one per zone with the interface's address.
    pub fn vpce_names(&self, endpoint: &Endpoint) -> (String, Vec<(String, IpAddr)>) {
        let label = Self::host_label(&endpoint.service);
        let star = if endpoint.service == "s3" { "*." } else { "" };
        let tail = format!("{label}.{}.vpce.{}", self.region, self.dns_suffix());
        let stem = format!("{star}{}-{}", endpoint.id, letters(&endpoint.id, 8));
        let zonal = endpoint
            .interfaces
            .iter()
            .map(|i| {
                (
                    format!("{stem}-{}.{tail}", self.zone_of(&i.subnet).0),
                    i.address,
                )
            })
            .collect();
        (format!("{stem}.{tail}"), zonal)
    }

    /// Whether the hosted zone ids are there yet: `ZONEIDPENDING` while the endpoint is pending.
    pub fn dns_entries(&self, endpoint: &Endpoint) -> Vec<(String, String)> {
        if endpoint.kind == EndpointKind::Gateway {
            return Vec::new();
        }
        let (regional, zonal) = self.vpce_names(endpoint);
        let private_zone = if endpoint.state == "pending" {
            "ZONEIDPENDING".to_owned()
        } else {
            format!("Z{}", hex(&endpoint.id, 19).to_uppercase())
        };
        let mut entries = vec![(regional, "Z7HUB22UULQXV".to_owned())];
        entries.extend(
            zonal
                .into_iter()
                .map(|(name, _)| (name, "Z7HUB22UULQXV".to_owned())),
        );
        entries.extend(
            self.private_names(endpoint)
                .into_iter()
                .map(|name| (name, private_zone.clone())),
        );
        entries
    }

    /// Fills in what may be left out: ids, service names, the endpoints' VPC.
    fn complete(mut self) -> Self {
        let own = self.own_vpc().to_owned();
        let region = self.region.clone();
        for (name, endpoint) in &mut self.endpoints {
            if endpoint.service.is_empty() {
                endpoint.service.clone_from(name);
            }
            if endpoint.id.is_empty() {
                endpoint.id = format!("vpce-0{}", hex(name, 16));
            }
            if endpoint.service_name.is_empty() {
                endpoint.service_name = format!("com.amazonaws.{region}.{}", endpoint.service);
            }
            if endpoint.vpc.is_empty() {
                endpoint.vpc.clone_from(&own);
            }
            for interface in &mut endpoint.interfaces {
                if interface.id.is_empty() {
                    interface.id = format!("eni-0{}", hex(&interface.address.to_string(), 16));
                }
            }
        }
        self
    }
}

/// A policy that lets the account's principals do everything to the account's resources and nobody else anything.
pub fn full_account_policy(account: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{{"StringEquals":{{"aws:PrincipalAccount":"{account}"}}}}}}]}}"#
    )
}

/// The default document AWS attaches when none is given: full access.
pub const OPEN_POLICY: &str =
    r#"{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}]}"#;

fn merge(base: &mut toml::Table, changes: &toml::Table) {
    for (key, change) in changes {
        match (base.get_mut(key), change) {
            (Some(toml::Value::Table(old)), toml::Value::Table(new)) => merge(old, new),
            (Some(toml::Value::Table(_)), toml::Value::Boolean(false)) => {
                base.remove(key);
            }
            _ => {
                base.insert(key.clone(), change.clone());
            }
        }
    }
}

fn replace(value: &mut toml::Value, beginnings: &BTreeMap<String, String>) {
    match value {
        toml::Value::String(text) => {
            if let Some((old, new)) = beginnings.iter().find(|(old, _)| text.starts_with(*old)) {
                *text = format!("{new}{}", &text[old.len()..]);
            }
        }
        toml::Value::Array(items) => items.iter_mut().for_each(|item| replace(item, beginnings)),
        toml::Value::Table(table) => {
            table
                .iter_mut()
                .for_each(|(_, item)| replace(item, beginnings));
        }
        _ => {}
    }
}

fn v4(a: u8, b: u8, c: u8, d: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(a, b, c, d))
}

fn net(cidr: &str) -> IpNet {
    cidr.parse().expect("a literal CIDR of this file")
}

fn everywhere() -> IpNet {
    net("0.0.0.0/0")
}

/// A stable number for a text (FNV-1a), from which ids that look like AWS's are made.
pub fn number(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn hex(text: &str, digits: usize) -> String {
    let mut out = format!("{:016x}{:016x}", number(text), number(&format!("{text}+")));
    out.truncate(digits);
    out
}

fn letters(text: &str, count: u32) -> String {
    let alphabet = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut rest = number(text);
    (0..count)
        .map(|_| {
            let letter = alphabet[(rest % 36) as usize] as char;
            rest /= 36;
            letter
        })
        .collect()
}
