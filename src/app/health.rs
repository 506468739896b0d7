//! `vpcheck health`: one line, exit code 0 or 1, and a memory of the probes before where one is asked for.

mod history;
mod line;
mod memory;

use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::Timestamp;

use crate::config::Settings;
use crate::facts::{Canary, CanaryMode, Facts, FailureKind, Outcome};
use crate::verdict::report::RunVerdict;
use crate::verdict::{Finding, Report, report};

use super::{AppError, FAIL, PASS, gathering, output, redacting};
use history::{CanaryCall, Probe, Record};
use line::Health;
use memory::{Memory, MemoryError};

/// Probes, says in one line how it went, and remembers it.
pub(super) fn run(mut settings: Settings) -> Result<u8, AppError> {
    let asked = settings.memory.clone();
    let sends = settings.request.canary != CanaryMode::Off;
    let every = asked.canary_every.filter(|_| sends);
    let memory =
        (asked.grace > 1 || every.is_some()).then(|| Memory::of(&asked.state, subject(&settings)));

    // A canary is claimed before it is sent, so that of two probes at once only one sends it.
    let now = Timestamp::now();
    let claim = remember(memory.as_ref(), |record| record.claim(every, now));
    let is_due = claim.as_ref().is_none_or(|claim| claim.is_due());
    // Where nothing can be remembered now, nothing is waited for a second time.
    let memory = memory.filter(|_| claim.is_some());
    if sends && !is_due {
        tracing::info!(
            "no canary is due yet: one at most every {}",
            every.map(|every| every.to_string()).unwrap_or_default()
        );
        settings.request.canary = CanaryMode::Off;
    }

    let facts = gathering::facts(&settings)?;
    let report = report(&facts);
    let probe = Probe {
        trouble: trouble(&facts, &report),
        canary: match (sends, is_due) {
            (false, _) => CanaryCall::Off,
            (true, false) => CanaryCall::NotDue,
            (true, true) => canary_call(&facts, &report),
        },
    };
    let health = if facts.interrupted {
        // What was cut short is no failure of the network's, and no success.
        remember(memory.as_ref(), |record| record.release(&probe, claim));
        Health::Interrupted
    } else {
        match remember(memory.as_ref(), |record| {
            record.take(&probe, claim, Timestamp::now())
        }) {
            Some(record) => Health::of(&probe, &record, asked.grace),
            None => Health::without_memory(&probe, asked.grace),
        }
    };
    let line = health.line(&report);
    let line = match redacting::redaction(&settings, &facts)? {
        Some(redaction) => redaction.text(&line),
        None => line,
    };
    output::line(&line)?;
    Ok(match health.is_healthy() {
        true => PASS,
        false => FAIL,
    })
}

/// Changes what is remembered, where something is to be. Without a file to remember in, a probe goes by itself alone.
fn remember<T>(memory: Option<&Memory>, change: impl FnOnce(&mut Record) -> T) -> Option<T> {
    let told = |error: MemoryError| {
        tracing::info!(
            "{}: this probe stands alone",
            crate::render::escape::terminal(&error.to_string())
        );
    };
    memory?.update(Timestamp::now(), change).map_err(told).ok()
}

/// What tells one probe from others that share the file: what is looked at and how it is judged.
fn subject(settings: &Settings) -> String {
    let request = &settings.request;
    let mut hasher = DefaultHasher::new();
    // The words that are written for people change with the types alone.
    format!(
        "{:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        settings.region,
        settings.targets,
        settings.workloads,
        request.queue_url,
        request.canary,
        request.expect,
        request.severities,
    )
    .hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// What is wrong in this run; nothing where it passed.
fn trouble(facts: &Facts, report: &Report) -> Option<String> {
    let finding = match report.verdict {
        RunVerdict::Pass => return None,
        RunVerdict::Fail => report.findings.first(),
        RunVerdict::Inconclusive => line::of_the_unknown(report)
            .or_else(|| canary_finding(facts, report))
            .or_else(|| report.findings.first()),
    };
    Some(line::trouble(report, finding))
}

/// What became of the canary that was due.
fn canary_call(facts: &Facts, report: &Report) -> CanaryCall {
    let canary = &facts.canary;
    let sent = match &canary.result.outcome {
        Outcome::Seen(_) => true,
        Outcome::Skipped(_) => false,
        // Without a credential nothing was sent, unless it was the service that refused the credential.
        Outcome::Failed(failure) if failure.kind == FailureKind::Credentials => {
            canary.error.is_some()
        }
        Outcome::Failed(failure) => failure.kind != FailureKind::Untrusted,
    };
    if !sent {
        return CanaryCall::NotSent;
    }
    let passed = matches!(report.canary.status.as_str(), "sent" | "round-trip");
    let finding = match passed {
        true => None,
        false => canary_finding(facts, report),
    };
    CanaryCall::Sent(finding.map(|finding| line::trouble(report, Some(finding))))
}

/// The finding that the same facts without a canary would not have.
fn canary_finding<'a>(facts: &Facts, report: &'a Report) -> Option<&'a Finding> {
    let mut without = facts.clone();
    without.request.canary = CanaryMode::Off;
    without.canary = Canary::default();
    let path = self::report(&without);
    let is_new = |finding: &&Finding| {
        !path
            .findings
            .iter()
            .any(|known| known.code == finding.code && known.subject == finding.subject)
    };
    report.findings.iter().find(is_new)
}
