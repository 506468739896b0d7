//! The findings as OCSF Compliance Findings (class 2003), one event each; a run that passes is one, too.
//!
//! The classes and their required members are those of the Open Cybersecurity Schema Framework 1.3.0.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::escape;
use super::headline::headline;
use super::{identity, wording};
use crate::verdict::Report;
use crate::verdict::finding::{Finding, Severity};
use crate::verdict::report::RunVerdict;

/// Writes an array of events, one on each line.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut events: Vec<Value> = Vec::new();
    // A failed run is told by its causes; any other needs an event that says what it came to.
    if report.verdict != RunVerdict::Fail {
        events.push(of_run(report));
    }
    let findings = wording::in_order(&report.findings);
    events.extend(findings.into_iter().map(|finding| of(finding, report)));
    writeln!(out, "[")?;
    for (at, event) in events.iter().enumerate() {
        let comma = if at + 1 < events.len() { "," } else { "" };
        let text = serde_json::to_string(event).map_err(io::Error::other)?;
        writeln!(out, "{}{comma}", escape::json(&text))?;
    }
    writeln!(out, "]")
}

struct Event<'a> {
    code: &'a str,
    title: &'a str,
    description: String,
    subject: String,
    severity: (u8, &'static str),
    status: (u8, &'static str),
}

fn of(finding: &Finding, report: &Report) -> Value {
    let (severity, status) = match finding.severity {
        Severity::Fail => ((4, "High"), (3, "Fail")),
        Severity::Warn => ((2, "Low"), (2, "Warning")),
        Severity::Info => ((1, "Informational"), (1, "Pass")),
    };
    let mut event = event(
        &Event {
            code: &finding.code,
            title: &finding.title,
            description: finding.because.clone(),
            subject: finding.subject.clone(),
            severity,
            status,
        },
        report,
    );
    event.insert(
        String::from("remediation"),
        json!({"desc": remediation(finding)}),
    );
    let unmapped = json!({
        "services": finding.services,
        "evidence": finding.evidence,
        "consequences": finding.consequences,
    });
    event.insert(String::from("unmapped"), unmapped);
    Value::Object(event)
}

fn of_run(report: &Report) -> Value {
    let title = headline(report);
    let (severity, status) = match report.verdict {
        RunVerdict::Pass => ((1, "Informational"), (1, "Pass")),
        RunVerdict::Fail => ((4, "High"), (3, "Fail")),
        RunVerdict::Inconclusive => ((2, "Low"), (2, "Warning")),
    };
    let run = Event {
        code: "run",
        title: &title,
        description: title.clone(),
        subject: identity::host(&report.environment),
        severity,
        status,
    };
    Value::Object(event(&run, report))
}

fn event(event: &Event<'_>, report: &Report) -> Map<String, Value> {
    let environment = &report.environment;
    let time = wording::epoch_milliseconds(&report.started_at).unwrap_or(0);
    let (severity_id, severity) = event.severity;
    let (status_id, status) = event.status;
    let mut cloud = Map::from_iter([(String::from("provider"), json!("AWS"))]);
    if let Some(region) = &environment.region {
        cloud.insert(String::from("region"), json!(region));
    }
    if let Some(account) = &environment.account_id {
        let account = json!({"uid": account, "type_id": 10, "type": "AWS Account"});
        cloud.insert(String::from("account"), account);
    }
    let mut resource = Map::from_iter([(String::from("uid"), json!(event.subject))]);
    if let Some(region) = &environment.region {
        resource.insert(String::from("region"), json!(region));
    }
    if let Some(partition) = &environment.partition {
        resource.insert(String::from("cloud_partition"), json!(partition));
    }
    let uid = identity::stable_id(report, event.code, &event.subject);
    let value = json!({
        "activity_id": 1,
        "activity_name": "Create",
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": 2003,
        "class_name": "Compliance Finding",
        "type_uid": 200_301,
        "type_name": "Compliance Finding: Create",
        "time": time,
        "severity_id": severity_id,
        "severity": severity,
        "status_id": 1,
        "status": "New",
        "message": event.title,
        "metadata": {
            "version": "1.3.0",
            "profiles": ["cloud"],
            "product": {"name": "vpcheck", "vendor_name": "vpcheck", "version": report.tool.version},
            "correlation_uid": report.run_id,
        },
        "cloud": cloud,
        "finding_info": {
            "uid": uid,
            "title": event.title,
            "desc": event.description,
            "created_time": time,
            "types": [event.code],
        },
        "compliance": {
            "control": event.code,
            "standards": ["vpcheck"],
            "status_id": status_id,
            "status": status,
        },
        "resources": [resource],
    });
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

fn remediation(finding: &Finding) -> String {
    let mut lines = vec![finding.fix.summary.clone()];
    lines.extend(finding.fix.commands.iter().cloned());
    lines.join("\n")
}
