use crate::rules::cause::{Cause, by_subject, capital};
use crate::rules::rule;
use crate::symptoms::canary::is_throttling;
use crate::symptoms::{Kind, Scene, Symptoms};

use super::denied::{queue, said};

rule! {
    /// The service throttles.
    ///
    /// A throttled canary establishes nothing either way, so the run is inconclusive; a throttled inventory only lacks.
    ///
    /// ## Told apart by
    /// The error code.
    ///
    /// ## Fix
    /// Spread runs in time (`--spread`); let many agents fetch one inventory (`vpcheck inventory -o s3://BUCKET/KEY`, and
    /// `--inventory s3://BUCKET/KEY`).
    ///
    /// ## Source
    /// Amazon EC2 API Reference, "Request throttling"; Amazon SQS Developer Guide, "Quotas".
    pub THROTTLED, "throttled", Warn, Connection, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let canary = symptoms
        .where_kind(|kind| match kind {
            Kind::CanaryError(code) => is_throttling(code),
            _ => false,
        })
        .map(|symptom| {
            let mut cause =
                Cause::shown_by(queue(scene), [symptom]).title("SQS throttles the canary");
            if let Some(error) = &scene.facts.canary.error {
                cause = cause.evidence(said(error));
            }
            cause
        });
    let inventory = symptoms
        .where_kind(|kind| *kind == Kind::InventoryThrottled)
        .map(|symptom| {
            let inventory = &scene.facts.inventory;
            let who = capital(inventory.asked_of());
            let service = inventory.fetch.as_ref().map(|fetch| fetch.place.service());
            Cause::shown_by(service.unwrap_or("ec2"), [symptom])
                .title(format!("{who} throttles this account"))
        });
    let causes = canary.chain(inventory).map(|cause| {
        cause
            .because("The service answers with a throttling error.")
            .fix(
                "Run again later, spread scheduled runs, and share one inventory.",
                vec!["vpcheck inventory -o inventory.json".to_owned()],
            )
    });
    by_subject(causes)
}
