use crate::rules::cause::{Cause, quoted, region_flag};
use crate::rules::rule;
use crate::symptoms::{Kind, Scene, Symptoms};

use super::denied::{queue, said};

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
    let subject = queue(scene);
    let shown: Vec<_> = symptoms
        .where_kind(|kind| *kind == Kind::CanaryCorrupted)
        .collect();
    if shown.is_empty() {
        return Vec::new();
    }
    let mut cause = Cause::shown_by(&subject, shown)
        .title("The canary's digest that came back is not its body's")
        .because("SQS returns the MD5 digest of the body it stored; this one differs, so something changed the message on the way.")
        .fix(
            "Look for what changes requests between here and SQS.",
            vec![format!("vpcheck check --queue-url {queue}{region}", queue = quoted(&subject), region = region_flag(scene))],
        );
    if let Some(error) = &scene.facts.canary.error {
        cause = cause.evidence(said(error));
    }
    vec![cause]
}
