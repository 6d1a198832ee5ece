//! One connection to the warehouse, re-made when it was lost, and what is remembered with it.

use std::time::Duration;

use landing::ErrorLog;

use crate::{Begun, DatabaseSettings, EndpointFacts, ObjectFacts, WarehouseError};

/// How long the warehouse may be waited for. Set for each transaction alone, so that a pooler
/// between us and Postgres needs no session of ours.
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
        Self {
            lock: Duration::from_secs(5),
            statement: None,
            idle_in_transaction: Duration::from_secs(300),
        }
    }
}

/// One connection to the warehouse, re-made when it was lost.
#[derive(Debug)]
pub struct Warehouse {
    _settings: DatabaseSettings,
    _timeouts: Timeouts,
}

impl Warehouse {
    /// Connects, and sets up schema `riacho` where it is not yet.
    pub async fn connect(
        settings: DatabaseSettings,
        timeouts: Timeouts,
    ) -> Result<Self, WarehouseError> {
        Ok(Self {
            _settings: settings,
            _timeouts: timeouts,
        })
    }

    /// Claims the object in the ledger and makes room for its rows, in a new transaction.
    ///
    /// Where the error says `begin_again`, roll back, set `lock_schema_first`, and begin again.
    pub async fn begin(
        &mut self,
        _object: &ObjectFacts,
        _endpoint: &EndpointFacts,
    ) -> Result<Begun<'_>, WarehouseError> {
        Err(WarehouseError::Mismatch("being written".to_owned()))
    }

    /// Writes down that the object failed, in a transaction of its own. A line that says the same
    /// bytes are loaded stays as it is.
    pub async fn record_failure(
        &mut self,
        _object: &ObjectFacts,
        _failure: &ErrorLog,
    ) -> Result<(), WarehouseError> {
        Err(WarehouseError::Mismatch("being written".to_owned()))
    }
}
