//! One address, probed by itself.
use std::net::IpAddr;

use super::Bounds;
use super::tls::Trust;
use crate::facts::{AddressProbe, Observation};

/// Probes one address.
pub async fn probe(
    _bounds: &Bounds,
    _trust: &Trust,
    name: &str,
    address: IpAddr,
    _ipv6_route: bool,
) -> AddressProbe {
    AddressProbe {
        name: name.to_owned(),
        address,
        tcp: Observation::default(),
        tls: Observation::default(),
        http: Observation::default(),
        experiments: Vec::new(),
    }
}
