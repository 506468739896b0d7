//! Stand-ins for accounts and addresses, tried on the facts of every scenario: nothing of the original is left in any
//! format of the report or in the facts, and the verdict and the findings are what they were, on the spot and in a replay.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Mutex;

use ipnet::IpNet;
use serde_json::Value;
use vpcheck::facts::Facts;
use vpcheck::redact::Redaction;
use vpcheck::render::{Format, Style, render};
use vpcheck::verdict::{Report, report};

const PARALLEL: usize = 4;
/// Ranges that are the same everywhere, and the private blocks as a whole.
const PUBLICLY_KNOWN: [&str; 11] = [
    "0.0.0.0/8",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "192.0.2.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/3",
    "2001:db8::/32",
    "fd00:ec2::/32",
    "::/96",
];

/// Judges the facts of every scenario, and says how many went wrong.
pub(crate) fn judge_all(kept: &BTreeMap<String, String>) -> usize {
    let queue = Mutex::new(kept.iter());
    let failed = Mutex::new(0);
    std::thread::scope(|scope| {
        for _ in 0..PARALLEL {
            scope.spawn(|| {
                loop {
                    let Some((name, facts)) = queue.lock().unwrap().next() else {
                        return;
                    };
                    let problems = match judge(facts) {
                        Ok(problems) => problems,
                        Err(error) => vec![error],
                    };
                    for problem in &problems {
                        println!("redacted {name}: {problem}");
                    }
                    *failed.lock().unwrap() += usize::from(!problems.is_empty());
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    println!("redacted: {} scenarios, {failed} failed", kept.len());
    failed
}

fn judge(text: &str) -> Result<Vec<String>, String> {
    let facts: Facts = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let mut key = [0; 32];
    for (place, byte) in key.iter_mut().zip(facts.run_id.bytes()) {
        *place = byte;
    }
    let redaction = Redaction::of(&facts, key).map_err(|e| e.to_string())?;
    let original = report(&facts);
    let redacted = redaction.report(&original).map_err(|e| e.to_string())?;
    let hidden = redaction.facts(&facts).map_err(|e| e.to_string())?;
    let mut problems = Vec::new();
    for (how, other) in [("redacted", &redacted), ("replayed", &report(&hidden))] {
        let (before, after) = (gist(&original), gist(other));
        if before != after {
            problems.push(format!("{how} it says {after}, not {before}"));
        }
    }
    let originals = originals(&facts)?;
    let mut written = vec![("facts".to_owned(), serde_json::to_string(&hidden).unwrap())];
    for format in Format::ALL {
        let mut bytes = Vec::new();
        let style = Style {
            verbose: 3,
            width: 200,
            ..Style::default()
        };
        render(format, &redacted, &style, &mut bytes).map_err(|e| e.to_string())?;
        written.push((
            format.to_string(),
            String::from_utf8_lossy(&bytes).into_owned(),
        ));
    }
    for (place, text) in &written {
        for original in originals
            .iter()
            .filter(|original| stands_in(text, original))
        {
            problems.push(format!("{original} is in {place}"));
        }
    }
    Ok(problems)
}

/// The verdict, each service's, and the findings with their severities.
fn gist(report: &Report) -> String {
    let services: Vec<String> = (report.services.iter())
        .map(|service| {
            format!(
                "{}={:?}/{:?}",
                service.service, service.verdict, service.route
            )
        })
        .collect();
    let mut findings: Vec<String> = (report.findings.iter())
        .map(|finding| {
            format!(
                "{}:{:?}:{:?}",
                finding.code, finding.severity, finding.services
            )
        })
        .collect();
    findings.sort();
    format!(
        "{:?} {} {} {}",
        report.verdict,
        report.canary.status,
        services.join(" "),
        findings.join(" ")
    )
}

/// Accounts and addresses as the facts' own fields have them.
fn originals(facts: &Facts) -> Result<BTreeSet<String>, String> {
    let value = serde_json::to_value(facts).map_err(|e| e.to_string())?;
    let known: Vec<IpNet> = PUBLICLY_KNOWN.map(|net| net.parse().unwrap()).into();
    let mut found = BTreeSet::new();
    let mut all = vec![&value];
    while let Some(value) = all.pop() {
        match value {
            Value::Array(items) => all.extend(items),
            Value::Object(fields) => all.extend(fields.values()),
            Value::String(text) => found.extend(original(text, &known)),
            _ => {}
        }
    }
    Ok(found)
}

fn original(text: &str, known: &[IpNet]) -> Option<String> {
    let is_account = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_account {
        return Some(text.to_owned());
    }
    // DNS64's own prefix, the same everywhere.
    if text == "64:ff9b::/96" {
        return None;
    }
    if let Ok(network) = text.parse::<IpNet>() {
        // A whole block of the private ranges, or what is larger, is nobody's.
        let least = match network.addr() {
            IpAddr::V4(v4) if v4.octets()[0] == 192 => 17,
            IpAddr::V4(v4) if v4.octets()[0] == 172 => 13,
            IpAddr::V4(v4) if v4.octets()[0] == 100 => 11,
            IpAddr::V4(_) => 9,
            IpAddr::V6(_) => 17,
        };
        let is_known = known.iter().any(|known| known.contains(&network.addr()));
        return (network.prefix_len() >= least && !is_known).then(|| text.to_owned());
    }
    let address = (text.parse::<IpAddr>().ok())
        .or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()))?;
    (!known.iter().any(|known| known.contains(&address))).then(|| address.to_string())
}

/// Whether it stands there by itself, and not as a part of a longer number or address.
fn stands_in(text: &str, original: &str) -> bool {
    let part = |c: char| c.is_ascii_alphanumeric() || c == ':';
    text.match_indices(original).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + original.len()..].chars().next();
        let hyphenated = original.contains('.') && before == Some('.');
        !before.is_some_and(part)
            && !after.is_some_and(|c| c.is_ascii_alphanumeric())
            && !hyphenated
    })
}
