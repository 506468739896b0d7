//! What the run was asked: the options that decide how facts are judged.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// The options of a run that the rules and the report read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// What routes are expected.
    pub expect: Expect,
    /// CIDRs the operator says are this VPC's; they replace what metadata and EC2 say.
    #[serde(default)]
    pub vpc_cidrs: Vec<IpNet>,
    /// Private ranges outside the VPC that may hold endpoints.
    #[serde(default)]
    pub allow_cidrs: Vec<IpNet>,
    /// The workloads whose services are under test, by name.
    #[serde(default)]
    pub workloads: Vec<String>,
    /// The canary's queue, as given.
    #[serde(default)]
    pub queue_url: Option<String>,
    /// What the canary does.
    pub canary: CanaryMode,
    /// The time limit of one probe, in milliseconds.
    pub timeout_ms: u64,
    /// The time limit of the whole run, in milliseconds.
    pub deadline_ms: u64,
    /// How old an inventory file may be, in seconds.
    pub inventory_max_age_s: u64,
    /// Severities that the operator set, by finding code.
    #[serde(default)]
    pub severities: BTreeMap<String, Level>,
}

/// Which routes to the services are expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expect {
    /// A public route fails.
    #[default]
    Private,
    /// A public route warns; only what cannot be reached fails.
    Reachable,
    /// As private; an internet route or a public address fails as well.
    Isolated,
}

/// What the canary does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CanaryMode {
    /// Nothing is sent.
    #[default]
    Off,
    /// One message is sent.
    Send,
    /// One message is sent, received and deleted.
    RoundTrip,
}

/// A severity as an operator sets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Not reported at all.
    Off,
    /// Said, and of no consequence.
    Info,
    /// Said; alone it does not fail the run.
    Warn,
    /// Fails the run.
    Fail,
}

/// One service under test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The catalogue id, or the hostname where the catalogue does not know it.
    pub service: String,
    /// True where the catalogue knows the service.
    pub in_catalog: bool,
    /// True where the verdict depends on it; optional services only warn.
    pub required: bool,
    /// The names to be resolved and probed, the first the one applications use most.
    pub hostnames: Vec<TargetName>,
}

/// One name of a service under test and where it came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetName {
    /// The hostname, in lower case, without a trailing dot.
    pub name: String,
    /// Why it is under test.
    pub origin: NameOrigin,
}

/// Why a name is under test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NameOrigin {
    /// The catalogue's standard regional name.
    Catalog,
    /// Named on the command line or in the configuration.
    Argument,
    /// The host of the queue URL.
    QueueUrl,
    /// Switched on for applications here by this environment variable.
    Variable(String),
}

/// A word that is none of those expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not a {what}: expected {expected}")]
pub struct UnknownWord {
    what: &'static str,
    expected: &'static str,
    found: String,
}

impl FromStr for Expect {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "private" => Ok(Expect::Private),
            "reachable" => Ok(Expect::Reachable),
            "isolated" => Ok(Expect::Isolated),
            _ => Err(UnknownWord {
                what: "kind of expectation",
                expected: "private, reachable or isolated",
                found: word.to_owned(),
            }),
        }
    }
}

impl FromStr for CanaryMode {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "off" => Ok(CanaryMode::Off),
            "send" => Ok(CanaryMode::Send),
            "round-trip" => Ok(CanaryMode::RoundTrip),
            _ => Err(UnknownWord {
                what: "canary mode",
                expected: "off, send or round-trip",
                found: word.to_owned(),
            }),
        }
    }
}

impl FromStr for Level {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "off" => Ok(Level::Off),
            "info" => Ok(Level::Info),
            "warn" => Ok(Level::Warn),
            "fail" => Ok(Level::Fail),
            _ => Err(UnknownWord {
                what: "severity",
                expected: "fail, warn, info or off",
                found: word.to_owned(),
            }),
        }
    }
}

impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Expect::Private => "private",
            Expect::Reachable => "reachable",
            Expect::Isolated => "isolated",
        })
    }
}
