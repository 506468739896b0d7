//! All input and output: the host, names, addresses, the canary and the EC2 API, in parallel, bounded in time.
//!
//! A broken target is a fact, never an error.

pub mod ecs;
pub mod host;
pub mod hosts_file;
pub mod imds;
pub mod metadata_http;
pub mod observe;
pub mod profile;
pub mod proxy;
pub mod resolv_conf;
pub mod routes;
pub mod small_file;

#[cfg(test)]
mod fake_metadata;

pub use observe::Bounds;
