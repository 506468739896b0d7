//! What the probes before say about this one. Nothing here touches the file or the clock.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::config::Period;

/// The longest trouble that is remembered, in characters.
const LONGEST_TROUBLE: usize = 400;

/// What is remembered of one probe's runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    /// How many runs in a row failed, up to now.
    #[serde(default)]
    pub(super) failures: u32,
    /// The last canary.
    #[serde(default)]
    pub(super) canary: Option<LastCanary>,
}

/// The last canary that was sent, or is being sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct LastCanary {
    /// When it was.
    pub(super) at: Timestamp,
    /// What was wrong with it, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) trouble: Option<String>,
}

/// One run's own outcome.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Probe {
    /// What was wrong; nothing where it passed.
    pub(super) trouble: Option<String>,
    /// What became of its canary.
    pub(super) canary: CanaryCall,
}

/// What became of a run's canary.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum CanaryCall {
    /// No canary is asked for.
    Off,
    /// The last one is too recent.
    NotDue,
    /// It was due, and something kept it from being sent.
    NotSent,
    /// It was sent, and this was wrong with it.
    Sent(Option<String>),
}

/// The right to send a canary, or none.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Claim {
    /// The last one is too recent.
    NotDue,
    /// It may be sent; how often does not matter.
    Free,
    /// It may be sent, and what was there before, in case it is not.
    Held(Timestamp, Option<LastCanary>),
}

impl Claim {
    /// Whether a canary may be sent.
    pub(super) fn is_due(&self) -> bool {
        *self != Claim::NotDue
    }
}

impl Record {
    /// Takes the right to send the next canary, if it is due.
    pub(super) fn claim(&mut self, every: Option<Period>, now: Timestamp) -> Claim {
        let Some(every) = every else {
            return Claim::Free;
        };
        let last = self.canary.take();
        // A time to come is a clock set back, or nonsense: it holds nothing up.
        let is_recent = last.as_ref().is_some_and(|last| {
            let age = now
                .as_millisecond()
                .saturating_sub(last.at.as_millisecond());
            u64::try_from(age).is_ok_and(|age| age < every.millis())
        });
        let trouble = last.as_ref().and_then(|last| last.trouble.clone());
        if is_recent {
            self.canary = last;
            return Claim::NotDue;
        }
        self.canary = Some(LastCanary { at: now, trouble });
        Claim::Held(now, last)
    }

    /// Gives back the right to a canary that was not sent.
    pub(super) fn release(&mut self, probe: &Probe, claim: Option<Claim>) {
        let is_mine = |at| self.canary.as_ref().is_some_and(|canary| canary.at == at);
        if let Some(Claim::Held(at, before)) = claim
            && !matches!(probe.canary, CanaryCall::Sent(_))
            && is_mine(at)
        {
            self.canary = before;
        }
    }

    /// Takes a run in; what is remembered from now on comes back.
    ///
    /// A run that passes ends the row, unless the last canary failed and this run sent none: then it has not shown
    /// that what failed works again. It is no failure more, either.
    pub(super) fn take(&mut self, probe: &Probe, claim: Option<Claim>, now: Timestamp) -> Record {
        self.release(probe, claim);
        match &probe.canary {
            CanaryCall::Sent(trouble) => {
                self.canary = Some(LastCanary {
                    at: now,
                    trouble: trouble.as_deref().map(shortened),
                });
            }
            CanaryCall::Off => self.canary = None,
            CanaryCall::NotDue | CanaryCall::NotSent => {}
        }
        self.failures = match &probe.trouble {
            Some(_) => self.failures.saturating_add(1),
            None if self.standing().is_some() => self.failures.max(1),
            None => 0,
        };
        self.clone()
    }

    /// What the last canary found wrong.
    pub(super) fn standing(&self) -> Option<&str> {
        self.canary.as_ref()?.trouble.as_deref()
    }

    /// Whether there is nothing to remember.
    pub(super) fn is_empty(&self) -> bool {
        *self == Record::default()
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(LONGEST_TROUBLE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn probe(passed: bool, canary: CanaryCall) -> Probe {
        Probe {
            trouble: (!passed).then(|| "it is broken".to_owned()),
            canary,
        }
    }

    fn every(seconds: u64) -> Option<Period> {
        Period::from_millis(seconds * 1000)
    }

    #[test]
    fn failures_in_a_row_are_counted_and_a_success_ends_the_row() {
        let mut record = Record::default();
        let counts = [false, false, true, false].map(|passed| {
            let probe = probe(passed, CanaryCall::Off);
            record.take(&probe, None, at(0)).failures
        });
        assert_eq!(counts, [1, 2, 0, 1]);
        record.failures = u32::MAX;
        let after = record.take(&probe(false, CanaryCall::Off), None, at(0));
        assert_eq!(after.failures, u32::MAX);
    }

    #[test]
    fn a_canary_is_due_once_in_the_time() {
        let mut record = Record::default();
        let first = record.claim(every(60), at(0));
        assert_eq!(first, Claim::Held(at(0), None));
        // Another probe, while the first is still sending.
        assert_eq!(record.claim(every(60), at(1)), Claim::NotDue);
        record.take(&probe(true, CanaryCall::Sent(None)), Some(first), at(2));
        assert_eq!(record.claim(every(60), at(61)), Claim::NotDue);
        assert!(record.claim(every(60), at(62)).is_due());
        assert_eq!(record.claim(None, at(62)), Claim::Free);
    }

    #[test]
    fn a_canary_that_was_not_sent_is_due_again() {
        let mut record = Record::default();
        let claim = record.claim(every(60), at(0));
        record.take(&probe(false, CanaryCall::NotSent), Some(claim), at(1));
        assert_eq!(record.canary, None);
        let claim = record.claim(every(60), at(2));
        assert!(claim.is_due());
        record.release(&probe(true, CanaryCall::NotSent), Some(claim));
        assert!(record.claim(every(60), at(3)).is_due());
    }

    #[test]
    fn a_clock_that_was_set_back_holds_no_canary_up() {
        let canary = |at| Record {
            canary: Some(LastCanary { at, trouble: None }),
            ..Record::default()
        };
        assert!(canary(at(3600)).claim(every(60), at(0)).is_due());
        assert!(canary(Timestamp::MAX).claim(every(60), at(0)).is_due());
        assert!(canary(Timestamp::MIN).claim(every(60), at(0)).is_due());
    }

    #[test]
    fn what_a_canary_found_stands_until_the_next() {
        let mut record = Record::default();
        let claim = record.claim(every(60), at(0));
        let denied = CanaryCall::Sent(Some("x".repeat(10_000)));
        let after = record.take(&probe(false, denied), Some(claim), at(0));
        assert_eq!(after.failures, 1);
        assert_eq!(after.standing().map(str::len), Some(LONGEST_TROUBLE));
        // The path is fine and no canary was sent: neither a failure more nor a success.
        let after = record.take(
            &probe(true, CanaryCall::NotDue),
            Some(Claim::NotDue),
            at(30),
        );
        assert_eq!((after.failures, after.standing().is_some()), (1, true));
        // Something else fails meanwhile.
        let after = record.take(
            &probe(false, CanaryCall::NotDue),
            Some(Claim::NotDue),
            at(40),
        );
        assert_eq!(after.failures, 2);
        let claim = record.claim(every(60), at(60));
        assert!(record.standing().is_some());
        let after = record.take(&probe(true, CanaryCall::Sent(None)), Some(claim), at(60));
        assert_eq!((after.failures, after.standing()), (0, None));
    }

    #[test]
    fn without_a_canary_the_last_one_is_forgotten() {
        let mut record = Record {
            failures: 3,
            canary: Some(LastCanary {
                at: at(0),
                trouble: Some("denied".to_owned()),
            }),
        };
        let after = record.take(&probe(true, CanaryCall::Off), None, at(1));
        assert!(after.is_empty());
    }
}
