//! What the rules about refusals of the canary share.

use crate::facts::ServiceError;
use crate::rules::Cause;
use crate::symptoms::{Kind, PolicyLayer, Scene, Symptoms};

/// The cause of a canary refused by one of these layers, on this subject.
pub(super) fn by_layer(
    scene: &Scene<'_>,
    symptoms: &Symptoms,
    layers: &[PolicyLayer],
    subject: String,
) -> Option<Cause> {
    let symptom = symptoms
        .where_kind(|kind| match kind {
            Kind::CanaryDenied(layer) => layers.contains(layer),
            _ => false,
        })
        .next()?;
    let mut cause = Cause::shown_by(subject, [symptom]);
    if let Some(error) = &scene.facts.canary.error {
        cause = cause.evidence(said(error));
    }
    Some(cause)
}

/// The service's own words.
pub(super) fn said(error: &ServiceError) -> String {
    let status = error
        .status
        .map_or(String::new(), |status| format!("{status} "));
    let request = match &error.request_id {
        Some(id) => format!(" (request {id})"),
        None => String::new(),
    };
    format!(
        "The service said: {status}{}: {}{request}",
        error.code, error.message
    )
}

/// The queue's URL, as the thing to change.
pub(super) fn queue(scene: &Scene<'_>) -> String {
    scene
        .facts
        .request
        .queue_url
        .clone()
        .unwrap_or_else(|| "sqs".to_owned())
}

/// The queue's ARN, as far as the URL tells it.
pub(super) fn queue_arn(scene: &Scene<'_>) -> String {
    scene
        .facts
        .canary
        .queue_arn
        .clone()
        .unwrap_or_else(|| "QUEUE_ARN".to_owned())
}
