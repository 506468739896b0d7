use crate::rules::cause::Cause;
use crate::rules::rule;
use crate::symptoms::{Kind, Scene, Symptoms};

rule! {
    /// No credential was found.
    ///
    /// Without one no canary can be sent and the VPC's configuration cannot be read.
    ///
    /// ## Told apart by
    /// The SDK's provider chain came up empty: environment, profile, web identity, task or pod role, instance role. An
    /// expired one is `credentials-expired`, one the service does not know `credentials-invalid`.
    ///
    /// ## Fix
    /// Attach a role to the instance, task or pod, or pass `--canary off --inventory off` to check without one.
    ///
    /// ## Source
    /// AWS SDKs and Tools Reference Guide, "Standardized credential providers".
    pub CREDENTIALS_MISSING, "credentials-missing", Fail, Connection, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let shown: Vec<_> = symptoms
        .where_kind(|kind| matches!(kind, Kind::CanaryCredentials | Kind::InventoryCredentials))
        .collect();
    let known = scene.facts.host.credentials.is_seen();
    if shown.is_empty() || known {
        return Vec::new();
    }
    // Where a web identity is exchanged at STS, the way to STS is to blame before the credential is.
    let sts = symptoms.iter().any(|symptom| {
        symptom.service == "sts" && symptom.kind.stage() < crate::symptoms::Stage::Canary
    });
    if sts && scene.facts.host.credentials_error.is_none() && uses_web_identity(scene) {
        return Vec::new();
    }
    let subject = match scene.facts.host.kind {
        crate::facts::EnvironmentKind::Ec2 => scene.facts.host.instance_id.clone(),
        _ => scene.facts.host.task_arn.clone(),
    };
    let mut cause = Cause::shown_by(subject.unwrap_or_else(|| "credentials".to_owned()), shown)
        .title("No AWS credential was found")
        .because("Every credential provider came up empty, so no call can be signed.")
        .fix(
            "Attach a role to the instance, task or pod; or check without credentials.",
            vec!["vpcheck check --canary off --inventory off".to_owned()],
        );
    if let Some(failure) = scene.facts.host.credentials.failure() {
        cause = cause.evidence(format!("The provider chain: {}", failure.detail));
    }
    vec![cause]
}

fn uses_web_identity(scene: &Scene<'_>) -> bool {
    let detail = scene
        .facts
        .host
        .credentials
        .failure()
        .map(|failure| failure.detail.to_ascii_lowercase());
    detail.is_some_and(|detail| {
        detail.contains("webidentity") || detail.contains("web identity") || detail.contains("sts")
    })
}
