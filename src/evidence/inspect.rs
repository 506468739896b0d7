//! One file by itself: is it whole, who signed it, and do its parts agree?

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::canonical::canonical;
use super::envelope::{Envelope, Signature, pae};
use super::public_key::PublicKey;
use super::statement::{EVIDENCE_TYPE, Evidence, Statement, Subject};
use super::verification::{Problem, ProblemKind};

/// Who signed a file, as far as it is proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// One of the given keys, with this id.
    Proven(String),
    /// The signature cannot be checked: no key was given. It names this one.
    Unchecked(String),
    /// Nobody the reader trusts.
    Refuted,
}

/// What a file says, and what is wrong with it.
#[derive(Debug, Clone)]
pub struct Inspected<P> {
    /// Who signed it.
    pub origin: Origin,
    /// What it says, where it can be read; to be believed only where it is not refuted.
    pub predicate: Option<P>,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

impl<P> Inspected<P> {
    /// What it says, unless the signature refutes it.
    pub fn believed(&self) -> Option<&P> {
        let believed = self.origin != Origin::Refuted;
        self.predicate.as_ref().filter(|_| believed)
    }
}

/// Looks at an evidence file.
pub fn inspect(file: &str, bytes: &[u8], keys: &[PublicKey]) -> Inspected<Evidence> {
    let (mut inspected, statement) = open::<Evidence>(file, bytes, keys, EVIDENCE_TYPE);
    if let Some(statement) = statement {
        for text in contradictions(&statement) {
            inspected
                .problems
                .push(Problem::new(file, ProblemKind::Contradiction, text));
        }
        inspected.predicate = Some(statement.predicate);
    }
    inspected
}

/// Looks at `head.json` or `chain-start.json`.
pub fn inspect_record<P: DeserializeOwned>(
    file: &str,
    bytes: &[u8],
    keys: &[PublicKey],
    predicate_type: &str,
) -> Inspected<P> {
    let (mut inspected, statement) = open::<P>(file, bytes, keys, predicate_type);
    inspected.predicate = statement.map(|statement| statement.predicate);
    inspected
}

fn open<P: DeserializeOwned>(
    file: &str,
    bytes: &[u8],
    keys: &[PublicKey],
    predicate_type: &str,
) -> (Inspected<P>, Option<Statement<P>>) {
    let mut problems = Vec::new();
    let mut origin = Origin::Refuted;
    let mut statement = None;
    let mut malformed = |text: String| {
        problems.push(Problem::new(file, ProblemKind::Malformed, text));
    };
    let opened = Envelope::read(bytes).and_then(|envelope| Ok((envelope.payload()?, envelope)));
    match opened {
        Err(error) => malformed(error.to_string()),
        Ok((payload, envelope)) => {
            match read::<P>(&payload, predicate_type) {
                Ok(read) => statement = Some(read),
                Err(text) => malformed(text),
            }
            match judge(&payload, envelope.signatures(), keys) {
                Ok(judged) => origin = judged,
                Err((kind, text)) => problems.push(Problem::new(file, kind, text)),
            }
        }
    }
    let inspected = Inspected {
        origin,
        predicate: None,
        problems,
    };
    (inspected, statement)
}

/// Reads a payload, which must be canonical: what is written in two ways can be read in two ways.
fn read<P: DeserializeOwned>(payload: &[u8], predicate_type: &str) -> Result<Statement<P>, String> {
    let value: Value = serde_json::from_slice(payload)
        .map_err(|error| format!("its content is no JSON: {error}"))?;
    if canonical(&value).ok().as_deref() != Some(payload) {
        return Err("its content is not canonical JSON".to_owned());
    }
    let found = value["predicateType"].as_str().unwrap_or_default();
    if found != predicate_type {
        return Err(format!(
            "expected a statement of the type {predicate_type}, found {found:?}"
        ));
    }
    let statement: Statement<P> = serde_json::from_slice(payload)
        .map_err(|error| format!("its content is not what it should be: {error}"))?;
    match statement.is(predicate_type) {
        true => Ok(statement),
        false => Err("its content is no in-toto statement, version 1".to_owned()),
    }
}

fn judge(
    payload: &[u8],
    signatures: &[Signature],
    keys: &[PublicKey],
) -> Result<Origin, (ProblemKind, String)> {
    let forged = |text: &str| (ProblemKind::Forged, text.to_owned());
    let [signature] = signatures else {
        return Err(match signatures.is_empty() {
            true => (
                ProblemKind::Unsigned,
                "it is not signed: the key was not at hand when it was written".to_owned(),
            ),
            false => forged("it has more than one signature"),
        });
    };
    let bytes = (signature.bytes()).map_err(|error| forged(&error.to_string()))?;
    if keys.is_empty() {
        return Ok(Origin::Unchecked(signature.keyid.clone()));
    }
    let message = pae(payload);
    let named = keys.iter().find(|key| key.id() == signature.keyid);
    match named {
        Some(key) if key.verifies(&message, &bytes) => Ok(Origin::Proven(key.id().to_owned())),
        Some(_) => Err(forged(
            "the signature does not fit: the content or the signature was changed",
        )),
        None if keys.iter().any(|key| key.verifies(&message, &bytes)) => Err(forged(
            "its key id is not that of the key that signed it: the id was changed",
        )),
        None => Err((
            ProblemKind::OtherKey,
            format!(
                "it names a key that is none of those given: {}",
                signature.keyid
            ),
        )),
    }
}

/// Where the parts of a statement disagree.
fn contradictions(statement: &Statement<Evidence>) -> Vec<String> {
    let evidence = &statement.predicate;
    let mut found = Vec::new();
    for (name, value) in [("facts", &evidence.facts), ("report", &evidence.report)] {
        let own = canonical(value).map(|bytes| Subject::of(name, &bytes));
        let named = statement.subject.iter().find(|one| one.name == name);
        if own.ok().as_ref() != named {
            found.push(format!("the {name} have another digest than it states"));
        }
    }
    let (facts, report) = (&evidence.facts, &evidence.report);
    let identity = serde_json::to_value(&evidence.instance_identity).unwrap_or_default();
    let text = |text: &str| Value::String(text.to_owned());
    for (what, fits) in [
        (
            "the run's id",
            facts["run_id"] == evidence.run_id.as_str()
                && report["run_id"] == evidence.run_id.as_str(),
        ),
        (
            "the run's beginning",
            facts["started_at"] == text(&evidence.started_at.to_string()),
        ),
        (
            "the tool's version",
            facts["tool_version"] == text(&evidence.tool.version),
        ),
        ("the options", facts["request"] == evidence.options),
        (
            "the instance identity document",
            facts["host"]["instance_identity"] == identity,
        ),
    ] {
        if !fits {
            found.push(format!("{what} is not the same in all its parts"));
        }
    }
    found
}
