//! How an inventory came here that somebody else took.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::inventory_place::InventoryPlace;
use super::observation::Observation;

/// That an inventory was to be fetched, from where, and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InventoryFetch {
    /// Where it is kept.
    pub place: InventoryPlace,
    /// What asking for it came to; skipped where the copy of a run before did without asking.
    pub asked: Observation<Fetched>,
    /// When the inventory at hand was fetched by a run before, where it is the copy that one kept.
    pub kept_since: Option<Timestamp>,
}

/// What a place answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fetched {
    /// An inventory.
    New,
    /// That it holds what is kept here.
    Unchanged,
}
