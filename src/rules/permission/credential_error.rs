//! What the rules about credentials that a service turns down share.

use crate::facts::ServiceError;
use crate::rules::Cause;
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
