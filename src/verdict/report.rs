//! The report: what every format renders. Its serialization is the JSON of the contract.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::finding::Finding;
use crate::facts::{DnsStatus, EnvironmentKind};
pub use crate::symptoms::route::Route;
pub use crate::symptoms::scene::CidrSource;

/// One run's report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The version of this format: `1`.
    pub schema_version: String,
    /// Who made it.
    pub tool: Tool,
    /// The run's id.
    pub run_id: String,
    /// When the run began.
    pub started_at: String,
    /// How long it took, in milliseconds.
    pub duration_ms: f64,
    /// The changes, not made yet, that the verdict assumes; none of what a run recorded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assumed: Vec<String>,
    /// The run's verdict.
    pub verdict: RunVerdict,
    /// Counts.
    pub summary: Summary,
    /// Where the agent runs.
    pub environment: Environment,
    /// One entry for each service under test.
    pub services: Vec<ServiceReport>,
    /// The canary.
    pub canary: CanaryReport,
    /// The inventory.
    pub inventory: InventoryReport,
    /// Causes, the most severe first.
    pub findings: Vec<Finding>,
}

/// The tool and its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// `vpcheck`.
    pub name: String,
    /// As in `0.1.0`.
    pub version: String,
}

/// The verdict of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunVerdict {
    /// All that was required was established, and nothing failed.
    Pass,
    /// At least one finding fails.
    Fail,
    /// Nothing failed, and something that was required could not be established.
    Inconclusive,
}

/// The verdict of one service's path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ServiceVerdict {
    /// The path is as expected and TLS is verified.
    Pass,
    /// It is not.
    Fail,
    /// It could not be established.
    Unknown,
}

/// Counts of services and findings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Services by verdict.
    pub services: ServiceCounts,
    /// Findings by severity.
    pub findings: FindingCounts,
}

/// Services by verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ServiceCounts {
    /// Passed.
    pub pass: usize,
    /// Failed.
    pub fail: usize,
    /// Could not be established.
    pub unknown: usize,
}

/// Findings by severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FindingCounts {
    /// Of severity fail.
    pub fail: usize,
    /// Of severity warn.
    pub warn: usize,
    /// Of severity info.
    pub info: usize,
}

/// Where the agent runs, as far as it could be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)] // the names are those of the contract and say what they hold
pub struct Environment {
    pub kind: EnvironmentKind,
    pub region: Option<String>,
    pub partition: Option<String>,
    pub availability_zone: Option<String>,
    pub availability_zone_id: Option<String>,
    pub account_id: Option<String>,
    pub instance_id: Option<String>,
    pub task_arn: Option<String>,
    pub vpc_id: Option<String>,
    pub subnet_id: Option<String>,
    pub vpc_cidrs: Vec<String>,
    pub vpc_cidrs_source: CidrSource,
    pub addresses: Vec<IpAddr>,
    pub resolvers: Vec<IpAddr>,
    /// The proxy that applications here would use, without credentials.
    pub proxy: Option<String>,
}

/// One service under test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServiceReport {
    /// The catalogue id, or the hostname.
    pub service: String,
    /// The endpoint service's name, as in `com.amazonaws.us-east-1.sqs`.
    pub service_name: Option<String>,
    /// False for an optional service of the workload.
    #[serde(default = "required")]
    pub required: bool,
    /// The verdict on its path.
    pub verdict: ServiceVerdict,
    /// How it is reached.
    pub route: Route,
    /// The endpoint it is reached through, or the one that ought to serve it.
    pub endpoint: Option<EndpointReport>,
    /// Its names.
    pub hostnames: Vec<HostnameReport>,
}

/// An endpoint, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointReport {
    /// As in `vpce-0abc`.
    pub id: String,
    /// `Interface` or `Gateway`.
    #[serde(rename = "type")]
    pub kind: String,
    /// As in `available`.
    pub state: String,
    /// Whether private DNS is on.
    pub private_dns_enabled: bool,
}

/// One name of a service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HostnameReport {
    /// The name.
    pub name: String,
    /// What it resolved to.
    pub dns: DnsReport,
    /// What its addresses did on 443.
    pub probes: Vec<ProbeReport>,
}

/// What a name resolved to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DnsReport {
    /// How resolution through the host's resolvers ended.
    pub status: DnsStatus,
    /// The server that answered, or the first that did not.
    pub resolver: Option<IpAddr>,
    /// How long it took, in milliseconds.
    pub duration_ms: f64,
    /// The aliases followed.
    pub cname_chain: Vec<String>,
    /// The addresses on the wire.
    pub answers: Vec<AnswerReport>,
    /// What applications see through the C library, hosts file included; absent where it was not asked.
    pub system_answers: Option<Vec<IpAddr>>,
    /// What the VPC's own resolver answers, where it was asked.
    pub vpc_resolver_answers: Option<Vec<IpAddr>>,
    /// Why there is no answer, where there is none.
    pub error: Option<String>,
}

/// One address of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerReport {
    /// The address.
    pub address: IpAddr,
    /// The record's time to live, in seconds.
    pub ttl: u32,
    /// Whether it lies inside the VPC's CIDRs; null where they are not known.
    pub in_vpc_cidr: Option<bool>,
    /// The endpoint it belongs to.
    pub endpoint_id: Option<String>,
    /// The endpoint's interface it belongs to.
    pub network_interface_id: Option<String>,
    /// That interface's zone.
    pub availability_zone: Option<String>,
}

/// What one address did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProbeReport {
    /// The address.
    pub address: IpAddr,
    /// The connection.
    pub tcp: TcpReport,
    /// The handshake.
    pub tls: TlsReport,
    /// The request.
    pub http: HttpReport,
}

/// A TCP phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TcpReport {
    /// `ok` `timeout` `refused` `reset` `unreachable` `error` `skipped`.
    pub status: String,
    /// In milliseconds; absent where skipped.
    pub duration_ms: Option<f64>,
    /// Why it was skipped, or what failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A TLS phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TlsReport {
    /// `ok` `timeout` `reset` `untrusted` `name-mismatch` `expired` `not-yet-valid` `alert` `error` `skipped`.
    pub status: String,
    /// As in `TLSv1.3`.
    pub version: Option<String>,
    /// As in `h2`.
    pub alpn: Option<String>,
    /// The leaf's issuer.
    pub issuer: Option<String>,
    /// The leaf's end of validity.
    pub not_after: Option<String>,
    /// In milliseconds; absent where skipped.
    pub duration_ms: Option<f64>,
    /// Why it was skipped, or what failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// An HTTP phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HttpReport {
    /// `ok` `timeout` `reset` `error` `skipped`.
    pub status: String,
    /// The status code.
    pub code: Option<u16>,
    /// In milliseconds; absent where skipped.
    pub duration_ms: Option<f64>,
    /// Why it was skipped, or what failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The canary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CanaryReport {
    /// `sent` `round-trip` `failed` `skipped`.
    pub status: String,
    /// The queue.
    pub queue_url: Option<String>,
    /// The message's id.
    pub message_id: Option<String>,
    /// The service's request id.
    pub request_id: Option<String>,
    /// The address the message was sent to.
    pub remote_address: Option<IpAddr>,
    /// In milliseconds; absent where skipped.
    pub duration_ms: Option<f64>,
    /// What failed, or why it was skipped.
    pub error: Option<String>,
}

/// The inventory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InventoryReport {
    /// Where it came from.
    pub source: crate::facts::inventory::InventorySource,
    /// When it was taken.
    pub taken_at: Option<String>,
    /// Where it was fetched, or was to be: `s3://BUCKET/KEY` or `ssm:/NAME`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// When it was fetched, where it is the copy that a run before kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_since: Option<String>,
    /// The calls the caller was refused, as in `ec2:DescribeRouteTables`.
    pub denied: Vec<String>,
    /// Why there is none, or what else failed.
    pub error: Option<String>,
}

/// A report without the word is of a service that is required.
fn required() -> bool {
    true
}
