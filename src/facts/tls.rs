//! What a TLS handshake showed.

use serde::{Deserialize, Serialize};

/// A handshake that completed, whatever the certificate is worth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsSeen {
    /// The protocol version, as in `TLSv1.3`.
    pub version: String,
    /// The application protocol agreed on, if any.
    pub alpn: Option<String>,
    /// The certificates the peer sent, the leaf first; bounded.
    pub chain: Vec<Certificate>,
    /// Whether the chain reaches the roots trusted for connecting, its dates and names aside.
    pub system_roots: Chain,
    /// Whether the chain reaches the service roots, its dates and names aside.
    pub service_roots: Chain,
    /// Whether the leaf is valid for the name that was asked for.
    pub name_matches: bool,
}

/// Whether a chain reaches a set of roots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Chain {
    /// It does.
    Reaches,
    /// It does not, for this reason.
    Misses(String),
}

/// One certificate; texts are bounded and escaped by whoever prints them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// The subject, as in `CN=sqs.us-east-1.amazonaws.com`.
    pub subject: String,
    /// The issuer, as in `CN=Amazon RSA 2048 M01,O=Amazon,C=US`.
    pub issuer: String,
    /// The DNS names and addresses of the subject alternative names; bounded.
    pub names: Vec<String>,
    /// The first moment of validity.
    pub not_before: jiff::Timestamp,
    /// The last moment of validity.
    pub not_after: jiff::Timestamp,
}

impl TlsSeen {
    /// The peer's own certificate.
    pub fn leaf(&self) -> Option<&Certificate> {
        self.chain.first()
    }
}

impl Chain {
    /// True where the roots are reached.
    pub fn reaches(&self) -> bool {
        matches!(self, Chain::Reaches)
    }
}
