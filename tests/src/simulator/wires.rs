//! What the two proxies before one function share: the word that it is to be killed, the scissors,
//! and the tally.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use super::tally::Tally;

/// A message is held back until the function is dead; no longer, should nobody kill it.
const HOLD_MAX: Duration = Duration::from_secs(10);

/// Everything that leads to one function.
#[derive(Debug)]
pub(super) struct Wires {
    pub(super) tally: Arc<Tally>,
    killed: Notify,
    cut: watch::Sender<u64>,
}

impl Wires {
    pub(super) fn new(tally: Arc<Tally>) -> Self {
        Self { tally, killed: Notify::new(), cut: watch::Sender::new(0) }
    }

    /// Cuts every connection that is open now.
    pub(super) fn cut(&self) {
        self.cut.send_modify(|cuts| *cuts += 1);
    }

    /// Ends when the connections that were open at the call are cut.
    pub(super) fn scissors(&self) -> watch::Receiver<u64> {
        self.cut.subscribe()
    }

    /// Asks for the function's death and waits until its connections are cut.
    pub(super) async fn kill(&self) {
        let mut cut = self.scissors();
        self.killed.notify_one();
        // Nobody kills what has answered already; the connection is let go all the same.
        let _ = timeout(HOLD_MAX, cut.changed()).await;
    }

    /// Ends when the function is to be killed.
    pub(super) async fn until_killed(&self) {
        self.killed.notified().await;
    }
}
