//! What the rebuilt tables have more than the live ones is brought to these ahead of the swap, in a
//! short transaction of its own: a change of a table locks readers out until its commit, and a swap
//! may take long.

use std::sync::Arc;

use normalise::Schema;

use super::catch_up::missing;
use super::{Rebuild, RebuildRefused, Rebuilt};
use crate::catalog::Catalog;
use crate::work::Work;
use crate::{
    EndpointFacts, Warehouse, WarehouseError, catalog, change_log, found, gate, mend, schema_change,
};

impl Rebuild {
    /// Gives the live tables what the rebuilt ones have more. It stays empty until the swap.
    pub async fn bring_tables_along(
        &self,
        live: &mut Warehouse,
        side: &mut Warehouse,
    ) -> Result<(), WarehouseError> {
        for endpoint in &self.endpoints {
            let facts = &endpoint.facts;
            let rebuilt = side.tables(facts).await?.catalog;
            let work = live.work().await?;
            gate::enter(&work, &facts.source, &facts.endpoint).await?;
            schema_change::wait_for_lock(&work, facts).await?;
            if is_due(&work, endpoint, &rebuilt).await? {
                bring_along(&work, endpoint, &rebuilt).await?;
            }
            work.commit().await?;
        }
        Ok(())
    }
}

/// Whether the live tables would have to change under readers' eyes. Those that are not there, or not
/// yet, have no readers: the swap makes them.
pub(super) async fn is_due(
    work: &Work<'_>,
    endpoint: &Rebuilt,
    rebuilt: &Catalog,
) -> Result<bool, WarehouseError> {
    let live = catalog::read(work, &endpoint.facts).await?;
    let Some(root) = live.schema.tables.first() else { return Ok(false) };
    let found = found::read(work, &live).await?;
    let lacks = !missing(&endpoint.facts.endpoint, &live.schema, &rebuilt.schema)?.is_empty();
    let is_there = found.contains_key(&root.name);
    Ok(is_there && (lacks || !mend::gone(&live, &found).is_empty()))
}

/// Gives the live tables what the rebuilt ones have more: as any change of shape, in turns with
/// readers.
pub(super) async fn bring_along(
    work: &Work<'_>,
    endpoint: &Rebuilt,
    rebuilt: &Catalog,
) -> Result<Catalog, WarehouseError> {
    let facts = &endpoint.facts;
    let live = catalog::open(work, facts).await?;
    match complete(work, facts, &live, &rebuilt.schema).await {
        Ok(schema) => Ok(Catalog { schema, ..live }),
        // Nobody else changes them: it has grown, or a view came, since it was widened beside.
        Err(WarehouseError::CatalogMoved { .. }) => {
            let what = "the size of a table that would have to be written anew".to_owned();
            Err(RebuildRefused::Moved { endpoint: facts.endpoint.clone(), what }.into())
        }
        Err(error) => Err(error),
    }
}

/// Gives the tables of one side what the other side's have more; gives what they are then.
pub(super) async fn complete(
    work: &Work<'_>,
    facts: &EndpointFacts,
    held: &Catalog,
    wanted: &Schema,
) -> Result<Arc<Schema>, WarehouseError> {
    let changes = missing(&facts.endpoint, &held.schema, wanted)?;
    if changes.is_empty() {
        return Ok(Arc::clone(&held.schema));
    }
    let after = schema_change::apply(&held.schema, &changes)?;
    let steps = schema_change::steps(&held.schema, &after);
    let nobody = change_log::NO_OBJECT;
    schema_change::alter(work, facts, held, &after, &steps, nobody).await?;
    change_log::record(work, facts, nobody, held, &after, &steps).await?;
    Ok(Arc::new(after))
}
