//! What the rules about credentials that a service turns down share.

use crate::facts::{EnvironmentKind, ServiceError};
use crate::rules::Cause;
use crate::rules::cause::region_flag;
use crate::symptoms::{Kind, Scene, Symptom, Symptoms};

use super::denied::said;

/// The cause that calls were answered with one of these codes: the canary's, the EC2 API's or that of STS.
pub(super) fn find(scene: &Scene<'_>, symptoms: &Symptoms, codes: &[&str]) -> Option<Cause> {
    let has_code = |error: &ServiceError| codes.contains(&error.code.as_str());
    let inventory_says = scene.facts.inventory.calls().iter().any(|(_, failure)| {
        failure.is_some_and(|failure| codes.iter().any(|code| failure.detail.contains(code)))
    });
    let sts = scene
        .facts
        .host
        .credentials_error
        .as_ref()
        .filter(|error| has_code(error));
    let shown: Vec<&Symptom> = symptoms
        .where_kind(|kind| match kind {
            Kind::CanaryError(code) => codes.contains(&code.as_str()),
            Kind::InventoryCredentials => inventory_says || sts.is_some(),
            Kind::CanaryCredentials => sts.is_some(),
            _ => false,
        })
        .collect();
    if shown.is_empty() {
        return None;
    }
    let provider = scene
        .facts
        .host
        .credentials
        .seen()
        .map(|source| source.provider.clone());
    let mut cause = Cause::shown_by("credentials", shown);
    if let Some(provider) = provider {
        cause = cause.evidence(format!("The credential comes from {provider}."));
    }
    let errors = [
        scene
            .facts
            .canary
            .error
            .as_ref()
            .filter(|error| has_code(error)),
        sts,
    ];
    for error in errors.into_iter().flatten() {
        cause = cause.evidence(said(error));
    }
    Some(cause)
}

/// Shows whose credential it is, and lets the role's be used where those of the environment variables go before it.
pub(super) fn commands(scene: &Scene<'_>) -> Vec<String> {
    let host = &scene.facts.host;
    let from_variables = host
        .credentials
        .seen()
        .is_some_and(|source| source.provider.to_ascii_lowercase().contains("environment"));
    let mut commands = vec![format!("aws sts get-caller-identity{}", region_flag(scene))];
    // A function's own variables are its role's.
    if from_variables && host.kind != EnvironmentKind::Lambda {
        commands.push("unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN".to_owned());
    }
    commands
}
