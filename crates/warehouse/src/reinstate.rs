//! Lets records of other objects stand again, and keeps account of those that are still to come.

use std::collections::{BTreeMap, BTreeSet};

use normalise::Batch;
use tokio_postgres::types::ToSql;

use crate::keyed::Keyed;
use crate::rows::RootRow;
use crate::shadows::{self, KeyText};
use crate::succession::{self, Own};
use crate::work::{Work, field};
use crate::{EndpointFacts, Reinstatement, WarehouseError};

/// What is to be done: read these objects, delete these rows.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) reinstatements: Vec<Reinstatement>,
    pub(crate) displaced: Vec<RootRow>,
}

/// Decides which records stand again. Shadows and standing records change places in
/// `riacho.shadows`; the rows themselves are the caller's part.
pub(crate) async fn plan(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
    keyed: &Keyed<'_>,
    own: Own<'_>,
    contested: &[KeyText],
) -> Result<Plan, WarehouseError> {
    let plan = succession::plan(work, endpoint, keyed, own, contested).await?;
    shadows::remember_displaced(work, endpoint, keyed, &plan.displaced).await?;
    shadows::forget(work, &plan.risen).await?;
    Ok(Plan {
        reinstatements: plan.reinstatements,
        displaced: plan.displaced.into_iter().map(|(row, _)| row).collect(),
    })
}

/// Records that must stand again, by object and key, and the rows in which they have come.
#[derive(Debug, Default)]
pub(crate) struct Wanted(BTreeMap<(i64, KeyText), Option<i32>>);

impl Wanted {
    pub(crate) fn add(&mut self, reinstatements: &[Reinstatement]) {
        for one in reinstatements {
            for key in one.keys.keys() {
                self.0.insert((one.object_id, key.clone()), None);
            }
        }
    }

    /// Takes a reinstatement back, and gives its records that have come already.
    pub(crate) fn renounce(&mut self, reinstatement: &Reinstatement) -> Vec<RootRow> {
        let id = reinstatement.object_id;
        let keys = reinstatement.keys.keys();
        let come = keys.filter_map(|key| self.0.remove(&(id, key.clone())).flatten());
        come.map(|row| (id, row)).collect()
    }

    /// Takes note of the records of an object's batch that must stand again, and gives the root rows of
    /// the others.
    pub(crate) async fn take(
        &mut self,
        work: &Work<'_>,
        keyed: &Keyed<'_>,
        reinstatement: &Reinstatement,
        batch: &Batch,
    ) -> Result<BTreeSet<i32>, WarehouseError> {
        let texts = texts(work, keyed, batch).await?;
        let mut others = BTreeSet::new();
        for (key, text) in batch.keys.iter().zip(texts) {
            if reinstatement.keys.get(&text) == Some(&key.row) {
                self.0.insert((reinstatement.object_id, text), Some(key.row));
            } else {
                others.insert(key.row);
            }
        }
        Ok(others)
    }

    /// Whether records of a reinstatement have not come.
    pub(crate) fn lacks(&self, reinstatement: &Reinstatement) -> bool {
        let id = reinstatement.object_id;
        let is_missing = |key: &KeyText| matches!(self.0.get(&(id, key.clone())), Some(None));
        reinstatement.keys.keys().any(is_missing)
    }

    /// How many stand again; an error where one is missing.
    pub(crate) fn close(&self) -> Result<u64, WarehouseError> {
        let missing = self.0.iter().filter(|(_, row)| row.is_none());
        let missing = missing.map(|((object_id, _), _)| *object_id).collect::<Vec<_>>();
        match missing.first() {
            None => Ok(self.0.len() as u64),
            Some(object_id) => {
                Err(WarehouseError::NotReinstated { object_id: *object_id, missing: missing.len() })
            }
        }
    }
}

/// The keys of a batch as `riacho.shadows` writes them.
async fn texts(
    work: &Work<'_>,
    keyed: &Keyed<'_>,
    batch: &Batch,
) -> Result<Vec<KeyText>, WarehouseError> {
    if batch.keys.is_empty() {
        return Ok(Vec::new());
    }
    let sql =
        format!("SELECT {} AS key FROM {} ORDER BY k.n", keyed.text_of_unnest(), keyed.unnest(1));
    let cells = keyed.parameters(&batch.keys.iter().collect::<Vec<_>>())?;
    let parameters = cells.iter().map(|cells| cells as &(dyn ToSql + Sync)).collect::<Vec<_>>();
    let rows = work.query("write keys as texts", &sql, &parameters).await?;
    rows.iter().map(|row| field(row, "key")).collect()
}
