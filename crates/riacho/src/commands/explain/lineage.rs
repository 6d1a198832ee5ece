//! What the warehouse knows of a row: its table, its object, and the way from the record down to it.

use landing::{LandedObject, ObjectKey};
use load::Loader;
use serde_json::Value;

use crate::exit::Usage;
use crate::questions::{array, ask_json, identifier, literal, text_of};

/// Earlier objects of the scope that are listed.
const BEFORE_MAX: u32 = 20;

/// Where a row was found.
pub(super) enum Origin {
    Standing(Lineage),
    /// It does not stand, or nobody knows any more what it came from; why, in words.
    Unexplained {
        stands: bool,
        why: String,
    },
}

/// From a record down to a row.
pub(super) struct Lineage {
    /// `schema.table`.
    pub(super) table: String,
    pub(super) object: LedgerLine,
    /// The number of the record within the object.
    pub(super) record: i32,
    /// JSON Pointer to the records, array indices left out.
    pub(super) root_path: String,
    pub(super) steps: Vec<Step>,
    pub(super) before: Vec<Value>,
}

/// One array, or map, on the way down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    /// JSON Pointer from the document, array indices left out, as the catalog has it.
    pub(super) path: String,
    /// Which of its items.
    pub(super) place: usize,
}

/// The object's line.
pub(super) struct LedgerLine {
    pub(super) source: String,
    pub(super) endpoint: String,
    pub(super) line: Value,
}

impl LedgerLine {
    /// A field as text; empty where there is none.
    pub(super) fn text(&self, name: &str) -> String {
        text_of(&self.line, name)
    }

    /// The very object that was loaded.
    pub(super) fn landed(&self) -> LandedObject {
        let known = |name: &str| Some(self.text(name)).filter(|text| !text.is_empty());
        LandedObject {
            version_id: known("version_id"),
            etag: known("etag"),
            ..LandedObject::named(self.text("bucket"), ObjectKey::new(self.text("key")))
        }
    }
}

/// A table of the endpoint.
struct Table {
    position: u64,
    parent: Option<u64>,
    schema: String,
    name: String,
    path: String,
}

impl Table {
    fn full_name(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }

    fn quoted(&self) -> String {
        format!("{}.{}", identifier(&self.schema), identifier(&self.name))
    }
}

/// Looks the row up and climbs from it to its record.
pub(super) async fn of(
    loader: &Loader,
    table: &str,
    bucket: &str,
    object: &str,
    row: i32,
) -> anyhow::Result<Origin> {
    let tables = tables(loader, table).await?;
    let asked = tables.iter().find(|held| held.name == table || held.full_name() == table);
    let asked = asked.ok_or_else(|| unknown_table(table))?;
    let object = ledger_line(loader, bucket, object).await?;
    let id = object.text("id");
    let (mut at, mut number, mut steps) = (asked, row, Vec::new());
    while let Some(parent) = at.parent {
        let Some((parent_row, place)) = above(loader, at, &id, number).await? else {
            return elsewhere(loader, asked, &object, row).await;
        };
        steps.push(Step { path: at.path.clone(), place });
        number = parent_row;
        at = tables
            .iter()
            .find(|held| held.position == parent)
            .ok_or_else(|| unknown_table(table))?;
    }
    if steps.is_empty() && !stands(loader, at, &id, row).await? {
        return elsewhere(loader, asked, &object, row).await;
    }
    if object.text("status") == "failed" {
        let why = format!(
            "{} has row {row} of object {id}, but the object was overwritten since, and what stands \
             there now failed; which of its versions the row came from is not known any more",
            asked.full_name()
        );
        return Ok(Origin::Unexplained { stands: true, why });
    }
    steps.reverse();
    Ok(Origin::Standing(Lineage {
        table: asked.full_name(),
        record: number,
        root_path: at.path.clone(),
        steps,
        before: before(loader, &id).await?,
        object,
    }))
}

fn unknown_table(table: &str) -> Usage {
    Usage(format!("there is no table `{table}`; `riacho schema` lists them"))
}

/// All tables of the endpoint that has this one.
async fn tables(loader: &Loader, table: &str) -> anyhow::Result<Vec<Table>> {
    let named = literal(table);
    let sql = format!(
        "SELECT t.position, t.parent, t.schema_name, t.table_name, t.path
         FROM riacho.tables t JOIN riacho.tables o USING (source, endpoint)
         WHERE o.schema_name || '.' || o.table_name = {named} OR o.table_name = {named}
         ORDER BY t.position"
    );
    let rows = array(ask_json(loader, &sql).await?);
    let names = rows.iter().map(|row| text_of(row, "schema_name")).collect::<Vec<_>>();
    if names.iter().any(|name| Some(name) != names.first()) {
        return Err(Usage(format!(
            "several sources have a table `{table}`; name it with its schema, {}.{table}",
            names.first().map_or("", String::as_str)
        ))
        .into());
    }
    let table = |row: &Value| Table {
        position: row["position"].as_u64().unwrap_or_default(),
        parent: row["parent"].as_u64(),
        schema: text_of(row, "schema_name"),
        name: text_of(row, "table_name"),
        path: text_of(row, "path"),
    };
    Ok(rows.iter().map(table).collect())
}

async fn ledger_line(loader: &Loader, bucket: &str, object: &str) -> anyhow::Result<LedgerLine> {
    let is_asked = match object.parse::<i64>() {
        Ok(id) => format!("id = {id}"),
        Err(_) => format!("bucket = {} AND key = {}", literal(bucket), literal(object)),
    };
    let sql = format!(
        "SELECT id, bucket, key, version_id, etag, bytes, sha256, source, endpoint, scope, status,
            object_time, to_char(loaded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS loaded_at,
            attempts, records, rows, rejects
         FROM riacho.objects WHERE {is_asked}"
    );
    let line = array(ask_json(loader, &sql).await?).into_iter().next().ok_or_else(|| {
        Usage(format!("the ledger knows no object `{object}`; `_object_id` of the row names it"))
    })?;
    let (source, endpoint) = (text_of(&line, "source"), text_of(&line, "endpoint"));
    Ok(LedgerLine { source, endpoint, line })
}

/// The row that a child's row belongs to, and its place among its siblings.
async fn above(
    loader: &Loader,
    table: &Table,
    object_id: &str,
    row: i32,
) -> anyhow::Result<Option<(i32, usize)>> {
    let name = table.quoted();
    let sql = format!(
        "SELECT r._parent_row AS parent, (SELECT count(*) FROM {name} s
            WHERE s._object_id = r._object_id AND s._parent_row = r._parent_row
                AND s._row < r._row) AS place
         FROM {name} r WHERE r._object_id = {object_id} AND r._row = {row}"
    );
    let found = array(ask_json(loader, &sql).await?).into_iter().next();
    Ok(found.and_then(|found| {
        let parent = i32::try_from(found["parent"].as_i64()?).ok()?;
        Some((parent, usize::try_from(found["place"].as_u64()?).ok()?))
    }))
}

async fn stands(loader: &Loader, table: &Table, id: &str, row: i32) -> anyhow::Result<bool> {
    let name = table.quoted();
    let sql = format!("SELECT 1 AS found FROM {name} WHERE _object_id = {id} AND _row = {row}");
    Ok(!array(ask_json(loader, &sql).await?).is_empty())
}

/// Why a row does not stand.
async fn elsewhere(
    loader: &Loader,
    table: &Table,
    object: &LedgerLine,
    row: i32,
) -> anyhow::Result<Origin> {
    let why = why_not(loader, table, object, row).await?;
    Ok(Origin::Unexplained { stands: false, why })
}

async fn why_not(
    loader: &Loader,
    table: &Table,
    object: &LedgerLine,
    row: i32,
) -> anyhow::Result<String> {
    let id = object.text("id");
    if object.text("status") == "unchanged" {
        return Ok(format!(
            "object {id} has no rows of its own: its bytes were those of an earlier object of its \
             scope, whose rows stand"
        ));
    }
    let sql = format!(
        "SELECT reason, pointer FROM riacho.rejects WHERE object_id = {id} AND \"row\" = {row}"
    );
    let name = table.full_name();
    if table.parent.is_none()
        && let Some(reject) = array(ask_json(loader, &sql).await?).first()
    {
        return Ok(format!(
            "{name} has no row {row} of object {id}: the record was rejected, {} {}; \
             riacho.rejects has its JSON, unless there was too much of it",
            text_of(reject, "reason"),
            text_of(reject, "pointer")
        ));
    }
    let sql = format!("SELECT key FROM riacho.shadows WHERE object_id = {id} AND \"row\" = {row}");
    if table.parent.is_none() && !array(ask_json(loader, &sql).await?).is_empty() {
        return Ok(format!(
            "{name} has no row {row} of object {id}: another object has a newer version of the \
             record, which stands in its place"
        ));
    }
    Ok(format!(
        "{name} has no row {row} of object {id}; a later object of its scope may have replaced it"
    ))
}

/// The scope's earlier objects, the latest first.
async fn before(loader: &Loader, id: &str) -> anyhow::Result<Vec<Value>> {
    let sql = format!(
        "SELECT e.id, e.key, e.status, e.records, e.object_time
         FROM riacho.objects o JOIN riacho.objects e USING (source, endpoint, scope)
         WHERE o.id = {id} AND (e.object_time, e.key) < (o.object_time, o.key)
         ORDER BY e.object_time DESC, e.key DESC LIMIT {BEFORE_MAX}"
    );
    Ok(array(ask_json(loader, &sql).await?))
}
