//! The time of day for the AWS clients: as it was at the beginning, and counted on from there.
//!
//! A clock that is set amid a run must not be noticed by them: they keep books of the bytes that moved in each part of a
//! second, and after a jump ahead they fill them in for all the time that never was, on the thread that they run on.

use std::time::{Instant, SystemTime};

use aws_smithy_async::time::TimeSource;

/// A clock that nobody sets.
#[derive(Debug, Clone, Copy)]
pub(super) struct SteadyTime {
    day: SystemTime,
    since: Instant,
}

impl SteadyTime {
    /// Begins with the time of day as it is now.
    pub(super) fn start() -> Self {
        SteadyTime {
            day: SystemTime::now(),
            since: Instant::now(),
        }
    }
}

impl TimeSource for SteadyTime {
    fn now(&self) -> SystemTime {
        let passed = self.since.elapsed();
        self.day.checked_add(passed).unwrap_or(self.day)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn it_counts_from_where_it_began() {
        let day = SystemTime::UNIX_EPOCH + Duration::from_secs(7);
        let clock = SteadyTime {
            day,
            since: Instant::now(),
        };
        let passed = clock.now().duration_since(day).unwrap();
        assert!(passed < Duration::from_secs(60), "{passed:?}");
    }
}
