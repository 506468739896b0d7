use crate::facts::queue_url::{QueueUrl, parse_queue_url};
use crate::rules::cause::Cause;
use crate::rules::rule;
use crate::symptoms::{Kind, Scene, Symptoms};
use crate::verdict::finding::Severity;

use super::queue_names;

rule! {
    /// The queue URL's region is not the one called.
    ///
    /// Interface endpoints are regional, and a signature for one region is refused in another. No canary is sent.
    ///
    /// ## Told apart by
    /// The region in the URL's host against the region of this run.
    ///
    /// ## Fix
    /// Use the queue of this region, or run with `--region` of the queue and an endpoint that reaches it.
    ///
    /// ## Source
    /// Amazon SQS Developer Guide, "Queue and message identifiers"; IAM User Guide, credential scope.
    pub REGION_MISMATCH, "region-mismatch", Fail, Shared, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let request = &scene.facts.request;
    let Some(url) = request.queue_url.as_deref() else {
        return Vec::new();
    };
    let (Ok(QueueUrl::Queue(queue)), Some(region)) = (parse_queue_url(url), &scene.region) else {
        return Vec::new();
    };
    let theirs = &queue.region;
    if theirs == region.as_str() {
        return Vec::new();
    }
    // What the other region's name does here follows from its being another region's.
    let mut follows: Vec<_> = symptoms
        .iter()
        .filter(|symptom| symptom.name == queue.host)
        .map(|symptom| symptom.id)
        .collect();
    let skipped = symptoms.where_kind(|kind| {
        matches!(
            kind,
            Kind::CanaryNoPath | Kind::CanaryFailed(_) | Kind::CanaryError(_)
        )
    });
    follows.extend(skipped.map(|symptom| symptom.id));
    vec![
        Cause::alone(url, Severity::Fail, vec!["sqs".to_owned()])
            .follows(follows)
            .title(format!(
                "The queue is in {theirs}, and this run calls {region}"
            ))
            .because(format!(
                "The host of the queue URL names {theirs}, while the region here is {region}."
            ))
            .fix(
                format!("Use this region's queue; where the queue of {theirs} is meant, check with --region {theirs}."),
                queue_names::with_own_url(scene, url),
            ),
    ]
}
