//! Documents of our own that are read back: facts and inventories.

use std::sync::OnceLock;

use serde_json::{Map, Value, json};

use super::input::Input;
use crate::configuration::network_acl::{EPHEMERAL, HTTPS, Passage, passage};
use crate::configuration::policy::{Caller, Decision, Policy, Request};
use crate::configuration::route_table::{Way, internet_route, way};
use crate::configuration::security_group::{Direction, Peer, admission};
use crate::facts::{Facts, Inventory};
use crate::gather::inventory::{read_file, write};
use crate::render::{Format, Style, cloudformation, render};
use crate::rules;
use crate::verdict::finding::Severity;
use crate::verdict::report::RunVerdict;
use crate::verdict::{Remedy, Report, report};

/// Any bytes as an inventory file, and a real one with some of it changed: what was read is written and read again,
/// and every evaluator says something of it.
pub(super) fn inventory(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let address = input.address();
    let changed;
    let file = match input.flag() {
        true => input.rest(),
        false => {
            changed = changed_facts(&mut input, "/inventory").to_string();
            changed.as_bytes()
        }
    };
    let inventory = match read_file("inventory.json", file) {
        Ok(inventory) => inventory,
        Err(error) => {
            let text = error.to_string();
            assert!(
                text.starts_with("inventory.json: ") && text.len() < 1024,
                "{text}"
            );
            return;
        }
    };
    let again = read_file("inventory.json", &write(&inventory));
    assert_eq!(again.as_ref().ok(), Some(&inventory));
    evaluate(&inventory, address);
}

fn evaluate(inventory: &Inventory, address: std::net::IpAddr) {
    let lists = inventory.prefix_lists.seen().map(Vec::as_slice);
    for table in inventory.route_tables.seen().into_iter().flatten() {
        match way(table, lists, address) {
            Way::Along(route) | Way::Unsure(Some(route)) => assert!(table.routes.contains(route)),
            Way::Nowhere | Way::Unsure(None) => {}
        }
        assert!(internet_route(table).is_none_or(|route| !route.blackhole));
    }
    for acl in inventory.network_acls.seen().into_iter().flatten() {
        for (egress, ports) in [(false, HTTPS), (true, EPHEMERAL)] {
            if let Passage::Denied(Some(number)) = passage(acl, egress, address, ports) {
                assert!(
                    acl.entries
                        .iter()
                        .any(|entry| entry.number == number && !entry.allow)
                );
            }
        }
    }
    let groups = inventory.security_groups.seen();
    for direction in [Direction::Ingress, Direction::Egress] {
        let peer = Peer {
            address,
            group_ids: None,
        };
        admission(groups.into_iter().flatten(), direction, &peer, 443, lists);
    }
    for endpoint in inventory.endpoints.seen().into_iter().flatten() {
        let request = Request::new(
            Caller::Unknown,
            "sqs:SendMessage",
            "arn:aws:sqs:us-east-1:123456789012:q",
        );
        let policy = Policy::read(endpoint.policy.as_deref().unwrap_or_default());
        let decision = policy.decide(&request);
        assert!(!policy.is_open() || matches!(decision, Decision::Allowed(_)));
        let _ = endpoint.covers("sqs.us-east-1.amazonaws.com");
    }
}

/// Any bytes as a facts file, and a real one with some of it changed: the report of it hangs together, in every format.
pub(super) fn facts(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let format = *input.pick(&Format::ALL);
    let style = Style {
        color: false,
        width: 40 + u16::from(input.byte()),
        verbose: input.byte() % 3,
    };
    let facts: Option<Facts> = match input.flag() {
        true => serde_json::from_slice(input.rest()).ok(),
        false => serde_json::from_value(changed_facts(&mut input, "")).ok(),
    };
    let Some(facts) = facts else {
        return;
    };
    let saved = serde_json::to_vec(&facts).unwrap_or_default();
    let again: Option<Facts> = serde_json::from_slice(&saved).ok();
    assert_eq!(again.as_ref(), Some(&facts));
    let report = report(&facts);
    hangs_together(&report);
    for format in [Format::Json, format] {
        let mut bytes = Vec::new();
        let written = render(format, &report, &style, &mut bytes);
        assert!(written.is_ok(), "{format}: {written:?}");
        let text = String::from_utf8(bytes);
        assert!(text.is_ok(), "{format} is no text");
        harmless(format, &text.unwrap_or_default());
    }
    let mut template = Vec::new();
    let written = cloudformation::write(&Remedy::of(&facts, &report), &mut template);
    assert!(written.is_ok(), "{written:?}");
    let printable = |byte: &u8| *byte == b'\n' || matches!(byte, b' '..=b'~');
    assert!(template.iter().all(printable), "a template is ASCII");
    let text = String::from_utf8_lossy(&template);
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    assert!(lines.all(|line| !line.contains("{{")), "{text}");
}

fn hangs_together(report: &Report) {
    let failing = report
        .findings
        .iter()
        .any(|finding| finding.severity == Severity::Fail);
    assert_eq!(report.verdict == RunVerdict::Fail, failing);
    for finding in &report.findings {
        assert!(rules::by_code(&finding.code).is_some(), "{}", finding.code);
        assert!(
            !finding.title.is_empty() && !finding.because.is_empty(),
            "{finding:?}"
        );
    }
    for severity in [Severity::Fail, Severity::Warn, Severity::Info] {
        let count = report
            .findings
            .iter()
            .filter(|f| f.severity == severity)
            .count();
        let counts = &report.summary.findings;
        let said = match severity {
            Severity::Fail => counts.fail,
            Severity::Warn => counts.warn,
            _ => counts.info,
        };
        assert_eq!(said, count);
    }
}

/// Nothing in a report controls a terminal, and what is JSON can be read.
fn harmless(format: Format, text: &str) {
    let controls = |c: char| c.is_control() && c != '\n';
    assert!(
        !text.contains(controls),
        "{format}: {:?}",
        text.chars().find(|c| controls(*c))
    );
    match format {
        Format::Json | Format::Asff | Format::Emf => {
            assert!(
                serde_json::from_str::<Value>(text).is_ok(),
                "{format} is no JSON"
            );
        }
        Format::Ocsf => {
            let lines = text
                .lines()
                .all(|line| serde_json::from_str::<Value>(line).is_ok());
            assert!(
                lines || serde_json::from_str::<Value>(text).is_ok(),
                "OCSF is no JSON"
            );
        }
        _ => {}
    }
}

/// The facts of a run, or a part of them, with some of it changed.
pub(super) fn changed_facts(input: &mut Input<'_>, part: &str) -> Value {
    static BASES: OnceLock<Vec<Value>> = OnceLock::new();
    let bases = BASES.get_or_init(|| {
        let read = |text| {
            let facts: Option<Facts> = serde_json::from_str(text).ok();
            assert!(facts.is_some(), "what is changed has to be facts");
            serde_json::to_value(facts).unwrap_or_default()
        };
        vec![
            read(include_str!("facts.json")),
            read(include_str!("facts-blocked.json")),
        ]
    });
    let base = input.pick(bases);
    let mut document = base.pointer(part).unwrap_or(base).clone();
    for _ in 0..input.below(6) {
        change(input, &mut document);
    }
    document
}

fn change(input: &mut Input<'_>, document: &mut Value) {
    let nodes = count(document);
    let mut other = input.below(nodes);
    let mut at = input.below(nodes);
    let copied = nth(document, &mut other).map(|value| value.clone());
    let Some(place) = nth(document, &mut at) else {
        return;
    };
    match input.byte() % 8 {
        0 => *place = copied.unwrap_or_default(),
        1 => match place {
            Value::Array(items) => drop(items.pop()),
            Value::Object(members) => {
                let key = members.keys().nth(input.below(members.len())).cloned();
                key.map(|key| members.shift_remove(&key));
            }
            _ => *place = Value::Null,
        },
        2 => match place {
            Value::Array(items) => {
                let again = items.first().cloned().or(copied).unwrap_or_default();
                items.push(again);
            }
            Value::Object(members) => {
                members.insert(input.text(), copied.unwrap_or_default());
            }
            _ => {}
        },
        3 => {
            let text = input.text();
            *place = json!(text);
        }
        4 => *place = json!(f64::from(input.u16()) * 1e10),
        _ => {
            let known = [
                Value::Null,
                json!(true),
                json!(false),
                json!(0),
                json!(-1),
                json!(u64::MAX),
                json!(1e308),
                json!(""),
                json!([]),
                Value::Object(Map::new()),
                json!("10.0.1.10"),
                json!("52.94.1.1"),
                json!("fd00::1"),
                json!("10.0.0.0/16"),
                json!("0.0.0.0/0"),
                json!("ok"),
                json!("nxdomain"),
                json!("timeout"),
                json!("refused"),
                json!("reset"),
                json!("denied"),
                json!("private"),
                json!("isolated"),
                json!("fail"),
                json!("2026-11-21T09:00:00Z"),
                json!("-009999-01-02T01:59:59Z"),
                json!("9999-12-30T22:00:00Z"),
                json!("sqs.us-east-1.amazonaws.com"),
                json!("com.amazonaws.us-east-1.sqs"),
                json!(
                    "User: arn:aws:sts::1:assumed-role/a/b is not authorized to perform: sqs:sendmessage with an explicit deny in a VPC endpoint policy"
                ),
                json!({"failed": {"kind": "timeout", "detail": "no answer"}}),
                json!({"misses": "\u{1b}[2Jgone"}),
                json!("\u{0}\u{1b}]0;x\u{7}\u{202e}\u{9b}31m<script>&'\"`|\r\n\t\u{feff}"),
                json!("x".repeat(3000)),
            ];
            *place = input.pick(&known).clone();
        }
    }
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(members) => members.values().map(count).sum(),
        _ => 0,
    }
}

/// The node at this place, counted from the outermost.
fn nth<'v>(value: &'v mut Value, at: &mut usize) -> Option<&'v mut Value> {
    if *at == 0 {
        return Some(value);
    }
    *at -= 1;
    match value {
        Value::Array(items) => items.iter_mut().find_map(|item| nth(item, at)),
        Value::Object(members) => members.values_mut().find_map(|item| nth(item, at)),
        _ => None,
    }
}
