use crate::facts::FailureKind;
use crate::rules::cause::Cause;
use crate::rules::rule;
use crate::symptoms::canary::is_credential;
use crate::symptoms::{Kind, Scene, Symptoms, reach};
use crate::verdict::finding::Severity;

rule! {
    /// The clock is off by more than five minutes.
    ///
    /// Signed calls are refused then, and certificates can look expired or not valid yet.
    ///
    /// ## Told apart by
    /// The `Date` of any AWS answer, unsigned ones included, against the local clock at that moment.
    ///
    /// ## Fix
    /// Let the clock follow the Amazon Time Sync Service at 169.254.169.123.
    ///
    /// ## Source
    /// Amazon EC2 User Guide, "Set the time reference on your EC2 instance"; IAM User Guide, signature errors.
    pub CLOCK_SKEWED, "clock-skewed", Fail, Shared, find
}

/// More than this is a fault: signatures are good for five minutes.
const TOLERATED_SECONDS: i64 = 300;

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let Some((skew, witness)) = skew(scene) else {
        return Vec::new();
    };
    let host = &scene.facts.host;
    let has_credential = host.credentials.failure().is_none() || host.credentials_error.is_some();
    // The EC2 API's certificate is not in time either, and nobody else would have kept all of it from being read.
    let calls = scene.facts.inventory.calls();
    let mut failures = calls.iter().filter_map(|(_, failure)| *failure);
    let untrusted = failures.all(|failure| failure.kind == FailureKind::Untrusted);
    let follows = symptoms.where_kind(|kind| match kind {
        Kind::Expired | Kind::NotYetValid => true,
        Kind::InventoryUnreachable => untrusted,
        Kind::CanaryError(code) => is_credential(code),
        // A credential that was never there is no matter of the clock.
        Kind::CanaryCredentials | Kind::InventoryCredentials => has_credential,
        _ => false,
    });
    let mut ids: Vec<_> = follows.map(|symptom| symptom.id).collect();
    let certificates: Vec<_> = symptoms
        .where_kind(|kind| matches!(kind, Kind::Expired | Kind::NotYetValid))
        .collect();
    for symptom in certificates {
        ids.extend(symptoms.following(scene, &symptom.name, crate::symptoms::Stage::Tls));
    }
    let ahead = if skew > 0 { "ahead" } else { "behind" };
    let minutes = skew.abs() / 60;
    vec![
        Cause::alone("clock", Severity::Fail, Vec::new())
            .follows(ids)
            .title(format!("The clock is {minutes} minutes {ahead}"))
            .because(
                "The Date of an AWS answer differs from the local clock by more than five minutes.",
            )
            .evidence(format!(
                "{witness}: the local clock is {} seconds {ahead}.",
                skew.abs()
            ))
            .fix(
                "Let the clock follow the Amazon Time Sync Service.",
                vec![
                    "sudo chronyc makestep".to_owned(),
                    "chronyc sources".to_owned(),
                ],
            ),
    ]
}

/// Seconds by which the local clock is ahead of a service's, beyond what is tolerated, and who says so.
fn skew(scene: &Scene<'_>) -> Option<(i64, String)> {
    let of_probes = scene.facts.probes.iter().filter_map(|probe| {
        let http = probe.http.seen()?;
        // Only an AWS service's word counts; a middlebox may have any clock.
        let target = scene
            .facts
            .name(&probe.name)
            .and_then(|name| scene.target(&name.service))?;
        if !target.in_catalog
            || !reach::is_aws_answer(http)
            || !probe.tls.seen()?.service_roots.reaches()
        {
            return None;
        }
        let date = jiff::fmt::rfc2822::parse(http.header("date")?)
            .ok()?
            .timestamp();
        let skew = http.received_at.duration_since(date).as_secs();
        Some((skew, format!("{} at {}", probe.name, probe.address)))
    });
    let canary = &scene.facts.canary;
    let of_canary = canary.error.as_ref().and_then(|error| {
        let took = canary.result.at_ms + canary.result.took_ms;
        let began = canary.of_run_at.unwrap_or(scene.facts.started_at);
        let local = began.checked_add(std::time::Duration::from_secs_f64(
            (took / 1000.0).clamp(0.0, 86_400.0),
        ));
        let skew = local.ok()?.duration_since(error.date?).as_secs();
        Some((skew, "The canary's answer".to_owned()))
    });
    of_probes
        .chain(of_canary)
        .filter(|(skew, _)| skew.abs() > TOLERATED_SECONDS)
        .max_by_key(|(skew, _)| skew.abs())
}
