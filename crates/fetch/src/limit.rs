//! How hard a source is asked: requests start one slot after another, and all wait when it says so.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Hands out the moments at which requests may start.
#[derive(Debug)]
pub(crate) struct Pace {
    interval: Duration,
    next: Mutex<Instant>,
}

impl Pace {
    pub(crate) fn new(requests_per_second: f64) -> Self {
        Self {
            interval: Duration::from_secs_f64(1.0 / requests_per_second.max(0.001)),
            next: Mutex::new(Instant::now()),
        }
    }

    /// Waits for the next slot; `false` at once where that would be after `limit`.
    pub(crate) async fn slot(&self, limit: Option<Instant>) -> bool {
        let Some(slot) = self.take(limit) else {
            return false;
        };
        tokio::time::sleep_until(slot).await;
        true
    }

    /// Lets nobody start for this long: the source has said that it wants a rest.
    pub(crate) fn rest(&self, pause: Duration) {
        let until = Instant::now() + pause;
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        *next = until.max(*next);
    }

    fn take(&self, limit: Option<Instant>) -> Option<Instant> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = Instant::now().max(*next);
        if limit.is_some_and(|limit| slot > limit) {
            return None;
        }
        *next = slot + self.interval;
        Some(slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn slots_are_an_interval_apart() {
        let pace = Pace::new(50.0);
        let start = Instant::now();
        for _ in 0..4 {
            assert!(pace.slot(None).await);
        }
        assert!(start.elapsed() >= Duration::from_millis(60));
    }

    #[tokio::test]
    async fn a_slot_after_the_limit_is_not_taken() {
        let pace = Pace::new(1.0);
        let limit = Some(Instant::now() + Duration::from_millis(100));
        assert!(pace.slot(limit).await);
        assert!(!pace.slot(limit).await);
    }

    #[tokio::test]
    async fn a_rest_holds_up_everybody() {
        let pace = Pace::new(1_000.0);
        let start = Instant::now();
        pace.rest(Duration::from_millis(50));
        assert!(pace.slot(None).await);
        assert!(start.elapsed() >= Duration::from_millis(50));
    }
}
