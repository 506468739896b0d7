//! All input and output: the host, names, addresses, the canary and the EC2 API, in parallel, bounded in time.
//!
//! A broken target is a fact, never an error.

pub mod observe;

pub use observe::Bounds;
