//! What was learned about the host, the network and AWS, as plain data.
//!
//! Everything right of this room is a pure function of [`Facts`]: a facts file is the support case, the
//! test case and the audit record. Types of the SDK, of the resolver and of the TLS library stop in
//! `gather`; here are small structs of our own, serde both ways.

pub mod canary;
pub mod dns;
pub mod host;
pub mod http;
pub mod inventory;
pub mod inventory_fetch;
pub mod inventory_place;
pub mod observation;
pub mod probe;
pub mod queue_url;
pub mod request;
pub mod tcp;
pub mod tls;
pub mod traffic;

use serde::{Deserialize, Serialize};

pub use canary::{Canary, CanarySeen, ServiceError};
pub use dns::{Answer, DnsStatus, Lookup, NameFacts, Record, ServerRole};
pub use host::{EnvironmentKind, Host};
pub use inventory::Inventory;
pub use inventory_fetch::{Fetched, InventoryFetch};
pub use inventory_place::InventoryPlace;
pub use observation::{Failure, FailureKind, Observation, Outcome};
pub use probe::AddressProbe;
pub use request::{CanaryMode, Expect, Level, Request, Target};

/// The version of the facts format that this build writes.
pub const FACTS_VERSION: u32 = 1;

/// All that one run learned, and what it had been asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// The version of this format, see [`FACTS_VERSION`].
    pub facts_version: u32,
    /// The version of vpcheck that gathered the facts.
    pub tool_version: String,
    /// The run's id, a version 7 UUID.
    pub run_id: String,
    /// When the run began; the clock every rule judges by.
    pub started_at: jiff::Timestamp,
    /// How long gathering took, in milliseconds.
    pub duration_ms: f64,
    /// True where a signal or the deadline cut the run short.
    #[serde(default)]
    pub interrupted: bool,
    /// The changes, not made yet, that these facts are assumed after; none in what a run recorded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assumed: Vec<String>,
    /// What was asked for: options that the rules and the report read.
    pub request: Request,
    /// The machine, its place in AWS, its resolvers and its environment.
    pub host: Host,
    /// The services under test.
    pub targets: Vec<Target>,
    /// What each name resolved to, by server and by family.
    pub names: Vec<NameFacts>,
    /// What each address of each name did on port 443.
    pub probes: Vec<AddressProbe>,
    /// The canary message, if one was asked for.
    pub canary: Canary,
    /// The VPC's configuration as far as it could be read.
    pub inventory: Inventory,
}

impl Facts {
    /// What was learned of one name, if it was looked up.
    pub fn name(&self, name: &str) -> Option<&NameFacts> {
        self.names.iter().find(|facts| facts.name == name)
    }

    /// The probes of one name, one for each address.
    pub fn probes_of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a AddressProbe> {
        self.probes.iter().filter(move |probe| probe.name == name)
    }

    /// The target with this catalogue id or hostname.
    pub fn target(&self, service: &str) -> Option<&Target> {
        self.targets.iter().find(|target| target.service == service)
    }
}
