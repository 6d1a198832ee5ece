//! Writes down what changed: the catalog's tables and columns, and a line in the change log for
//! each change and for what people should know.

use normalise::{Column, Notice, Origin, Schema, Table};
use tokio_postgres::types::ToSql;

use crate::catalog::Catalog;
use crate::ident::Relation;
use crate::schema_change::TableStep;
use crate::work::{Work, field};
use crate::{EndpointFacts, Vanished, WarehouseError};

/// Lines for the change log, a column each.
#[derive(Debug, Default)]
struct Lines<'a> {
    kinds: Vec<&'a str>,
    tables: Vec<&'a str>,
    columns: Vec<Option<&'a str>>,
    paths: Vec<&'a str>,
    old_types: Vec<Option<&'a str>>,
    new_types: Vec<Option<&'a str>>,
}

/// What the change log says brought a change that no object brought.
pub(crate) const NO_OBJECT: i64 = 0;

/// Writes down what came back after somebody dropped it, and counts it as a change of the catalog.
pub(crate) async fn restored(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
    catalog: &Catalog,
    steps: &[TableStep],
) -> Result<(), WarehouseError> {
    count(work, endpoint, &catalog.namespace).await?;
    let mut lines = Lines::default();
    for step in steps {
        let Some(table) = catalog.schema.tables.get(step.table) else { continue };
        if step.is_new {
            lines.push("table_restored", (table, None), (None, None));
            continue;
        }
        for column in step.added.iter().filter_map(|number| table.columns.get(*number)) {
            lines.push("column_restored", (table, Some(column)), (None, Some(column.of.name())));
        }
    }
    insert_lines(work, endpoint, NO_OBJECT, &lines).await
}

/// Brings the catalog to `after`, and gives its new version.
pub(crate) async fn record(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
    object_id: i64,
    before: &Catalog,
    after: &Schema,
    steps: &[TableStep],
) -> Result<i64, WarehouseError> {
    let version = count(work, endpoint, &before.namespace).await?;
    for step in steps {
        if step.is_new {
            insert_table(work, endpoint, object_id, before, after, step.table).await?;
        }
        insert_columns(work, endpoint, object_id, before, after, step).await?;
        widen_columns(work, endpoint, step).await?;
    }
    let mut lines = Lines::default();
    for step in steps {
        lines.push_step(before, after, step);
    }
    insert_lines(work, endpoint, object_id, &lines).await?;
    Ok(version)
}

/// Counts a change of the endpoint's catalog, and gives its new version.
pub(crate) async fn count(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
    namespace: &str,
) -> Result<i64, WarehouseError> {
    const COUNT: &str = "
        INSERT INTO riacho.endpoints AS e (source, endpoint, schema_name, version)
        VALUES ($1, $2, $3, 1)
        ON CONFLICT (source, endpoint) DO UPDATE SET version = e.version + 1
        RETURNING version";
    let of: [&(dyn ToSql + Sync); 3] = [&endpoint.source, &endpoint.endpoint, &namespace];
    field(&work.query_one("count the catalog's change", COUNT, &of).await?, "version")
}

impl<'a> Lines<'a> {
    fn push(
        &mut self,
        kind: &'a str,
        (table, column): (&'a Table, Option<&'a Column>),
        (old_type, new_type): (Option<&'a str>, Option<&'a str>),
    ) {
        self.kinds.push(kind);
        self.tables.push(&table.name);
        self.columns.push(column.map(|column| column.name.as_str()));
        self.paths.push(column.map_or(&table.path, |column| &column.path));
        self.old_types.push(old_type);
        self.new_types.push(new_type);
    }

    fn push_step(&mut self, before: &'a Catalog, after: &'a Schema, step: &TableStep) {
        let Some(table) = after.tables.get(step.table) else { return };
        if step.is_new {
            self.push("table_added", (table, None), (None, None));
        }
        for column in step.added.iter().filter_map(|number| table.columns.get(*number)) {
            let kind = match column.origin {
                Origin::Variant => "variant_added",
                Origin::Field | Origin::Value | Origin::Key | Origin::MapKey | Origin::Overflow => {
                    "column_added"
                }
            };
            self.push(kind, (table, Some(column)), (None, Some(column.of.name())));
        }
        let held = before.schema.tables.get(step.table);
        for number in &step.widened {
            let old = held.and_then(|table| table.columns.get(*number)).map(|old| old.of.name());
            if let Some(column) = table.columns.get(*number) {
                let new = Some(column.of.name());
                self.push("column_widened", (table, Some(column)), (old, new));
            }
        }
    }
}

async fn insert_table(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
    object_id: i64,
    before: &Catalog,
    after: &Schema,
    number: usize,
) -> Result<(), WarehouseError> {
    const INSERT: &str = "
        INSERT INTO riacho.tables
            (source, endpoint, position, schema_name, table_name, path, parent, object_id)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let Some(table) = after.tables.get(number) else { return Ok(()) };
    work.execute(
        "write the table into the catalog",
        INSERT,
        &[
            &endpoint.source,
            &endpoint.endpoint,
            &position(number),
            &before.namespace,
            &table.name,
            &table.path,
            &table.parent.map(position),
            &object_id,
        ],
    )
    .await?;
    Ok(())
}

async fn insert_columns(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
    object_id: i64,
    before: &Catalog,
    after: &Schema,
    step: &TableStep,
) -> Result<(), WarehouseError> {
    const INSERT: &str = "
        INSERT INTO riacho.columns (source, endpoint, table_position, schema_name, table_name,
            object_id, position, column_name, path, type, origin)
        SELECT $1, $2, $3, $4, $5, $6, c.*
        FROM unnest($7::int[], $8::text[], $9::text[], $10::text[], $11::text[]) c";
    let Some(table) = after.tables.get(step.table) else { return Ok(()) };
    let added = step.added.iter().filter_map(|number| Some((number, table.columns.get(*number)?)));
    let added = added.collect::<Vec<_>>();
    if added.is_empty() {
        return Ok(());
    }
    let positions = added.iter().map(|(number, _)| position(**number)).collect::<Vec<_>>();
    let names = added.iter().map(|(_, column)| column.name.as_str()).collect::<Vec<_>>();
    let paths = added.iter().map(|(_, column)| column.path.as_str()).collect::<Vec<_>>();
    let types = added.iter().map(|(_, column)| column.of.name()).collect::<Vec<_>>();
    let origins = added.iter().map(|(_, column)| column.origin.name()).collect::<Vec<_>>();
    work.execute(
        "write the columns into the catalog",
        INSERT,
        &[
            &endpoint.source,
            &endpoint.endpoint,
            &position(step.table),
            &before.namespace,
            &table.name,
            &object_id,
            &positions,
            &names,
            &paths,
            &types,
            &origins,
        ],
    )
    .await?;
    Ok(())
}

async fn widen_columns(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
    step: &TableStep,
) -> Result<(), WarehouseError> {
    const WIDEN: &str = "
        UPDATE riacho.columns SET type = 'numeric'
        WHERE source = $1 AND endpoint = $2 AND table_position = $3 AND position = ANY($4)";
    if step.widened.is_empty() {
        return Ok(());
    }
    let positions = step.widened.iter().map(|number| position(*number)).collect::<Vec<_>>();
    let table = position(step.table);
    work.execute(
        "widen the columns in the catalog",
        WIDEN,
        &[&endpoint.source, &endpoint.endpoint, &table, &positions],
    )
    .await?;
    Ok(())
}

async fn insert_lines(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
    object_id: i64,
    lines: &Lines<'_>,
) -> Result<(), WarehouseError> {
    const INSERT: &str = "
        INSERT INTO riacho.changes (source, endpoint, object_id,
            kind, table_name, column_name, path, old_type, new_type)
        SELECT $1, $2, $3, c.* FROM unnest($4::text[], $5::text[], $6::text[], $7::text[],
            $8::text[], $9::text[]) c";
    work.execute(
        "write the change log",
        INSERT,
        &[
            &endpoint.source,
            &endpoint.endpoint,
            &object_id,
            &lines.kinds,
            &lines.tables,
            &lines.columns,
            &lines.paths,
            &lines.old_types,
            &lines.new_types,
        ],
    )
    .await?;
    Ok(())
}

/// Writes notices, each path once for the endpoint and not once for each object.
pub(crate) async fn notice(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
    object_id: i64,
    notices: &[Notice],
) -> Result<(), WarehouseError> {
    const INSERT: &str = "
        INSERT INTO riacho.changes (source, endpoint, object_id, kind, path)
        SELECT $1, $2, $3, n.kind, n.path FROM unnest($4::text[], $5::text[]) n (kind, path)
        WHERE NOT EXISTS (SELECT FROM riacho.changes c WHERE c.source = $1 AND c.endpoint = $2
            AND c.kind = n.kind AND c.path = n.path)";
    if notices.is_empty() {
        return Ok(());
    }
    let kinds = notices.iter().map(|notice| notice.kind.name()).collect::<Vec<_>>();
    let paths = notices.iter().map(|notice| notice.path.as_str()).collect::<Vec<_>>();
    work.execute(
        "write notices into the change log",
        INSERT,
        &[&endpoint.source, &endpoint.endpoint, &object_id, &kinds, &paths],
    )
    .await?;
    Ok(())
}

/// An index stands no more, or not yet, and no load makes it.
pub(crate) const INDEX_MISSING: &str = "index_missing";
/// It was made beside running loads.
pub(crate) const INDEX_MADE: &str = "index_made";

/// Whether it was written that the table lacks the index on these columns, and since then neither
/// the index nor the table was made anew.
pub(crate) async fn says_missing(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
    table: &Relation<'_>,
    columns: &str,
) -> Result<bool, WarehouseError> {
    const SAYS: &str = "
        SELECT EXISTS (SELECT FROM riacho.changes c WHERE source = $1 AND endpoint = $2
            AND table_name = $3 AND kind = $4 AND path = $5
            AND NOT EXISTS (SELECT FROM riacho.changes l WHERE l.source = $1 AND l.endpoint = $2
                AND l.table_name = $3 AND l.id > c.id AND (l.kind = $6 AND l.path = $5
                    OR l.kind IN ('table_added', 'table_restored')))) AS is_there";
    let (source, name) = (&endpoint.source, &endpoint.endpoint);
    let of: [&(dyn ToSql + Sync); 6] =
        [source, name, &table.name, &INDEX_MISSING, &columns, &INDEX_MADE];
    let row = work.query_one("look into the change log", SAYS, &of).await?;
    field(&row, "is_there")
}

/// Writes a remark about a table: its kind, the table, the columns in question.
pub(crate) async fn remark(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
    (kind, table, path): (&str, &Relation<'_>, String),
    details: &serde_json::Value,
) -> Result<(), WarehouseError> {
    const INSERT: &str = "
        INSERT INTO riacho.changes (source, endpoint, object_id, kind, table_name, path, details)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let (source, endpoint) = (&endpoint.source, &endpoint.endpoint);
    let of: [&(dyn ToSql + Sync); 7] =
        [source, endpoint, &NO_OBJECT, &kind, &table.name, &path, details];
    work.execute("write a remark into the change log", INSERT, &of).await?;
    Ok(())
}

/// Writes down that an endpoint was rebuilt.
pub(crate) async fn rebuilt(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
    details: &serde_json::Value,
) -> Result<(), WarehouseError> {
    const INSERT: &str = "
        INSERT INTO riacho.changes (source, endpoint, object_id, kind, details)
        VALUES ($1, $2, $3, 'rebuilt', $4)";
    let of: [&(dyn ToSql + Sync); 4] = [&endpoint.source, &endpoint.endpoint, &NO_OBJECT, details];
    work.execute("write down the rebuild", INSERT, &of).await?;
    Ok(())
}

/// Writes down that most of a scope's records vanished.
pub(crate) async fn vanished(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
    object_id: i64,
    vanished: Vanished,
) -> Result<(), WarehouseError> {
    const INSERT: &str = "
        INSERT INTO riacho.changes (source, endpoint, object_id, kind, details)
        VALUES ($1, $2, $3, 'vanished', $4)";
    let details =
        serde_json::json!({ "records_before": vanished.before, "records_after": vanished.after });
    work.execute(
        "write down what vanished",
        INSERT,
        &[&endpoint.source, &endpoint.endpoint, &object_id, &details],
    )
    .await?;
    Ok(())
}

fn position(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
