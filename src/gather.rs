//! All input and output: the host, names, addresses, the canary and the EC2 API, in parallel, bounded in time.
//!
//! A broken target is a fact, never an error.

pub mod aws;
pub mod canary;
pub mod dns;
pub mod ecs;
pub mod experiments;
pub mod host;
pub mod hosts_file;
pub mod http;
pub mod imds;
pub mod inventory;
pub mod metadata_http;
pub mod observe;
pub mod probe;
pub mod profile;
pub mod proxy;
pub mod resolv_conf;
pub mod routes;
pub mod small_file;
pub mod system;
pub mod tcp;
pub mod tls;

#[cfg(test)]
mod fake_metadata;

pub use observe::Bounds;
