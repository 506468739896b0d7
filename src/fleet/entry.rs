//! What a fleet's summary needs of one report, read without keeping the rest of it.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::evidence::{EVIDENCE_TYPE, HEAD_TYPE, START_TYPE};
use crate::verdict::Severity;
use crate::verdict::report::RunVerdict;

/// The newest version of the report that is read, and of evidence.
const REPORT_VERSION: u64 = 1;
/// What the types of evidence begin with, before the version.
const EVIDENCE: &str = "urn:vpcheck:evidence:";
/// More findings than a report has; of what a hostile one says no more is kept.
const MOST_FINDINGS: usize = 500;

/// One machine's report, as far as a fleet's summary needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Which machine: an instance, a task, else what it is and its address.
    pub machine: Cow<'a, str>,
    /// The run's id.
    pub run_id: Cow<'a, str>,
    /// When the run began, in milliseconds since 1970.
    pub started_ms: i64,
    /// What it came to.
    pub verdict: RunVerdict,
    /// The account.
    pub account_id: Option<Cow<'a, str>>,
    /// The Region.
    pub region: Option<Cow<'a, str>>,
    /// The VPC.
    pub vpc_id: Option<Cow<'a, str>>,
    /// The subnet.
    pub subnet_id: Option<Cow<'a, str>>,
    /// The findings, each by what tells it from others.
    pub findings: Vec<EntryFinding<'a>>,
}

/// What tells one finding from another.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct EntryFinding<'a> {
    /// Its code.
    #[serde(borrow)]
    pub code: Cow<'a, str>,
    /// How much it matters in that run.
    pub severity: Severity,
    /// What it is about; empty where that is not known.
    #[serde(borrow, default)]
    pub subject: Cow<'a, str>,
}

/// Why bytes are no report that counts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotRead {
    /// A part of a chain of evidence that holds no report: nothing is missing.
    #[error("a record of the chain of evidence")]
    ChainRecord,
    /// A newer vpcheck wrote it.
    #[error(
        "{what} of version {found}, where {REPORT_VERSION} is the newest known here: a newer vpcheck reads it"
    )]
    Newer {
        /// What it is.
        what: &'static str,
        /// Its version.
        found: String,
    },
    /// It is something else, or broken.
    #[error("expected a JSON report or an evidence file of vpcheck, found {0}")]
    Other(String),
}

/// A report or an evidence file, whichever it is.
#[derive(Deserialize)]
struct Raw<'a> {
    schema_version: Option<Version>,
    #[serde(borrow)]
    run_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    started_at: Option<Cow<'a, str>>,
    verdict: Option<RunVerdict>,
    #[serde(borrow)]
    environment: Option<Place<'a>>,
    #[serde(borrow)]
    findings: Option<Vec<EntryFinding<'a>>>,
}

#[derive(Deserialize)]
struct Place<'a> {
    #[serde(borrow)]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    region: Option<Cow<'a, str>>,
    #[serde(borrow)]
    account_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    instance_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    task_arn: Option<Cow<'a, str>>,
    #[serde(borrow)]
    vpc_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    subnet_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    addresses: Vec<Cow<'a, str>>,
}

/// What tells kinds of files apart, whatever else a newer version may have changed.
#[derive(Deserialize)]
struct Marks<'a> {
    schema_version: Option<Version>,
    facts_version: Option<IgnoredAny>,
    fleet_version: Option<IgnoredAny>,
    verdict: Option<IgnoredAny>,
    #[serde(borrow)]
    payload: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Statement<'a> {
    #[serde(borrow, rename = "predicateType")]
    predicate_type: Cow<'a, str>,
    #[serde(borrow)]
    predicate: Option<Predicate<'a>>,
}

#[derive(Deserialize)]
struct Predicate<'a> {
    #[serde(borrow)]
    report: Option<Raw<'a>>,
}

#[derive(Deserialize)]
struct StatementMarks<'a> {
    #[serde(borrow, rename = "predicateType")]
    predicate_type: Cow<'a, str>,
}

/// A version is a number, written as one or as a text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Version {
    Number(u64),
    Text(String),
}

impl<'a> Entry<'a> {
    /// Reads a report, and hands what is needed of it to `take`: it lives on the bytes, or on those that an evidence
    /// file holds. Nobody's signature is proven here.
    pub fn read<T>(bytes: &[u8], take: impl FnOnce(&Entry<'_>) -> T) -> Result<T, NotRead> {
        let text = std::str::from_utf8(bytes)
            .map_err(|_| NotRead::Other("bytes that are no text".to_owned()))?;
        let text = text.trim_start_matches('\u{feff}');
        if let Ok(raw) = serde_json::from_str::<Raw<'_>>(text)
            && raw.verdict.is_some()
        {
            return Ok(take(&of_report(raw)?));
        }
        // Not at once, which costs a report nothing: whatever a newer version changed, its mark tells it.
        let marks: Marks<'_> = serde_json::from_str(text).map_err(other)?;
        match marks {
            Marks {
                payload: Some(payload),
                ..
            } => of_evidence(&payload, take),
            Marks {
                fleet_version: Some(_),
                ..
            } => Err(found("a fleet's report")),
            Marks {
                facts_version: Some(_),
                ..
            } => Err(found(
                "facts, of which `vpcheck replay -o json` makes a report",
            )),
            Marks {
                schema_version: Some(version),
                verdict: Some(_),
                ..
            } => {
                version.known("a report")?;
                // The first error says what is wrong with a version that is known.
                match serde_json::from_str::<Raw<'_>>(text) {
                    Err(error) => Err(other(error)),
                    Ok(raw) => Ok(take(&of_report(raw)?)),
                }
            }
            _ => Err(found("JSON of another kind")),
        }
    }
}

fn of_evidence<T>(payload: &str, take: impl FnOnce(&Entry<'_>) -> T) -> Result<T, NotRead> {
    let bytes = STANDARD
        .decode(payload)
        .map_err(|_| found("evidence whose content is no base64"))?;
    let marks: StatementMarks<'_> = serde_json::from_slice(&bytes)
        .map_err(|error| found(format!("evidence whose content cannot be read: {error}")))?;
    match marks.predicate_type.as_ref() {
        EVIDENCE_TYPE => {}
        HEAD_TYPE | START_TYPE => return Err(NotRead::ChainRecord),
        other => {
            return Err(match other.strip_prefix(EVIDENCE) {
                Some(version) => NotRead::Newer {
                    what: "evidence",
                    found: bounded(version),
                },
                None => found("a signed statement of another kind"),
            });
        }
    }
    let statement: Statement<'_> = serde_json::from_slice(&bytes)
        .map_err(|error| found(format!("evidence whose report cannot be read: {error}")))?;
    match statement.predicate.and_then(|predicate| predicate.report) {
        Some(report) if statement.predicate_type == EVIDENCE_TYPE => Ok(take(&of_report(report)?)),
        _ => Err(found("evidence without a report")),
    }
}

fn of_report(raw: Raw<'_>) -> Result<Entry<'_>, NotRead> {
    if let Some(version) = &raw.schema_version {
        version.known("a report")?;
    }
    let missing = |what: &str| found(format!("a report without {what}"));
    let started_at = raw.started_at.ok_or_else(|| missing("started_at"))?;
    let started: jiff::Timestamp = started_at
        .parse()
        .map_err(|_| found(format!("a report that began at {:?}", bounded(&started_at))))?;
    let run_id = raw.run_id.unwrap_or_default();
    let place = raw.environment.ok_or_else(|| missing("environment"))?;
    let mut findings = raw.findings.ok_or_else(|| missing("findings"))?;
    findings.truncate(MOST_FINDINGS);
    Ok(Entry {
        machine: machine(&place, &run_id),
        run_id,
        started_ms: started.as_millisecond(),
        verdict: raw.verdict.ok_or_else(|| missing("a verdict"))?,
        account_id: place.account_id,
        region: place.region,
        vpc_id: place.vpc_id,
        subnet_id: place.subnet_id,
        findings,
    })
}

/// What tells a machine from others: its id where it has one, else what it is and where.
fn machine<'a>(place: &Place<'a>, run_id: &Cow<'a, str>) -> Cow<'a, str> {
    let named = [&place.instance_id, &place.task_arn];
    if let Some(name) = named.into_iter().flatten().find(|name| !name.is_empty()) {
        return name.clone();
    }
    let kind = match place.kind.as_deref() {
        None | Some("" | "other") => "host",
        Some(kind) => kind,
    };
    let Some(address) = place.addresses.first() else {
        return Cow::Owned(format!("{kind} of run {run_id}"));
    };
    match place.subnet_id.as_ref().or(place.vpc_id.as_ref()) {
        Some(within) => Cow::Owned(format!("{kind} {address} in {within}")),
        None => Cow::Owned(format!("{kind} {address}")),
    }
}

impl Version {
    /// An older version holds what is read of it here; a newer one may mean another thing by the same word.
    fn known(&self, what: &'static str) -> Result<(), NotRead> {
        let (number, text) = match self {
            Version::Number(number) => (Some(*number), number.to_string()),
            Version::Text(text) => (text.parse().ok(), text.clone()),
        };
        match number {
            Some(number) if number <= REPORT_VERSION => Ok(()),
            _ => Err(NotRead::Newer {
                what,
                found: bounded(&text),
            }),
        }
    }
}

fn other(error: serde_json::Error) -> NotRead {
    use serde_json::error::Category;
    match error.classify() {
        Category::Eof => found("a part of a file: it ends too early"),
        Category::Syntax | Category::Io => found(format!("no JSON: {error}")),
        Category::Data => found(bounded(&error.to_string())),
    }
}

fn found(what: impl Into<String>) -> NotRead {
    NotRead::Other(what.into())
}

fn bounded(text: &str) -> String {
    text.chars().take(160).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn report() -> Value {
        json!({
            "schema_version": "1", "run_id": "r-1", "started_at": "2026-11-21T05:00:00.000Z", "verdict": "fail",
            "environment": {"kind": "ec2", "region": "us-east-1", "account_id": "123456789012", "instance_id": "i-1",
                "task_arn": null, "vpc_id": "vpc-1", "subnet_id": "subnet-1", "addresses": ["10.0.1.10"]},
            "services": [{"service": "sqs", "hostnames": []}],
            "findings": [{"code": "endpoint-missing", "severity": "fail", "services": ["ssm"], "subject": "com.amazonaws.us-east-1.ssm",
                "title": "…", "evidence": []}],
        })
    }

    fn read(value: &Value) -> Result<(String, usize), NotRead> {
        Entry::read(value.to_string().as_bytes(), |entry| {
            (entry.machine.to_string(), entry.findings.len())
        })
    }

    fn evidence(kind: &str, report: &Value) -> Value {
        let statement = json!({"_type": "x", "predicateType": kind, "predicate": {"facts": {"a": [1]}, "report": report}});
        json!({"payloadType": "application/vnd.in-toto+json", "payload": STANDARD.encode(statement.to_string()), "signatures": []})
    }

    #[test]
    fn reports_and_evidence_are_read() {
        assert_eq!(read(&report()), Ok(("i-1".to_owned(), 1)));
        assert_eq!(
            read(&evidence(EVIDENCE_TYPE, &report())),
            Ok(("i-1".to_owned(), 1))
        );
        assert_eq!(
            read(&evidence(HEAD_TYPE, &Value::Null)),
            Err(NotRead::ChainRecord)
        );
    }

    #[test]
    fn older_versions_are_read_and_newer_ones_named() {
        let mut older = report();
        older["schema_version"] = json!("0");
        assert!(read(&older).is_ok());
        older.as_object_mut().unwrap().remove("schema_version");
        assert!(read(&older).is_ok());
        let mut newer = report();
        newer["schema_version"] = json!("2");
        let said = read(&newer).unwrap_err().to_string();
        assert!(said.contains("version 2"), "{said}");
        newer["findings"] = json!({"of another shape": true});
        newer["schema_version"] = json!(3);
        assert!(matches!(read(&newer), Err(NotRead::Newer { .. })));
        let said = read(&evidence("urn:vpcheck:evidence:2", &report())).unwrap_err();
        assert!(matches!(said, NotRead::Newer { .. }));
    }

    #[test]
    fn what_is_no_report_says_what_it_is() {
        for (value, said) in [
            (json!({"facts_version": 1}), "vpcheck replay"),
            (json!({"fleet_version": "1"}), "a fleet's report"),
            (json!([1]), "invalid"),
            (json!({}), "another kind"),
        ] {
            let error = read(&value).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
        let error = Entry::read(b"{\"schema_version\": \"1\", \"verd", |_| ()).unwrap_err();
        assert!(error.to_string().contains("ends too early"), "{error}");
        let mut late = report();
        late["started_at"] = json!("yesterday");
        assert!(read(&late).unwrap_err().to_string().contains("yesterday"));
    }

    #[test]
    fn a_machine_without_an_id_is_what_and_where_it_is() {
        let mut lambda = report();
        lambda["environment"]["kind"] = json!("lambda");
        lambda["environment"]["instance_id"] = Value::Null;
        assert_eq!(read(&lambda).unwrap().0, "lambda 10.0.1.10 in subnet-1");
        lambda["environment"]["task_arn"] = json!("arn:task");
        assert_eq!(read(&lambda).unwrap().0, "arn:task");
    }
}
