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

/// Riacho's views, with the tables that they show and the columns that hold a field whatever its
/// type.
pub(crate) const VIEWS: &str = "
    SELECT n.nspname || '.' || v.relname AS \"view\",
        string_agg(DISTINCT t.schema_name || '.' || t.table_name, ', ') AS \"of\",
        (SELECT string_agg(a.attname, ', ' ORDER BY a.attnum) FROM pg_attribute a
            WHERE a.attrelid = v.oid AND a.atttypid = 'jsonb'::regtype
                AND NOT EXISTS (SELECT FROM riacho.columns c WHERE c.column_name = a.attname
                    AND c.schema_name = min(t.schema_name) AND c.table_name = v.relname))
            AS whatever_the_type
    FROM riacho.tables t
    JOIN pg_namespace s ON s.nspname = t.schema_name
    JOIN pg_class r ON r.relnamespace = s.oid AND r.relname = t.table_name
    JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = r.oid
        AND d.classid = 'pg_rewrite'::regclass
    JOIN pg_rewrite w ON w.oid = d.objid
    JOIN pg_class v ON v.oid = w.ev_class AND obj_description(v.oid, 'pg_class') LIKE 'Riacho: %'
    JOIN pg_namespace n ON n.oid = v.relnamespace
    GROUP BY n.nspname, v.relname, v.oid ORDER BY 1";

/// Renames that seem likely and were not accepted since, the likeliest first.
pub(crate) const LIKELY_RENAMES: &str = "
    SELECT c.id, c.source, c.endpoint,
        coalesce(e.schema_name || '.' || c.table_name, c.source) AS \"table\", c.path AS new,
        c.details->>'old' AS old, (c.details->>'score')::float8 AS score,
        coalesce(c.details->'evidence'->>'words', '') AS evidence
    FROM riacho.changes c
    LEFT JOIN riacho.endpoints e ON e.source = c.source AND e.endpoint = c.endpoint
    WHERE c.kind = 'likely_rename' AND NOT EXISTS (
        SELECT FROM riacho.renames r WHERE r.source = c.source AND r.endpoint = c.endpoint
            AND r.new_path IN (c.path, c.details->>'old'))
    ORDER BY score DESC, c.id";

/// What was noticed of shape after line `$1` of the change log, the newest first. The columns that
/// a table had from its first object are no change.
pub(crate) fn changes(after: u64) -> String {
    format!(
        "SELECT to_char(c.at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') AS at_utc, c.kind,
            coalesce(c.table_name, c.endpoint) || coalesce('.' || c.column_name, '') AS what,
            c.path AS \"from\",
            CASE WHEN c.kind IN ('likely_rename', 'rename_accepted')
                THEN regexp_replace(c.details->>'old', '^.*/', '') || ' → '
                    || regexp_replace(c.path, '^.*/', '')
                ELSE coalesce(c.old_type || ' → ', '')
                    || coalesce(c.new_type, c.details->>'reason', '') END AS type
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

/// The columns of one view.
pub(crate) fn view_columns(schema: &str, view: &str) -> String {
    format!(
        "SELECT a.attname AS \"column\", format_type(a.atttypid, NULL) AS type
         FROM pg_attribute a JOIN pg_class v ON v.oid = a.attrelid AND v.relkind = 'v'
         JOIN pg_namespace n ON n.oid = v.relnamespace
         WHERE a.attnum > 0 AND n.nspname = {} AND v.relname = {} ORDER BY a.attnum",
        literal(schema),
        literal(view)
    )
}

/// Some columns of a question.
pub(crate) fn only(columns: &str, question: &str) -> String {
    format!("SELECT {columns} FROM ({question}) question")
}

/// A text as an SQL literal; standard-conforming strings know no escape but the doubled quote.
pub(crate) fn literal(text: &str) -> String {
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

/// A name as an SQL identifier.
pub(crate) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The rows of an answer for programs.
pub(crate) fn array(answer: Value) -> Vec<Value> {
    match answer {
        Value::Array(rows) => rows,
        _ => Vec::new(),
    }
}

/// A row's cell as text; empty where there is none.
pub(crate) fn text_of(row: &Value, name: &str) -> String {
    match row.get(name) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}
