//! What is new in a round, and whether it is told.

use std::time::{Duration, Instant};

use crate::drift::{Drift, Record, drift};
use crate::facts::Facts;

/// Changes that are told at once, and the time after which one more is: what flaps would fill the log, and the directory
/// that evidence is kept in.
const AT_ONCE: u32 = 10;
const ONE_MORE: Duration = Duration::from_secs(360);

/// The rounds so far, as far as they matter for the next: the last one, and the one that was told last.
#[derive(Debug)]
pub struct Course {
    told: Option<Record>,
    /// The last round, where it differs from the one that was told.
    ahead: Option<Record>,
    tellings: super::Allowance,
}

/// What is to be told of a round.
#[derive(Debug)]
pub enum News {
    /// It is the first one.
    First,
    /// Nothing changed that matters since a round was told.
    Nothing,
    /// This changed since then.
    Changed(Box<Drift>),
    /// Something changed, and too much was told of late: it is told later, if it is still so then.
    HeldBack,
}

impl Course {
    /// Nothing was told yet.
    pub fn new(now: Instant) -> Course {
        Course {
            told: None,
            ahead: None,
            tellings: super::Allowance::new(AT_ONCE, ONE_MORE, now),
        }
    }

    /// The facts of the round that was told last.
    pub fn told(&self) -> Option<&Facts> {
        self.told.as_ref()?.facts.as_deref()
    }

    /// True where a round differs from the last one in what matters; the first one differs from nothing.
    pub fn differs(&self, round: &Record) -> bool {
        let last = self.ahead.as_ref().or(self.told.as_ref());
        last.is_some_and(|last| drift(last, round).changed)
    }

    /// Takes a round, which is the last one now, and says what is to be told of it; `differs` is what [`Course::differs`]
    /// says of it.
    pub fn take(&mut self, round: Record, differs: bool, now: Instant) -> News {
        let Some(told) = &self.told else {
            self.told = Some(round);
            return News::First;
        };
        if !differs && self.ahead.is_none() {
            return News::Nothing;
        }
        let drift = drift(told, &round);
        if !drift.changed {
            self.ahead = None;
            return News::Nothing;
        }
        if !self.tellings.take(now) {
            self.ahead = Some(round);
            return News::HeldBack;
        }
        self.told = Some(round);
        self.ahead = None;
        News::Changed(Box::new(drift))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drift::Source;
    use crate::verdict::report;

    /// A round of the machine with this id.
    fn round(instance: &str) -> Record {
        let text = include_str!("../../tests/cli/facts.json");
        let mut facts: Facts = serde_json::from_str(text).unwrap();
        facts.host.instance_id = Some(instance.to_owned());
        Record {
            source: Source::Facts,
            report: report(&facts),
            facts: Some(Box::new(facts)),
            note: None,
        }
    }

    fn take(course: &mut Course, round: Record, now: Instant) -> News {
        let differs = course.differs(&round);
        course.take(round, differs, now)
    }

    #[test]
    fn the_first_round_is_told_and_then_what_changes() {
        let now = Instant::now();
        let mut course = Course::new(now);
        assert!(!course.differs(&round("i-1")));
        assert!(matches!(take(&mut course, round("i-1"), now), News::First));
        assert!(!course.differs(&round("i-1")));
        assert!(matches!(
            take(&mut course, round("i-1"), now),
            News::Nothing
        ));
        assert!(course.differs(&round("i-2")));
        let News::Changed(drift) = take(&mut course, round("i-2"), now) else {
            panic!("the change is not told");
        };
        assert_eq!(drift.changes.len(), 1);
        assert!(matches!(
            take(&mut course, round("i-2"), now),
            News::Nothing
        ));
        assert!(matches!(
            take(&mut course, round("i-1"), now),
            News::Changed(_)
        ));
    }

    #[test]
    fn what_flaps_is_told_now_and_then_and_as_it_is_by_then() {
        let start = Instant::now();
        let mut course = Course::new(start);
        take(&mut course, round("i-0"), start);
        let mut told = 0;
        // An hour, a change every ten seconds.
        for at in 1..=360_u32 {
            let now = start + Duration::from_secs(10) * at;
            let id = ["i-0", "i-1"][at as usize % 2];
            assert!(course.differs(&round(id)));
            told += u32::from(matches!(
                take(&mut course, round(id), now),
                News::Changed(_)
            ));
        }
        assert!((AT_ONCE..=AT_ONCE + 10).contains(&told), "{told}");
        // It holds still, other than it was told last: that is told once.
        let later = start + Duration::from_secs(7200);
        take(&mut course, round("i-0"), later);
        let last = Duration::from_secs(7210);
        assert!(matches!(
            take(&mut course, round("i-0"), start + last),
            News::Nothing
        ));
        assert!(!course.differs(&round("i-0")));
    }
}
