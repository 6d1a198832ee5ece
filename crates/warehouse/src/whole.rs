//! The short way to the end: an object that came whole in one batch, changes no table and meets no
//! record of another. Its rows, its line and the commit go in one journey to the server and back.
//! Whatever stands in the way makes Postgres refuse all of it; the load then goes step by step.

use std::time::Duration;

use normalise::{Batch, Summary, TableRows};

use crate::commit::{self, Others};
use crate::keyed::Keyed;
use crate::pipeline;
use crate::{Loading, Outcome, WarehouseError, insert, scope};

/// Beyond it COPY takes rows faster than the journey that it needs costs.
const MAX_BYTES: usize = 64 << 10;

/// Whether the object may go the short way.
pub(crate) fn is_open_to(loading: &Loading<'_>, batch: &Batch, summary: &Summary) -> bool {
    let rows = batch.tables.iter().map(TableRows::bytes).sum::<usize>();
    let Batch { changes, displaced, rejects, late_keeps, .. } = batch;
    let nothing_else = changes.is_empty()
        && displaced.is_empty()
        && rejects.is_empty()
        && late_keeps.is_empty()
        && summary.rejects == 0
        && summary.notices.is_empty();
    nothing_else
        && rows <= MAX_BYTES
        && !batch.tables.iter().any(TableRows::has_passages)
        && loading.is_plain()
        && matches!(commit::guard(loading, summary), Ok(None))
}

/// Writes the batch and commits.
pub(crate) async fn commit(
    mut loading: Loading<'_>,
    batch: &Batch,
    summary: &Summary,
    duration: Duration,
) -> Result<Outcome, WarehouseError> {
    loading.counts.records = summary.records;
    loading.counts.rows = batch.tables.iter().map(|rows| rows.len() as u64).sum();
    let keyed = Keyed::of(&loading.catalog, &loading.endpoint);
    let mut steps = insert::insert(&loading.catalog, keyed.as_ref(), loading.object_id, batch)?;
    let others = if loading.room.is_alone { Others::None } else { Others::Perhaps };
    steps.extend(commit::last_steps(&loading, summary, duration, others));
    let answers = pipeline::commit(&loading.work, &steps).await;
    drop(steps);
    // A rule that somebody made is no matter to COPY, and makes Postgres refuse the insert by the same
    // code as an outdated statement; a right that is missing may be one on a table without rows.
    let refusals = ["refused", "conflict", "statement_outdated", "permission_denied"];
    let is_met = answers.as_ref().is_err_and(|error| refusals.contains(&error.name()));
    if !is_met {
        loading.counts.settled = scope::settled(&loading.endpoint, &answers?)?;
    }
    let Loading { memory, catalog, endpoint, counts, .. } = loading;
    memory.keep(&endpoint, catalog);
    if is_met {
        memory.expect_meetings(&endpoint, true);
        return Err(WarehouseError::StepByStep);
    }
    Ok(Outcome::Loaded(counts))
}
