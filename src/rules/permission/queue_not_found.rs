use crate::rules::cause::{Cause, quoted, region_flag};
use crate::rules::rule;
use crate::symptoms::{Kind, Scene, Symptoms};

use super::denied::{queue, said};

rule! {
    /// The queue does not exist.
    ///
    /// SQS answers that it knows no such queue: the name, the account or the region in the URL is wrong, or the queue is hidden from this account.
    ///
    /// ## Told apart by
    /// The error code. The network is fine: the service itself answered.
    ///
    /// ## Fix
    /// Correct the queue URL; names are case-sensitive.
    ///
    /// ## Source
    /// Amazon SQS API Reference, "SendMessage", errors.
    pub QUEUE_NOT_FOUND, "queue-not-found", Fail, Connection, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let subject = queue(scene);
    let shown: Vec<_> = symptoms.where_kind(|kind| matches!(kind, Kind::CanaryError(code) if ["AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist", "NonExistentQueue"].contains(&code.as_str()))).collect();
    if shown.is_empty() {
        return Vec::new();
    }
    let mut cause = Cause::shown_by(&subject, shown)
        .title("The queue does not exist")
        .because("SQS answers that it knows no such queue: the name, the account or the region in the URL is wrong, or the queue is hidden from this account.")
        .fix(
            "Correct the queue URL; names are case-sensitive.",
            vec![format!("aws sqs get-queue-url --queue-name QUEUE_NAME{region} # instead of {queue}", queue = quoted(&subject), region = region_flag(scene))],
        );
    if let Some(error) = &scene.facts.canary.error {
        cause = cause.evidence(said(error));
    }
    vec![cause]
}
