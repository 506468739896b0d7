//! What AWS would do with a packet or a call, given the configuration: pure, tested by itself, sure or silent.
//!
//! Each evaluator says *unknown* where something it needs was not read; nothing here guesses.

pub mod network_acl;
pub mod policy;
pub mod route_table;
pub mod security_group;
