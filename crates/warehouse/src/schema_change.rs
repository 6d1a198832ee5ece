//! Brings tables from one schema to the next: the difference as data, the lock that one change at a
//! time holds, and running what `ddl` renders. Every change is one of metadata alone, but for
//! widening a small table's column.

use std::sync::Arc;

use normalise::{Change, ColumnType, Schema, Table};

use crate::catalog::{Catalog, is_rewritable, lock_tables, measures, moved, read_version};
use crate::ident::{Ident, Relation};
use crate::turns::Turns;
use crate::work::{Work, field};
use crate::{EndpointFacts, WarehouseError, ddl, views};

/// What one table lacks.
#[derive(Debug, Clone, Default)]
pub(crate) struct TableStep {
    /// Its number.
    pub(crate) table: usize,
    /// Whether it is new.
    pub(crate) is_new: bool,
    /// Numbers of its new columns.
    pub(crate) added: Vec<usize>,
    /// Numbers of the columns that become `numeric`.
    pub(crate) widened: Vec<usize>,
}

/// The schema with the changes made to it.
pub(crate) fn apply(schema: &Schema, changes: &[Change]) -> Result<Schema, WarehouseError> {
    let mut next = schema.clone();
    let unknown = || WarehouseError::Mismatch("a change names an unknown table".to_owned());
    for change in changes {
        match change {
            Change::AddTable { table } => {
                next.tables.push(Table { columns: Vec::new(), ..table.clone() });
            }
            Change::AddColumn { table, column } => {
                let table = next.tables.get_mut(*table).ok_or_else(unknown)?;
                table.columns.push(column.clone());
            }
            Change::Widen { table, column } => {
                let table = next.tables.get_mut(*table).ok_or_else(unknown)?;
                table.columns.get_mut(*column).ok_or_else(unknown)?.of = ColumnType::Numeric;
            }
        }
    }
    Ok(next)
}

/// What leads from one schema to the next, tables in order.
pub(crate) fn steps(before: &Schema, after: &Schema) -> Vec<TableStep> {
    let mut steps = Vec::new();
    for (number, table) in after.tables.iter().enumerate() {
        let old = before.tables.get(number);
        let held = old.map_or(&[][..], |old| &old.columns);
        let step = TableStep {
            table: number,
            is_new: old.is_none(),
            added: (held.len()..table.columns.len()).collect(),
            widened: held
                .iter()
                .zip(&table.columns)
                .enumerate()
                .filter(|(_, (was, is))| was.of != is.of)
                .map(|(column, _)| column)
                .collect(),
        };
        if step.is_new || !step.added.is_empty() || !step.widened.is_empty() {
            steps.push(step);
        }
    }
    steps
}

/// Takes the endpoint's schema lock, and makes sure that nobody changed the tables since `catalog`
/// was read. `held`: it is taken already.
///
/// Does not wait: we hold locks that whoever has it may be waiting for. Beginning again with
/// `lock_schema_first` waits while it holds nothing.
pub(crate) async fn lock(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
    catalog: &Catalog,
    held: bool,
) -> Result<(), WarehouseError> {
    if !held && !try_lock(work, endpoint).await? {
        return Err(moved(endpoint));
    }
    if read_version(work, endpoint).await? == catalog.version {
        Ok(())
    } else {
        Err(moved(endpoint))
    }
}

/// Takes the endpoint's schema lock, unless another has it.
pub(crate) async fn try_lock(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
) -> Result<bool, WarehouseError> {
    const TRY: &str =
        "SELECT pg_try_advisory_xact_lock(hashtextextended('riacho ' || $1, 0)) AS taken";
    let name = lock_name(endpoint);
    let name = work.ledger().lock(&name);
    let row = work.query_one("take the schema lock", TRY, &[&name.as_ref()]).await?;
    field(&row, "taken")
}

/// Waits for the endpoint's schema lock.
pub(crate) async fn wait_for_lock(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
) -> Result<(), WarehouseError> {
    work.lock("wait for another change of the tables", &lock_name(endpoint)).await
}

fn lock_name(endpoint: &EndpointFacts) -> String {
    format!("schema {}/{}", endpoint.source, endpoint.endpoint)
}

/// Makes the tables what `after` says, and their views. The schema lock is held; `object_id` names
/// the object that asks for it.
pub(crate) async fn alter(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
    before: &Catalog,
    after: &Schema,
    steps: &[TableStep],
    object_id: i64,
) -> Result<(), WarehouseError> {
    if before.schema.tables.is_empty() {
        return alter_now(work, endpoint, before, after, steps, object_id).await;
    }
    let turns = Turns::new(work);
    if steps.iter().any(|step| !step.is_new) {
        hold_back_writers(work, before).await?;
    }
    loop {
        turns.begin().await?;
        match alter_now(work, endpoint, before, after, steps, object_id).await {
            Ok(()) => return turns.keep().await,
            Err(error) => {
                if !turns.is_another(&error).await? {
                    return Err(error);
                }
            }
        }
    }
}

/// Other loads, whose turns would else overlap for ever: from all tables, as they lock all, and as a
/// view may read more than the one that changes. Readers pass by this lock. Source: PostgreSQL
/// documentation, "Explicit Locking": SHARE ROW EXCLUSIVE and ACCESS SHARE do not conflict.
async fn hold_back_writers(work: &Work<'_>, before: &Catalog) -> Result<(), WarehouseError> {
    lock_tables(work, before, "wait for other loads", "SHARE ROW EXCLUSIVE").await
}

async fn alter_now(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
    before: &Catalog,
    after: &Schema,
    steps: &[TableStep],
    object_id: i64,
) -> Result<(), WarehouseError> {
    ensure_namespace(work, &before.namespace).await?;
    for step in steps.iter().filter(|step| !step.widened.is_empty()) {
        let Some(table) = after.tables.get(step.table) else { continue };
        refuse_rewriting(work, endpoint, before, table).await?;
    }
    let taken_down = views::make_way(work, before, steps).await?;
    for statement in ddl::statements(endpoint, before, after, steps) {
        work.run(&statement.doing, &statement.sql).await?;
    }
    let after = Catalog { schema: Arc::new(after.clone()), ..before.clone() };
    views::keep_up(work, endpoint, object_id, &after, &taken_down).await
}

/// Creates a Postgres schema where it is missing, and gives whether it was. Two first loads of one
/// source would else both create it, and one would fail.
pub(crate) async fn ensure_namespace(
    work: &Work<'_>,
    namespace: &str,
) -> Result<bool, WarehouseError> {
    const EXISTS: &str = "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1) AS is_there";
    let row = work.query_one("look for the source's schema", EXISTS, &[&namespace]).await?;
    if field::<bool>(&row, "is_there")? {
        return Ok(false);
    }
    work.lock("wait for another first load", &format!("namespace {namespace}")).await?;
    let sql = format!("CREATE SCHEMA IF NOT EXISTS {}", Ident(namespace));
    work.run("create the source's schema", &sql).await.map(|()| true)
}

/// The table may have grown, or a view may have come, since the catalog was read: the values shall
/// then go to a variant column instead. Of a rebuild's tables nobody reads, and what the catalog said
/// stays true.
async fn refuse_rewriting(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
    catalog: &Catalog,
    table: &Table,
) -> Result<(), WarehouseError> {
    if work.ledger().is_of_rebuild() {
        return Ok(());
    }
    let measures = measures();
    let sql = format!("SELECT m.* FROM (SELECT to_regclass($1) AS oid) n, LATERAL ({measures}) m");
    let name = Relation { schema: &catalog.namespace, name: &table.name }.to_string();
    let row = work.query_one("measure the table", &sql, &[&name]).await?;
    if is_rewritable(&row)? { Ok(()) } else { Err(moved(endpoint)) }
}
