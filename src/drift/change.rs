//! What a comparison says: the JSON of `vpcheck diff -o json`, as `packaging/schema/diff.schema.json` describes it.

use std::fmt;

use serde::Serialize;

use super::record::Source;
use crate::verdict::Severity;
use crate::verdict::report::{RunVerdict, Tool};

/// What changed between two runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Drift {
    /// The version of this format: `1`.
    pub schema_version: String,
    /// Who compared.
    pub tool: Tool,
    /// Whether anything that matters changed.
    pub changed: bool,
    /// The record compared with.
    pub old: Side,
    /// The record that was compared.
    pub new: Side,
    /// The verdict, and what explains its change.
    pub verdict: VerdictDrift,
    /// Findings that came, went or changed.
    pub findings: Vec<FindingDrift>,
    /// What else changed: options and configuration first, then what was observed.
    pub changes: Vec<Change>,
    /// What could not be compared.
    pub not_compared: Vec<NotCompared>,
}

/// One of the two records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Side {
    /// What it was read from.
    pub source: Source,
    /// The run's id.
    pub run_id: String,
    /// When the run began.
    pub started_at: String,
    /// The run's verdict.
    pub verdict: RunVerdict,
    /// What else there is to know of the record.
    pub note: Option<String>,
}

/// The verdict of both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VerdictDrift {
    /// Whether it is another one.
    pub changed: bool,
    /// The old one.
    pub old: RunVerdict,
    /// The new one.
    pub new: RunVerdict,
    /// The places, in `changes`, of what explains it: what findings that came or went are about or name.
    pub explained_by: Vec<usize>,
    /// The same in one sentence; none where the verdict is the same.
    pub explanation: Option<String>,
}

/// A finding that came, went or changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FindingDrift {
    /// What became of it.
    pub change: Happened,
    /// Its code.
    pub code: String,
    /// What it is about.
    pub subject: String,
    /// Its severity in the old run.
    pub old_severity: Option<Severity>,
    /// Its severity in the new run.
    pub new_severity: Option<Severity>,
    /// The services it concerned in the old run.
    pub old_services: Vec<String>,
    /// The services it concerns in the new run.
    pub new_services: Vec<String>,
    /// The fact, in one sentence, as the newer of the two has it.
    pub title: String,
    /// The places, in `changes`, of what it is about or names.
    pub explained_by: Vec<usize>,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What kind of thing changed.
    pub kind: Kind,
    /// What became of it.
    pub change: Happened,
    /// The thing: an id, an address, a name.
    pub subject: String,
    /// What of the thing changed; none where it came or went as a whole.
    pub attribute: Option<String>,
    /// What was so and no longer is.
    pub old: Vec<String>,
    /// What is so and was not.
    pub new: Vec<String>,
    /// Other words by which findings are about this.
    #[serde(skip)]
    pub(super) also: Vec<String>,
}

/// What became of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Happened {
    /// It was not there before.
    Added,
    /// It is no longer there.
    Removed,
    /// It is another.
    Changed,
}

/// What kind of thing changed; the order in which changes are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)] // the names say what they are
pub enum Kind {
    Expectation,
    Target,
    Place,
    Resolver,
    HostsFile,
    Variable,
    Vpc,
    Subnet,
    RouteTable,
    NetworkAcl,
    SecurityGroup,
    Endpoint,
    NetworkInterface,
    PrefixList,
    Service,
    Answer,
    Probe,
    Certificate,
    Canary,
}

/// Whether a kind is set by somebody or merely follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Somebody set it: an option, a setting of the host, the VPC's configuration.
    Configured,
    /// The network showed it.
    Observed,
    /// It is what vpcheck made of the rest.
    Judged,
}

/// What could not be compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotCompared {
    /// What.
    pub what: String,
    /// Why not.
    pub reason: String,
}

impl Kind {
    /// Whether it is set or follows.
    pub fn whose(self) -> Whose {
        match self {
            Kind::Service | Kind::Probe | Kind::Canary => Whose::Judged,
            Kind::Answer | Kind::Certificate => Whose::Observed,
            _ => Whose::Configured,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Kind::Expectation => "option",
            Kind::Target => "target",
            Kind::Place => "place",
            Kind::Resolver => "resolver",
            Kind::HostsFile => "hosts file",
            Kind::Variable => "variable",
            Kind::Vpc => "VPC",
            Kind::Subnet => "subnet",
            Kind::RouteTable => "route table",
            Kind::NetworkAcl => "network ACL",
            Kind::SecurityGroup => "security group",
            Kind::Endpoint => "endpoint",
            Kind::NetworkInterface => "network interface",
            Kind::PrefixList => "prefix list",
            Kind::Service => "service",
            Kind::Answer => "answer",
            Kind::Probe => "probe",
            Kind::Certificate => "certificate",
            Kind::Canary => "canary",
        })
    }
}
