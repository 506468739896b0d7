//! What a verification found.

use serde::Serialize;

/// The outcome of verifying a file or a directory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// True where everything is proven.
    pub proven: bool,
    /// The files that were looked at.
    pub files: Vec<Checked>,
    /// What is not proven, each with the file it is about.
    pub problems: Vec<Problem>,
    /// What else there is to know.
    pub notes: Vec<String>,
    /// The newest file, to be noted elsewhere: whoever can write here cannot change it there.
    pub newest: Option<super::Pointer>,
    /// The keys that signed.
    pub keys: Vec<String>,
    /// Whether a chain was looked at, or one file alone.
    pub whole_chain: bool,
}

/// A file that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Its name.
    pub file: String,
    /// Its SHA-256; none where it could not be read.
    pub sha256: Option<String>,
    /// The verdict of the run, as it is recorded.
    pub verdict: Option<String>,
}

/// One thing that is not proven.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The file it is about; one that is missing has its name here as well, as far as it is known.
    pub file: String,
    /// What kind it is.
    pub kind: ProblemKind,
    /// What is wrong, in one sentence.
    pub text: String,
}

/// What is not proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// The file cannot be read.
    Unreadable,
    /// It is no evidence, or only a part of it.
    Malformed,
    /// Its parts contradict each other.
    Contradiction,
    /// Nobody signed it.
    Unsigned,
    /// No key is at hand that could prove who signed it.
    NoKey,
    /// A key signed it that is none of those given.
    OtherKey,
    /// The signature is not one of this content.
    Forged,
    /// Its name is not the one it was written under.
    Renamed,
    /// A file is not there.
    Missing,
    /// It is not the file that another one records.
    Replaced,
    /// It is of another chain.
    OtherChain,
    /// There are two of one place in the chain.
    Twice,
    /// The chain's end could not be proven when it was written.
    Broken,
    /// The verdict does not follow from the facts.
    NotReplayed,
}

impl Problem {
    /// A problem of this file.
    pub fn new(file: impl Into<String>, kind: ProblemKind, text: impl Into<String>) -> Problem {
        Problem {
            file: file.into(),
            kind,
            text: text.into(),
        }
    }
}
