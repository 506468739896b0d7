//! The verdict, the place and what tells the findings apart, on one short line of JSON: for lists that keep little of each
//! run, as AWS Systems Manager does. It has the report's own names, so that `vpcheck fleet report` reads it like a report.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::{escape, json as json_text, wording};
use crate::verdict::Report;

/// What all findings take together, in bytes: Run Command keeps 24,000 characters, and the report for people stands beside it.
const LONGEST: usize = 9_000;
/// The longest text of a finding.
const LONGEST_SUBJECT: usize = 300;
/// The longest text of where it was, and the longest ARN of a task there.
const LONGEST_PLACE: usize = 96;
const LONGEST_ARN: usize = 200;

/// Writes the line.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let environment = &report.environment;
    let mut findings: Vec<Value> = Vec::new();
    let mut room = LONGEST;
    let mut omitted = 0_usize;
    for finding in wording::in_order(&report.findings) {
        let subject: String = finding.subject.chars().take(LONGEST_SUBJECT).collect();
        let value = json!({"code": finding.code, "severity": finding.severity, "subject": subject});
        // Once one has no room, a less severe one that has would look as if it were the next.
        match room.checked_sub(escape::json(&value.to_string()).len()) {
            Some(left) if omitted == 0 => {
                room = left;
                findings.push(value);
            }
            _ => omitted += 1,
        }
    }
    let line = json!({
        "schema_version": report.schema_version,
        "tool": report.tool,
        "run_id": report.run_id,
        "started_at": report.started_at,
        "verdict": report.verdict,
        "summary": report.summary,
        "environment": {
            "kind": environment.kind,
            "region": cut(environment.region.as_deref(), LONGEST_PLACE),
            "account_id": cut(environment.account_id.as_deref(), LONGEST_PLACE),
            "instance_id": cut(environment.instance_id.as_deref(), LONGEST_PLACE),
            "task_arn": cut(environment.task_arn.as_deref(), LONGEST_ARN),
            "vpc_id": cut(environment.vpc_id.as_deref(), LONGEST_PLACE),
            "subnet_id": cut(environment.subnet_id.as_deref(), LONGEST_PLACE),
            "addresses": environment.addresses.iter().take(1).collect::<Vec<_>>(),
        },
        "findings": findings,
        "findings_omitted": omitted,
    });
    json_text::line(&line, out)
}

fn cut(text: Option<&str>, longest: usize) -> Option<String> {
    text.map(|text| text.chars().take(longest).collect())
}
