//! Findings for AWS Security Hub, and word that those which are gone are gone.

use serde_json::{Value, json};

use super::load::{Load, Taken, json_call};
use super::spool::Spool;
use crate::gather::aws::{ApiAnswer, ApiCall, AwsAccess};
use crate::render::{Format, Style, render};
use crate::verdict::Report;
use crate::verdict::report::{RunVerdict, ServiceVerdict};

/// What one call takes (`BatchImportFindings`, AWS Security Hub API Reference).
const MOST_FINDINGS: usize = 100;
/// The record of what Security Hub was last told.
const RECORD: &str = "security-hub";

/// The findings of this run, and those of earlier ones that it shows to be gone, as archived; and what [`remember`] is to
/// note once these are safely on their way.
pub(super) fn loads(spool: &Spool, report: &Report) -> (Vec<Load>, Vec<Value>) {
    let now = findings(report);
    let earlier = spool.record(RECORD);
    let is_again = |old: &Value| now.iter().any(|new| new["Id"] == old["Id"]);
    let (gone, open): (Vec<Value>, Vec<Value>) = earlier
        .into_iter()
        .filter(|old| !is_again(old))
        .partition(|old| is_gone(old, report));
    let archived = gone.iter().map(|old| archived(old, report));
    let told: Vec<Value> = now.iter().cloned().chain(archived).collect();
    let loads = told
        .chunks(MOST_FINDINGS)
        .map(|findings| Load::SecurityHub {
            findings: findings.to_vec(),
        })
        .collect();
    (loads, now.into_iter().chain(open).collect())
}

/// Notes what Security Hub is told. Where that cannot be kept, a finding that goes later stays open there.
pub(super) fn remember(spool: &Spool, told: &[Value]) {
    spool.keep_record(RECORD, told);
}

pub(super) fn call(access: &AwsAccess, findings: &[Value]) -> ApiCall {
    let input = json!({ "Findings": findings });
    ApiCall {
        path: "/findings/import".to_owned(),
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        ..json_call(access, "securityhub", "", &input)
    }
}

/// A call can succeed and some of its findings fail.
pub(super) fn judge(answer: &ApiAnswer) -> Taken {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let failed = body["FailedFindings"].as_array();
    match failed.and_then(|failed| failed.first()) {
        None => Taken::Yes,
        Some(first) => Taken::Never(format!(
            "Security Hub refuses {} findings, the first since: {}",
            failed.map_or(0, Vec::len),
            first["ErrorMessage"].as_str().unwrap_or("it does not say")
        )),
    }
}

fn findings(report: &Report) -> Vec<Value> {
    let mut bytes = Vec::new();
    // Invariant: writing to memory does not fail, and what the renderer writes is an array.
    let _ = render(Format::Asff, report, &Style::default(), &mut bytes);
    serde_json::from_slice(&bytes).unwrap_or_default()
}

/// Whether a finding that is no longer made is no longer true. It is not where this run could not have made it.
fn is_gone(old: &Value, report: &Report) -> bool {
    if report.verdict == RunVerdict::Inconclusive {
        return false;
    }
    let inventory = &report.inventory;
    let was_read = inventory.error.is_none() && inventory.denied.is_empty();
    let services = old["ProductFields"]["vpcheck/services"].as_str();
    let mut about = services
        .unwrap_or("")
        .split(',')
        .filter(|id| !id.is_empty());
    let works = about.all(|id| {
        let service = report.services.iter().find(|known| known.service == id);
        // A service that is not checked any more has nothing open.
        let path = service.is_none_or(|service| service.verdict == ServiceVerdict::Pass);
        path && (id != "sqs" || report.canary.status != "failed")
    });
    let is_failure = old["Compliance"]["Status"] == "FAILED";
    works && (is_failure || was_read)
}

/// The same finding, closed.
fn archived(old: &Value, report: &Report) -> Value {
    let mut finding = old.clone();
    finding["RecordState"] = json!("ARCHIVED");
    finding["UpdatedAt"] = json!(report.started_at);
    finding["Compliance"]["Status"] = json!("PASSED");
    finding
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Facts;
    use crate::verdict::report;

    /// A run of a healthy host, as it was recorded.
    fn recorded() -> Report {
        let facts: Facts =
            serde_json::from_str(include_str!("../../tests/cli/facts.json")).unwrap();
        report(&facts)
    }

    /// As a run that puts its loads into the spool.
    fn told(spool: &Spool, report: &Report) -> Vec<Load> {
        let (told, record) = loads(spool, report);
        remember(spool, &record);
        told
    }

    fn state(loads: &[Load], code: &str) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        loads
            .iter()
            .flat_map(|load| match load {
                Load::SecurityHub { findings } => findings.clone(),
                _ => Vec::new(),
            })
            .filter(|finding| finding["GeneratorId"] == format!("vpcheck/{code}"))
            .map(|f| (text(&f["RecordState"]), text(&f["Compliance"]["Status"])))
            .collect()
    }

    #[test]
    fn a_finding_that_is_gone_is_archived_once() {
        let directory = tempfile::tempdir().unwrap();
        let spool = Spool::open(directory.path()).unwrap();
        let healthy = recorded();
        let mut failing = healthy.clone();
        let mut finding = healthy.findings[0].clone();
        finding.code = "endpoint-missing".to_owned();
        finding.severity = crate::verdict::finding::Severity::Fail;
        failing.findings.push(finding);
        failing.verdict = RunVerdict::Fail;

        let first = told(&spool, &failing);
        let active = ("ACTIVE".to_owned(), "FAILED".to_owned());
        assert_eq!(state(&first, "endpoint-missing"), [active]);
        let mut unsure = healthy.clone();
        unsure.verdict = RunVerdict::Inconclusive;
        assert_eq!(state(&told(&spool, &unsure), "endpoint-missing"), []);
        let archived = ("ARCHIVED".to_owned(), "PASSED".to_owned());
        assert_eq!(
            state(&told(&spool, &healthy), "endpoint-missing"),
            [archived]
        );
        assert_eq!(state(&told(&spool, &healthy), "endpoint-missing"), []);
    }

    #[test]
    fn findings_that_are_refused_are_no_success() {
        let answer = |body: &str| ApiAnswer {
            status: 200,
            etag: None,
            body: body.as_bytes().to_vec(),
        };
        assert_eq!(
            judge(&answer(r#"{"FailedCount":0,"FailedFindings":[]}"#)),
            Taken::Yes
        );
        let refused = judge(&answer(
            r#"{"FailedFindings":[{"ErrorMessage":"too long"}]}"#,
        ));
        assert!(matches!(refused, Taken::Never(reason) if reason.contains("too long")));
    }
}
