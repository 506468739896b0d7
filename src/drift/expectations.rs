//! What was asked for: options that decide how facts are judged.

use super::change::Kind;
use super::ledger::{Ledger, texts, word};
use crate::facts::Request;

/// Compares the options of both runs, each under its name on the command line.
pub(super) fn compare(old: &Request, new: &Request, ledger: &mut Ledger) {
    let kind = Kind::Expectation;
    let mut value = |option: &str, old: String, new: String| {
        ledger.value(kind, option, "value", (Some(old), Some(new)));
    };
    value("--expect", old.expect.to_string(), new.expect.to_string());
    value("--canary", word(&old.canary), word(&new.canary));
    let queue = |request: &Request| request.queue_url.clone().unwrap_or("none".to_owned());
    value("--queue-url", queue(old), queue(new));
    let limit = |ms: u64| format!("{ms}ms");
    value("--timeout", limit(old.timeout_ms), limit(new.timeout_ms));
    value("--deadline", limit(old.deadline_ms), limit(new.deadline_ms));
    let age = |request: &Request| format!("{}s", request.inventory_max_age_s);
    value("--inventory-max-age", age(old), age(new));

    let mut values = |option: &str, old: Vec<String>, new: Vec<String>| {
        ledger.values(kind, option, "values", old, new);
    };
    let ranges = |ranges: &[ipnet::IpNet]| texts(ranges).collect::<Vec<String>>();
    values("--vpc-cidr", ranges(&old.vpc_cidrs), ranges(&new.vpc_cidrs));
    let (was, is) = (ranges(&old.allow_cidrs), ranges(&new.allow_cidrs));
    values("--allow-cidr", was, is);
    values("--workload", old.workloads.clone(), new.workloads.clone());

    let codes = old.severities.keys().chain(new.severities.keys());
    let mut codes: Vec<&String> = codes.collect();
    codes.sort();
    codes.dedup();
    for code in codes {
        let level = |request: &Request| {
            let level = request.severities.get(code);
            Some(level.map_or("default".to_owned(), word))
        };
        let from = ledger.len();
        let subject = format!("--severity {code}");
        ledger.value(kind, &subject, "value", (level(old), level(new)));
        ledger.also(from, std::slice::from_ref(code));
    }
}
