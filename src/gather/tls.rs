//! TLS handshakes.
pub mod trust;

pub use trust::{Trust, TrustError};
