//! Compliance evidence: what a file of it says, how it is signed, and whether a chain of them is whole.
//!
//! A file is a DSSE envelope around an in-toto statement, in canonical JSON (RFC 8785). Each names the digest of the
//! one before it. `head.json` says which is the newest and `chain-start.json` what retention removed, so that no file
//! can go missing unseen at either end. Nothing here touches a file: that is [`crate::archive`]'s.

mod canonical;
mod chain;
mod envelope;
mod file_name;
mod inspect;
mod public_key;
mod replay;
mod rules_version;
mod signing;
mod statement;
mod verification;
mod words;

pub use canonical::{NotCanonical, canonical, sha256, sha256_bytes};
pub use chain::{Entry, broken_links};
pub use envelope::{Envelope, EnvelopeError, LARGEST_FILE, PAYLOAD_TYPE, Signature, pae};
pub use file_name::FileName;
pub use inspect::{Inspected, Origin, inspect, inspect_record};
pub use public_key::{PublicKey, PublicKeyError};
pub use replay::replayed;
pub use rules_version::rules_version;
pub use signing::{LocalKey, LocalKeyError, Sign, SignError, private_pem};
pub use statement::{
    Break, Draft, EVIDENCE_TYPE, Evidence, HEAD_TYPE, Head, Link, Pointer, START_TYPE, Start,
    Statement, ToolIdentity,
};
pub use verification::{Checked, Problem, ProblemKind, Verification};
pub use words::lines;

/// The file that says which evidence is the newest.
pub const HEAD_FILE: &str = "head.json";
/// The file that says what retention removed.
pub const START_FILE: &str = "chain-start.json";
