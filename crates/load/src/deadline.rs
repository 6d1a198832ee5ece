//! The time that an invocation has left, and how much of it is kept back.

use std::time::{Duration, SystemTime};

/// Kept back to answer and to let an open transaction end in order.
const MARGIN_MAX: Duration = Duration::from_secs(10);

/// When the platform kills the process, if it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    kill_at: Option<SystemTime>,
    margin: Duration,
}

impl Deadline {
    /// No deadline: the command line.
    pub const fn none() -> Self {
        Self { kill_at: None, margin: Duration::ZERO }
    }

    /// A deadline as Lambda gives it; a fifth of what is left, at most ten seconds, is kept back.
    ///
    /// One that has passed before the work begins is none: Lambda starts no such invocation, and
    /// cargo-lambda's emulation has been seen to give a duration in place of an instant.
    pub fn at(kill_at: SystemTime, now: SystemTime) -> Self {
        match kill_at.duration_since(now) {
            Ok(left) => Self { kill_at: Some(kill_at), margin: (left / 5).min(MARGIN_MAX) },
            Err(_) => Self::none(),
        }
    }

    /// Time left for work at `now`; none where there is no deadline.
    pub fn left(&self, now: SystemTime) -> Option<Duration> {
        let stop_at = self.kill_at?.checked_sub(self.margin)?;
        Some(stop_at.duration_since(now).unwrap_or_default())
    }

    /// Whether no more work should be started.
    pub fn is_near(&self, now: SystemTime) -> bool {
        self.left(now).is_some_and(|left| left.is_zero())
    }

    /// Time that a piece of work under way may still take: half of the margin is its, the other
    /// half the answer's.
    pub fn grace(&self, now: SystemTime) -> Option<Duration> {
        Some(self.left(now)? + self.margin / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fifth_of_the_time_and_no_more_than_ten_seconds_is_kept_back() {
        let now = SystemTime::UNIX_EPOCH;
        let seconds = Duration::from_secs;
        let short = Deadline::at(now + seconds(5), now);
        assert_eq!(short.left(now), Some(seconds(4)));
        assert!(short.is_near(now + seconds(4)));
        let long = Deadline::at(now + seconds(900), now);
        assert_eq!(long.left(now), Some(seconds(890)));
        assert_eq!(long.grace(now), Some(seconds(895)));
    }

    #[test]
    fn a_deadline_that_passed_before_the_work_began_is_none() {
        let now = SystemTime::now();
        let duration = SystemTime::UNIX_EPOCH + Duration::from_millis(600_000);
        assert_eq!(Deadline::at(duration, now), Deadline::none());
    }

    #[test]
    fn without_a_deadline_nothing_is_near() {
        let none = Deadline::none();
        assert!(!none.is_near(SystemTime::now()));
        assert_eq!(none.left(SystemTime::now()), None);
    }
}
