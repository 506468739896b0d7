//! vpcheck: does this workload reach its AWS services privately, and if not, what exactly is to blame?
//!
//! ```text
//! host + network + AWS ──gather──▶ Facts ──symptoms──▶ Symptoms ──rules──▶ Causes ──cover──▶ Verdict ──render──▶ bytes, exit code
//!                                    │ ▲
//!                            save-facts│replay        everything right of Facts is pure
//! ```

mod app;
pub mod catalog;
pub mod cli;
pub mod config;
pub mod configuration;
pub mod environment;
pub mod facts;
pub mod gather;
pub mod iam_policy;
pub mod render;
pub mod rules;
pub mod symptoms;
pub mod verdict;

pub use app::run;
