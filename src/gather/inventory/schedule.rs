//! When an agent of many asks for what they share: decisions alone, without a clock and without chance of their own.
//!
//! Thousands of agents that start at the same minute, all ask, and all ask again as soon as they are refused, keep each
//! other out. So a scheduled run waits a random time first, asks only when what it has is old enough, at a random age, and
//! after a refusal waits longer each time, and never as long as the others ("Exponential backoff and jitter", AWS
//! Architecture Blog). `chance` is a number from 0 to below 1 throughout, drawn for each decision.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::facts::FailureKind;

/// What was fetched stands for at least this long without asking again, and for at most twice as long.
pub const STANDS_FOR: Duration = Duration::from_mins(15);
/// The first pause after a refusal; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// No pause is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// How long a scheduled run waits before it begins, where runs are to be spread over this time.
pub fn delay(spread_over: Duration, chance: f64) -> Duration {
    spread_over.mul_f64(chance.clamp(0.0, 1.0))
}

/// From when on what is fetched now is to be asked for again.
pub fn ask_again_at(now: Timestamp, chance: f64) -> Timestamp {
    let stands_for = STANDS_FOR.mul_f64(1.0 + chance.clamp(0.0, 1.0));
    let stands_for = SignedDuration::try_from(stands_for).unwrap_or(SignedDuration::ZERO);
    now.checked_add(stands_for).unwrap_or(Timestamp::MAX)
}

/// Whether it is time to ask again. A time further off than any that is set is of a clock that was wrong.
pub fn is_due(ask_again_at: Timestamp, now: Timestamp) -> bool {
    let wait = ask_again_at.duration_since(now);
    let longest = SignedDuration::try_from(STANDS_FOR * 2).unwrap_or(SignedDuration::MAX);
    wait <= SignedDuration::ZERO || wait > longest
}

/// How long to wait before asking once more after this many refusals, the first being 1: half of it is certain, half chance.
pub fn pause(refusals: u32, chance: f64) -> Duration {
    let doubled = 2_u32.saturating_pow(refusals.saturating_sub(1).min(16));
    let whole = FIRST_PAUSE.saturating_mul(doubled).min(LONGEST_PAUSE);
    whole.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0)
}

/// Whether another answer may come of asking once more, and there is time for it: a pause, then a call that takes as long
/// as one may. Who holds a copy that will do does not ask once more; that leaves room for those who have none.
pub fn asks_once_more(
    kind: FailureKind,
    has_copy: bool,
    pause: Duration,
    call: Duration,
    left: Duration,
) -> bool {
    kind == FailureKind::Throttled && !has_copy && pause.saturating_add(call) < left
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn in_minutes(minutes: i64) -> Timestamp {
        NOW + SignedDuration::from_mins(minutes)
    }

    #[test]
    fn what_was_fetched_stands_for_a_quarter_to_half_an_hour() {
        assert_eq!(ask_again_at(NOW, 0.0), in_minutes(15));
        assert_eq!(ask_again_at(NOW, 1.0), in_minutes(30));
        assert!(!is_due(ask_again_at(NOW, 0.5), in_minutes(22)));
        assert!(is_due(ask_again_at(NOW, 0.5), in_minutes(23)));
        // A clock that was a day ahead when it was fetched.
        assert!(is_due(in_minutes(24 * 60), NOW));
        assert_eq!(ask_again_at(Timestamp::MAX, 0.5), Timestamp::MAX);
    }

    #[test]
    fn pauses_grow_and_differ_and_end() {
        assert_eq!(pause(1, 0.0), Duration::from_millis(250));
        assert_eq!(pause(1, 1.0), Duration::from_millis(500));
        assert_eq!(pause(2, 1.0), Duration::from_secs(1));
        assert_eq!(pause(u32::MAX, 1.0), LONGEST_PAUSE);
        assert_eq!(pause(0, f64::NAN.max(0.0)), Duration::from_millis(250));
    }

    #[test]
    fn only_who_is_throttled_and_has_nothing_asks_once_more_and_in_time() {
        let asks = |kind, has_copy, left| {
            let (pause, call) = (Duration::from_secs(1), Duration::from_secs(2));
            asks_once_more(kind, has_copy, pause, call, Duration::from_secs(left))
        };
        assert!(asks(FailureKind::Throttled, false, 10));
        assert!(!asks(FailureKind::Throttled, true, 10));
        assert!(!asks(FailureKind::Throttled, false, 3));
        assert!(!asks(FailureKind::Denied, false, 10));
    }

    #[test]
    fn a_run_waits_within_the_time_it_is_spread_over() {
        assert_eq!(
            delay(Duration::from_mins(10), 0.25),
            Duration::from_secs(150)
        );
        assert_eq!(delay(Duration::ZERO, 0.9), Duration::ZERO);
    }
}
