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
    if shown.is_empty() {
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
