use crate::rules::cause::{Cause, quoted, region_flag};
use crate::rules::rule;
use crate::symptoms::{Kind, Scene, Symptoms};

use super::denied::{queue, said};

rule! {
    /// The service answered the canary with an error.
    ///
    /// The path is right and the service refuses the call for a reason of its own, which the evidence quotes.
    ///
    /// ## Told apart by
    /// An error code that no other finding stands for.
    ///
    /// ## Fix
    /// Act on the service's message.
    ///
    /// ## Source
    /// Amazon SQS API Reference, "Common errors".
    pub CANARY_FAILED, "canary-failed", Fail, Undistinguished, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let subject = queue(scene);
    let shown: Vec<_> = symptoms
        .where_kind(|kind| matches!(kind, Kind::CanaryError(_) | Kind::CanaryFailed(_)))
        .collect();
    if shown.is_empty() {
        return Vec::new();
    }
    let mut cause = Cause::shown_by(&subject, shown)
        .title("The service answered the canary with an error")
        .because("The path is right and the service refuses the call for a reason of its own, which the evidence quotes.")
        .fix(
            "Act on the service's message.",
            vec![format!("aws sqs get-queue-attributes --queue-url {queue} --attribute-names All{region}", queue = quoted(&subject), region = region_flag(scene))],
        );
    if let Some(error) = &scene.facts.canary.error {
        cause = cause.evidence(said(error));
    }
    vec![cause]
}
