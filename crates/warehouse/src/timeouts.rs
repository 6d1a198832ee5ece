//! How long the warehouse may be waited for, and how soon Postgres lets go of a transaction of which
//! nobody is left. Set for each transaction alone, so that a pooler between us and Postgres needs no
//! session of ours.
//!
//! Sources: PostgreSQL documentation, "Client Connection Defaults" (`statement_timeout`,
//! `lock_timeout`, `idle_in_transaction_session_timeout`) and "Connections and Authentication"
//! (`tcp_keepalives_idle` and its like; `client_connection_check_interval`, since version 14).

use std::time::{Duration, Instant};

/// How long Postgres may hear nothing of a transaction.
const IDLE_MAX: Duration = Duration::from_secs(60);
/// So many times within that a load that waits for the lake says that it is still there: a machine
/// that is short of time may be late.
const SIGNS_OF_LIFE: u32 = 4;
/// What is begun at the very end still gets so much.
const LEAST: Duration = Duration::from_secs(1);

/// What has Postgres notice within half a minute that the other machine is gone: a function's may
/// vanish without a word.
const NOTICE_A_LOSS: &str = "
    SET LOCAL tcp_keepalives_idle = 15; SET LOCAL tcp_keepalives_interval = 5;
    SET LOCAL tcp_keepalives_count = 3;";
/// The same while a statement runs, which else notices nothing before it is through.
const NOTICE_WHILE_RUNNING: &str = "SET LOCAL client_connection_check_interval = 5000;";
/// How long may be waited for what. Zero is no bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For a lock; beyond it the load fails, transiently.
    pub lock: Duration,
    /// For one statement.
    pub statement: Option<Duration>,
    /// For us, between two statements of a transaction.
    pub idle_in_transaction: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { lock: Duration::from_secs(5), statement: None, idle_in_transaction: IDLE_MAX }
    }
}

impl Timeouts {
    /// None of them longer than until `end`.
    pub(crate) fn until(self, end: Option<Instant>) -> Self {
        match end {
            Some(end) => self.within(end.saturating_duration_since(Instant::now())),
            None => self,
        }
    }

    fn within(self, left: Duration) -> Self {
        let left = left.max(LEAST);
        let bound = |time: Duration| if time.is_zero() { left } else { time.min(left) };
        Self {
            lock: bound(self.lock),
            statement: Some(bound(self.statement.unwrap_or_default())),
            idle_in_transaction: bound(self.idle_in_transaction),
        }
    }

    /// How often a load says that it is still there.
    pub(crate) fn sign_of_life(&self) -> Duration {
        let idle = self.idle_in_transaction;
        (if idle.is_zero() { IDLE_MAX } else { idle }) / SIGNS_OF_LIFE
    }

    /// What a transaction begins with. `checks_clients`: see `Server`.
    pub(crate) fn begin(&self, checks_clients: bool) -> String {
        format!(
            "BEGIN; SET LOCAL lock_timeout = {}; SET LOCAL statement_timeout = {};
             SET LOCAL idle_in_transaction_session_timeout = {}; {NOTICE_A_LOSS} {}
             SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD'",
            self.lock.as_millis(),
            self.statement.unwrap_or_default().as_millis(),
            self.idle_in_transaction.as_millis(),
            if checks_clients { NOTICE_WHILE_RUNNING } else { "" },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_time_out_outlasts_what_is_left_and_what_had_no_bound_has_one() {
        let seconds = Duration::from_secs;
        let none = Timeouts { lock: Duration::ZERO, ..Timeouts::default() };
        let timeouts = |lock, statement, idle| Timeouts {
            lock: seconds(lock),
            statement: Some(seconds(statement)),
            idle_in_transaction: seconds(idle),
        };
        assert_eq!(Timeouts::default().within(seconds(800)), timeouts(5, 800, 60));
        assert_eq!(Timeouts::default().within(seconds(3)), timeouts(3, 3, 3));
        assert_eq!(none.within(seconds(40)), timeouts(40, 40, 40));
        assert_eq!(Timeouts::default().within(Duration::ZERO), timeouts(1, 1, 1));
        assert_eq!(Timeouts::default().until(None), Timeouts::default());
    }
}
