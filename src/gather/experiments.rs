//! Experiments that tell look-alikes apart.
use std::net::IpAddr;

use super::Bounds;
use super::tls::Trust;
use crate::facts::AddressProbe;
use crate::facts::probe::Experiment;

/// After a failed handshake: a classical hello and another server name.
pub async fn experiments(
    _bounds: &Bounds,
    _trust: &Trust,
    _probe: &AddressProbe,
    _other_name: Option<&str>,
) -> Vec<Experiment> {
    Vec::new()
}

/// A small and a large request, each on a connection of its own.
pub async fn large_request(
    _bounds: &Bounds,
    _trust: &Trust,
    _name: &str,
    _address: IpAddr,
) -> Vec<Experiment> {
    Vec::new()
}
