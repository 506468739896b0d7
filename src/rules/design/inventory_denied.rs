use crate::rules::cause::{Cause, capital};
use crate::rules::rule;
use crate::symptoms::{Kind, Scene, Symptoms};

rule! {
    /// The caller may not make some of the calls that read the VPC's configuration.
    ///
    /// What they would have shown is treated as unknown, never as absent.
    ///
    /// ## Told apart by
    /// The EC2 API's answer `UnauthorizedOperation`, or `AccessDenied` of S3 and Parameter Store; each call is named.
    ///
    /// ## Fix
    /// Allow the calls (`vpcheck iam-policy` prints the policy), or hand over an inventory with `--inventory FILE`. Where the
    /// refused call is the one that fetches an inventory from S3 or Parameter Store, allow that one.
    ///
    /// ## Source
    /// Amazon EC2 API Reference, "Error codes"; Amazon S3 API Reference, "Error responses".
    pub INVENTORY_DENIED, "inventory-denied", Warn, Undistinguished, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let shown: Vec<_> = symptoms
        .where_kind(|kind| *kind == Kind::InventoryDenied)
        .collect();
    if shown.is_empty() {
        return Vec::new();
    }
    let denied = scene.facts.inventory.denied();
    let subject = denied.join(", ");
    let inventory = &scene.facts.inventory;
    let policy = match &inventory.fetch {
        Some(fetch) => format!("vpcheck iam-policy --inventory '{}'", fetch.place.whole()),
        None => "vpcheck iam-policy".to_owned(),
    };
    let failure = inventory
        .fetch
        .as_ref()
        .and_then(|fetch| fetch.asked.failure());
    let mut cause = Cause::shown_by(subject, shown)
        .title("Some calls that read the VPC's configuration are refused")
        .because(format!(
            "{} refuses them to this caller; what they would show stays unknown.",
            capital(inventory.asked_of())
        ))
        .fix("Allow the calls, or hand over an inventory.", vec![policy]);
    if let Some(failure) = failure {
        cause = cause.evidence(failure.detail.clone());
    }
    vec![cause]
}
