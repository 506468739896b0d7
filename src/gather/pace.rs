//! How fast DNS questions may leave this host.
//!
//! The VPC's resolver takes 1024 packets a second of a network interface and drops what is beyond (Amazon VPC user
//! guide, "DNS attributes for your VPC", "DNS quotas"). All programs of the host share them, so that a check of
//! thousands of names must leave some: else it makes the fault that it looks for.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Packets a second that leave for long.
const PER_SECOND: u32 = 700;
/// Packets that may leave at once after a pause: checks of some dozens of services never wait.
const AT_ONCE: u32 = 256;

/// Books packets so that in no second more leave than [`PER_SECOND`] and [`AT_ONCE`] together.
#[derive(Debug, Default)]
pub struct Pace {
    /// When everything that was booked would have left, packet by packet.
    even: Mutex<Option<Instant>>,
}

impl Pace {
    /// Books packets, and says how long after `now` they may leave. First come, first served.
    pub fn book(&self, packets: usize, now: Instant) -> Duration {
        let packets = u32::try_from(packets).unwrap_or(u32::MAX);
        let each = Duration::from_secs(1) / PER_SECOND;
        let mut even = self.even.lock().unwrap_or_else(PoisonError::into_inner);
        let from = even.map_or(now, |even| even.max(now));
        let until = from
            .checked_add(each.saturating_mul(packets))
            .unwrap_or(from);
        *even = Some(until);
        let ahead = until.saturating_duration_since(now);
        ahead.saturating_sub(each.saturating_mul(AT_ONCE))
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn an_ordinary_check_never_waits() {
        let (pace, now) = (Pace::default(), Instant::now());
        // Twenty services, two names each, two servers, two families; and the system asked for each.
        let booked = (0..20 * 2).map(|_| pace.book(4 + 2, now));
        assert!(booked.into_iter().all(|wait| wait.is_zero()));
    }

    #[test]
    fn two_thousand_names_take_as_long_as_their_packets() {
        let (pace, now) = (Pace::default(), Instant::now());
        let last = (0..2000).map(|_| pace.book(4, now)).last().unwrap();
        let expected = f64::from(2000 * 4 - AT_ONCE) / f64::from(PER_SECOND);
        assert!((last.as_secs_f64() - expected).abs() < 0.1, "{last:?}");
    }

    proptest! {
        /// Whenever whatever is asked for, no second sees more than the resolver takes, and nobody waits for nothing.
        #[test]
        fn no_second_sees_more_than_the_resolver_takes(
            questions in vec((0_u64..40, 1_usize..12), 1..1500),
        ) {
            let (pace, began) = (Pace::default(), Instant::now());
            let mut asked = Duration::ZERO;
            let mut left: Vec<(Duration, usize)> = Vec::new();
            let mut waited = false;
            for (pause, packets) in questions {
                asked += Duration::from_millis(pause);
                let wait = pace.book(packets, began + asked);
                waited |= !wait.is_zero();
                left.push((asked + wait, packets));
            }
            // In the order of asking.
            prop_assert!(left.is_sorted_by_key(|(at, _)| *at));
            let (mut first, mut within, mut most) = (0, 0, 0);
            for last in 0..left.len() {
                within += left[last].1;
                while left[first].0 + SECOND <= left[last].0 {
                    within -= left[first].1;
                    first += 1;
                }
                most = most.max(within);
            }
            prop_assert!(most < 1024, "{most} packets in a second");
            prop_assert!(!waited || most >= AT_ONCE as usize - 12, "they waited at {most} packets in a second");
        }
    }
}
