//! How often something may happen: a few times at once, then now and then.

use std::time::{Duration, Instant};

/// So many at once, and one more after each while.
#[derive(Debug, Clone)]
pub struct Allowance {
    most: u32,
    each: Duration,
    left: u32,
    /// Since when the next one is waited for.
    since: Instant,
}

impl Allowance {
    /// `most` at once, and one more after each `each`.
    pub fn new(most: u32, each: Duration, now: Instant) -> Allowance {
        Allowance {
            most,
            each,
            left: most,
            since: now,
        }
    }

    /// Takes one, if there is one.
    pub fn take(&mut self, now: Instant) -> bool {
        self.earn(now);
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        true
    }

    fn earn(&mut self, now: Instant) {
        if self.left >= self.most {
            self.since = now;
            return;
        }
        let waited = now.saturating_duration_since(self.since).as_nanos();
        let earned = waited.checked_div(self.each.as_nanos()).unwrap_or(0);
        let earned = u32::try_from(earned).unwrap_or(u32::MAX);
        if earned > 0 {
            self.left = self.left.saturating_add(earned).min(self.most);
            self.since = (self.since.checked_add(self.each.saturating_mul(earned))).unwrap_or(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_at_once_and_then_one_at_a_time() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut allowance = Allowance::new(3, Duration::from_secs(60), start);
        let taken = (0..10).filter(|_| allowance.take(at(0))).count();
        assert_eq!(taken, 3);
        assert!(!allowance.take(at(59)));
        assert!(allowance.take(at(60)) && !allowance.take(at(61)));
        // The time since counts on.
        assert!(allowance.take(at(120)));
        // A long rest gives no more than there were at first.
        let taken = (0..10).filter(|_| allowance.take(at(100_000))).count();
        assert_eq!(taken, 3);
        // Time that goes back, or an interval of nothing, is no reason to panic.
        assert!(!allowance.take(start));
        let mut none = Allowance::new(0, Duration::ZERO, start);
        assert!(!none.take(at(9)));
    }
}
