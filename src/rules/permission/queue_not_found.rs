use crate::rules::{Cause, rule};
use crate::symptoms::{Kind, Scene, Symptoms};

use super::canary_answer::{self, Words};
use super::queue_names;

rule! {
    /// The queue does not exist.
    ///
    /// SQS answers that it knows no such queue: the name, the account or the region in the URL is wrong, or the queue is hidden from this account.
    ///
    /// ## Told apart by
    /// The error code. The network is fine: the service itself answered.
    ///
    /// ## Fix
    /// Correct the queue URL (names are case-sensitive), or create the queue.
    ///
    /// ## Source
    /// Amazon SQS API Reference, "SendMessage", errors.
    pub QUEUE_NOT_FOUND, "queue-not-found", Fail, Connection, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let matches = |kind: &Kind| matches!(kind, Kind::CanaryError(code) if ["AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist", "NonExistentQueue"].contains(&code.as_str()));
    let words = Words {
        title: "The queue does not exist",
        because: "SQS answers that it knows no such queue: the name, the account or the region in the URL is wrong, or the queue is hidden from this account.",
        fix: "Correct the queue URL (names are case-sensitive), or create the queue.",
        command: (
            "aws sqs get-queue-attributes --queue-url",
            " --attribute-names QueueArn",
        ),
    };
    let mut causes = canary_answer::find(scene, symptoms, matches, &words);
    for cause in &mut causes {
        cause.fix.commands = queue_names::create(scene, &cause.subject);
    }
    causes
}
