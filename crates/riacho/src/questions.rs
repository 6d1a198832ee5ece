//! What the command line asks the warehouse. The ledger and the catalog are ordinary tables: each
//! of these questions can be asked in any SQL client.

use load::Loader;
use serde_json::Value;
use warehouse::Answer;

use crate::output::{Align, Sheet};

/// What became of the objects of each endpoint.
pub(crate) const ENDPOINTS: &str = "
    SELECT source, endpoint,
        count(*) FILTER (WHERE status = 'loaded') AS loaded,
        count(*) FILTER (WHERE status = 'unchanged') AS unchanged,
        count(*) FILTER (WHERE status = 'superseded') AS superseded,
        count(*) FILTER (WHERE status = 'failed') AS failed,
        coalesce(sum(records) FILTER (WHERE stands), 0) AS records,
        to_char(max(loaded_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') AS last_load_utc
    FROM riacho.objects GROUP BY source, endpoint ORDER BY source, endpoint";

/// How many objects the ledger holds for failed.
pub(crate) const FAILED: &str = "SELECT count(*) FROM riacho.objects WHERE status = 'failed'";

/// The objects that the ledger knows.
pub(crate) const KEYS: &str = "SELECT key FROM riacho.objects";

/// The tables, a root before its children.
pub(crate) const TABLES: &str = "
    SELECT t.schema_name || '.' || t.table_name AS \"table\", t.endpoint, t.path AS \"from\",
        (SELECT count(*) FROM riacho.columns c WHERE c.schema_name = t.schema_name
            AND c.table_name = t.table_name) AS columns,
        greatest(coalesce(s.n_live_tup, 0), 0) AS rows_estimate
    FROM riacho.tables t
    LEFT JOIN pg_stat_all_tables s ON s.schemaname = t.schema_name AND s.relname = t.table_name
    ORDER BY t.source, t.endpoint, t.position";

/// What was noticed of shape after line `$1` of the change log, the newest first. The columns that
/// a table had from its first object are no change.
pub(crate) fn changes(after: u64) -> String {
    format!(
        "SELECT to_char(c.at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') AS at_utc, c.kind,
            coalesce(c.table_name, c.endpoint) || coalesce('.' || c.column_name, '') AS what,
            c.path AS \"from\",
            coalesce(c.old_type || ' → ', '') || coalesce(c.new_type, '') AS type
        FROM riacho.changes c
        WHERE c.id > {after} AND NOT (c.kind = 'column_added' AND EXISTS (
            SELECT FROM riacho.tables t WHERE t.source = c.source AND t.endpoint = c.endpoint
                AND t.table_name = c.table_name AND t.object_id = c.object_id))
        ORDER BY c.id DESC"
    )
}

/// The columns of one table; `$1` and `$2` stand for schema and table, quoted as literals.
pub(crate) fn columns(schema: &str, table: &str) -> String {
    format!(
        "SELECT column_name AS \"column\", type, path AS \"from\", origin
         FROM riacho.columns WHERE schema_name = {} AND table_name = {} ORDER BY position",
        literal(schema),
        literal(table)
    )
}

/// Some columns of a question.
pub(crate) fn only(columns: &str, question: &str) -> String {
    format!("SELECT {columns} FROM ({question}) question")
}

/// A text as an SQL literal; standard-conforming strings know no escape but the doubled quote.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Asks, for people.
pub(crate) async fn ask(loader: &Loader, sql: &str) -> anyhow::Result<Answer> {
    Ok(loader.database().warehouse().await?.ask(sql).await?)
}

/// Asks, for programs: an array with an object a row.
pub(crate) async fn ask_json(loader: &Loader, sql: &str) -> anyhow::Result<Value> {
    let sql = format!("SELECT coalesce(json_agg(t), '[]') FROM ({sql}) t");
    let answer = ask(loader, &sql).await?;
    let text = answer.rows.into_iter().flatten().flatten().next().unwrap_or_default();
    Ok(serde_json::from_str(&text)?)
}

/// The answer as a table: numbers to the right, NULL empty.
pub(crate) fn sheet(answer: &Answer) -> Sheet {
    let headings: Vec<_> = answer
        .columns
        .iter()
        .enumerate()
        .map(|(place, name)| (name.replace('_', " "), align(answer, place)))
        .collect();
    let headings: Vec<_> = headings.iter().map(|(name, align)| (name.as_str(), *align)).collect();
    let mut sheet = Sheet::new(&headings);
    for row in &answer.rows {
        sheet.row(row.iter().map(|cell| cell.clone().unwrap_or_default()));
    }
    sheet
}

fn align(answer: &Answer, place: usize) -> Align {
    let cells = || answer.rows.iter().filter_map(|row| row.get(place)).flatten();
    let is_number = |text: &String| text.parse::<f64>().is_ok();
    match cells().next().is_some() && cells().all(is_number) {
        true => Align::Right,
        false => Align::Left,
    }
}
