//! From causes to findings, verdicts and counts.
//!
//! Every symptom is explained once, by the cause nearest to the root: what a cause explains beside what shows
//! it is listed as its consequences, and what nobody explains surfaces under the code of its kind.

pub mod assemble;
mod cover;
pub mod finding;
pub mod remedy;
pub mod report;
mod status;

pub use assemble::report;
pub use cover::{Accepted, cover};
pub use finding::{Finding, Fix, Severity};
pub use remedy::Remedy;
pub use report::Report;
