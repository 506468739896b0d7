use crate::rules::cause::Cause;
use crate::rules::rule;
use crate::symptoms::{Scene, Symptoms};
use crate::verdict::finding::Severity;

rule! {
    /// The VPC belongs to another account, so its endpoints are not visible from here.
    ///
    /// A participant of a shared VPC can use its endpoints and cannot see them: an empty list means nothing, and no endpoint is
    /// called missing.
    ///
    /// ## Told apart by
    /// The owner of the VPC or of the caller's subnet is another account than the caller's.
    ///
    /// ## Fix
    /// Take an inventory with the owner's account, and hand it over with `--inventory FILE`.
    ///
    /// ## Source
    /// Amazon VPC User Guide, "Share your VPC subnets with other accounts".
    pub INVENTORY_NOT_VISIBLE, "inventory-not-visible", Warn, Undistinguished, find
}

fn find(scene: &Scene<'_>, _: &Symptoms) -> Vec<Cause> {
    if !scene.shared_vpc() {
        return Vec::new();
    }
    let vpc = scene.vpc_id.as_deref().unwrap_or("this VPC");
    vec![
        Cause::alone(vpc, Severity::Warn, Vec::new())
            .title(format!("{vpc} belongs to another account; its endpoints are not visible"))
            .because("The owner of the VPC is not this account, so an empty list of endpoints means nothing.")
            .evidence(format!(
                "This account is {}.",
                scene.account_id().unwrap_or("not known")
            ))
            .fix(
                "Take an inventory with the owner's account, and hand it over.",
                vec![
                    "vpcheck inventory -o inventory.json".to_owned(),
                    "vpcheck check --inventory inventory.json".to_owned(),
                ],
            ),
    ]
}
