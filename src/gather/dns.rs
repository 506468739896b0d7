//! One question to one DNS server.
use std::net::SocketAddr;

use super::Bounds;
use crate::facts::Observation;
use crate::facts::dns::{Family, Lookup, ServerRole};

/// Asks one server one question.
pub async fn lookup(
    _bounds: &Bounds,
    server: SocketAddr,
    role: ServerRole,
    _name: &str,
    family: Family,
) -> Lookup {
    Lookup {
        server,
        role,
        family,
        answer: Observation::default(),
    }
}
