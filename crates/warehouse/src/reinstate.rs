//! Lets records of other objects stand again, and keeps account of those that are still to come.

use std::collections::{BTreeMap, BTreeSet};

use normalise::Batch;
use tokio_postgres::types::ToSql;

use crate::keyed::Keyed;
use crate::ledger::Standing;
use crate::rows::RootRow;
use crate::shadows::{self, KeyText};
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
    own: (i64, &Standing),
    contested: &[KeyText],
) -> Result<Plan, WarehouseError> {
    let plan = shadows::plan(work, endpoint, keyed, own, contested).await?;
    shadows::remember_displaced(work, endpoint, keyed, &plan.displaced).await?;
    shadows::forget(work, &plan.risen).await?;
    Ok(Plan {
        reinstatements: plan.reinstatements,
        displaced: plan.displaced.into_iter().map(|(row, _)| row).collect(),
    })
}

/// Records that must stand again, by their objects, and which of them have come.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    keys: BTreeMap<i64, BTreeSet<KeyText>>,
    come: BTreeMap<i64, BTreeSet<KeyText>>,
}

impl Wanted {
    pub(crate) fn add(&mut self, reinstatements: &[Reinstatement]) {
        for one in reinstatements {
            self.keys.entry(one.object_id).or_default().extend(one.keys.iter().cloned());
        }
    }

    pub(crate) fn renounce(&mut self, reinstatement: &Reinstatement) {
        self.keys.remove(&reinstatement.object_id);
    }

    /// Leaves of an object's batch only the records that must stand again.
    pub(crate) async fn keep_only(
        &mut self,
        work: &Work<'_>,
        keyed: &Keyed<'_>,
        object_id: i64,
        batch: &mut Batch,
    ) -> Result<(), WarehouseError> {
        let texts = texts(work, keyed, batch).await?;
        let wanted = self.keys.entry(object_id).or_default();
        let come = self.come.entry(object_id).or_default();
        let mut others = BTreeSet::new();
        for (key, text) in batch.keys.iter().zip(texts) {
            if wanted.contains(&text) {
                come.insert(text);
            } else {
                others.insert(key.row);
            }
        }
        batch.drop_roots(&others);
        Ok(())
    }

    /// How many stand again; an error where one is missing.
    pub(crate) fn close(&self) -> Result<u64, WarehouseError> {
        let mut reinstated = 0;
        for (object_id, keys) in &self.keys {
            let come = self.come.get(object_id).map_or(0, BTreeSet::len);
            if come < keys.len() {
                let missing = keys.len() - come;
                return Err(WarehouseError::NotReinstated { object_id: *object_id, missing });
            }
            reinstated += come as u64;
        }
        Ok(reinstated)
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
