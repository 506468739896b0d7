//! A snapshot of the VPC's configuration, for `vpcheck inventory`.

use std::sync::Arc;

use super::inventory::{PublishError, publish};
use super::tls::Trust;
use super::{Bounds, InventoryChoice, operator, read_inventory, secrets};
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
    let Some((access, host)) = operator::access(bounds, question.region, trust, env).await else {
        let reason = "no region is known: say it with --region";
        return Ok(Inventory::none(reason));
    };
    let mut host = Arc::unwrap_or_clone(host);
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
