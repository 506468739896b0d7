//! The path to a service, step by step: what each step came to, and at which one it breaks.

use super::super::wording;
use crate::facts::DnsStatus;
use crate::verdict::finding::{Finding, Severity};
use crate::verdict::report::{
    CanaryReport, ProbeReport, Report, Route, ServiceReport, ServiceVerdict,
};

/// A step of the path, in the order they are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// The resolver is asked.
    Dns,
    /// What it answers leads somewhere.
    Route,
    /// Connecting there.
    Tcp,
    /// The handshake.
    Tls,
    /// A request, unsigned.
    Http,
    /// A request that needs permission: the canary.
    Permission,
}

/// What a step came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// As it should be.
    Holds,
    /// Here the path breaks.
    Breaks,
    /// It could not be told.
    Open,
    /// It lies behind a break, so that what was seen of it means little.
    Behind,
    /// Not tried.
    Unseen,
}

/// One step and what is to be said of it.
#[derive(Debug, Clone)]
pub(super) struct Step {
    /// Which one.
    pub(super) stage: Stage,
    /// What it came to.
    pub(super) state: State,
    /// The same in a few words; not escaped.
    pub(super) said: String,
}

/// The findings that fail the run and concern this service.
pub(super) fn causes<'a>(
    service: &'a ServiceReport,
    report: &'a Report,
) -> impl Iterator<Item = &'a Finding> {
    report.findings.iter().filter(|finding| {
        finding.severity == Severity::Fail && finding.services.contains(&service.service)
    })
}

/// Whether the canary goes to this service: by its queue's host, else SQS by its plain name.
pub(super) fn carries_canary(service: &ServiceReport, canary: &CanaryReport) -> bool {
    let Some(url) = &canary.queue_url else {
        return false;
    };
    let host = url.split('/').nth(2).unwrap_or_default();
    service.service == "sqs" || service.hostnames.iter().any(|name| name.name == host)
}

/// Every step of the path to one service.
pub(super) fn steps(service: &ServiceReport, report: &Report) -> Vec<Step> {
    let mut steps = vec![
        dns(service),
        route(service),
        phase(service, Stage::Tcp),
        phase(service, Stage::Tls),
        phase(service, Stage::Http),
    ];
    if carries_canary(service, &report.canary) {
        steps.push(permission(&report.canary));
    }
    settle(&mut steps, service, report);
    steps
}

/// Decides where the path breaks, and what that makes of the steps behind it.
fn settle(steps: &mut [Step], service: &ServiceReport, report: &Report) {
    let canary_failed = |step: &Step| step.stage == Stage::Permission;
    for step in steps.iter_mut() {
        // A path that passes, or cannot be judged, does not break at a phase that went wrong somewhere.
        if step.state == State::Breaks
            && service.verdict != ServiceVerdict::Fail
            && !canary_failed(step)
        {
            step.state = State::Open;
        }
    }
    let named: Vec<(Stage, &Finding)> = causes(service, report)
        .filter_map(|cause| Some((stage_of(&cause.code)?, cause)))
        .collect();
    if service.verdict == ServiceVerdict::Fail {
        let seen = steps.iter().find(|step| step.state == State::Breaks);
        let seen = seen.map(|step| step.stage);
        let first = named
            .iter()
            .map(|(stage, _)| *stage)
            .chain(seen)
            .min()
            // Every step looks right, and still it fails: what answers is not what should.
            .unwrap_or(Stage::Route);
        for step in steps.iter_mut().filter(|step| step.stage == first) {
            if step.state != State::Breaks {
                step.state = State::Breaks;
                if let Some((_, cause)) = named.iter().find(|(stage, _)| *stage == first) {
                    step.said.clone_from(&cause.code);
                }
            }
        }
    }
    let mut broken = false;
    for step in steps.iter_mut() {
        let has_its_own = named.iter().any(|(stage, _)| *stage == step.stage);
        if broken && step.state != State::Unseen && !(step.state == State::Breaks && has_its_own) {
            step.state = State::Behind;
        }
        broken |= step.state == State::Breaks;
    }
}

/// The step that a cause breaks, where its code says so; of others what was seen says it.
fn stage_of(code: &str) -> Option<Stage> {
    let stage = match code {
        "dns-timeout"
        | "dns-servfail"
        | "dns-refused"
        | "name-not-found"
        | "private-zone-missing-record" => Stage::Dns,
        "security-group-blocks-443"
        | "caller-egress-blocked"
        | "network-acl-blocks-443"
        | "endpoint-address-down"
        | "central-endpoint-unroutable"
        | "tcp-refused"
        | "tcp-unreachable"
        | "tcp-timeout" => Stage::Tcp,
        "not-the-service" | "large-request-stalls" => Stage::Http,
        "answer-not-endpoint" | "hosts-file-override" | "proxy-in-path" | "mixed-answers" => {
            Stage::Route
        }
        code if code.starts_with("tls-") => Stage::Tls,
        code if code.ends_with("-denies") || code.starts_with("canary-") => Stage::Permission,
        "access-denied" | "queue-not-found" | "queue-url-invalid" | "region-mismatch" => {
            Stage::Permission
        }
        _ => return None,
    };
    Some(stage)
}

fn dns(service: &ServiceReport) -> Step {
    let statuses = service.hostnames.iter().map(|name| name.dns.status);
    let (state, said) = match statuses.into_iter().find(|status| *status != DnsStatus::Ok) {
        Some(status) => (
            State::Breaks,
            wording::literal(&status).to_ascii_uppercase(),
        ),
        None => {
            let times = service.hostnames.iter().map(|name| name.dns.duration_ms);
            let slowest = times.fold(0.0, f64::max);
            (State::Holds, wording::milliseconds(slowest))
        }
    };
    Step {
        stage: Stage::Dns,
        state,
        said,
    }
}

fn route(service: &ServiceReport) -> Step {
    let state = match (service.route, service.verdict) {
        (Route::Unresolved, _) => State::Unseen,
        (route, _) if wording::is_private(route) => State::Holds,
        // A public route that the operator accepts.
        (_, ServiceVerdict::Pass) => State::Holds,
        (Route::Public | Route::Mixed, ServiceVerdict::Fail) => State::Breaks,
        _ => State::Open,
    };
    let said = match service.route {
        Route::Unresolved => String::from("no address"),
        Route::Public => String::from("public addresses"),
        Route::Mixed => String::from("private and public addresses"),
        route => wording::literal(&route).replace('-', " "),
    };
    Step {
        stage: Stage::Route,
        state,
        said,
    }
}

fn phase(service: &ServiceReport, stage: Stage) -> Step {
    let of = |probe: &ProbeReport| match stage {
        Stage::Tcp => (probe.tcp.status.clone(), probe.tcp.duration_ms),
        Stage::Tls => (probe.tls.status.clone(), probe.tls.duration_ms),
        _ => (probe.http.status.clone(), probe.http.duration_ms),
    };
    let tried: Vec<(String, Option<f64>)> = wording::probes(service)
        .map(of)
        .filter(|(status, _)| status != "skipped")
        .collect();
    let wrong: Vec<&str> = tried
        .iter()
        .map(|(status, _)| status.as_str())
        .filter(|status| *status != "ok")
        .collect();
    let (state, said) = match (tried.len(), wrong.first()) {
        (0, _) => (State::Unseen, String::from("not tried")),
        (_, None) => {
            let slowest = tried.iter().filter_map(|(_, ms)| *ms).fold(0.0, f64::max);
            let mut said = vec![wording::milliseconds(slowest)];
            if stage == Stage::Tls {
                let version = wording::probes(service).find_map(|p| p.tls.version.as_deref());
                said.splice(
                    0..0,
                    version.map(|v| v.trim_start_matches("TLSv").to_owned()),
                );
            }
            (State::Holds, said.join(", "))
        }
        (all, Some(status)) if wrong.len() == all => (State::Breaks, (*status).to_owned()),
        (all, Some(status)) => {
            let said = format!("{status} at {} of {all} addresses", wrong.len());
            (State::Breaks, said)
        }
    };
    Step { stage, state, said }
}

fn permission(canary: &CanaryReport) -> Step {
    let (state, said) = match canary.status.as_str() {
        "sent" => (State::Holds, "message accepted"),
        "round-trip" => (State::Holds, "message there and back"),
        "failed" => (State::Breaks, "message not accepted"),
        _ => (State::Unseen, "no message sent"),
    };
    Step {
        stage: Stage::Permission,
        state,
        said: said.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_name_their_step() {
        assert_eq!(stage_of("dns-timeout"), Some(Stage::Dns));
        assert_eq!(stage_of("tls-intercepted"), Some(Stage::Tls));
        assert_eq!(stage_of("queue-policy-denies"), Some(Stage::Permission));
        assert_eq!(stage_of("private-dns-disabled"), None);
    }
}
