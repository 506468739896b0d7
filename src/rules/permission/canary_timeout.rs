use crate::facts::FailureKind;
use crate::rules::{Cause, rule};
use crate::symptoms::{Kind, Scene, Symptoms};

use super::canary_answer::{self, Words};

rule! {
    /// The canary got no answer though TLS works.
    ///
    /// A verified TLS connection can be made to the address, and the call over it gets no proper answer. In a round trip:
    /// the message was taken and did not come back in time, as happens where somebody else receives from the queue, too.
    ///
    /// ## Told apart by
    /// The probe of the same address passed TLS; the call itself timed out or broke.
    ///
    /// ## Fix
    /// Try again; if it stays, look for a device on the path that stalls requests. For round trips, use a queue of the
    /// canary's own.
    ///
    /// ## Source
    /// Amazon SQS Developer Guide, "Troubleshooting".
    pub CANARY_TIMEOUT, "canary-timeout", Fail, Undistinguished, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let matches = |kind: &Kind| matches!(kind, Kind::CanaryFailed(failure) if !is_answer(*failure));
    let words = match scene.facts.canary.result.is_seen() {
        // The service took it, and did not give it back.
        true => Words {
            title: "The canary was sent and did not come back",
            because: "The service took the message, and it was not among those received in time: another reader of the queue may have taken it, or receiving stalls.",
            fix: "Give the canary a queue that nobody else receives from; if it stays away there as well, look for a device on the path that stalls requests.",
            command: (
                "aws sqs get-queue-attributes --queue-url",
                " --attribute-names All",
            ),
        },
        false => Words {
            title: "The canary got no answer though TLS works",
            because: "A verified TLS connection can be made to the address, and the call over it gets no proper answer.",
            fix: "Try again; if it stays, look for a device on the path that stalls requests.",
            command: (
                "aws sqs send-message --queue-url",
                " --message-body vpcheck",
            ),
        },
    };
    canary_answer::find(scene, symptoms, matches, &words)
}

/// An answer came, of whatever kind: that is no silence.
fn is_answer(failure: FailureKind) -> bool {
    matches!(failure, FailureKind::Service | FailureKind::Malformed)
}
