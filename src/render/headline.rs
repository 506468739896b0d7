//! The verdict in plain words: the line that is read first, and often alone.

use super::wording::{count, is_private, names, probes};
use crate::verdict::report::{Report, Route, RunVerdict, ServiceReport, ServiceVerdict};

/// The verdict in plain words, in one sentence.
pub fn headline(report: &Report) -> String {
    match report.verdict {
        RunVerdict::Pass => format!("PASS: {}", passed(report)),
        RunVerdict::Fail => format!("FAIL: {}", failed(report)),
        RunVerdict::Inconclusive => format!("INCONCLUSIVE: {}", unsettled(report)),
    }
}

fn passed(report: &Report) -> String {
    let reached: Vec<&ServiceReport> = with_verdict(report, ServiceVerdict::Pass).collect();
    let others = report.services.len() - reached.len();
    let outside: Vec<&str> = reached
        .iter()
        .filter(|service| !is_private(service.route))
        .map(|service| service.service.as_str())
        .collect();
    let how = if outside.is_empty() { " privately" } else { "" };
    let mut said = match (reached.as_slice(), others) {
        ([], _) => String::from("nothing is wrong with what was checked"),
        ([only], 0) => format!("{} is reached{how}", only.service),
        (all, 0) => format!("all {} services are reached{how}", all.len()),
        (some, _) => format!(
            "{} of {} services are reached{how}, the others are optional here",
            some.len(),
            report.services.len()
        ),
    };
    if !outside.is_empty() {
        said += &format!(", not privately: {}", names(outside));
    }
    match report.canary.status.as_str() {
        "sent" => said += "; the canary message was accepted",
        "round-trip" => said += "; the canary message went there and back",
        _ => {}
    }
    if report.summary.findings.warn > 0 {
        said += &format!("; {}", count(report.summary.findings.warn, "warning"));
    }
    said + "."
}

fn failed(report: &Report) -> String {
    let failing: Vec<&ServiceReport> = with_verdict(report, ServiceVerdict::Fail).collect();
    let causes = count(report.summary.findings.fail, "cause");
    let Some(first) = failing.first() else {
        return if report.canary.status == "failed" {
            format!("the paths to the services work, the canary message does not; {causes} found.")
        } else {
            format!("the paths to the services work, and yet {causes} of failure found.")
        };
    };
    let symptom = symptom(first);
    let (one, many) = if failing
        .iter()
        .all(|service| self::symptom(service) == symptom)
    {
        symptom
    } else {
        (
            "is not reached as it should be",
            "are not reached as they should be",
        )
    };
    let who = names(failing.iter().map(|service| service.service.as_str()));
    let said = if failing.len() == 1 { one } else { many };
    format!("{who} {said}{}; {causes} found.", of(failing.len(), report))
}

fn unsettled(report: &Report) -> String {
    let open: Vec<&str> = with_verdict(report, ServiceVerdict::Unknown)
        .filter(|service| service.required)
        .map(|service| service.service.as_str())
        .collect();
    if open.is_empty() {
        return String::from("nothing failed, but the canary message settled nothing.");
    }
    let verb = if open.len() == 1 { "is" } else { "are" };
    format!(
        "nothing failed, but it could not be told whether {} {verb} reached privately{}.",
        names(open.iter().copied()),
        of(open.len(), report)
    )
}

/// ` (2 of 15 services)`, where there is more than the one.
fn of(n: usize, report: &Report) -> String {
    match report.services.len() {
        0 | 1 => String::new(),
        all => format!(" ({n} of {all} services)"),
    }
}

fn with_verdict(report: &Report, verdict: ServiceVerdict) -> impl Iterator<Item = &ServiceReport> {
    let of = move |service: &&ServiceReport| service.verdict == verdict;
    report.services.iter().filter(of)
}

/// What is wrong with a failing service, of one and of many.
fn symptom(service: &ServiceReport) -> (&'static str, &'static str) {
    let tcp = probes(service).any(|probe| !matches!(probe.tcp.status.as_str(), "ok" | "skipped"));
    let tls = probes(service).any(|probe| !matches!(probe.tls.status.as_str(), "ok" | "skipped"));
    match service.route {
        Route::Unresolved => ("does not resolve", "do not resolve"),
        Route::Public | Route::Mixed => ("is not reached privately", "are not reached privately"),
        _ if tcp => ("cannot be connected to", "cannot be connected to"),
        _ if tls => ("fails in TLS", "fail in TLS"),
        _ => (
            "is not reached as it should be",
            "are not reached as they should be",
        ),
    }
}
