//! A view for each table where one field has several columns, or one list of records several
//! tables, so that a query needs to know one name. It is made with the change of shape that calls
//! for it, in the same transaction.
//!
//! A load never fails because of a view: what stands in its way is said in the change log.

use std::collections::BTreeMap;

use normalise::{Renames, Table, unique_name};

use crate::catalog::{Catalog, read_version};
use crate::ident::Relation;
use crate::schema_change::{TableStep, try_lock};
use crate::turns::Turns;
use crate::work::Work;
use crate::{EndpointFacts, WarehouseError};

mod blocked;
mod grants;
mod making;
mod shape;
mod standing;
mod values;

use making::Making;
use standing::Standing;
pub(crate) use standing::{IS_OURS, LEANERS};

/// The Postgres schema of a source's views, from that of its tables.
pub(crate) fn views_namespace(tables: &str) -> String {
    unique_name(&format!("{tables}_views"), tables, |_| false)
}

/// Who could read the views that were taken down.
#[derive(Debug, Default)]
pub(crate) struct TakenDown {
    grants: BTreeMap<String, Vec<String>>,
}

/// Clears the way for changes of tables: locks their views, and takes down those of columns that
/// change their type.
///
/// A reader locks a view before its table, and so do we: else each would wait for the other.
pub(crate) async fn make_way(
    work: &Work<'_>,
    before: &Catalog,
    steps: &[TableStep],
) -> Result<TakenDown, WarehouseError> {
    let mut taken = TakenDown::default();
    for step in steps {
        let Some(table) = before.schema.tables.get(step.table) else { continue };
        let relation = before.relation(table);
        if !step.widened.is_empty() {
            take_down(work, relation, &mut taken).await?;
            continue;
        }
        for view in standing::views_of(work, relation).await? {
            let lock = format!("LOCK TABLE {view} IN ACCESS EXCLUSIVE MODE");
            work.run("lock a table's view", &lock).await?;
        }
    }
    Ok(taken)
}

/// Drops our views of a table, and remembers who could read them.
pub(crate) async fn take_down(
    work: &Work<'_>,
    table: Relation<'_>,
    taken: &mut TakenDown,
) -> Result<(), WarehouseError> {
    for view in standing::views_of(work, table).await? {
        let held = grants::held(work, &view).await?;
        work.run("drop a view to make it anew", &format!("DROP VIEW {view}")).await?;
        taken.grants.insert(view, held);
    }
    Ok(())
}

/// Whether the endpoint's views are as they should be by now: looks after them at the first load
/// that this process does with the tables at hand, as a rename may have been declared since, or a
/// view dropped by hand. Leaves them be where another changes or reads them at this moment.
pub(crate) async fn look_after(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
    object_id: i64,
    catalog: &Catalog,
    schema_locked: bool,
) -> Result<bool, WarehouseError> {
    let renames = catalog.renames(endpoint);
    // A rebuild's tables have no readers, and the views stay with the tables that have.
    if work.ledger().is_of_rebuild() || !Families::of(catalog, &renames).call_for_views() {
        return Ok(true);
    }
    let is_ours = schema_locked || try_lock(work, endpoint).await?;
    if !is_ours || read_version(work, endpoint).await? != catalog.version {
        return Ok(false);
    }
    let turn = Turns::new(work);
    turn.begin().await?;
    match keep_up(work, endpoint, object_id, catalog, &TakenDown::default()).await {
        Ok(()) => turn.keep().await.map(|()| true),
        Err(error) if error.name() == "lock_timeout" => turn.undo().await.map(|()| false),
        Err(error) => Err(error),
    }
}

/// Makes the endpoint's views what its tables and renames call for. The schema lock is held.
pub(crate) async fn keep_up(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
    object_id: i64,
    catalog: &Catalog,
    taken: &TakenDown,
) -> Result<(), WarehouseError> {
    let renames = catalog.renames(endpoint);
    let families = Families::of(catalog, &renames);
    if work.ledger().is_of_rebuild() || !families.call_for_views() {
        return Ok(());
    }
    let namespace = views_namespace(&catalog.namespace);
    let names = catalog.schema.tables.iter().map(|table| table.name.as_str()).collect::<Vec<_>>();
    let standing = standing::look(work, &namespace, &names).await?;
    for table in &catalog.schema.tables {
        let shapes = families.of_table(table);
        let found = standing.get(&table.name);
        // One that nothing calls for any more goes on: somebody may query it.
        let is_ours = matches!(found, Some(Standing::Ours(_)));
        if !is_ours && !shape::is_called_for(&shapes, &renames) {
            continue;
        }
        let tables = shapes.iter().map(|table| catalog.relation(table)).collect::<Vec<_>>();
        let view = Relation { schema: &namespace, name: &table.name };
        let making =
            Making { work, view, tables: &tables, shapes: &shapes, renames: &renames, taken };
        if let Some(reason) = making.make(found).await? {
            blocked::say(work, endpoint, object_id, view, &reason).await?;
        }
    }
    Ok(())
}

/// The tables that hold the same records, by the oldest path that these had.
struct Families<'a> {
    tables: BTreeMap<String, Vec<&'a Table>>,
    renames: &'a Renames,
}

impl<'a> Families<'a> {
    fn of(catalog: &'a Catalog, renames: &'a Renames) -> Self {
        let mut tables = BTreeMap::<_, Vec<_>>::new();
        for table in &catalog.schema.tables {
            tables.entry(renames.oldest(&table.path)).or_default().push(table);
        }
        Self { tables, renames }
    }

    fn call_for_views(&self) -> bool {
        self.tables
            .values()
            .flatten()
            .any(|table| shape::is_called_for(&self.of_table(table), self.renames))
    }

    /// The table, then the others of its family.
    fn of_table(&self, table: &'a Table) -> Vec<&'a Table> {
        let family = self.tables.get(&self.renames.oldest(&table.path));
        let others = family.into_iter().flatten().copied().filter(|other| other.name != table.name);
        std::iter::once(table).chain(others).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_source_has_views_of_its_own() {
        assert_eq!(views_namespace("pos"), "pos_views");
        let long = "s".repeat(63);
        let other = format!("{}t", "s".repeat(62));
        assert!(views_namespace(&long).len() <= 63);
        assert_ne!(views_namespace(&long), views_namespace(&other));
    }
}
