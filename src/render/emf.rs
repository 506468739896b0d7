//! One event in CloudWatch's embedded metric format, on one line.
//!
//! Dimensions are few and steady, since every new combination of their values is a metric that is
//! paid for; the instance and the run are plain members, to be searched for (Amazon CloudWatch User
//! Guide, "Specification: Embedded metric format").

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::{escape, json as json_text, wording};
use crate::verdict::Report;
use crate::verdict::report::{RunVerdict, ServiceVerdict};

/// What one directive may define at most.
const MOST_METRICS: usize = 100;

/// What a service may add to a metric's name, which has 255 characters.
const LONGEST_SERVICE: usize = 240;
/// The longest value of a dimension.
const LONGEST_VALUE: usize = 1024;

/// Writes the event.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    json_text::line(&event(report), out)
}

fn event(report: &Report) -> Value {
    let mut root = Map::new();
    let mut metrics = Vec::new();
    // CloudWatch sets its own time on an event whose timestamp is far off; 0 only for a report edited by hand.
    let at: i64 = wording::epoch_milliseconds(&report.started_at).unwrap_or(0);
    root.insert(String::from("_aws"), Value::Null); // the directive, first in the line; filled in below
    let dimensions = dimensions(report, &mut root);
    let flag = |holds: bool| json!(u8::from(holds));
    let (services, findings) = (report.summary.services, report.summary.findings);
    for (name, unit, value) in [
        ("Pass", "Count", flag(report.verdict == RunVerdict::Pass)),
        ("Fail", "Count", flag(report.verdict == RunVerdict::Fail)),
        (
            "Inconclusive",
            "Count",
            flag(report.verdict == RunVerdict::Inconclusive),
        ),
        ("ServicesPass", "Count", json!(services.pass)),
        ("ServicesFail", "Count", json!(services.fail)),
        ("ServicesUnknown", "Count", json!(services.unknown)),
        ("FindingsFail", "Count", json!(findings.fail)),
        ("FindingsWarn", "Count", json!(findings.warn)),
        ("RunDuration", "Milliseconds", json!(report.duration_ms)),
    ] {
        metrics.push(json!({"Name": name, "Unit": unit}));
        root.insert(name.to_owned(), value);
    }
    if let Some(ms) = report.canary.duration_ms {
        metrics.push(json!({"Name": "CanaryDuration", "Unit": "Milliseconds"}));
        root.insert(String::from("CanaryDuration"), json!(ms));
    }
    for service in &report.services {
        let Some(id) = escape::cloudwatch(&service.service, LONGEST_SERVICE) else {
            continue;
        };
        let up = format!("Up.{id}");
        if metrics.len() + 2 > MOST_METRICS || root.contains_key(&up) {
            continue;
        }
        metrics.push(json!({"Name": up, "Unit": "Count"}));
        root.insert(up, flag(service.verdict == ServiceVerdict::Pass));
        if let Some(ms) = wording::slowest_handshake(service) {
            let name = format!("Handshake.{id}");
            metrics.push(json!({"Name": name, "Unit": "Milliseconds"}));
            root.insert(name, json!(ms));
        }
    }
    let codes: Vec<&str> = report.findings.iter().map(|f| f.code.as_str()).collect();
    root.insert(String::from("Verdict"), json!(report.verdict));
    root.insert(String::from("Codes"), json!(codes.join(",")));
    root.insert(String::from("RunId"), json!(report.run_id));
    root.insert(
        String::from("InstanceId"),
        json!(report.environment.instance_id),
    );
    root.insert(String::from("TaskArn"), json!(report.environment.task_arn));
    root.insert(String::from("Version"), json!(report.tool.version));
    root.insert(
        String::from("_aws"),
        json!({
            "Timestamp": at,
            "CloudWatchMetrics": [{
                "Namespace": "vpcheck",
                "Dimensions": dimensions,
                "Metrics": metrics,
            }],
        }),
    );
    Value::Object(root)
}

/// Sets of dimensions, each of what is known; a dimension's value stands at the root, as a string.
fn dimensions(report: &Report, root: &mut Map<String, Value>) -> Vec<Vec<&'static str>> {
    let environment = &report.environment;
    root.insert(
        String::from("Environment"),
        json!(wording::literal(&environment.kind)),
    );
    let mut sets = vec![vec!["Environment"]];
    let mut known = Vec::new();
    for (name, value) in [
        ("VpcId", &environment.vpc_id),
        ("AvailabilityZone", &environment.availability_zone),
    ] {
        let value = value
            .as_deref()
            .map(|v| escape::cloudwatch(v, LONGEST_VALUE));
        if let Some(value) = value.flatten() {
            root.insert(name.to_owned(), json!(value));
            known.push(name);
            sets.push(known.clone());
        }
    }
    sets
}
