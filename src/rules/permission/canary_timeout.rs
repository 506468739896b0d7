use crate::facts::FailureKind;
use crate::rules::cause::{Cause, quoted, region_flag};
use crate::rules::rule;
use crate::symptoms::{Kind, Scene, Symptoms};

use super::denied::{queue, said};

rule! {
    /// The canary got no answer though TLS works.
    ///
    /// A verified TLS connection can be made to the address, and the call over it gets no proper answer.
    ///
    /// ## Told apart by
    /// The probe of the same address passed TLS; the call itself timed out or broke.
    ///
    /// ## Fix
    /// Try again; if it stays, look for a device on the path that stalls requests.
    ///
    /// ## Source
    /// Amazon SQS Developer Guide, "Troubleshooting".
    pub CANARY_TIMEOUT, "canary-timeout", Fail, Undistinguished, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let subject = queue(scene);
    let shown: Vec<_> = symptoms
        .where_kind(|kind| matches!(kind, Kind::CanaryFailed(failure) if !is_answer(*failure)))
        .collect();
    if shown.is_empty() {
        return Vec::new();
    }
    let mut cause = Cause::shown_by(&subject, shown)
        .title("The canary got no answer though TLS works")
        .because("A verified TLS connection can be made to the address, and the call over it gets no proper answer.")
        .fix(
            "Try again; if it stays, look for a device on the path that stalls requests.",
            vec![format!("aws sqs send-message --queue-url {queue} --message-body vpcheck{region}", queue = quoted(&subject), region = region_flag(scene))],
        );
    if let Some(error) = &scene.facts.canary.error {
        cause = cause.evidence(said(error));
    }
    vec![cause]
}

/// An answer came, of whatever kind: that is no silence.
fn is_answer(failure: FailureKind) -> bool {
    matches!(failure, FailureKind::Service | FailureKind::Malformed)
}
