//! The gate of an endpoint. Whoever writes its rows or its lines in the ledger goes through it, any
//! number at a time and before any other lock; a rebuild closes it for the moment in which it
//! compares or swaps, and then nobody is within. So neither ever waits for the other in a circle.

use std::time::{Duration, Instant};

use crate::work::Work;
use crate::{EndpointFacts, Ledger, WarehouseError};

/// Enters; until the transaction ends.
pub(crate) const ENTER: &str =
    "SELECT pg_advisory_xact_lock_shared(hashtextextended('riacho ' || $1, 0))";

/// How long closing gates wait for those within, all of them together, at a time. Loads that come
/// meanwhile wait behind them: for less than their own `lock_timeout`, if that is ours.
const TURN_MAX: Duration = Duration::from_secs(3);
/// Between two turns, for those who queued.
const REST: Duration = Duration::from_millis(500);

/// Goes through the endpoint's gate.
pub(crate) async fn enter(
    work: &Work<'_>,
    source: &str,
    endpoint: &str,
) -> Result<(), WarehouseError> {
    let name = name(source, endpoint);
    let name = work.ledger().lock(&name);
    work.query("go through the endpoint's gate", ENTER, &[&name.as_ref()]).await.map(|_| ())
}

/// Closes the gates of these endpoints, once nobody is within; gives up after `patience`. To be done
/// first in a transaction, before it holds anything that those within may wait for.
pub(crate) async fn close(
    work: &Work<'_>,
    endpoints: &[EndpointFacts],
    patience: Duration,
) -> Result<(), WarehouseError> {
    let started = Instant::now();
    let lock = work.timeouts().lock;
    loop {
        work.run("begin to close gates", "SAVEPOINT gate").await?;
        let closed = close_by(work, endpoints, Instant::now() + turn(lock)).await;
        match closed {
            Ok(()) => {
                let lock = lock.as_millis();
                let keep = format!("RELEASE SAVEPOINT gate; SET LOCAL lock_timeout = {lock}");
                return work.run("keep gates closed", &keep).await;
            }
            Err(error) if error.name() == "lock_timeout" && started.elapsed() < patience => {
                let undo = "ROLLBACK TO SAVEPOINT gate; RELEASE SAVEPOINT gate";
                work.run("let loads through", undo).await?;
                tokio::time::sleep(REST).await;
            }
            Err(error) => return Err(error),
        }
    }
}

async fn close_by(
    work: &Work<'_>,
    endpoints: &[EndpointFacts],
    end: Instant,
) -> Result<(), WarehouseError> {
    for endpoint in endpoints {
        // To Postgres a time of 0 is none.
        let left = end.saturating_duration_since(Instant::now()).as_millis().max(1);
        work.run("wait at a gate", &format!("SET LOCAL lock_timeout = {left}")).await?;
        close_now(work, work.ledger(), std::slice::from_ref(endpoint)).await?;
    }
    Ok(())
}

/// Half of what a load waits for a lock; where that has no bound, what is bearable.
fn turn(lock: Duration) -> Duration {
    if lock.is_zero() { TURN_MAX } else { (lock / 2).min(TURN_MAX) }
}

/// The same at once, for no longer than `lock_timeout`, on a connection of the live ledger; `ledger`
/// is the one whose loads go through these gates.
pub(crate) async fn close_now(
    work: &Work<'_>,
    ledger: &Ledger,
    endpoints: &[EndpointFacts],
) -> Result<(), WarehouseError> {
    for EndpointFacts { source, endpoint, .. } in endpoints {
        work.lock("close an endpoint's gate", &ledger.lock(&name(source, endpoint))).await?;
    }
    Ok(())
}

/// The name of an endpoint's gate among locks.
pub(crate) fn name(source: &str, endpoint: &str) -> String {
    format!("endpoint {source}/{endpoint}")
}
