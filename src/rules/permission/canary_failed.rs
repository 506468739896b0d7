use crate::rules::{Cause, rule};
use crate::symptoms::{Kind, Scene, Symptoms};

use super::canary_answer::{self, Words};

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
    let matches = |kind: &Kind| matches!(kind, Kind::CanaryError(_) | Kind::CanaryFailed(_));
    let words = Words {
        title: "The service answered the canary with an error",
        because: "The path is right and the service refuses the call for a reason of its own, which the evidence quotes.",
        fix: "Act on the service's message.",
        command: (
            "aws sqs get-queue-attributes --queue-url",
            " --attribute-names All",
        ),
    };
    canary_answer::find(scene, symptoms, matches, &words)
}
