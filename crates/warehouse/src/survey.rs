//! A change to a table that readers use locks them out until it is committed. A small object's load
//! is over before they notice. A large one is surveyed first: read through for the changes that it
//! asks for, without a transaction; the changes are committed on their own; then it is loaded, and
//! finds its tables ready.
//!
//! Source: PostgreSQL documentation, ALTER TABLE: "an ACCESS EXCLUSIVE lock is acquired".

use normalise::Schema;

use crate::catalog::{moved, read_version};
use crate::schema_change::{self, TableStep};
use crate::{Loading, ObjectFacts, WarehouseError, change_log};

/// Below it an object loads within a moment.
const SMALL_BYTES: u64 = 1 << 20;

/// Whether the changes would lock readers out for the rest of a long load. `tables_before` is how
/// many tables stood before it: those that it made itself have no readers yet.
pub(crate) fn is_due(object: &ObjectFacts, tables_before: usize, steps: &[TableStep]) -> bool {
    let is_large = object.object.bytes.is_none_or(|bytes| bytes > SMALL_BYTES);
    is_large && steps.iter().any(|step| step.table < tables_before)
}

/// Commits the changes that the survey found. Gives the error that lets the load begin again.
pub(crate) async fn settle(loading: Loading<'_>, wanted: Schema) -> WarehouseError {
    let again = moved(&loading.endpoint);
    match change(loading, &wanted).await {
        Ok(()) => again,
        Err(error) => error,
    }
}

async fn change(loading: Loading<'_>, wanted: &Schema) -> Result<(), WarehouseError> {
    let Loading { work, memory, catalog, object, endpoint, object_id, .. } = loading;
    work.open().await?;
    schema_change::wait_for_lock(&work, &endpoint).await?;
    if read_version(&work, &endpoint).await? != catalog.version {
        return Ok(());
    }
    let steps = schema_change::steps(&catalog.schema, wanted);
    schema_change::alter(&work, &endpoint, &catalog, wanted, &steps, object_id).await?;
    change_log::record(&work, &endpoint, object_id, &catalog, wanted, &steps).await?;
    work.commit().await?;
    memory.promise(&object.object, object_id);
    tracing::info!(
        object.key = %object.object.key,
        tables_changed = steps.len(),
        "changed the tables ahead of a large object"
    );
    Ok(())
}
