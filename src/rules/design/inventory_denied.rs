use crate::rules::cause::Cause;
use crate::rules::rule;
use crate::symptoms::{Kind, Scene, Symptoms};

rule! {
    /// The caller may not make some of the calls that read the VPC's configuration.
    ///
    /// What they would have shown is treated as unknown, never as absent.
    ///
    /// ## Told apart by
    /// The EC2 API's answer `UnauthorizedOperation`; each call is named.
    ///
    /// ## Fix
    /// Allow the calls (`vpcheck iam-policy` prints the policy), or hand over an inventory with `--inventory FILE`.
    ///
    /// ## Source
    /// Amazon EC2 API Reference, "Error codes".
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
    vec![
        Cause::shown_by(subject, shown)
            .title("Some calls that read the VPC's configuration are refused")
            .because("The EC2 API refuses them to this caller; what they would show stays unknown.")
            .fix(
                "Allow the calls, or hand over an inventory.",
                vec!["vpcheck iam-policy".to_owned()],
            ),
    ]
}
