//! vpcheck: does this workload reach its AWS services privately, and if not, what exactly is to blame?
//!
//! ```text
//! host + network + AWS ──gather──▶ Facts ──symptoms──▶ Symptoms ──rules──▶ Causes ──cover──▶ Verdict ──render──▶ bytes, exit code
//!                                    │ ▲
//!                            save-facts│replay        everything right of Facts is pure
//! ```
//!
//! Beside it, `evidence` makes a signed statement of facts and report, and proves one by replaying its facts;
//! `archive` keeps the files: the key, the directory, the chain.
//!
//! `assume` makes a change in recorded facts that is not made yet, and lets the rest follow; `drift` lays two runs side by side: what changed, and what of it explains a changed verdict.
//!
//! `watch` knows what a process needs that looks again and again: when, what is new, what to count and to answer.
//!
//! `discover` tells which services this host calls from what `gather` saw of its sockets: host + sockets + names ──▶ Discovery ──render──▶ bytes.
//!
//! `fleet` makes one report of many machines' reports; `collect` brings those from files, a bucket, or machines that Systems Manager has run vpcheck on.
//!
//! `redact` gives stand-ins to the accounts and addresses of both on their way out, where that is wished.
//!
//! The rooms marked below as denying clippy's disallowed methods are the pure ones: no clock, no network, no
//! environment, no files.

mod app;
pub mod archive;
#[deny(clippy::disallowed_methods, clippy::disallowed_types)]
pub mod assume;
#[deny(clippy::disallowed_methods, clippy::disallowed_types)]
pub mod catalog;
pub mod cli;
pub mod collect;
pub mod config;
#[deny(clippy::disallowed_methods, clippy::disallowed_types)]
pub mod configuration;
pub mod deliver;
#[deny(clippy::disallowed_methods, clippy::disallowed_types)]
pub mod discover;
#[deny(clippy::disallowed_methods, clippy::disallowed_types)]
pub mod drift;
#[deny(clippy::disallowed_methods, clippy::disallowed_types)]
pub mod environment;
#[deny(clippy::disallowed_methods, clippy::disallowed_types)]
pub mod evidence;
#[deny(clippy::disallowed_methods, clippy::disallowed_types)]
pub mod facts;
#[deny(clippy::disallowed_methods, clippy::disallowed_types)]
pub mod fleet;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub mod gather;
#[deny(clippy::disallowed_methods, clippy::disallowed_types)]
pub mod iam_policy;
#[deny(clippy::disallowed_methods, clippy::disallowed_types)]
pub mod redact;
#[deny(clippy::disallowed_methods, clippy::disallowed_types)]
pub mod render;
#[deny(clippy::disallowed_methods, clippy::disallowed_types)]
pub mod rules;
#[deny(clippy::disallowed_methods, clippy::disallowed_types)]
pub mod symptoms;
#[deny(clippy::disallowed_methods, clippy::disallowed_types)]
pub mod verdict;
pub mod watch;

pub use app::{run, run_at_pace};
