//! What can be compared: facts, a report, or evidence, which holds both.

use std::fmt;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::ledger::word;
use crate::evidence::{self, ProblemKind};
use crate::facts::{FACTS_VERSION, Facts};
use crate::verdict::{self, Report};

/// The only version of the report there is.
const REPORT_VERSION: &str = "1";

/// One run, as a file tells it.
#[derive(Debug, Clone)]
pub struct Record {
    /// What the file is.
    pub source: Source,
    /// The report: recorded, or what the rules say of the recorded facts.
    pub report: Report,
    /// The facts, where the file holds them.
    pub facts: Option<Box<Facts>>,
    /// What else there is to know.
    pub note: Option<String>,
}

/// What a record was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// What `check --save-facts` wrote.
    Facts,
    /// What `-o json` wrote.
    Report,
    /// A file of `check --evidence`.
    Evidence,
}

/// What is no record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected facts, a JSON report or an evidence file of vpcheck, found {found}")]
pub struct RecordError {
    /// What it is instead.
    pub found: String,
}

/// The keys that tell the three apart.
#[derive(Deserialize)]
struct Marks {
    facts_version: Option<IgnoredAny>,
    #[serde(rename = "payloadType")]
    payload_type: Option<IgnoredAny>,
    schema_version: Option<IgnoredAny>,
    verdict: Option<IgnoredAny>,
}

impl Record {
    /// Reads a file's content.
    ///
    /// Facts are judged by the rules of this program, recorded in evidence or not, so that two records differ by what
    /// was so and not by who judged.
    pub fn read(bytes: &[u8]) -> Result<Record, RecordError> {
        let text = str::from_utf8(bytes).map_err(|error| found(format!("no text: {error}")))?;
        let marks: Marks = parse(text)?;
        match marks {
            Marks {
                payload_type: Some(_),
                ..
            } => of_evidence(bytes),
            Marks {
                facts_version: Some(_),
                ..
            } => of_facts(parse(text)?),
            Marks {
                schema_version: Some(_),
                verdict: Some(_),
                ..
            } => of_report(parse(text)?),
            _ => Err(found("JSON of another kind")),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Source::Facts => "facts",
            Source::Report => "a report",
            Source::Evidence => "evidence",
        })
    }
}

fn of_facts(facts: Facts) -> Result<Record, RecordError> {
    if facts.facts_version != FACTS_VERSION {
        return Err(found(format!(
            "facts of version {}, where {FACTS_VERSION} is known",
            facts.facts_version
        )));
    }
    Ok(Record {
        source: Source::Facts,
        report: verdict::report(&facts),
        facts: Some(Box::new(facts)),
        note: None,
    })
}

fn of_report(report: Report) -> Result<Record, RecordError> {
    if report.schema_version != REPORT_VERSION {
        return Err(found(format!(
            "a report of version {:?}, where {REPORT_VERSION:?} is known",
            report.schema_version
        )));
    }
    Ok(Record {
        source: Source::Report,
        report,
        facts: None,
        note: None,
    })
}

/// Evidence has to be whole; who signed it is what `vpcheck verify` proves.
fn of_evidence(bytes: &[u8]) -> Result<Record, RecordError> {
    let inspected = evidence::inspect("evidence", bytes, &[]);
    let broken = inspected.problems.iter().find(|problem| {
        matches!(
            problem.kind,
            ProblemKind::Malformed | ProblemKind::Contradiction
        )
    });
    if let Some(problem) = broken {
        return Err(found(format!(
            "evidence that is not whole: {}",
            problem.text
        )));
    }
    let Some(evidence) = inspected.predicate else {
        return Err(found("evidence that cannot be read"));
    };
    // From text, as facts and reports are read elsewhere: one reader of each is much code already.
    let recorded: Report = parse(&evidence.report.to_string()).map_err(|error| {
        let problem = error.found;
        found(format!("evidence whose report cannot be read: {problem}"))
    })?;
    let facts = parse(&evidence.facts.to_string()).and_then(of_facts).ok();
    let Some(mut record) = facts else {
        let mut record = of_report(recorded)?;
        record.source = Source::Evidence;
        record.note = Some("its facts are of another version: its report is compared".to_owned());
        return Ok(record);
    };
    record.source = Source::Evidence;
    if record.report.verdict != recorded.verdict {
        record.note = Some(format!(
            "judged by the rules of vpcheck {}; the evidence records the verdict {}",
            env!("CARGO_PKG_VERSION"),
            word(&recorded.verdict)
        ));
    }
    Ok(record)
}

fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, RecordError> {
    serde_json::from_str(text).map_err(|error| found(error.to_string()))
}

fn found(found: impl Into<String>) -> RecordError {
    RecordError {
        found: found.into(),
    }
}
