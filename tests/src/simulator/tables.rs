//! What really stands in the warehouse, read by plain SQL and said in the oracle's words.

use std::collections::BTreeMap;

use serde_json::Value;
use tokio_postgres::{Client, Error, SimpleQueryMessage, SimpleQueryRow};

use super::document::Tree;
use super::endpoint::{ROOT, SCHEMA};

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) rows: Vec<String>,
    pub(super) rejects: Vec<String>,
    pub(super) shadows: Vec<String>,
    /// Entity tag and status of each object.
    pub(super) ledger: BTreeMap<String, (String, String)>,
    /// What belongs to nothing, and what contradicts itself.
    pub(super) strays: Vec<String>,
}

/// A row of a table: which object's, its number, its parent's, and what it holds.
struct Row {
    object: String,
    number: i64,
    parent: i64,
    fields: BTreeMap<String, String>,
}

const LEDGER: &str = "SELECT key, coalesce(etag, ''), status, id FROM riacho.objects";
const REJECTS: &str = "SELECT coalesce(o.etag, 'no object'), r.\"row\", r.reason
    FROM riacho.rejects r LEFT JOIN riacho.objects o ON o.id = r.object_id";
const SHADOWS: &str = "SELECT coalesce(o.etag, 'no object'), s.\"row\"
    FROM riacho.shadows s LEFT JOIN riacho.objects o ON o.id = s.object_id";
/// Rows of objects that do not stand.
const LEFT_OVER: &str = "SELECT coalesce(o.key, 'no object') || ' ' || coalesce(o.status, '')
    FROM (SELECT DISTINCT _object_id FROM {table}) r
    LEFT JOIN riacho.objects o ON o.id = r._object_id WHERE o.stands IS NOT TRUE";

/// Reads everything.
pub(super) async fn read(client: &Client) -> Result<Found, Error> {
    let mut found = Found::default();
    if ask(client, "SELECT to_regclass('riacho.objects')").await? == [[""]] {
        return Ok(found);
    }
    let mut etags = BTreeMap::new();
    for line in ask(client, LEDGER).await? {
        let [key, etag, status, id] = line.try_into().unwrap();
        etags.insert(id, etag.clone());
        found.ledger.insert(key, (etag, status));
    }
    found.rejects = ask(client, REJECTS).await?.iter().map(|line| line.join(" ")).collect();
    found.shadows = ask(client, SHADOWS).await?.iter().map(|line| line.join(" ")).collect();
    rows(client, &etags, &mut found).await?;
    found.rows.sort();
    found.rejects.sort();
    found.shadows.sort();
    Ok(found)
}

async fn rows(
    client: &Client,
    etags: &BTreeMap<String, String>,
    found: &mut Found,
) -> Result<(), Error> {
    let tables = format!(
        "SELECT table_name FROM information_schema.tables
         WHERE table_schema = '{SCHEMA}' AND table_type = 'BASE TABLE' ORDER BY table_name"
    );
    let mut by_path = BTreeMap::new();
    for table in ask(client, &tables).await?.into_iter().flatten() {
        let Some(path) = table.strip_prefix(ROOT) else {
            found.strays.push(format!("table {table}"));
            continue;
        };
        let name = format!("{SCHEMA}.{table}");
        let left_over = ask(client, &LEFT_OVER.replace("{table}", &name)).await?;
        let told = |line: Vec<String>| format!("rows in {name} of {}", line.join(" "));
        found.strays.extend(left_over.into_iter().map(told));
        let path = path.trim_start_matches('_').to_owned();
        by_path.insert(path, read_table(client, &table).await?);
    }
    let Some(roots) = by_path.remove("") else { return Ok(()) };
    for root in roots {
        let tree = with_children(&mut by_path, "", &root, &root, &mut found.strays);
        let etag = etags.get(&root.object).map_or("no object", String::as_str);
        found.rows.push(format!("{etag} {} {}", root.number, tree.line()));
    }
    for (path, rows) in by_path {
        let orphans = rows.iter().map(|row| format!("orphan {path} {} {}", row.object, row.number));
        found.strays.extend(orphans);
    }
    Ok(())
}

/// Takes the rows that belong to one out of the tables below it, in their order.
fn with_children(
    by_path: &mut BTreeMap<String, Vec<Row>>,
    path: &str,
    row: &Row,
    root: &Row,
    strays: &mut Vec<String>,
) -> Tree {
    let mut tree = Tree { fields: row.fields.clone(), children: BTreeMap::new() };
    let outer = if path.is_empty() { String::new() } else { format!("{path}__") };
    let below = by_path.keys().filter(|below| {
        below.strip_prefix(&outer).is_some_and(|name| !name.is_empty() && !name.contains("__"))
    });
    for below in below.cloned().collect::<Vec<_>>() {
        let rows = std::mem::take(by_path.get_mut(&below).unwrap());
        let is_own = |child: &Row| child.object == row.object && child.parent == row.number;
        let (mut own, others): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(is_own);
        by_path.insert(below.clone(), others);
        own.sort_by_key(|child| child.number);
        for child in &mut own {
            // The root's key stands in each child, so that analysts can join.
            let id = child.fields.remove("id");
            if id.is_some() && id.as_ref() != root.fields.get("id") {
                strays.push(format!("{below} {} {} has key {id:?}", child.object, child.number));
            }
        }
        let mut trees = Vec::new();
        for child in &own {
            trees.push(with_children(by_path, &below, child, root, strays));
        }
        if !trees.is_empty() {
            let name = below.strip_prefix(&outer).unwrap_or_default().to_owned();
            tree.children.insert(name, trees);
        }
    }
    tree
}

async fn read_table(client: &Client, table: &str) -> Result<Vec<Row>, Error> {
    let types = format!(
        "SELECT column_name, udt_name FROM information_schema.columns
         WHERE table_schema = '{SCHEMA}' AND table_name = '{table}'"
    );
    let types = ask(client, &types).await?.into_iter().map(|line| {
        let [name, of] = line.try_into().unwrap();
        (name, of)
    });
    let types = types.collect::<BTreeMap<String, String>>();
    let messages = client.simple_query(&format!("SELECT * FROM {SCHEMA}.\"{table}\"")).await?;
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row_of(row, &types)),
        _ => None,
    });
    Ok(rows.collect())
}

fn row_of(found: &SimpleQueryRow, types: &BTreeMap<String, String>) -> Row {
    let mut row = Row { object: String::new(), number: 0, parent: 0, fields: BTreeMap::default() };
    for (at, column) in found.columns().iter().enumerate() {
        let Some(text) = found.get(at) else { continue };
        match column.name() {
            "_object_id" => text.clone_into(&mut row.object),
            "_row" => row.number = text.parse().unwrap(),
            "_parent_row" => row.parent = text.parse().unwrap(),
            name => {
                // A value that its column could not hold stands in a variant beside it.
                let (field, _) = name.split_once("__v_").unwrap_or((name, ""));
                let Some(value) = written(text, &types[name]) else { continue };
                if let Some(other) = row.fields.insert(field.to_owned(), value) {
                    row.fields.insert(format!("{field} as well"), other);
                }
            }
        }
    }
    row
}

/// A cell as JSON writes it; nothing where it is as good as absent.
fn written(text: &str, of: &str) -> Option<String> {
    Some(match of {
        "int8" | "numeric" => text.to_owned(),
        "bool" => (text == "t").to_string(),
        "json" | "jsonb" => match serde_json::from_str::<Value>(text).unwrap() {
            Value::Array(items) if items.is_empty() => return None,
            value => value.to_string(),
        },
        "timestamptz" => Value::from(text.replace(' ', "T").replace("+00", "Z")).to_string(),
        _ => Value::from(text).to_string(),
    })
}

/// The rows of an answer as text; NULL is empty.
pub(super) async fn ask(client: &Client, sql: &str) -> Result<Vec<Vec<String>>, Error> {
    let messages = client.simple_query(sql).await?;
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let texts = |row: &SimpleQueryRow| {
        (0..row.len()).map(|at| row.get(at).unwrap_or_default().to_owned()).collect()
    };
    Ok(rows.map(texts).collect())
}
