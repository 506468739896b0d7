use crate::rules::{Cause, rule};
use crate::symptoms::{Kind, Scene, Symptoms};

use super::canary_answer::{self, Words};

rule! {
    /// The canary's digest that came back is not its body's.
    ///
    /// SQS returns the MD5 digest of the body it stored; this one differs, so something changed the message on the way.
    ///
    /// ## Told apart by
    /// The digest in the answer against the digest of the body that was sent.
    ///
    /// ## Fix
    /// Look for what changes requests between here and SQS.
    ///
    /// ## Source
    /// Amazon SQS API Reference, "SendMessage", MD5OfMessageBody.
    pub CANARY_CORRUPTED, "canary-corrupted", Fail, Connection, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let matches = |kind: &Kind| *kind == Kind::CanaryCorrupted;
    let words = Words {
        title: "The canary's digest that came back is not its body's",
        because: "SQS returns the MD5 digest of the body it stored; this one differs, so something changed the message on the way.",
        fix: "Look for what changes requests between here and SQS.",
        command: ("vpcheck check --queue-url", ""),
    };
    canary_answer::find(scene, symptoms, matches, &words)
}
