//! What a TCP connection attempt showed.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// A connection that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TcpSeen {
    /// The local address the kernel chose.
    pub local: IpAddr,
}
