//! From causes to findings, verdicts and counts.

pub mod finding;
pub mod report;

pub use finding::{Finding, Fix, Severity};
pub use report::Report;
