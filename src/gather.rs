//! All input and output: the host, names, addresses, the canary and the EC2 API, in parallel, bounded in time.
//!
//! A broken target is a fact, never an error.

pub mod dns;
pub mod experiments;
pub mod http;
pub mod observe;
pub mod probe;
pub mod system;
pub mod tcp;
pub mod tls;

pub use observe::Bounds;
