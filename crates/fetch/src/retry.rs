//! When a failed request is tried again: a bounded number of times, after pauses that grow and
//! differ, never past the deadline.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use tokio::time::Instant;

use crate::failure::{Failure, Retry};
use crate::limit::Pace;

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// An API that wants a longer rest is left alone until the next run.
const LONGEST_REST: Duration = Duration::from_secs(300);

/// The attempts at one request.
#[derive(Debug)]
pub(crate) struct Attempts<'p> {
    pace: &'p Pace,
    most: u32,
    limit: Option<Instant>,
    made: u32,
    secrets_are_fresh: bool,
}

impl<'p> Attempts<'p> {
    /// At most `most`, none of them to start after `limit`.
    pub(crate) fn new(pace: &'p Pace, most: u32, limit: Option<Instant>) -> Self {
        Self { pace, most, limit, made: 1, secrets_are_fresh: false }
    }

    /// How many were made.
    pub(crate) fn made(&self) -> u32 {
        self.made
    }

    /// Waits until the next attempt may start, or gives the failure back where there is none.
    pub(crate) async fn next(&mut self, failure: Failure) -> Result<(), Failure> {
        let pause = match failure.retry {
            Retry::Never => return Err(failure),
            Retry::WithFreshSecrets if self.secrets_are_fresh => return Err(failure),
            Retry::WithFreshSecrets => {
                self.secrets_are_fresh = true;
                Duration::ZERO
            }
            Retry::Backoff => jittered(ceiling(self.made)),
            // A little more than it asked for, each a different little, so that not all return at once.
            Retry::After(rest) => rest + jittered(FIRST_PAUSE),
        };
        if self.made >= self.most || pause > LONGEST_REST + FIRST_PAUSE {
            return Err(failure);
        }
        let until = Instant::now() + pause;
        if self.limit.is_some_and(|limit| until > limit) {
            return Err(failure);
        }
        if let Retry::After(rest) = failure.retry {
            self.pace.rest(rest);
        }
        tracing::debug!(
            attempts = self.made,
            reason = failure.reason,
            pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
            "trying again"
        );
        tokio::time::sleep_until(until).await;
        self.made += 1;
        if self.pace.slot(self.limit).await { Ok(()) } else { Err(failure) }
    }
}

/// Full jitter: anything from nothing to the ceiling.
///
/// Source: AWS Architecture Blog, "Exponential Backoff And Jitter".
fn jittered(ceiling: Duration) -> Duration {
    ceiling.mul_f64(fastrand::f64())
}

fn ceiling(attempts_made: u32) -> Duration {
    let doublings = attempts_made.saturating_sub(1).min(16);
    FIRST_PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE)
}

/// What `Retry-After` says, in seconds or as a date.
///
/// Source: RFC 9110, section 10.2.3.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let at = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    let wait = at.duration_since(now);
    Some(Duration::try_from(wait).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, text.parse().unwrap());
        retry_after(&headers, "2015-10-21T07:27:30Z".parse().unwrap())
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(said("120"), Some(Duration::from_secs(120)));
        assert_eq!(said("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::from_secs(30)));
        assert_eq!(
            said("Wed, 21 Oct 2015 07:00:00 GMT"),
            Some(Duration::ZERO),
            "a date that has passed is now"
        );
        assert_eq!(said("soon"), None);
        assert_eq!(said("-1"), None);
    }

    #[test]
    fn pauses_double_up_to_a_ceiling() {
        assert_eq!(ceiling(1), Duration::from_millis(500));
        assert_eq!(ceiling(3), Duration::from_secs(2));
        assert_eq!(ceiling(50), LONGEST_PAUSE);
    }

    #[tokio::test]
    async fn attempts_end_at_their_number_and_at_the_deadline() {
        let pace = Pace::new(10_000.0);
        let soon = || Failure { retry: Retry::After(Duration::ZERO), ..Failure::passing("x", "x") };
        let mut attempts = Attempts::new(&pace, 2, None);
        assert!(attempts.next(soon()).await.is_ok());
        assert!(attempts.next(soon()).await.is_err());
        assert_eq!(attempts.made(), 2);

        let limit = Some(Instant::now() + Duration::from_secs(5));
        let mut attempts = Attempts::new(&pace, 9, limit);
        let late =
            Failure { retry: Retry::After(Duration::from_secs(60)), ..Failure::passing("x", "x") };
        let start = Instant::now();
        assert!(attempts.next(late).await.is_err());
        assert!(start.elapsed() < Duration::from_secs(1), "it gives up without waiting");
    }

    #[tokio::test]
    async fn secrets_are_read_anew_once() {
        let pace = Pace::new(10_000.0);
        let refused = || Failure { retry: Retry::WithFreshSecrets, ..Failure::standing("x", "x") };
        let mut attempts = Attempts::new(&pace, 9, None);
        assert!(attempts.next(refused()).await.is_ok());
        assert!(attempts.next(refused()).await.is_err());
    }
}
