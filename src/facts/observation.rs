//! One look at the world: what was seen, or why nothing was, with when and how long.

mod read;

use serde::{Deserialize, Serialize};

/// One observation: its outcome, when it began and how long it took.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Observation<T> {
    /// Milliseconds from the start of the run to the start of this observation.
    pub at_ms: f64,
    /// How long it took, in milliseconds.
    pub took_ms: f64,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: Outcome<T>,
}

/// What came of an observation.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome<T> {
    /// It was seen.
    Seen(T),
    /// It was tried and failed.
    Failed(Failure),
    /// It was not tried, for this reason.
    Skipped(String),
}

/// Why an observation failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The kind, which rules match on.
    pub kind: FailureKind,
    /// The particulars, for people; bounded and without secrets.
    pub detail: String,
}

/// The ways in which an observation fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// No answer within the probe's time limit, or within the deadline.
    Timeout,
    /// The connection was refused (RST to a SYN).
    Refused,
    /// The connection was reset after it had been made.
    Reset,
    /// The kernel or a router said there is no way there.
    Unreachable,
    /// The peer sent a TLS alert.
    Alert,
    /// The peer offers no protocol version that is allowed.
    TooOld,
    /// The certificate does not chain to the roots that were required.
    Untrusted,
    /// The API refused the caller.
    Denied,
    /// The API throttled the caller.
    Throttled,
    /// No credential was found, or those found cannot be used.
    Credentials,
    /// The API answered with another error, or refused the request.
    Service,
    /// What arrived is not what the protocol allows.
    Malformed,
    /// Anything else, said in the detail.
    Other,
}

impl<T> Observation<T> {
    /// An observation that was not made.
    pub fn skipped(reason: impl Into<String>) -> Self {
        Observation {
            at_ms: 0.0,
            took_ms: 0.0,
            outcome: Outcome::Skipped(reason.into()),
        }
    }

    /// An observation without a time of its own, such as one read from a file.
    pub fn known(value: T) -> Self {
        Observation {
            at_ms: 0.0,
            took_ms: 0.0,
            outcome: Outcome::Seen(value),
        }
    }

    /// What was seen, if anything was.
    pub fn seen(&self) -> Option<&T> {
        match &self.outcome {
            Outcome::Seen(value) => Some(value),
            _ => None,
        }
    }

    /// What was seen, to be changed.
    pub fn seen_mut(&mut self) -> Option<&mut T> {
        match &mut self.outcome {
            Outcome::Seen(value) => Some(value),
            _ => None,
        }
    }

    /// Why it failed, if it was tried and failed.
    pub fn failure(&self) -> Option<&Failure> {
        match &self.outcome {
            Outcome::Failed(failure) => Some(failure),
            _ => None,
        }
    }

    /// The kind of failure, if it was tried and failed.
    pub fn failure_kind(&self) -> Option<FailureKind> {
        self.failure().map(|failure| failure.kind)
    }

    /// Why it was not tried, if it was not.
    pub fn skip_reason(&self) -> Option<&str> {
        match &self.outcome {
            Outcome::Skipped(reason) => Some(reason),
            _ => None,
        }
    }

    /// True where something was seen.
    pub fn is_seen(&self) -> bool {
        self.seen().is_some()
    }
}

impl<T> Default for Observation<T> {
    fn default() -> Self {
        Observation::skipped("not looked at")
    }
}

impl Failure {
    /// A failure of this kind with these particulars.
    pub fn new(kind: FailureKind, detail: impl Into<String>) -> Self {
        Failure {
            kind,
            detail: detail.into(),
        }
    }

    /// Whether it shows that somebody answered: with an error of its own, or with nonsense.
    pub fn says_reached(&self) -> bool {
        matches!(self.kind, FailureKind::Service | FailureKind::Malformed)
    }
}
