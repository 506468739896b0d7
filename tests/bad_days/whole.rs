//! What is true of every report, however little could be learned.

use serde_json::Value;

/// The services of the workload that every day asks for.
pub(crate) const SERVICES: [&str; 9] = [
    "sqs",
    "ssm",
    "ssmmessages",
    "s3",
    "ec2messages",
    "logs",
    "kms",
    "monitoring",
    "sts",
];
const DNS: [&str; 8] = [
    "ok", "nxdomain", "nodata", "servfail", "refused", "timeout", "error", "skipped",
];
const TCP: [&str; 7] = [
    "ok",
    "timeout",
    "refused",
    "reset",
    "unreachable",
    "error",
    "skipped",
];
const TLS: [&str; 10] = [
    "ok",
    "timeout",
    "reset",
    "untrusted",
    "name-mismatch",
    "expired",
    "not-yet-valid",
    "alert",
    "error",
    "skipped",
];
const HTTP: [&str; 5] = ["ok", "timeout", "reset", "error", "skipped"];
const CANARY: [&str; 4] = ["sent", "round-trip", "failed", "skipped"];

/// Everything that keeps a report from being whole.
pub(crate) fn problems(
    report: &Value,
    targets: &[&str],
    exit: Option<i32>,
    interrupted: bool,
) -> Vec<String> {
    let mut problems = Vec::new();
    let mut check = |ok: bool, what: String| {
        if !ok {
            problems.push(what);
        }
    };
    let expected = match (interrupted, report["verdict"].as_str()) {
        (true, _) | (_, Some("inconclusive")) => 3,
        (_, Some("pass")) => 0,
        (_, Some("fail")) => 1,
        _ => -1,
    };
    check(
        exit == Some(expected) || exit == Some(2),
        format!("exit {exit:?} with verdict {}", report["verdict"]),
    );
    for key in [
        "schema_version",
        "tool",
        "run_id",
        "started_at",
        "duration_ms",
        "summary",
        "environment",
        "canary",
        "inventory",
    ] {
        check(!report[key].is_null(), format!("no {key}"));
    }
    let services = list(report, "services");
    for id in targets {
        let found = services
            .iter()
            .filter(|service| service["service"] == *id)
            .count();
        check(found == 1, format!("{id} is there {found} times"));
    }
    for service in services {
        let id = &service["service"];
        check(
            ["pass", "fail", "unknown"]
                .iter()
                .any(|v| service["verdict"] == *v),
            format!("{id}: verdict {}", service["verdict"]),
        );
        check(service["route"].is_string(), format!("{id}: no route"));
        for hostname in list(service, "hostnames") {
            let name = &hostname["name"];
            phase(&hostname["dns"], &DNS, &format!("{name} dns"), &mut check);
            for answer in list(&hostname["dns"], "answers") {
                let address = &answer["address"];
                let probes = list(hostname, "probes");
                check(
                    probes.iter().any(|probe| probe["address"] == *address),
                    format!("{name}: {address} is not probed"),
                );
            }
            for probe in list(hostname, "probes") {
                let what = format!("{name} {}", probe["address"]);
                phase(&probe["tcp"], &TCP, &format!("{what} tcp"), &mut check);
                phase(&probe["tls"], &TLS, &format!("{what} tls"), &mut check);
                phase(&probe["http"], &HTTP, &format!("{what} http"), &mut check);
            }
        }
    }
    let canary = &report["canary"];
    check(
        CANARY.iter().any(|status| canary["status"] == *status),
        format!("canary {canary}"),
    );
    let counted = |severity: &str| {
        let findings = list(report, "findings").iter();
        findings.filter(|f| f["severity"] == severity).count()
    };
    for severity in ["fail", "warn", "info"] {
        check(
            report["summary"]["findings"][severity] == counted(severity),
            format!(
                "{} findings of {severity}, not as counted",
                counted(severity)
            ),
        );
    }
    for finding in list(report, "findings") {
        for key in ["code", "severity", "subject", "title", "because"] {
            check(
                finding[key].as_str().is_some_and(|text| !text.is_empty()),
                format!("{}: no {key}", finding["code"]),
            );
        }
    }
    if report["verdict"] == "pass" && !interrupted {
        check(
            services
                .iter()
                .all(|service| service["verdict"] == "pass" || service["required"] == false),
            "passes though not every required service does".to_owned(),
        );
    }
    if report["verdict"] == "fail" {
        check(
            counted("fail") > 0,
            "fails without a finding that does".to_owned(),
        );
    }
    problems
}

fn phase(phase: &Value, statuses: &[&str], what: &str, check: &mut impl FnMut(bool, String)) {
    check(
        statuses.iter().any(|status| phase["status"] == *status),
        format!("{what}: {phase}"),
    );
    match phase["status"] == "skipped" {
        true => check(
            phase["reason"]
                .as_str()
                .is_some_and(|reason| !reason.is_empty()),
            format!("{what}: skipped without a reason: {phase}"),
        ),
        false => check(
            phase["duration_ms"].is_number(),
            format!("{what}: no duration: {phase}"),
        ),
    }
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}
