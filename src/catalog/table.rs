//! The shape of `services.toml`.

use serde::Deserialize;

use super::{Partition, Service};

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "'de: 'static"))]
pub(super) struct Table {
    pub(super) partition: Vec<Partition>,
    pub(super) service: Vec<Service>,
}
