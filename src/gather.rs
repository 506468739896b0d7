//! All input and output: the host, names, addresses, the canary and the EC2 API, in parallel, bounded in time.
//!
//! A broken target is a fact, never an error.

pub mod hosts_file;
pub mod metadata_http;
pub mod observe;
pub mod proxy;
pub mod resolv_conf;
pub mod small_file;

pub use observe::Bounds;
