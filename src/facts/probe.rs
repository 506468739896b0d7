//! What one address of one name did on port 443.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::http::HttpSeen;
use super::observation::Observation;
use super::tcp::TcpSeen;
use super::tls::TlsSeen;

/// One address, probed by itself: TCP, then TLS for the name, then one unsigned HTTP request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AddressProbe {
    /// The name the address was answered for; the server name sent in the handshake.
    pub name: String,
    /// The address.
    pub address: IpAddr,
    /// The connection.
    pub tcp: Observation<TcpSeen>,
    /// The handshake.
    pub tls: Observation<TlsSeen>,
    /// The request.
    pub http: Observation<HttpSeen>,
    /// What was tried to tell look-alikes apart, after a phase above had failed.
    #[serde(default)]
    pub experiments: Vec<Experiment>,
}

/// One experiment on an address whose first probe failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Experiment {
    /// What was changed against the first probe.
    pub variation: Variation,
    /// What came of the phase in question.
    pub result: Observation<()>,
}

/// What an experiment changes against the first probe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Variation {
    /// A ClientHello without the post-quantum key share, which fits one packet.
    ClassicalHello,
    /// The same address under another server name.
    OtherName(String),
    /// A request of more than 8 KiB.
    LargeRequest,
    /// A request that fits one packet.
    SmallRequest,
}
