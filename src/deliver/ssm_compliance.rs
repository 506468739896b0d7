//! The compliance of a managed instance, where AWS Systems Manager shows that of its patches.

use serde_json::{Value, json};

use super::load::{Load, json_call};
use crate::gather::aws::{ApiCall, AwsAccess};
use crate::render::headline;
use crate::verdict::Report;
use crate::verdict::finding::{Finding, Severity};
use crate::verdict::report::RunVerdict;

/// The type of compliance; each call replaces all items of it (`PutComplianceItems`, AWS Systems Manager API Reference).
const COMPLIANCE_TYPE: &str = "Custom:VpcEndpointPrivacy";
/// The longest title of an item.
const TITLE: usize = 500;
/// The longest id of an item.
const ID: usize = 100;
/// The longest value of a detail.
const DETAIL: usize = 1024;
/// More findings than these are counted in the first item.
const MOST_ITEMS: usize = 50;

/// The items of this run.
///
/// # Errors
/// The host is no managed instance: nothing else has compliance in AWS Systems Manager.
pub(super) fn load(report: &Report) -> Result<Load, String> {
    let instance = report.environment.instance_id.as_deref();
    let Some(instance) = instance.filter(|id| id.starts_with("i-") || id.starts_with("mi-")) else {
        return Err("ssm-compliance is for managed instances, and this host is none".to_owned());
    };
    let mut items = vec![of_run(report)];
    items.extend(
        report
            .findings
            .iter()
            .filter(|finding| finding.severity != Severity::Info)
            .take(MOST_ITEMS)
            .map(of_finding),
    );
    Ok(Load::SsmCompliance {
        input: json!({
            "ResourceId": instance,
            "ResourceType": "ManagedInstance",
            "ComplianceType": COMPLIANCE_TYPE,
            "ExecutionSummary": {
                "ExecutionTime": seconds(&report.started_at),
                "ExecutionId": cut(&report.run_id, ID),
                "ExecutionType": "vpcheck",
            },
            "Items": items,
            "UploadType": "COMPLETE",
        }),
    })
}

pub(super) fn call(access: &AwsAccess, input: &Value) -> ApiCall {
    json_call(access, "ssm", "AmazonSSM.PutComplianceItems", input)
}

fn of_run(report: &Report) -> Value {
    // What could not be established is not compliant: AWS Systems Manager has no third state.
    let (severity, status) = match report.verdict {
        RunVerdict::Pass => ("INFORMATIONAL", "COMPLIANT"),
        RunVerdict::Fail => ("HIGH", "NON_COMPLIANT"),
        RunVerdict::Inconclusive => ("UNSPECIFIED", "NON_COMPLIANT"),
    };
    json!({
        "Id": "run",
        "Title": cut(&headline(report), TITLE),
        "Severity": severity,
        "Status": status,
        "Details": {"DetectedText": format!("{} findings", report.findings.len())},
    })
}

fn of_finding(finding: &Finding) -> Value {
    let (severity, status) = match finding.severity {
        Severity::Fail => ("HIGH", "NON_COMPLIANT"),
        Severity::Warn => ("LOW", "COMPLIANT"),
        Severity::Info => ("INFORMATIONAL", "COMPLIANT"),
    };
    let mut details = json!({
        "Code": finding.code,
        "Subject": cut(&finding.subject, DETAIL),
        "Because": cut(&finding.because, DETAIL),
        "Fix": cut(&finding.fix.summary, DETAIL),
    });
    // Values that are empty are refused.
    if let Some(details) = details.as_object_mut() {
        details.retain(|_, value| value.as_str().is_some_and(|text| !text.trim().is_empty()));
    }
    json!({
        "Id": cut(&format!("{}/{}", finding.code, finding.subject), ID),
        "Title": cut(&finding.title, TITLE),
        "Severity": severity,
        "Status": status,
        "Details": details,
    })
}

/// Seconds since 1970, as the JSON protocol writes a time.
fn seconds(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>()
        .map_or(0, jiff::Timestamp::as_second)
}

/// So many characters of the text at the most.
fn cut(text: &str, longest: usize) -> String {
    text.chars().take(longest).collect()
}
