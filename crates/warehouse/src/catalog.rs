//! Reads an endpoint's tables from the catalog. A load holds the tables locked from the moment their
//! version was checked, so that what it knows stays true.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use normalise::{Column, ColumnType, Origin, Renames, Schema, Table};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::ident::{Literal, Relation};
use crate::views::{IS_OURS, LEANERS};
use crate::work::{Work, field};
use crate::{EndpointFacts, WarehouseError, mend};

/// Above it a column's type is not changed in place, as that rewrites the table under a lock that
/// readers wait for.
pub(crate) const REWRITABLE_BYTES: i64 = 64 << 20;

/// Measures the table whose number is `n.oid`.
///
/// Postgres refuses to change the type of a column that a view, a policy, a trigger or a function
/// names. Our own views give way, unless something stands on them. Source: PostgreSQL
/// documentation, "Dependency Tracking" and `pg_depend`.
pub(crate) fn measures() -> String {
    format!(
        "SELECT coalesce(pg_relation_size(n.oid), 0) AS size,
            EXISTS (SELECT FROM pg_depend d
                LEFT JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
                WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = n.oid
                    AND d.refobjsubid > 0 AND d.classid IN ('pg_rewrite'::regclass,
                        'pg_policy'::regclass, 'pg_trigger'::regclass, 'pg_proc'::regclass)
                    AND NOT EXISTS (SELECT FROM pg_class v WHERE v.oid = w.ev_class AND {IS_OURS}
                        AND NOT EXISTS (SELECT FROM {LEANERS} l)))
                AS is_depended_on"
    )
}

/// The tables of one endpoint at one version.
#[derive(Debug, Clone, Default)]
pub(crate) struct Catalog {
    /// Counts the changes; 0 where there are no tables yet.
    pub(crate) version: i64,
    /// The tables' rows in `pg_class`: every change of a table by anybody writes them anew, but for
    /// dropping or renaming a column.
    pub(crate) mark: String,
    /// The Postgres schema that the tables stand in.
    pub(crate) namespace: String,
    pub(crate) schema: Arc<Schema>,
    /// Whether records are found by their key without reading the table.
    pub(crate) key_is_indexed: bool,
}

impl Catalog {
    /// The table's full name.
    pub(crate) fn relation<'a>(&'a self, table: &'a Table) -> Relation<'a> {
        Relation { schema: &self.namespace, name: &table.name }
    }

    /// Whether the tables are what they were when `mark` was read.
    fn is_marked(&self, mark: &(i64, String)) -> bool {
        (self.version, &self.mark) == (mark.0, &mark.1)
    }

    /// The root table's columns that hold the endpoint's key, in the key's order; none while one
    /// is missing.
    pub(crate) fn key_columns(&self, endpoint: &EndpointFacts) -> Option<Vec<&Column>> {
        let root = self.schema.tables.first().filter(|_| !endpoint.key.is_empty())?;
        let renames = self.renames(endpoint);
        endpoint.key.iter().map(|path| field_column(root, &renames.oldest(path))).collect()
    }

    /// The root table's columns that may hold a record's version.
    pub(crate) fn version_columns(&self, endpoint: &EndpointFacts) -> Vec<&Column> {
        let columns = self.schema.tables.first().map_or(&[][..], |root| &root.columns);
        let version = endpoint.version.as_ref().map(|path| self.renames(endpoint).oldest(path));
        let is_version =
            |column: &&Column| version.as_ref() == Some(&column.path) && column.origin.is_field();
        columns.iter().filter(is_version).collect()
    }

    /// What the configuration declares, then what was accepted.
    pub(crate) fn renames(&self, endpoint: &EndpointFacts) -> Renames {
        Renames::new(endpoint.renames.iter().chain(&self.schema.renames).cloned())
    }

    /// The same statement for each table, children before parents.
    pub(crate) fn for_each_table(&self, statement: impl Fn(Relation<'_>) -> String) -> Vec<String> {
        self.schema.tables.iter().rev().map(|table| statement(self.relation(table))).collect()
    }
}

fn field_column<'a>(table: &'a Table, path: &str) -> Option<&'a Column> {
    table.columns.iter().find(|column| column.path == path && column.origin == Origin::Field)
}

/// The tables' rows in `pg_class` now, of the endpoint `e`. Their xmin changes with ALTER TABLE, and
/// not with VACUUM, ANALYZE or CREATE INDEX, which write that row in place.
pub(crate) const MARK: &str = "
    coalesce((SELECT string_agg(c.oid::text || ':' || c.xmin::text, ' ' ORDER BY c.oid)
        FROM riacho.tables t
        JOIN pg_namespace n ON n.nspname = t.schema_name
        JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.table_name
        WHERE t.source = e.source AND t.endpoint = e.endpoint), '') AS mark";

/// The endpoint's tables, locked against changes by others: the `remembered` ones where they are
/// held (`hold_tables`) and `mark` says that they are what they were, else read anew.
pub(crate) async fn confirm(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
    remembered: Option<Catalog>,
    mark: Option<(i64, String)>,
) -> Result<Catalog, WarehouseError> {
    match (remembered, mark) {
        (Some(catalog), Some(mark)) if catalog.is_marked(&mark) => Ok(catalog),
        _ => open(work, endpoint).await,
    }
}

/// The endpoint's tables, locked against changes by others; compared with the database, and mended.
pub(crate) async fn open(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
) -> Result<Catalog, WarehouseError> {
    // Two rounds suffice unless somebody changes the tables at this very moment.
    const ROUNDS: usize = 5;
    for _ in 0..ROUNDS {
        let catalog = mend::sound(work, endpoint).await?;
        let (held, now) = futures::join!(hold_tables(work, &catalog), read_mark(work, endpoint));
        held?;
        if catalog.is_marked(&now?) {
            return Ok(catalog);
        }
    }
    Err(moved(endpoint))
}

/// Locks the tables as writing rows does anyway; a change of columns by another waits for it.
pub(crate) async fn hold_tables(work: &Work<'_>, catalog: &Catalog) -> Result<(), WarehouseError> {
    lock_tables(work, catalog, "lock the endpoint's tables", "ROW EXCLUSIVE").await
}

/// The error that says so.
pub(crate) fn moved(endpoint: &EndpointFacts) -> WarehouseError {
    WarehouseError::CatalogMoved {
        source_name: endpoint.source.clone(),
        endpoint: endpoint.endpoint.clone(),
    }
}

/// Takes a lock on all of the endpoint's tables, in the catalog's order.
pub(crate) async fn lock_tables(
    work: &Work<'_>,
    catalog: &Catalog,
    doing: &str,
    mode: &str,
) -> Result<(), WarehouseError> {
    if catalog.schema.tables.is_empty() {
        return Ok(());
    }
    let tables = catalog.schema.tables.iter().map(|table| catalog.relation(table).to_string());
    let tables = tables.collect::<Vec<_>>().join(", ");
    work.run(doing, &format!("LOCK TABLE {tables} IN {mode} MODE")).await
}

/// The catalog's version now; 0 where it has no tables for the endpoint.
pub(crate) async fn read_version(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
) -> Result<i64, WarehouseError> {
    const VERSION: &str =
        "SELECT version FROM riacho.endpoints WHERE source = $1 AND endpoint = $2";
    let parameters: [&(dyn ToSql + Sync); 2] = [&endpoint.source, &endpoint.endpoint];
    let row = work.query_opt("read the catalog's version", VERSION, &parameters).await?;
    row.as_ref().map_or(Ok(0), |row| field(row, "version"))
}

/// The catalog's version and the tables' mark now.
pub(crate) async fn read_mark(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
) -> Result<(i64, String), WarehouseError> {
    static READ: LazyLock<String> = LazyLock::new(|| {
        format!(
            "SELECT e.version, {MARK} FROM riacho.endpoints e
             WHERE e.source = $1 AND e.endpoint = $2"
        )
    });
    let parameters: [&(dyn ToSql + Sync); 2] = [&endpoint.source, &endpoint.endpoint];
    let row = work.query_opt("read the catalog's version", &READ, &parameters).await?;
    let Some(row) = row else { return Ok((0, String::new())) };
    Ok((field(&row, "version")?, field(&row, "mark")?))
}

/// Reads the catalog's tables in one statement, so that version, tables and columns are of one
/// moment; others may change them afterwards.
pub(crate) async fn read(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
) -> Result<Catalog, WarehouseError> {
    let measures = measures();
    let namespace = work.ledger().namespace(&endpoint.source);
    let measured = Literal(work.ledger().measured(&namespace)).to_string();
    let sql = format!(
        "WITH e AS MATERIALIZED (SELECT e.*, {MARK} FROM riacho.endpoints e
            WHERE e.source = $1 AND e.endpoint = $2)
        SELECT e.version, e.mark, e.schema_name, t.position, t.table_name, t.path AS table_path, t.parent,
            r.size, r.is_depended_on,
            c.column_name, c.path, c.type, c.origin
        FROM e
        JOIN riacho.tables t ON t.source = e.source AND t.endpoint = e.endpoint
        CROSS JOIN LATERAL (
            SELECT to_regclass(format('%I.%I', {measured}, t.table_name)) AS oid) n
        CROSS JOIN LATERAL ({measures}) r
        LEFT JOIN riacho.columns c ON c.source = t.source AND c.endpoint = t.endpoint
            AND c.table_position = t.position
        ORDER BY t.position, c.position"
    );
    let of: [&(dyn ToSql + Sync); 2] = [&endpoint.source, &endpoint.endpoint];
    let (rows, renames) =
        futures::join!(work.query("read the catalog", &sql, &of), read_renames(work, endpoint));
    let (rows, renames) = (rows?, renames?);
    let mut tables = Vec::<Table>::new();
    for row in &rows {
        let position = field::<i32>(row, "position")?;
        if usize::try_from(position).is_ok_and(|position| position == tables.len()) {
            tables.push(table(row)?);
        }
        let held = tables.last_mut().ok_or_else(|| unknown("table", &position.to_string()))?;
        held.columns.extend(column(row)?);
    }
    let (version, mark, namespace) = match rows.first() {
        Some(row) => (field(row, "version")?, field(row, "mark")?, field(row, "schema_name")?),
        None => (0, String::new(), namespace),
    };
    let taken = read_taken(work, &namespace, &tables).await?;
    let schema = Schema { tables, taken, renames, ..Schema::default() };
    Ok(Catalog { version, mark, namespace, schema: Arc::new(schema), key_is_indexed: true })
}

/// The renames that were accepted. Each counts the catalog's version up, so that they are as new as
/// the tables once the version is found to be the one that was read.
async fn read_renames(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
) -> Result<Vec<(String, String)>, WarehouseError> {
    const RENAMES: &str = "
        SELECT new_path, old_path FROM riacho.renames WHERE source = $1 AND endpoint = $2
        ORDER BY accepted_at, new_path";
    let of: [&(dyn ToSql + Sync); 2] = [&endpoint.source, &endpoint.endpoint];
    let rows = work.query("read the renames", RENAMES, &of).await?;
    rows.iter().map(|row| Ok((field(row, "new_path")?, field(row, "old_path")?))).collect()
}

/// Names in the Postgres schema that are not the endpoint's own: what stands there, and what other
/// endpoints' catalogs hold.
async fn read_taken(
    work: &Work<'_>,
    namespace: &str,
    own: &[Table],
) -> Result<BTreeSet<String>, WarehouseError> {
    const TAKEN: &str = "
        SELECT relname::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = ANY($1)
        UNION
        SELECT table_name FROM riacho.tables WHERE schema_name = ANY($1)";
    // A rebuild's tables are to find room among the live ones.
    let namespaces = [namespace, work.ledger().measured(namespace)];
    let rows = work.query("read the names that are taken", TAKEN, &[&&namespaces[..]]).await?;
    let mut taken = BTreeSet::new();
    for row in &rows {
        taken.insert(field::<String>(row, "name")?);
    }
    for table in own {
        taken.remove(&table.name);
    }
    Ok(taken)
}

/// Whether a table that was measured is small, and no view or the like stands in the way of
/// changing a column's type.
pub(crate) fn is_rewritable(row: &Row) -> Result<bool, WarehouseError> {
    let is_small = field::<i64>(row, "size")? < REWRITABLE_BYTES;
    Ok(is_small && !field::<bool>(row, "is_depended_on")?)
}

fn table(row: &Row) -> Result<Table, WarehouseError> {
    let parent = field::<Option<i32>>(row, "parent")?;
    Ok(Table {
        name: field(row, "table_name")?,
        path: field(row, "table_path")?,
        parent: parent.and_then(|position| usize::try_from(position).ok()),
        columns: Vec::new(),
        rewritable: is_rewritable(row)?,
    })
}

/// None where a table has no columns of its own.
fn column(row: &Row) -> Result<Option<Column>, WarehouseError> {
    let Some(name) = field::<Option<String>>(row, "column_name")? else { return Ok(None) };
    let of = field::<String>(row, "type")?;
    let origin = field::<String>(row, "origin")?;
    Ok(Some(Column {
        name,
        path: field(row, "path")?,
        of: of.parse::<ColumnType>().map_err(|_| unknown("type", &of))?,
        origin: Origin::from_name(&origin).ok_or_else(|| unknown("origin", &origin))?,
    }))
}

fn unknown(what: &str, value: &str) -> WarehouseError {
    WarehouseError::Mismatch(format!("the catalog holds the {what} `{value}`, which is unknown"))
}
