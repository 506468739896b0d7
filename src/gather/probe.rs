//! One address, probed by itself: a connection, a handshake for the name, one request.

use std::net::{IpAddr, SocketAddr};

use super::http::{self, Answered, Size};
use super::tls::{self, Hello, Protocols, Trust};
use super::{Bounds, tcp};
use crate::facts::tls::TlsSeen;
use crate::facts::{AddressProbe, Observation};

/// The port that AWS services answer HTTPS on.
pub const HTTPS: u16 = 443;

/// Why nothing was asked of a connection that is not there.
pub(super) const NO_CONNECTION: &str = "the connection was not made";
/// Why nothing was asked over a handshake that failed.
pub(super) const NO_HANDSHAKE: &str = "the handshake did not complete";
/// Why an IPv6 address was left alone.
const NO_IPV6_ROUTE: &str = "this host has no IPv6 route";

/// Probes one address on port 443: TCP, then TLS for `name`, then one unsigned request, each within the time limit
/// of a probe. A phase that has nothing to stand on is skipped, with that reason.
///
/// `shaken` is told of the handshake as soon as it is complete. The connection comes with the probe where it can take
/// another request.
///
/// The request is sent whatever the certificate is worth: nothing secret is in it, and its answer dates the clock.
pub async fn probe(
    bounds: &Bounds,
    trust: &Trust,
    name: &str,
    address: IpAddr,
    ipv6_route: bool,
    shaken: impl FnOnce(&TlsSeen),
) -> (AddressProbe, Option<Answered>) {
    if needs_ipv6(address) && !ipv6_route {
        let probe = AddressProbe {
            name: name.to_owned(),
            address,
            tcp: Observation::skipped(NO_IPV6_ROUTE),
            tls: Observation::skipped(NO_IPV6_ROUTE),
            http: Observation::skipped(NO_IPV6_ROUTE),
            experiments: Vec::new(),
        };
        return (probe, None);
    }
    let socket = SocketAddr::new(address, HTTPS);
    probe_at(bounds, trust, name, socket, shaken).await
}

/// As [`probe`], on the port given.
pub(super) async fn probe_at(
    bounds: &Bounds,
    trust: &Trust,
    name: &str,
    socket: SocketAddr,
    shaken: impl FnOnce(&TlsSeen),
) -> (AddressProbe, Option<Answered>) {
    let mut probe = AddressProbe {
        name: name.to_owned(),
        address: socket.ip(),
        tcp: Observation::default(),
        tls: Observation::skipped(NO_CONNECTION),
        http: Observation::skipped(NO_CONNECTION),
        experiments: Vec::new(),
    };
    let (seen, stream) = tcp::connect(bounds, socket).await;
    probe.tcp = seen;
    let Some(stream) = stream else {
        return (probe, None);
    };
    let (hello, protocols) = (Hello::PostQuantum, Protocols::Both);
    let (seen, stream) = tls::handshake(bounds, trust, name, hello, protocols, stream).await;
    if let Some(seen) = seen.seen() {
        shaken(seen);
    }
    probe.tls = seen;
    let Some(stream) = stream else {
        probe.http = Observation::skipped(NO_HANDSHAKE);
        return (probe, None);
    };
    let (seen, answered) = http::request(bounds, name, Size::Small, stream).await;
    probe.http = seen;
    (probe, answered)
}

/// True for an address that only an IPv6 route leads to; an IPv4 address in IPv6's clothes is none.
fn needs_ipv6(address: IpAddr) -> bool {
    address.to_canonical().is_ipv6()
}

#[cfg(test)]
pub(super) mod peer;
#[cfg(test)]
mod tests;
