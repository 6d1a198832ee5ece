//! One object on its way into the tables: a transaction that takes batches.

use std::marker::PhantomData;
use std::time::Duration;

use normalise::{Batch, Reject, Schema, Summary};

use crate::{Outcome, Reinstatement, WarehouseError};

/// What `Warehouse::begin` found.
#[derive(Debug)]
pub enum Begun<'a> {
    /// There is nothing to load; the ledger says so already.
    AlreadyDone(Outcome),
    /// The object is ours to load.
    Load(Box<Loading<'a>>),
}

/// One object on its way into the tables. Dropped without `commit`, it leaves no trace.
#[derive(Debug)]
pub struct Loading<'a> {
    connection: PhantomData<&'a ()>,
}

impl Loading<'_> {
    /// The object's number in the ledger: what its rows carry.
    pub fn object_id(&self) -> i64 {
        0
    }

    /// The endpoint's tables, with what this transaction has changed of them.
    pub fn schema(&self) -> Schema {
        Schema::default()
    }

    /// Writes a batch: its changes, then its rows, less those of which a newer version stands.
    ///
    /// Gives the rejects whose text has gone by: read it from the object and hand them to
    /// `commit`. The others are written already.
    pub async fn write(&mut self, _batch: Batch) -> Result<Vec<Reject>, WarehouseError> {
        Err(WarehouseError::Mismatch("being written".to_owned()))
    }

    /// Finds, after the last batch, the records of other objects that must stand again because
    /// this object no longer has them, or has them in an older version.
    pub async fn reinstate(&mut self) -> Result<Vec<Reinstatement>, WarehouseError> {
        Ok(Vec::new())
    }

    /// Writes of a batch, shredded from `reinstatement.object` with this loading's schema, the
    /// records that must stand again.
    pub async fn write_reinstated(
        &mut self,
        _reinstatement: &Reinstatement,
        _batch: Batch,
    ) -> Result<(), WarehouseError> {
        Ok(())
    }

    /// Writes rejects, notices and the ledger's line, and commits. `rejects` are those that
    /// `write` gave back, with their text; `duration` is the time since the object was taken up.
    pub async fn commit(
        self: Box<Self>,
        _summary: Summary,
        _rejects: Vec<Reject>,
        _duration: Duration,
    ) -> Result<Outcome, WarehouseError> {
        Err(WarehouseError::Mismatch("being written".to_owned()))
    }

    /// Leaves no trace of the object.
    pub async fn rollback(self: Box<Self>) {}
}
