//! The findings in AWS Security Finding Format: an array that `BatchImportFindings` takes as it is.
//!
//! The first entry stands for the run and has the same `Id` every time, so that Security Hub shows
//! it failed or passed as of the last import; the others are one for each finding. Lengths and counts
//! keep within `BatchImportFindings` of the AWS Security Hub API Reference.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::headline::headline;
use super::{identity, json as json_text, wording};
use crate::verdict::Report;
use crate::verdict::finding::{Finding, Severity};
use crate::verdict::report::RunVerdict;

/// What one call takes.
const MOST_FINDINGS: usize = 100;
/// The longest title.
const TITLE: usize = 256;
/// The longest description.
const DESCRIPTION: usize = 1024;
/// The longest recommendation.
const RECOMMENDATION: usize = 512;
/// The longest value of a product's own field, and the longest id of a resource.
const FIELD: usize = 512;
/// The longest name of a region.
const REGION: usize = 16;
/// What stands for an account that is not known; Security Hub refuses it, as it must.
const NO_ACCOUNT: &str = "000000000000";

/// Writes the array.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let findings = wording::in_order(&report.findings);
    let left_out = (findings.len() + 1).saturating_sub(MOST_FINDINGS);
    let mut entries = vec![of_run(report, left_out)];
    let most = MOST_FINDINGS - 1;
    entries.extend(findings.into_iter().take(most).map(|f| of(f, report)));
    json_text::pretty(&entries, out)
}

struct Entry<'a> {
    code: &'a str,
    title: &'a str,
    description: String,
    subject: String,
    resource_type: &'static str,
    severity: &'static str,
    compliance: &'static str,
    recommendation: String,
    fields: Value,
}

fn of(finding: &Finding, report: &Report) -> Value {
    let (severity, compliance) = match finding.severity {
        Severity::Fail => ("HIGH", "FAILED"),
        Severity::Warn => ("LOW", "WARNING"),
        Severity::Info => ("INFORMATIONAL", "PASSED"),
    };
    let mut recommendation = vec![finding.fix.summary.clone()];
    recommendation.extend(finding.fix.commands.iter().cloned());
    let description = match finding.because.is_empty() {
        true => finding.title.clone(),
        false => finding.because.clone(),
    };
    entry(
        &Entry {
            code: &finding.code,
            title: &finding.title,
            description,
            subject: finding.subject.clone(),
            resource_type: resource_type(&finding.subject),
            severity,
            compliance,
            recommendation: recommendation.join(" "),
            fields: json!({
                "vpcheck/code": finding.code,
                "vpcheck/services": cut(&finding.services.join(","), FIELD),
                "vpcheck/evidence": cut(&finding.evidence.join(" "), FIELD),
                "vpcheck/run_id": cut(&report.run_id, FIELD),
            }),
        },
        report,
    )
}

fn of_run(report: &Report, left_out: usize) -> Value {
    let said = headline(report);
    let (severity, compliance) = match report.verdict {
        RunVerdict::Pass => ("INFORMATIONAL", "PASSED"),
        RunVerdict::Fail => ("HIGH", "FAILED"),
        RunVerdict::Inconclusive => ("LOW", "NOT_AVAILABLE"),
    };
    let description = match left_out {
        0 => said.clone(),
        n => format!("{said} {} not listed here.", wording::count(n, "finding")),
    };
    let environment = &report.environment;
    entry(
        &Entry {
            code: "run",
            title: &said,
            description,
            subject: identity::host(environment),
            resource_type: match (&environment.task_arn, &environment.instance_id) {
                (Some(_), _) => "AwsEcsTask",
                (None, Some(_)) => "AwsEc2Instance",
                (None, None) => "Other",
            },
            severity,
            compliance,
            recommendation: String::new(),
            fields: json!({"vpcheck/run_id": cut(&report.run_id, FIELD)}),
        },
        report,
    )
}

fn entry(entry: &Entry<'_>, report: &Report) -> Value {
    let environment = &report.environment;
    let word = |text: &&str| is_word(text);
    let partition = environment.partition.as_deref().filter(word);
    let partition = partition.unwrap_or("aws");
    let region = environment.region.as_deref().filter(word);
    let region = region.unwrap_or("unknown");
    let account = account(report).unwrap_or(NO_ACCOUNT);
    let mut value = json!({
        "SchemaVersion": "2018-10-08",
        "Id": identity::stable_id(report, entry.code, &entry.subject),
        "ProductArn": format!("arn:{partition}:securityhub:{region}:{account}:product/{account}/default"),
        "GeneratorId": cut(&format!("vpcheck/{}", entry.code), FIELD),
        "AwsAccountId": account,
        "Types": ["Software and Configuration Checks/AWS Security Best Practices/Network Reachability"],
        "CreatedAt": report.started_at,
        "UpdatedAt": report.started_at,
        "Severity": {"Label": entry.severity},
        "Title": cut(filled(entry.title, entry.code), TITLE),
        "Description": cut(filled(&entry.description, entry.code), DESCRIPTION),
        "ProductFields": entry.fields,
        "Resources": [{
            "Type": entry.resource_type,
            "Id": cut(filled(&entry.subject, "unknown"), FIELD),
            "Region": region,
        }],
        "Compliance": {"Status": entry.compliance},
        "RecordState": "ACTIVE",
    });
    // Security Hub knows these three; of others it refuses the whole entry.
    if ["aws", "aws-cn", "aws-us-gov"].contains(&partition) {
        value["Resources"][0]["Partition"] = json!(partition);
    }
    if account == NO_ACCOUNT {
        value["ProductFields"]["vpcheck/account"] = json!("not known");
    }
    // Values that are empty are refused.
    if let Some(fields) = value["ProductFields"].as_object_mut() {
        fields.retain(|_, field| field.as_str().is_some_and(|text| !text.trim().is_empty()));
    }
    if !entry.recommendation.is_empty() {
        let text = cut(&entry.recommendation, RECOMMENDATION);
        value["Remediation"] = json!({"Recommendation": {"Text": text}});
    }
    value
}

/// The account the workload runs in: as it was learned, else as the task's ARN has it.
fn account(report: &Report) -> Option<&str> {
    let environment = &report.environment;
    let of_task = || environment.task_arn.as_deref()?.split(':').nth(4);
    environment
        .account_id
        .as_deref()
        .or_else(of_task)
        .filter(|id| id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether a text can be a partition's or a region's name, as it must be within an ARN.
fn is_word(text: &str) -> bool {
    let ok = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=REGION).contains(&text.len()) && text.bytes().all(ok)
}

/// The type Security Hub has for what an id names.
fn resource_type(subject: &str) -> &'static str {
    match subject.split_once('-').map(|(prefix, _)| prefix) {
        Some("sg") => "AwsEc2SecurityGroup",
        Some("acl") => "AwsEc2NetworkAcl",
        Some("rtb") => "AwsEc2RouteTable",
        Some("subnet") => "AwsEc2Subnet",
        Some("vpc") => "AwsEc2Vpc",
        Some("i") => "AwsEc2Instance",
        _ => "Other",
    }
}

/// Text that has to be there: the text, or what may stand for it.
fn filled<'a>(text: &'a str, otherwise: &'a str) -> &'a str {
    if text.trim().is_empty() {
        otherwise
    } else {
        text
    }
}

/// The text, cut to so many bytes where it is longer: no limit counts fewer than that.
fn cut(text: &str, longest: usize) -> String {
    if text.len() <= longest {
        return text.to_owned();
    }
    const MARK: &str = "...";
    let mut end = longest.saturating_sub(MARK.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let (kept, _) = text.split_at(end);
    format!("{kept}{MARK}")
}
