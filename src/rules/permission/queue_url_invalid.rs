use crate::facts::queue_url::QueueUrl;
use crate::rules::cause::Cause;
use crate::rules::rule;
use crate::symptoms::{Kind, Scene, Symptoms};
use crate::verdict::finding::Severity;

use super::queue_names;

rule! {
    /// The queue URL is a URL, and not that of a queue.
    ///
    /// ## Told apart by
    /// Its form: `https://sqs.<region>.<suffix>/<account>/<name>`. What is no URL at all is refused as wrong usage.
    ///
    /// ## Fix
    /// Take the URL from the console or from `aws sqs get-queue-url`.
    ///
    /// ## Source
    /// Amazon SQS Developer Guide, "Queue and message identifiers".
    pub QUEUE_URL_INVALID, "queue-url-invalid", Fail, Shared, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let request = &scene.facts.request;
    let Some(url) = request.queue_url.as_deref() else {
        return Vec::new();
    };
    let Ok(QueueUrl::NotAQueue(reason)) = crate::facts::queue_url::parse_queue_url(url) else {
        return Vec::new();
    };
    let skipped = symptoms.where_kind(|kind| *kind == Kind::CanaryNoPath);
    vec![
        Cause::alone(url, Severity::Fail, vec!["sqs".to_owned()])
            .follows(skipped.map(|symptom| symptom.id).collect::<Vec<_>>())
            .title("The queue URL is not the URL of a queue")
            .because(format!("This is no queue's URL: {reason}."))
            .fix(
                "Take the URL from the queue's page in the console, or from the command line.",
                queue_names::with_own_url(scene, url),
            ),
    ]
}
