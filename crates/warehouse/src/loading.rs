//! One object on its way into the tables: a transaction that takes batches.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use normalise::{Batch, Change, Reject, Schema, Summary};

use crate::before::{self, Before};
use crate::begin::{Room, Start};
use crate::catalog::Catalog;
use crate::keyed::Keyed;
use crate::ledger::Standing;
use crate::left_out::LeftOut;
use crate::memory::Memory;
use crate::reinstate::Wanted;
use crate::rows::RootRow;
use crate::shadows::KeyText;
use crate::succession::Own;
use crate::work::Work;
use crate::{
    EndpointFacts, Loaded, ObjectFacts, Outcome, Reinstatement, WarehouseError, Write, again,
    change_log, commit, contest, reinstate, rejects, rows, schema_change, shadows, survey, whole,
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
    pub(crate) memory: &'a mut Memory,
    pub(crate) catalog: Catalog,
    pub(crate) object: ObjectFacts,
    pub(crate) endpoint: EndpointFacts,
    pub(crate) object_id: i64,
    is_new: bool,
    pub(crate) own: Standing,
    pub(crate) room: Room,
    pub(crate) counts: Loaded,
    pub(crate) wanted: Wanted,
    /// The tables that the object asks for, while it is only surveyed.
    pub(crate) survey: Option<Schema>,
    /// How many tables stood before this load.
    tables_before: usize,
    /// The rows that made room, once fields have come to tables that stood.
    pub(crate) before: Option<Before>,
    /// Whether fields came with it to tables that stood.
    pub(crate) brought: bool,
    pub(crate) schema_locked: bool,
    /// Whether records of other objects stood under its keys.
    pub(crate) met: bool,
    left_out: LeftOut,
}

impl<'a> Loading<'a> {
    pub(crate) fn new(
        work: Work<'a>,
        memory: &'a mut Memory,
        catalog: Catalog,
        start: Start,
    ) -> Self {
        let Start { object, endpoint, object_id, is_new, own, room, brought } = start;
        Self {
            work,
            memory,
            tables_before: catalog.schema.tables.len(),
            catalog,
            object,
            schema_locked: endpoint.lock_schema_first,
            endpoint,
            object_id,
            is_new,
            own,
            room,
            counts: Loaded::default(),
            wanted: Wanted::default(),
            survey: None,
            before: None,
            brought,
            met: false,
            left_out: LeftOut::default(),
        }
    }

    /// Takes what opening the object has told of it, in place of what its event said.
    pub fn learn(&mut self, object: ObjectFacts) {
        self.object = object;
    }

    /// Whether the ledger has never heard of the object.
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// The object's number in the ledger: what its rows carry.
    pub fn object_id(&self) -> i64 {
        self.object_id
    }

    /// The endpoint's tables, with what this transaction has changed of them. The same as for the load
    /// before on the same connection, where nobody has changed anything.
    pub fn schema(&self) -> Arc<Schema> {
        Arc::clone(&self.catalog.schema)
    }

    /// Waits for something else than Postgres, and has it know meanwhile that somebody is still there:
    /// a transaction of which nothing is heard is ended, lest it hold others up.
    pub async fn wait_for<T>(&self, other: impl Future<Output = T>) -> Result<T, WarehouseError> {
        self.work.wait_for(other).await
    }

    /// Writes a batch: its changes, then its rows, less those of which a newer version stands.
    ///
    /// Gives the rejects whose text has gone by: read it from the object and hand them to
    /// `commit`. The others are written already.
    pub async fn write(&mut self, mut batch: Batch) -> Result<Vec<Reject>, WarehouseError> {
        self.change_schema(&batch.changes).await?;
        if self.survey.is_some() {
            return Ok(Vec::new());
        }
        self.displace(&batch.displaced).await?;
        self.settle_again(&mut batch).await?;
        self.contest(&mut batch).await?;
        self.counts.rows += self.copy(batch.tables).await?;
        rows::keep_late(&self.work, &self.catalog, self.object_id, &batch.late_keeps).await?;
        let (known, unread) = batch.rejects.into_iter().partition(|reject| reject.json.is_some());
        self.write_rejects(known).await?;
        Ok(unread)
    }

    /// Writes rejects as they are, with their text or without.
    pub async fn write_rejects(&mut self, rejects: Vec<Reject>) -> Result<(), WarehouseError> {
        self.counts.rejects += rejects::write(&self.work, self.object_id, rejects).await?;
        Ok(())
    }

    /// Whether `batch`, the first and last of the object, can be written and committed in one go.
    pub fn is_whole(&self, batch: &Batch, summary: &Summary) -> bool {
        whole::is_open_to(self, batch, summary)
    }

    /// Writes an object's only batch and commits. `WarehouseError::StepByStep` where it meets
    /// records of others: begin again, and it will not be found whole.
    pub async fn commit_whole(
        self: Box<Self>,
        batch: &Batch,
        summary: &Summary,
        duration: Duration,
    ) -> Result<Outcome, WarehouseError> {
        whole::commit(*self, batch, summary, duration).await
    }

    /// Whether nothing has happened yet, and nothing is to happen but that rows come.
    pub(crate) fn is_plain(&self) -> bool {
        let has_begun = self.survey.is_some() || self.counts.rows > 0 || self.counts.changes > 0;
        let has_more = self.brought || !self.room.contested.is_empty();
        let version = self.catalog.version;
        !has_begun
            && !has_more
            && self.tables_before > 0
            && self.memory.has_seen_views(&self.endpoint, version)
            && !self.memory.expects_meetings(&self.endpoint)
    }

    /// Finds, after the last batch, the records of other objects that must stand again because
    /// this object no longer has them, or has them in an older version.
    ///
    /// Only in `replace`: where objects never give way to each other, a record can only be lost
    /// when an object is put again with other bytes under its own key, which Riacho never does.
    pub async fn reinstate(&mut self) -> Result<Vec<Reinstatement>, WarehouseError> {
        let contested = std::mem::take(&mut self.room.contested);
        if self.survey.is_some() {
            return Ok(Vec::new());
        }
        self.stand_again(&contested).await
    }

    /// Writes of a batch, shredded from `reinstatement.object` with this loading's schema for the
    /// sake of `reinstatement.rows`, the records that must stand again.
    pub async fn write_reinstated(
        &mut self,
        reinstatement: &Reinstatement,
        mut batch: Batch,
    ) -> Result<(), WarehouseError> {
        let owner = reinstatement.object_id;
        self.change_schema(&batch.changes).await?;
        if self.survey.is_some() {
            return Ok(());
        }
        let keyed = Keyed::of(&self.catalog, &self.endpoint).ok_or_else(|| {
            WarehouseError::Mismatch("records were to stand again without a key".to_owned())
        })?;
        let others = self.wanted.take(&self.work, &keyed, reinstatement, &batch).await?;
        self.left_out.drop_roots(&mut batch, &others);
        self.copy(batch.tables).await?;
        rows::keep_late(&self.work, &self.catalog, owner, &batch.late_keeps).await
    }

    /// Whether the object, read to its end, was not the one that had the records: it was overwritten,
    /// and what it was overwritten with has failed.
    pub fn was_overwritten(&self, reinstatement: &Reinstatement) -> bool {
        reinstatement.is_doubtful && self.wanted.lacks(reinstatement)
    }

    /// Lets the records of an object whose bytes are no longer in the lake be, and finds those that
    /// stand in their place: what is not there can't stand.
    pub async fn renounce(
        &mut self,
        reinstatement: &Reinstatement,
    ) -> Result<Vec<Reinstatement>, WarehouseError> {
        // It may have ended in the middle of a record.
        self.left_out = LeftOut::default();
        let come = self.wanted.renounce(reinstatement);
        rows::delete_records(&self.work, &self.catalog, &come).await?;
        let keys = reinstatement.keys.keys().cloned().collect::<Vec<_>>();
        self.stand_again(&keys).await
    }

    /// Writes rejects, notices and the ledger's line, and commits. An object that was only surveyed
    /// (see `survey`) gives an error that says `begin_again`. `rejects` are those that
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
        if let Some(wanted) = &mut self.survey {
            *wanted = schema_change::apply(wanted, changes)?;
            return Ok(());
        }
        let after = schema_change::apply(&self.catalog.schema, changes)?;
        let steps = schema_change::steps(&self.catalog.schema, &after);
        if survey::is_due(&self.object, self.tables_before, &steps) {
            self.work.abandon().await?;
            self.survey = Some(after);
            return Ok(());
        }
        if self.tables_before > 0 && self.before.is_none() {
            self.before = Some(self.read_before().await?);
            self.brought = true;
        }
        let (work, endpoint, before) = (&self.work, &self.endpoint, &self.catalog);
        schema_change::lock(work, endpoint, before, self.schema_locked).await?;
        self.schema_locked = true;
        schema_change::alter(work, endpoint, before, &after, &steps, self.object_id).await?;
        self.catalog.version =
            change_log::record(work, endpoint, self.object_id, before, &after, &steps).await?;
        self.catalog.schema = Arc::new(after);
        self.counts.changes += changes.len() as u64;
        Ok(())
    }

    /// The rows that made room; none where none did.
    pub(crate) async fn read_before(&self) -> Result<Before, WarehouseError> {
        if self.room.in_view { before::take(&self.work).await } else { Ok(Before::default()) }
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

    /// Takes out, of records of this object that have one key, all but the newest.
    async fn settle_again(&mut self, batch: &mut Batch) -> Result<(), WarehouseError> {
        let Some(keyed) = Keyed::of(&self.catalog, &self.endpoint) else { return Ok(()) };
        let (work, id) = (&self.work, self.object_id);
        let twice = again::judge(work, &self.endpoint, &keyed, id, batch).await?;
        rows::delete_records(work, &self.catalog, &twice.displaced).await?;
        shadows::forget(work, &twice.displaced).await?;
        self.left_out.drop_roots(batch, &twice.rows());
        let records = self.catalog.schema.tables.first().map_or("", |root| root.path.as_str());
        batch.rejects.extend(twice.rejects(&self.endpoint, records));
        Ok(())
    }

    /// Takes out the records of the batch that give way to other objects' records.
    async fn contest(&mut self, batch: &mut Batch) -> Result<(), WarehouseError> {
        let losers = self.judge(batch).await?;
        self.left_out.drop_roots(batch, &losers);
        Ok(())
    }

    /// Gives the root rows of the batch that give way to other objects' records, after the records
    /// that give way to it have gone.
    async fn judge(&mut self, batch: &Batch) -> Result<BTreeSet<i32>, WarehouseError> {
        let keyed = Keyed::of(&self.catalog, &self.endpoint);
        let can_meet = !batch.keys.is_empty() && self.tables_before > 0;
        let Some(keyed) = keyed.filter(|_| can_meet) else { return Ok(BTreeSet::new()) };
        let (id, own) = (self.object_id, &self.own);
        let verdict = contest::judge(&self.work, &keyed, id, own, batch).await?;
        self.met |= !verdict.losers.is_empty() || !verdict.displaced.is_empty();
        if self.endpoint.write == Write::Replace {
            let (work, endpoint) = (&self.work, &self.endpoint);
            shadows::remember_losers(work, endpoint, &keyed, id, &verdict.losers).await?;
            shadows::remember_displaced(work, endpoint, &keyed, &verdict.displaced).await?;
        }
        let displaced = verdict.displaced.iter().map(|(row, _)| *row).collect::<Vec<_>>();
        let deleted = rows::delete_records(&self.work, &self.catalog, &displaced).await?;
        if let (true, Some((object_id, _))) = (deleted < displaced.len(), displaced.first()) {
            return Err(WarehouseError::Overtaken { object_id: *object_id });
        }
        Ok(verdict.losers.iter().map(|key| key.row).collect())
    }

    async fn stand_again(
        &mut self,
        keys: &[KeyText],
    ) -> Result<Vec<Reinstatement>, WarehouseError> {
        let keyed = Keyed::of(&self.catalog, &self.endpoint).filter(|_| !keys.is_empty());
        let Some(keyed) = keyed else { return Ok(Vec::new()) };
        let own = Own { id: self.object_id, standing: &self.own, object: &self.object.object };
        let plan = reinstate::plan(&self.work, &self.endpoint, &keyed, own, keys).await?;
        rows::delete_records(&self.work, &self.catalog, &plan.displaced).await?;
        self.wanted.add(&plan.reinstatements);
        Ok(plan.reinstatements)
    }

    async fn copy(&self, tables: Vec<normalise::TableRows>) -> Result<u64, WarehouseError> {
        let copies = tables.into_iter().map(|table| rows::copy(&self.work, &self.catalog, table));
        let mut copied = futures::future::join_all(copies).await;
        // What is merely refused because another failed says nothing of why.
        copied.sort_by_key(|one| one.as_ref().is_err_and(WarehouseError::is_aftermath));
        copied.into_iter().sum()
    }
}
