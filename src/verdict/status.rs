//! The verdict of a service and of the run.

use crate::facts::{CanaryMode, Facts};
use crate::symptoms::{Scene, Symptoms, reach};

use super::cover::Accepted;
use super::finding::Severity;
use super::report::{RunVerdict, ServiceVerdict};
use crate::facts::Target;
use crate::symptoms::Stage;

/// A service's verdict is about its path, route and verified TLS: it fails where a failing finding accounts for
/// a symptom of its path, and is unknown where something of the path stayed open.
pub(super) fn of_service(
    scene: &Scene<'_>,
    symptoms: &Symptoms,
    accepted: &[Accepted],
    target: &Target,
) -> ServiceVerdict {
    let own: Vec<_> = symptoms
        .iter()
        .filter(|symptom| symptom.service == target.service && symptom.kind.stage() < Stage::Canary)
        .collect();
    let fails = own.iter().any(|symptom| {
        accepted.iter().any(|cause| {
            // What merely leaves a path open does not fail it, whatever else the same cause breaks.
            let breaks = symptom.severity == Severity::Fail || cause.shown_by.contains(&symptom.id);
            cause.finding.severity == Severity::Fail
                && cause.accounts_for.contains(&symptom.id)
                && breaks
        })
    });
    if fails {
        return ServiceVerdict::Fail;
    }
    let open = own.iter().any(|symptom| symptom.unknown) || !is_established(scene, target, &own);
    match open {
        true => ServiceVerdict::Unknown,
        false => ServiceVerdict::Pass,
    }
}

/// A path is established where every name has a verified address, or where a finding below `fail` says why not.
fn is_established(scene: &Scene<'_>, target: &Target, own: &[&crate::symptoms::Symptom]) -> bool {
    !target.hostnames.is_empty()
        && target.hostnames.iter().all(|hostname| {
            let verified = scene
                .facts
                .probes_of(&hostname.name)
                .any(|probe| reach::is_verified(scene, target, probe));
            verified || own.iter().any(|symptom| symptom.name == hostname.name)
        })
}

/// The run fails where a finding fails; it is inconclusive where something required is open.
pub(super) fn of_run(
    facts: &Facts,
    accepted: &[Accepted],
    services: &[(bool, ServiceVerdict)],
) -> RunVerdict {
    if accepted
        .iter()
        .any(|a| a.finding.severity == Severity::Fail)
    {
        return RunVerdict::Fail;
    }
    let service_open = services
        .iter()
        .any(|(required, verdict)| *required && *verdict != ServiceVerdict::Pass);
    let canary_required =
        facts.request.canary != CanaryMode::Off && facts.request.queue_url.is_some();
    let canary_open = canary_required && !facts.canary.result.is_seen();
    match service_open || canary_open || facts.interrupted {
        true => RunVerdict::Inconclusive,
        false => RunVerdict::Pass,
    }
}
