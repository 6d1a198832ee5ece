//! Brings tables and catalog from one schema to the next: the difference first, as data, then the
//! statements. Every change is one of metadata alone, but for widening a small table's column.
//!
//! Source: PostgreSQL documentation, ALTER TABLE, "Notes": a column without a default is added
//! without rewriting the table.

use normalise::{Change, Column, ColumnType, Schema, Table};

use crate::catalog::{Catalog, MEASURES, is_rewritable, moved, read_version};
use crate::ident::Ident;
use crate::work::{Work, field};
use crate::{EndpointFacts, WarehouseError};

/// What one table lacks.
#[derive(Debug, Default)]
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
    const TRY: &str =
        "SELECT pg_try_advisory_xact_lock(hashtextextended('riacho ' || $1, 0)) AS taken";
    if !held {
        let row = work.query_one("take the schema lock", TRY, &[&lock_name(endpoint)]).await?;
        if !field::<bool>(&row, "taken")? {
            return Err(moved(endpoint));
        }
    }
    if read_version(work, endpoint).await? == catalog.version {
        Ok(())
    } else {
        Err(moved(endpoint))
    }
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

/// Makes the tables what `after` says. The schema lock is held.
pub(crate) async fn alter(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
    before: &Catalog,
    after: &Schema,
    steps: &[TableStep],
) -> Result<(), WarehouseError> {
    ensure_namespace(work, &before.namespace).await?;
    for step in steps {
        let Some(table) = after.tables.get(step.table) else { continue };
        if !step.widened.is_empty() {
            refuse_rewriting(work, endpoint, before, table).await?;
        }
        let doing = format!("change the table `{}`.`{}`", before.namespace, table.name);
        work.run(&doing, &statement(before, table, step)).await?;
    }
    if let Some(sql) = key_index(endpoint, before, after) {
        work.run("create the key's index", &sql).await?;
    }
    for sql in parent_indexes(endpoint, before, after, steps) {
        work.run("create a child table's index", &sql).await?;
    }
    Ok(())
}

/// Two first loads of one source would else both create its schema, and one would fail.
async fn ensure_namespace(work: &Work<'_>, namespace: &str) -> Result<(), WarehouseError> {
    const EXISTS: &str = "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1) AS is_there";
    let row = work.query_one("look for the source's schema", EXISTS, &[&namespace]).await?;
    if field::<bool>(&row, "is_there")? {
        return Ok(());
    }
    work.lock("wait for another first load", &format!("namespace {namespace}")).await?;
    let sql = format!("CREATE SCHEMA IF NOT EXISTS {}", Ident(namespace));
    work.run("create the source's schema", &sql).await
}

/// The table may have grown, or a view may have come, since the catalog was read: the values shall
/// then go to a variant column instead.
async fn refuse_rewriting(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
    catalog: &Catalog,
    table: &Table,
) -> Result<(), WarehouseError> {
    let sql = format!("SELECT m.* FROM (SELECT to_regclass($1) AS oid) n, LATERAL ({MEASURES}) m");
    let name = catalog.relation(table).to_string();
    let row = work.query_one("measure the table", &sql, &[&name]).await?;
    if is_rewritable(&row)? { Ok(()) } else { Err(moved(endpoint)) }
}

fn statement(catalog: &Catalog, table: &Table, step: &TableStep) -> String {
    let relation = catalog.relation(table);
    let added = step.added.iter().filter_map(|column| table.columns.get(*column));
    if step.is_new {
        let parent = table.parent.map(|_| "_parent_row integer NOT NULL".to_owned());
        let columns = ["_object_id bigint NOT NULL", "_row integer NOT NULL"]
            .map(str::to_owned)
            .into_iter()
            .chain(parent)
            .chain(added.map(definition))
            .chain(["PRIMARY KEY (_object_id, _row)".to_owned()]);
        let columns = columns.collect::<Vec<_>>().join(", ");
        return format!("CREATE TABLE {relation} ({columns})");
    }
    let widened = step.widened.iter().filter_map(|column| table.columns.get(*column));
    let actions = added
        .map(|column| format!("ADD COLUMN {}", definition(column)))
        .chain(
            widened
                .map(|column| format!("ALTER COLUMN {} TYPE {}", Ident(&column.name), column.of)),
        )
        .collect::<Vec<_>>()
        .join(", ");
    format!("ALTER TABLE {relation} {actions}")
}

fn definition(column: &Column) -> String {
    format!("{} {}", Ident(&column.name), column.of)
}

/// The unique index on the root table's key, once all its columns are there. It is what makes two
/// loads that bring the same new key at the same time meet.
fn key_index(endpoint: &EndpointFacts, before: &Catalog, after: &Schema) -> Option<String> {
    if before.key_columns(endpoint).is_some() {
        return None;
    }
    let after = Catalog { schema: after.clone(), ..before.clone() };
    let columns = after.key_columns(endpoint)?;
    let root = after.schema.tables.first()?;
    let names = columns.iter().map(|column| Ident(&column.name).to_string());
    let names = names.collect::<Vec<_>>().join(", ");
    Some(format!("CREATE UNIQUE INDEX ON {} ({names})", after.relation(root)))
}

/// Where single records give way to newer ones, their children are found by their parent.
fn parent_indexes(
    endpoint: &EndpointFacts,
    before: &Catalog,
    after: &Schema,
    steps: &[TableStep],
) -> Vec<String> {
    let new_tables = steps.iter().filter(|step| step.is_new && !endpoint.key.is_empty());
    new_tables
        .filter_map(|step| after.tables.get(step.table))
        .filter(|table| table.parent.is_some())
        .map(|table| {
            format!("CREATE INDEX ON {} (_object_id, _parent_row)", before.relation(table))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use normalise::Origin;

    use super::*;

    fn column(name: &str, of: ColumnType) -> Column {
        Column { name: name.to_owned(), path: format!("/{name}"), of, origin: Origin::Field }
    }

    fn table(name: &str, parent: Option<usize>) -> Table {
        Table {
            name: name.to_owned(),
            path: String::new(),
            parent,
            columns: Vec::new(),
            rewritable: true,
        }
    }

    fn catalog(schema: Schema) -> Catalog {
        Catalog { version: 1, namespace: "s".to_owned(), schema }
    }

    #[test]
    fn a_column_that_is_added_and_widened_at_once_is_created_wide() {
        let changes = [
            Change::AddTable { table: table("t", None) },
            Change::AddColumn { table: 0, column: column("n", ColumnType::Bigint) },
            Change::Widen { table: 0, column: 0 },
        ];
        let before = Schema::default();
        let after = apply(&before, &changes).unwrap();
        let steps = steps(&before, &after);
        assert_eq!(steps.len(), 1);
        assert_eq!(
            statement(&catalog(before), &after.tables[0], &steps[0]),
            "CREATE TABLE \"s\".\"t\" (_object_id bigint NOT NULL, _row integer NOT NULL, \
             \"n\" numeric, PRIMARY KEY (_object_id, _row))"
        );
    }

    #[test]
    fn a_table_is_altered_once_for_all_its_changes() {
        let mut held = table("t", Some(0));
        held.columns.push(column("n", ColumnType::Bigint));
        let before = Schema { tables: vec![held], ..Schema::default() };
        let changes = [
            Change::AddColumn { table: 0, column: column("a\"b", ColumnType::Text) },
            Change::Widen { table: 0, column: 0 },
        ];
        let after = apply(&before, &changes).unwrap();
        let steps = steps(&before, &after);
        assert_eq!(
            statement(&catalog(before), &after.tables[0], &steps[0]),
            "ALTER TABLE \"s\".\"t\" ADD COLUMN \"a\"\"b\" text, ALTER COLUMN \"n\" TYPE numeric"
        );
    }
}
