//! A snapshot of the VPC's configuration, for `vpcheck inventory`.

use std::sync::Arc;

use tokio::sync::watch;

use super::aws::{AwsAccess, InstanceSource};
use super::host::{self, HostQuestion, Progress};
use super::inventory::{PublishError, publish};
use super::tls::Trust;
use super::{Bounds, InventoryChoice, host_resolvers, read_inventory, secrets};
use crate::environment::EnvSnapshot;
use crate::facts::{Inventory, InventoryPlace};

/// What a snapshot is to be of, and where it goes.
#[derive(Debug, Clone, Default)]
pub struct SnapshotQuestion {
    /// The region that was asked for, if one was.
    pub region: Option<String>,
    /// The VPC that was asked for, if one was.
    pub vpc_id: Option<String>,
    /// Where other machines fetch it; none: it is given back alone.
    pub to: Option<InventoryPlace>,
}

/// Takes a snapshot of the VPC's configuration, and puts it where it is to go. One that says nothing of the VPC, or lacks what
/// another attempt may bring, is put nowhere: what is there is worth more.
///
/// # Errors
/// It was taken, and the place did not take it.
pub async fn snapshot(
    bounds: &Bounds,
    question: SnapshotQuestion,
    trust: &Trust,
    env: EnvSnapshot,
) -> Result<Inventory, PublishError> {
    let (progress, _) = watch::channel(Progress::default());
    let region = question.region;
    let host = host::host(bounds, &HostQuestion { region, env }, &progress).await;
    let mut host = Arc::unwrap_or_clone(host);
    let Some(region) = host.region.clone() else {
        let reason = "no region is known: say it with --region";
        return Ok(Inventory::none(reason));
    };
    // Run by hand and anywhere, this connects as the AWS CLI would: by the system's roots and `--ca-file`.
    // A container may have none: the service roots do for the APIs themselves.
    let roots = match trust.connect_roots().is_empty() {
        true => trust.service_roots().clone(),
        false => trust.connect_roots().clone(),
    };
    let imds = InstanceSource::known(host.imds.is_seen());
    let access = AwsAccess::new(&region, roots, imds, host_resolvers(&host));
    host.vpc_id = question.vpc_id.or(host.vpc_id);
    let inventory = read_inventory(bounds, Some(&access), &InventoryChoice::Api, &host).await;
    let inventory = secrets::facts_without(inventory);
    if let Some(place) = &question.to
        && inventory.is_fit_to_share()
    {
        publish(bounds, &access, place, &inventory).await?;
    }
    Ok(inventory)
}
