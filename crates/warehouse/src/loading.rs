//! One object on its way into the tables: a transaction that takes batches.

use std::collections::BTreeSet;
use std::time::Duration;

use normalise::{Batch, Change, Reject, Schema, Summary};

use crate::begin::Room;
use crate::catalog::{Catalog, Catalogs};
use crate::keyed::Keyed;
use crate::ledger::Standing;
use crate::reinstate::Wanted;
use crate::rows::RootRow;
use crate::work::Work;
use crate::{
    EndpointFacts, Loaded, ObjectFacts, Outcome, Reinstatement, WarehouseError, Write, change_log,
    commit, contest, reinstate, rejects, rows, schema_change, shadows,
};

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
    pub(crate) work: Work<'a>,
    pub(crate) catalogs: &'a mut Catalogs,
    pub(crate) catalog: Catalog,
    pub(crate) object: ObjectFacts,
    pub(crate) endpoint: EndpointFacts,
    pub(crate) object_id: i64,
    pub(crate) room: Room,
    pub(crate) counts: Loaded,
    pub(crate) wanted: Wanted,
    /// Whether the root table stood before this load: only then can others' records stand in it.
    root_stood: bool,
    schema_locked: bool,
}

impl<'a> Loading<'a> {
    pub(crate) fn new(
        work: Work<'a>,
        catalogs: &'a mut Catalogs,
        catalog: Catalog,
        object: &ObjectFacts,
        endpoint: &EndpointFacts,
        object_id: i64,
        room: Room,
    ) -> Self {
        Self {
            work,
            catalogs,
            root_stood: !catalog.schema.tables.is_empty(),
            catalog,
            object: object.clone(),
            endpoint: endpoint.clone(),
            object_id,
            room,
            counts: Loaded::default(),
            wanted: Wanted::default(),
            schema_locked: endpoint.lock_schema_first,
        }
    }

    /// The object's number in the ledger: what its rows carry.
    pub fn object_id(&self) -> i64 {
        self.object_id
    }

    /// The endpoint's tables, with what this transaction has changed of them.
    pub fn schema(&self) -> Schema {
        self.catalog.schema.clone()
    }

    /// Writes a batch: its changes, then its rows, less those of which a newer version stands.
    ///
    /// Gives the rejects whose text has gone by: read it from the object and hand them to
    /// `commit`. The others are written already.
    pub async fn write(&mut self, mut batch: Batch) -> Result<Vec<Reject>, WarehouseError> {
        self.change_schema(&batch.changes).await?;
        self.displace(&batch.displaced).await?;
        self.contest(&mut batch).await?;
        self.counts.rows += self.copy(batch.tables).await?;
        rows::keep_late(&self.work, &self.catalog, self.object_id, &batch.late_keeps).await?;
        let (known, unread) = batch.rejects.into_iter().partition(|reject| reject.json.is_some());
        rejects::write(&self.work, self.object_id, known).await?;
        Ok(unread)
    }

    /// Finds, after the last batch, the records of other objects that must stand again because
    /// this object no longer has them, or has them in an older version.
    ///
    /// Only in `replace`: where objects never give way to each other, a record can only be lost
    /// when an object is put again with other bytes under its own key, which Riacho never does.
    pub async fn reinstate(&mut self) -> Result<Vec<Reinstatement>, WarehouseError> {
        let contested = std::mem::take(&mut self.room.contested);
        let Some(keyed) =
            Keyed::of(&self.catalog, &self.endpoint).filter(|_| !contested.is_empty())
        else {
            return Ok(Vec::new());
        };
        let own = (self.object_id, &Standing::of(&self.object));
        let plan = reinstate::plan(&self.work, &self.endpoint, &keyed, own, &contested).await?;
        rows::delete_records(&self.work, &self.catalog, &plan.displaced).await?;
        self.wanted.add(&plan.reinstatements);
        Ok(plan.reinstatements)
    }

    /// Writes of a batch, shredded from `reinstatement.object` with this loading's schema, the
    /// records that must stand again.
    pub async fn write_reinstated(
        &mut self,
        reinstatement: &Reinstatement,
        mut batch: Batch,
    ) -> Result<(), WarehouseError> {
        let owner = reinstatement.object_id;
        self.change_schema(&batch.changes).await?;
        let displaced = batch.displaced.iter().map(|row| (owner, *row)).collect::<Vec<_>>();
        rows::delete_records(&self.work, &self.catalog, &displaced).await?;
        if let Some(keyed) = Keyed::of(&self.catalog, &self.endpoint) {
            self.wanted.keep_only(&self.work, &keyed, owner, &mut batch).await?;
        }
        self.copy(batch.tables).await?;
        rows::keep_late(&self.work, &self.catalog, owner, &batch.late_keeps).await
    }

    /// Writes rejects, notices and the ledger's line, and commits. `rejects` are those that
    /// `write` gave back, with their text; `duration` is the time since the object was taken up.
    pub async fn commit(
        self: Box<Self>,
        summary: Summary,
        rejects: Vec<Reject>,
        duration: Duration,
    ) -> Result<Outcome, WarehouseError> {
        commit::commit(*self, summary, rejects, duration).await
    }

    /// Leaves no trace of the object.
    pub async fn rollback(self: Box<Self>) {
        // Where even that fails the connection is gone, and the transaction with it.
        if let Err(error) = self.work.rollback().await {
            tracing::debug!(error = %error, "could not roll back");
        }
    }

    async fn change_schema(&mut self, changes: &[Change]) -> Result<(), WarehouseError> {
        if changes.is_empty() {
            return Ok(());
        }
        let (work, endpoint) = (&self.work, &self.endpoint);
        schema_change::lock(work, endpoint, &self.catalog, self.schema_locked).await?;
        self.schema_locked = true;
        let before = &self.catalog;
        let after = schema_change::apply(&before.schema, changes)?;
        let steps = schema_change::steps(&before.schema, &after);
        schema_change::alter(work, endpoint, before, &after, &steps).await?;
        self.catalog.version =
            change_log::record(work, endpoint, self.object_id, before, &after, &steps).await?;
        self.catalog.schema = after;
        self.counts.changes += changes.len() as u64;
        Ok(())
    }

    /// Takes out this object's own rows of earlier batches that newer versions displace.
    async fn displace(&mut self, displaced: &[i32]) -> Result<(), WarehouseError> {
        if displaced.is_empty() {
            return Ok(());
        }
        let roots = displaced.iter().map(|row| (self.object_id, *row)).collect::<Vec<RootRow>>();
        rows::delete_records(&self.work, &self.catalog, &roots).await?;
        shadows::forget(&self.work, &roots).await
    }

    async fn contest(&mut self, batch: &mut Batch) -> Result<(), WarehouseError> {
        let Some(keyed) = Keyed::of(&self.catalog, &self.endpoint) else { return Ok(()) };
        if batch.keys.is_empty() || !self.root_stood {
            return Ok(());
        }
        let own = Standing::of(&self.object);
        let verdict = contest::judge(&self.work, &keyed, self.object_id, &own, batch).await?;
        if self.endpoint.write == Write::Replace {
            let (work, endpoint) = (&self.work, &self.endpoint);
            let id = self.object_id;
            shadows::remember_losers(work, endpoint, &keyed, id, &verdict.losers).await?;
            shadows::remember_displaced(work, endpoint, &keyed, &verdict.displaced).await?;
        }
        let displaced = verdict.displaced.iter().map(|(row, _)| *row).collect::<Vec<_>>();
        let deleted = rows::delete_records(&self.work, &self.catalog, &displaced).await?;
        if let (true, Some((object_id, _))) = (deleted < displaced.len(), displaced.first()) {
            return Err(WarehouseError::Overtaken { object_id: *object_id });
        }
        batch.drop_roots(&verdict.losers.iter().map(|key| key.row).collect::<BTreeSet<_>>());
        Ok(())
    }

    async fn copy(&self, tables: Vec<normalise::TableRows>) -> Result<u64, WarehouseError> {
        let mut written = 0;
        for table in tables {
            written += rows::copy(&self.work, &self.catalog, table).await?;
        }
        Ok(written)
    }
}
