//! Machines by what became of them.

use std::cmp::Reverse;

use serde::Serialize;

use crate::verdict::report::RunVerdict;

/// Machines by the verdict of their newest report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// All of them.
    pub total: usize,
    /// Passed.
    pub pass: usize,
    /// Failed.
    pub fail: usize,
    /// Nothing failed, and something that was required could not be established.
    pub inconclusive: usize,
}

impl Counts {
    pub(super) fn add(&mut self, verdict: RunVerdict) {
        self.total += 1;
        match verdict {
            RunVerdict::Pass => self.pass += 1,
            RunVerdict::Fail => self.fail += 1,
            RunVerdict::Inconclusive => self.inconclusive += 1,
        }
    }

    /// The worst verdict among them.
    pub fn verdict(&self) -> RunVerdict {
        match self {
            Counts {
                fail: 0,
                inconclusive: 0,
                ..
            } => RunVerdict::Pass,
            Counts { fail: 0, .. } => RunVerdict::Inconclusive,
            _ => RunVerdict::Fail,
        }
    }

    /// The worst first: by those that fail, then those that are open, then by size.
    pub(super) fn worst_first(&self) -> Reverse<(usize, usize, usize)> {
        Reverse((self.fail, self.inconclusive, self.total))
    }
}
