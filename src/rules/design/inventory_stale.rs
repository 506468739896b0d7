use crate::rules::cause::{Cause, region_flag};
use crate::rules::rule;
use crate::symptoms::scene::Stale;
use crate::symptoms::{Scene, Symptoms};
use crate::verdict::finding::Severity;

rule! {
    /// The inventory that was handed over or fetched is too old, or of another VPC, and is not judged by.
    ///
    /// ## Told apart by
    /// Its time against `inventory_max_age` (24 hours), and its VPC and region against this host's.
    ///
    /// ## Fix
    /// Take a new one in this VPC; where many agents fetch it, on a schedule.
    ///
    /// ## Source
    /// vpcheck's own inventory format.
    pub INVENTORY_STALE, "inventory-stale", Warn, Undistinguished, find
}

fn find(scene: &Scene<'_>, _: &Symptoms) -> Vec<Cause> {
    let Some(stale) = &scene.stale else {
        return Vec::new();
    };
    let inventory = &scene.facts.inventory;
    let vpc = inventory.vpc_id.as_deref().unwrap_or("inventory");
    let (title, because) = match stale {
        Stale::Old(age) => (
            format!("The inventory is {} hours old", age / 3600),
            format!(
                "It was taken at {}, and may be at most {} hours old.",
                inventory
                    .taken_at
                    .map_or("an unknown time".to_owned(), |at| at.to_string()),
                scene.facts.request.inventory_max_age_s / 3600
            ),
        ),
        Stale::OtherVpc => (
            format!("The inventory is of another VPC: {vpc}"),
            format!(
                "This host is in {} in {}.",
                scene
                    .facts
                    .host
                    .vpc_id
                    .as_deref()
                    .unwrap_or("a VPC that is not known"),
                scene
                    .facts
                    .host
                    .region
                    .as_deref()
                    .unwrap_or("a region that is not known")
            ),
        ),
    };
    let file = match &inventory.fetch {
        Some(fetch) => format!("'{}'", fetch.place.whole()),
        None => "inventory.json".to_owned(),
    };
    vec![
        Cause::alone(vpc, Severity::Warn, Vec::new())
            .title(title)
            .because(because)
            .fix(
                "Take a new inventory in this VPC.",
                vec![format!("vpcheck inventory{} -o {file}", region_flag(scene))],
            ),
    ]
}
