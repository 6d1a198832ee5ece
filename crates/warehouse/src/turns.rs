//! Takes locks that readers may hold in short turns, so that neither side is stopped: whoever queues
//! behind a turn waits no longer than it lasts, and where both wait for each other it is never the
//! reader that Postgres gives up. What is done in a turn is its caller's.
//!
//! Source: PostgreSQL documentation, "Lock Management": whoever has waited for `deadlock_timeout`
//! looks for a deadlock, and is given up if there is one.

use std::time::{Duration, Instant};

use crate::WarehouseError;
use crate::work::Work;

/// Well below the second that is Postgres's `deadlock_timeout`.
const TURN: Duration = Duration::from_millis(400);
/// Between two turns, for those who queued.
const REST: Duration = Duration::from_millis(100);

/// Turns until the transaction's time for locks is over.
pub(crate) struct Turns<'a> {
    work: &'a Work<'a>,
    started: Instant,
}

impl<'a> Turns<'a> {
    pub(crate) fn new(work: &'a Work<'_>) -> Turns<'a> {
        Turns { work, started: Instant::now() }
    }

    pub(crate) async fn begin(&self) -> Result<(), WarehouseError> {
        let turn = self.left().map_or(TURN, |left| left.min(TURN));
        let sql = format!("SAVEPOINT turn; {}", lock_timeout(turn.max(Duration::from_millis(1))));
        self.work.run("begin to wait for a lock", &sql).await
    }

    /// Keeps what was done, and its locks.
    pub(crate) async fn keep(&self) -> Result<(), WarehouseError> {
        let sql = format!("RELEASE SAVEPOINT turn; {}", lock_timeout(self.work.timeouts().lock));
        self.work.run("end the wait for a lock", &sql).await
    }

    /// Whether there is another turn after `error`. What was done is then undone, and its locks
    /// given back.
    pub(crate) async fn is_another(&self, error: &WarehouseError) -> Result<bool, WarehouseError> {
        if error.name() != "lock_timeout" || self.left().is_some_and(|left| left.is_zero()) {
            return Ok(false);
        }
        self.undo().await?;
        tokio::time::sleep(REST).await;
        Ok(true)
    }

    /// Undoes what was done, gives its locks back, and lets locks be waited for as before.
    pub(crate) async fn undo(&self) -> Result<(), WarehouseError> {
        let undo = "ROLLBACK TO SAVEPOINT turn; RELEASE SAVEPOINT turn";
        self.work.run("give a lock's turn to others", undo).await
    }

    /// None where there is no end: to Postgres a time of 0 is none.
    fn left(&self) -> Option<Duration> {
        let lock = self.work.timeouts().lock;
        (!lock.is_zero()).then(|| lock.saturating_sub(self.started.elapsed()))
    }
}

fn lock_timeout(time: Duration) -> String {
    format!("SET LOCAL lock_timeout = {}", time.as_millis())
}
