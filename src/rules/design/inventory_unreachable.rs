use crate::facts::Failure;
use crate::rules::cause::{Cause, capital, region_flag};
use crate::rules::rule;
use crate::symptoms::{Kind, Scene, Symptoms};

rule! {
    /// The EC2 API, or the place an inventory was to be fetched from, cannot be reached from here or gives no answer of use,
    /// so the VPC's configuration was not read.
    ///
    /// In a subnet without a NAT gateway it takes an endpoint for `ec2`; for `s3` or `ssm` where the inventory is fetched. The check goes on without the configuration:
    /// what it would have shown is treated as unknown.
    ///
    /// ## Told apart by
    /// The calls timed out, could not connect or came back with an error of the API's own, with no other cause that
    /// explains it; the finding says which.
    ///
    /// ## Fix
    /// Create an endpoint for `ec2`, or take an inventory elsewhere (`vpcheck inventory -o FILE`) and hand it over with
    /// `--inventory FILE`. Where it was to be fetched, write it there again (`vpcheck inventory -o s3://BUCKET/KEY`).
    ///
    /// ## Source
    /// Amazon EC2 User Guide, "Access Amazon EC2 using an interface VPC endpoint".
    pub INVENTORY_UNREACHABLE, "inventory-unreachable", Warn, Undistinguished, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let shown: Vec<_> = symptoms
        .where_kind(|kind| *kind == Kind::InventoryUnreachable)
        .collect();
    if shown.is_empty() {
        return Vec::new();
    }
    let calls = scene.facts.inventory.calls();
    let failures = || calls.iter().filter_map(|(_, failure)| *failure);
    let failed = calls
        .iter()
        .find_map(|(call, failure)| Some(format!("{call}: {}", failure.as_ref()?.detail)));
    let reached = failures().next().is_some() && failures().all(Failure::says_reached);
    let who = capital(scene.facts.inventory.asked_of());
    let title = match reached {
        true => format!("{who} gives no answer of use"),
        false => format!("{who} cannot be reached from here"),
    };
    let place = scene
        .facts
        .inventory
        .fetch
        .as_ref()
        .map(|fetch| &fetch.place);
    let (subject, fix, file) = match place {
        Some(place) => (
            place.to_string(),
            format!("Take an inventory where the EC2 API can be reached, and write it to {place}."),
            format!("'{}'", place.whole()),
        ),
        None => (
            scene
                .endpoint_service_name("ec2")
                .unwrap_or_else(|| "ec2".to_owned()),
            "Take an inventory where the EC2 API can be reached, and hand it over.".to_owned(),
            "inventory.json".to_owned(),
        ),
    };
    let mut cause = Cause::shown_by(subject, shown)
        .title(title)
        .because("Without it the VPC's configuration was not read; the check went on without.")
        .fix(
            fix,
            vec![
                format!("vpcheck inventory{} -o {file}", region_flag(scene)),
                format!("vpcheck check --inventory {file}"),
            ],
        );
    if let Some(failed) = failed {
        cause = cause.evidence(failed);
    }
    vec![cause]
}
