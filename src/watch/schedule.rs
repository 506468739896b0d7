//! When rounds begin, and when what stands is asked again.

use std::time::{Duration, Instant};

use jiff::Timestamp;

/// How long things stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// From the beginning of one round to that of the next.
    pub every: Duration,
    /// From one reading of the VPC's configuration to the next.
    pub inventory_every: Duration,
    /// From one canary to the next.
    pub canary_every: Duration,
}

/// When rounds begin: at multiples of an interval, one at a time. One that is missed is not made up for, so that nothing
/// follows in a burst on a round that took long, or on a machine that slept.
#[derive(Debug, Clone)]
pub struct Schedule {
    every: Duration,
    next: Instant,
}

impl Schedule {
    /// The first round is due now.
    pub fn new(every: Duration, now: Instant) -> Schedule {
        Schedule { every, next: now }
    }

    /// When the next round is due.
    pub fn next(&self) -> Instant {
        self.next
    }

    /// A round begins.
    pub fn begin(&mut self, now: Instant) {
        self.skip(now);
    }

    /// A round has ended: how many were missed meanwhile.
    pub fn end(&mut self, now: Instant) -> u64 {
        self.skip(now)
    }

    /// The next round is due now, whatever was planned.
    pub fn at_once(&mut self, now: Instant) {
        self.next = now;
    }

    /// Another interval, from the next round on.
    pub fn set(&mut self, every: Duration) {
        self.every = every;
    }

    /// Goes on to the first multiple after now.
    fn skip(&mut self, now: Instant) -> u64 {
        let Some(late) = now.checked_duration_since(self.next) else {
            return 0;
        };
        let every = self.every.max(Duration::from_millis(1));
        let missed = late.as_nanos() / every.as_nanos();
        let missed = u32::try_from(missed).unwrap_or(u32::MAX).saturating_add(1);
        let further = every.saturating_mul(missed);
        self.next = (self.next.checked_add(further)).unwrap_or(now + every);
        missed.into()
    }
}

/// When something that stands is asked again.
#[derive(Debug, Clone, Copy, Default)]
pub struct Due(Option<Instant>);

impl Due {
    /// True where it was never asked, or its time is over.
    pub fn is_due(self, now: Instant) -> bool {
        self.0.is_none_or(|at| now >= at)
    }

    /// It was asked now, and stands for this long and up to a fifth more by `chance`: the machines of a fleet, which were
    /// started together, do not ask together for ever.
    pub fn stands(&mut self, now: Instant, period: Duration, chance: u8) {
        let more = (period / 5 / u32::from(u8::MAX)).saturating_mul(u32::from(chance));
        self.0 = now.checked_add(period.saturating_add(more));
    }
}

/// Tells when the clock on the wall and the one that only goes forward part: the machine slept, or was set right.
#[derive(Debug, Clone, Copy)]
pub struct Clocks {
    began: Instant,
    /// By how many seconds they were apart when last looked at.
    apart: Option<i64>,
}

/// What is no jump: clocks that are slewed drift by less.
const TOLERATED_S: u64 = 10;

impl Clocks {
    /// Clocks that nobody has looked at.
    pub fn new(now: Instant) -> Clocks {
        Clocks {
            began: now,
            apart: None,
        }
    }

    /// True where they have parted since last looked at.
    pub fn jumped(&mut self, now: Instant, wall: Timestamp) -> bool {
        let steady = now.saturating_duration_since(self.began).as_secs();
        let steady = i64::try_from(steady).unwrap_or(i64::MAX);
        let apart = wall.as_second().saturating_sub(steady);
        let before = self.apart.replace(apart);
        before.is_some_and(|before| before.abs_diff(apart) > TOLERATED_S)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn rounds_keep_their_beat_and_never_make_up_for_missed_ones() {
        let start = Instant::now();
        let mut schedule = Schedule::new(30 * S, start);
        assert_eq!(schedule.next(), start);
        schedule.begin(start);
        assert_eq!(schedule.end(start + 2 * S), 0);
        assert_eq!(schedule.next(), start + 30 * S);
        // Begun a little late, the next one is not late as well.
        schedule.begin(start + 31 * S);
        assert_eq!(schedule.next(), start + 60 * S);
        // It took two intervals and a half.
        assert_eq!(schedule.end(start + 106 * S), 2);
        assert_eq!(schedule.next(), start + 120 * S);
        // A week is gone in one step.
        let late = start + 604_800 * S;
        schedule.begin(late);
        assert!(schedule.next() > late && schedule.next() <= late + 30 * S);
        schedule.at_once(late + 5 * S);
        assert_eq!(schedule.next(), late + 5 * S);
    }

    #[test]
    fn what_stands_is_due_after_its_time_and_a_little_chance() {
        let start = Instant::now();
        let mut due = Due::default();
        assert!(due.is_due(start));
        due.stands(start, 100 * S, 128);
        assert!(!due.is_due(start + 109 * S) && due.is_due(start + 111 * S));
        due.stands(start, Duration::MAX, u8::MAX);
        assert!(
            due.is_due(start),
            "what has no end stands no longer than it must"
        );
    }

    #[test]
    fn a_machine_that_slept_is_noticed_once() {
        let start = Instant::now();
        let mut clocks = Clocks::new(start);
        let wall = |second: i64| Timestamp::from_second(1_800_000_000 + second).unwrap();
        assert!(!clocks.jumped(start, wall(0)));
        assert!(!clocks.jumped(start + 30 * S, wall(30)));
        assert!(clocks.jumped(start + 31 * S, wall(3631)));
        assert!(!clocks.jumped(start + 32 * S, wall(3632)));
        // Set back.
        assert!(clocks.jumped(start + 33 * S, wall(33)));
    }
}
