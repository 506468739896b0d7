//! Symptoms of the canary.

use crate::facts::{CanaryMode, FailureKind, Outcome, ServiceError};
use crate::verdict::finding::Severity;

use super::denial;
use super::{Kind, Scene, Symptom, Symptoms};

pub(super) fn collect(scene: &Scene<'_>, symptoms: &mut Symptoms) {
    let request = &scene.facts.request;
    if request.canary == CanaryMode::Off || request.queue_url.is_none() {
        return;
    }
    let canary = &scene.facts.canary;
    let found = match &canary.result.outcome {
        Outcome::Seen(sent) if !sent.digest_matches => Some((
            Kind::CanaryCorrupted,
            "the digest that came back with the canary is not its body's".to_owned(),
        )),
        Outcome::Seen(sent) => sent.round_trip.as_ref().and_then(|trip| {
            let failure = trip.failure()?;
            let text = format!(
                "the canary was sent and did not come back ({})",
                failure.detail
            );
            Some(match &canary.error {
                Some(error) => (of_error(error, failure.kind), text),
                None => (Kind::CanaryFailed(failure.kind), text),
            })
        }),
        Outcome::Failed(failure) => Some(match &canary.error {
            Some(error) => (
                of_error(error, failure.kind),
                format!("the canary was answered with {}", error.code),
            ),
            None if failure.kind == FailureKind::Credentials => (
                Kind::CanaryCredentials,
                "the canary was not sent: no usable credential".to_owned(),
            ),
            // The kind alone tells as much as an answer whose words are lost.
            None if failure.kind == FailureKind::Denied => (
                Kind::CanaryDenied(denial::PolicyLayer::Unnamed),
                format!("the canary was refused ({})", failure.detail),
            ),
            None if failure.kind == FailureKind::Throttled => (
                Kind::CanaryError("Throttling".to_owned()),
                format!("the canary was throttled ({})", failure.detail),
            ),
            None if failure.kind == FailureKind::Untrusted => (
                Kind::CanaryNoPath,
                format!("the canary was not sent: {}", failure.detail),
            ),
            None => (
                Kind::CanaryFailed(failure.kind),
                format!("the canary got no answer ({})", failure.detail),
            ),
        }),
        Outcome::Skipped(reason) => Some((
            Kind::CanaryNoPath,
            format!("the canary was not sent: {reason}"),
        )),
    };
    let Some((kind, text)) = found else {
        return;
    };
    let throttled = matches!(&kind, Kind::CanaryError(code) if is_throttling(code));
    symptoms.push(Symptom {
        id: 0,
        unknown: throttled || kind == Kind::CanaryNoPath,
        // A canary that was never sent is open, not refused; what kept it from being sent is a finding.
        severity: match throttled || kind == Kind::CanaryNoPath {
            true => Severity::Warn,
            false => Severity::Fail,
        },
        kind,
        service: "sqs".to_owned(),
        name: canary.host.clone().unwrap_or_default(),
        address: canary.remote_address,
        text,
    });
}

/// True for codes by which services throttle.
pub fn is_throttling(code: &str) -> bool {
    [
        "RequestThrottled",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "SlowDown",
    ]
    .contains(&code)
}

/// True for codes that speak of the caller's credential.
pub fn is_credential(code: &str) -> bool {
    [
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "InvalidAccessKeyId",
        "InvalidIdentityToken",
        "InvalidSecurity",
        "InvalidSecurityToken",
        "AuthFailure",
        "SignatureDoesNotMatch",
        "IncompleteSignature",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "InvalidSignatureException",
        "ExpiredToken",
        "ExpiredTokenException",
        "RequestExpired",
        "RequestTimeTooSkewed",
    ]
    .contains(&code)
}

fn of_error(error: &ServiceError, kind: FailureKind) -> Kind {
    let code = bare(&error.code);
    let denied = kind == FailureKind::Denied
        || code.starts_with("AccessDenied")
        || code == "UnauthorizedOperation"
        // Any other 403 that speaks of a policy is one as well.
        || error.status == Some(403) && denial::read(&error.message).layer != denial::PolicyLayer::Unnamed;
    match denied && !code.starts_with("KMS.") && !code.starts_with("Kms") {
        true => Kind::CanaryDenied(denial::read(&error.message).layer),
        false => Kind::CanaryError(code.to_owned()),
    }
}

/// The code without the namespace that some answers put before it.
fn bare(code: &str) -> &str {
    let code = code.rsplit('#').next().unwrap_or(code);
    code.split(';').next().unwrap_or(code)
}
