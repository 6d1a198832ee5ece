//! How long a load waits for a connection where the database gives no more: a while, less and less
//! often, and each at another moment, so that those who wait do not come all at once.

use std::time::{Duration, Instant};

/// Beyond it the event is better off with whoever has a connection: the queue offers it again.
const MAX: Duration = Duration::from_secs(30);
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// What is left of it.
#[derive(Debug)]
pub(crate) struct Patience {
    until: Instant,
    pause: Duration,
}

impl Patience {
    /// Half of the time that is left, so that there is time to load and to answer.
    pub(crate) fn within(left: Option<Duration>) -> Self {
        let patience = left.map_or(MAX, |left| (left / 2).min(MAX));
        Self { until: Instant::now() + patience, pause: FIRST_PAUSE }
    }

    /// How long to wait before the next try; none where there is no other.
    pub(crate) fn pause(&mut self) -> Option<Duration> {
        let left = self.until.checked_duration_since(Instant::now())?;
        let longest = self.pause.as_millis() as u64;
        let pause = Duration::from_millis(fastrand::u64(longest / 2..=longest));
        self.pause = (self.pause * 2).min(PAUSE_MAX);
        (pause <= left).then_some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_no_two_loads_wait_alike() {
        let pauses = || {
            let mut patience = Patience::within(None);
            (0..8).map_while(|_| patience.pause()).collect::<Vec<_>>()
        };
        let (one, other) = (pauses(), pauses());
        assert_eq!(one.len(), 8);
        assert!(one[0] <= FIRST_PAUSE && one[7] >= PAUSE_MAX / 2, "{one:?}");
        assert_ne!(one, other);
    }

    #[test]
    fn no_pause_outlasts_half_of_the_time_that_is_left() {
        let mut patience = Patience::within(Some(Duration::from_millis(100)));
        assert_eq!(patience.pause(), None);
    }
}
