//! What is signed: in-toto statements ("in-toto Attestation Framework", Statement v1) with predicates of our own.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::canonical::{NotCanonical, canonical, sha256};
use super::rules_version::rules_version;
use crate::facts::Facts;
use crate::facts::host::InstanceIdentity;
use crate::verdict::Report;

const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
/// The predicate of an evidence file.
pub const EVIDENCE_TYPE: &str = "urn:vpcheck:evidence:1";
/// The predicate of `head.json`.
pub const HEAD_TYPE: &str = "urn:vpcheck:evidence-head:1";
/// The predicate of `chain-start.json`.
pub const START_TYPE: &str = "urn:vpcheck:evidence-start:1";

/// A statement about its subjects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Statement<P> {
    /// The version of in-toto's format.
    #[serde(rename = "_type")]
    pub format: String,
    /// What it is about, each by its digest.
    pub subject: Vec<Subject>,
    /// What the predicate is.
    #[serde(rename = "predicateType")]
    pub predicate_type: String,
    /// What is said.
    pub predicate: P,
}

/// One thing a statement is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// Its name.
    pub name: String,
    /// Its digest.
    pub digest: DigestSet,
}

/// A digest by its algorithm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DigestSet {
    /// In hexadecimal.
    pub sha256: String,
}

/// What an evidence file says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The version of this format: `1`.
    pub schema_version: String,
    /// Its place in the chain.
    pub chain: Link,
    /// The run's id.
    pub run_id: String,
    /// When the run began.
    pub started_at: jiff::Timestamp,
    /// The program that ran.
    pub tool: ToolIdentity,
    /// The digest of the rules it judged by.
    pub rules_version: String,
    /// The options that the rules and the report read.
    pub options: Value,
    /// The instance identity document with its signature, where there is one.
    pub instance_identity: Option<InstanceIdentity>,
    /// The facts, as `--save-facts` writes them.
    pub facts: Value,
    /// The report, as `-o json` writes it.
    pub report: Value,
}

/// The place of a file in its chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The chain's id: that of its first run.
    pub id: String,
    /// The place, from 1.
    pub sequence: u64,
    /// The file before it; none for the first.
    pub previous: Option<Pointer>,
    /// What was wrong with the chain's head when this was written.
    #[serde(rename = "break", default, skip_serializing_if = "Option::is_none")]
    pub break_: Option<Break>,
}

/// A file and its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pointer {
    /// The file's name.
    pub file: String,
    /// Its SHA-256.
    pub sha256: String,
}

/// What was wrong with `head.json` when a run came to write: from then on nobody can tell whether the newest files
/// had been removed before, so that the chain says so for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Break {
    /// There were files and no head.
    HeadMissing,
    /// The head was not signed by the run's key.
    HeadNotProven,
}

/// The program that ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolIdentity {
    /// `vpcheck`.
    pub name: String,
    /// As in `0.1.0`.
    pub version: String,
    /// The SHA-256 of the program's file; none where it could not be read.
    pub sha256: Option<String>,
}

/// What `head.json` says: the newest file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The chain's id.
    pub chain: String,
    /// The newest file's place; 0 before there is any.
    pub sequence: u64,
    /// The newest file; none before there is any.
    pub newest: Option<Pointer>,
}

/// What `chain-start.json` says: what retention removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// The chain's id.
    pub chain: String,
    /// Every file up to this place was removed.
    pub removed_through: u64,
    /// The last of them.
    pub last: Pointer,
    /// How long files are kept, in seconds.
    pub retention_s: u64,
    /// When they were removed.
    pub removed_at: jiff::Timestamp,
}

/// What a run has to say, before it is known where in the chain.
#[derive(Debug, Clone)]
pub struct Draft {
    facts: Value,
    report: Value,
    options: Value,
    /// The run's id.
    pub run_id: String,
    /// When the run began.
    pub started_at: jiff::Timestamp,
    tool: ToolIdentity,
    instance_identity: Option<InstanceIdentity>,
}

impl Draft {
    /// The evidence of these facts and the report on them; `program` is the SHA-256 of the program's file.
    pub fn new(
        facts: &Facts,
        report: &Report,
        program: Option<String>,
    ) -> Result<Draft, NotCanonical> {
        Ok(Draft {
            facts: value(facts)?,
            report: value(report)?,
            options: value(&facts.request)?,
            run_id: facts.run_id.clone(),
            started_at: facts.started_at,
            tool: ToolIdentity {
                name: "vpcheck".to_owned(),
                version: facts.tool_version.clone(),
                sha256: program,
            },
            instance_identity: facts.host.instance_identity.clone(),
        })
    }

    /// The payload at this place of the chain.
    pub fn payload(&self, chain: Link) -> Result<Vec<u8>, NotCanonical> {
        let subject = vec![
            Subject::of("facts", &canonical(&self.facts)?),
            Subject::of("report", &canonical(&self.report)?),
        ];
        canonical(&Statement {
            format: STATEMENT_TYPE.to_owned(),
            subject,
            predicate_type: EVIDENCE_TYPE.to_owned(),
            predicate: Evidence {
                schema_version: "1".to_owned(),
                chain,
                run_id: self.run_id.clone(),
                started_at: self.started_at,
                tool: self.tool.clone(),
                rules_version: rules_version(),
                options: self.options.clone(),
                instance_identity: self.instance_identity.clone(),
                facts: self.facts.clone(),
                report: self.report.clone(),
            },
        })
    }
}

impl Head {
    /// The payload of `head.json`.
    pub fn payload(&self) -> Result<Vec<u8>, NotCanonical> {
        let subject = match &self.newest {
            Some(newest) => newest.subject(),
            None => Subject::of("chain", self.chain.as_bytes()),
        };
        record(HEAD_TYPE, subject, self)
    }
}

impl Start {
    /// The payload of `chain-start.json`.
    pub fn payload(&self) -> Result<Vec<u8>, NotCanonical> {
        record(START_TYPE, self.last.subject(), self)
    }
}

impl Pointer {
    fn subject(&self) -> Subject {
        Subject {
            name: self.file.clone(),
            digest: DigestSet {
                sha256: self.sha256.clone(),
            },
        }
    }
}

impl Subject {
    pub(super) fn of(name: &str, bytes: &[u8]) -> Subject {
        Subject {
            name: name.to_owned(),
            digest: DigestSet {
                sha256: sha256(bytes),
            },
        }
    }
}

impl<P> Statement<P> {
    /// Whether it is an in-toto statement with this predicate.
    pub(super) fn is(&self, predicate_type: &str) -> bool {
        self.format == STATEMENT_TYPE && self.predicate_type == predicate_type
    }
}

fn record(
    predicate_type: &str,
    subject: Subject,
    predicate: &impl Serialize,
) -> Result<Vec<u8>, NotCanonical> {
    canonical(&Statement {
        format: STATEMENT_TYPE.to_owned(),
        subject: vec![subject],
        predicate_type: predicate_type.to_owned(),
        predicate,
    })
}

/// The value as it will be read again: numbers as canonical JSON has them.
fn value(value: &impl Serialize) -> Result<Value, NotCanonical> {
    let bytes = canonical(value)?;
    serde_json::from_slice(&bytes).map_err(NotCanonical::from)
}
