//! A finding: one cause, named, with its reasoning, its evidence and what mends it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Said, and of no consequence for the verdict.
    Info,
    /// Said; alone it does not fail the run.
    Warn,
    /// Fails the run.
    Fail,
}

/// One cause, as the report shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The code, as in `private-dns-disabled`.
    pub code: String,
    /// How much it matters in this run.
    pub severity: Severity,
    /// The services it concerns.
    pub services: Vec<String>,
    /// The thing to change: an id, an address, a URL, a variable, else a hostname.
    pub subject: String,
    /// The fact, in one sentence.
    pub title: String,
    /// The reasoning from the evidence to the cause.
    pub because: String,
    /// What was seen, one sentence each.
    pub evidence: Vec<String>,
    /// What mends it.
    pub fix: Fix,
    /// What else follows from this cause.
    pub consequences: Vec<String>,
}

/// What mends a cause.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Fix {
    /// In words.
    pub summary: String,
    /// Commands that work as pasted.
    pub commands: Vec<String>,
    /// What `vpcheck replay --assume` is told to see the verdict after the fix; empty where nothing stands for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assume: Vec<String>,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Info => "info",
            Severity::Warn => "warn",
            Severity::Fail => "fail",
        })
    }
}
