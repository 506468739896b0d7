//! The directory that evidence is kept in, and the key that signs it: everything of evidence that touches files.
//!
//! What a file says and whether a chain is whole is decided in [`crate::evidence`], which touches none.

mod audit;
mod directory;
mod program;
mod signing_key;
mod store;

pub use audit::{AuditError, verify};
pub use program::own_sha256;
pub use signing_key::{KeyFileError, Made, make_key, public_beside, read_key, read_public};
pub use store::{Appended, ArchiveError, Limits, append};
