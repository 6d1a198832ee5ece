//! Reads an endpoint. Contradictions between its keys are `check`'s.

use landing::Compression;
use toml::de::DeValue;

use crate::bounds::Bounds;
use crate::check;
use crate::endpoint::{Body, Endpoint, JsonTemplate, Method, WriteMode};
use crate::fields::{self, SchemaRules};
use crate::pages::Pages;
use crate::partition::Partition;
use crate::pointer;
use crate::reader::{Node, Table};
use crate::template::Template;

/// What an endpoint has from its source.
pub(crate) struct Surroundings<'s> {
    pub(crate) headers: &'s [(String, Template)],
    pub(crate) partitions: &'s [(String, Option<Partition>)],
    pub(crate) bounds: &'s Bounds,
}

const KEYS: [&str; 21] = [
    "method",
    "path",
    "query",
    "headers",
    "body",
    "partitions",
    "pages",
    "compression",
    "records",
    "keep",
    "key",
    "required",
    "version",
    "table",
    "write",
    "renames",
    "maps",
    "types",
    "schema",
    "vanish_limit",
    "limits",
];
const METHODS: [(&str, Method); 2] = [("GET", Method::Get), ("POST", Method::Post)];
const WRITES: [(&str, WriteMode); 3] =
    [("replace", WriteMode::Replace), ("merge", WriteMode::Merge), ("append", WriteMode::Append)];
const COMPRESSIONS: [(&str, Compression); 3] =
    [("none", Compression::None), ("gzip", Compression::Gzip), ("zstd", Compression::Zstd)];
pub(crate) fn read(name: &str, node: &Node<'_, '_>, around: &Surroundings<'_>) -> Option<Endpoint> {
    check::folder_name(name, node);
    let table = node.table(&KEYS)?;
    let path = table.need("path").and_then(|node| Template::read(&node));
    let method = or(&table, "method", Method::Get, |node| node.choice(&METHODS));
    let write = or(&table, "write", WriteMode::Replace, |node| node.choice(&WRITES));
    let schema = or(&table, "schema", SchemaRules::EVOLVE, fields::read_schema);
    let compression =
        or(&table, "compression", Compression::None, |node| node.choice(&COMPRESSIONS));
    let pages = or(&table, "pages", Pages::None, Pages::read);
    let body = or(&table, "body", None, |node| read_body(node).map(Some));
    let own_bounds = or(&table, "limits", Bounds::default(), Bounds::read);
    let partitions = read_partitions(&table, around);
    let vanish_limit = table.get("vanish_limit").map(|node| node.number(0.0..=1.0));
    let many = |key: &str| table.get(key).map(|node| pointer::read_all(&node));
    let one = |key: &str| table.get(key).map(|node| pointer::read(&node));
    let endpoint = Endpoint {
        name: name.to_owned(),
        query: table.get("query").map(|node| templates(&node)).unwrap_or_default(),
        headers: table.get("headers").map(|node| headers(&node)).unwrap_or_default(),
        records: one("records").flatten(),
        keep: many("keep").unwrap_or_default(),
        key: many("key").unwrap_or_default(),
        required: many("required").unwrap_or_default(),
        version: one("version").flatten(),
        table: table.get("table").and_then(|node| check::table_name(&node)),
        renames: table.get("renames").map(|node| read_renames(&node)).unwrap_or_default(),
        maps: many("maps").unwrap_or_default(),
        types: table.get("types").map(|node| fields::read_types(&node)).unwrap_or_default(),
        vanish_limit: vanish_limit.flatten(),
        limits: own_bounds?.or(around.bounds),
        path: path?,
        method: method?,
        write: write?,
        schema: schema?,
        compression: compression?,
        pages: pages?,
        body: body?,
        partitions: partitions?,
    };
    check::endpoint(&table, &endpoint, around);
    Some(endpoint)
}

/// Header templates; names are checked as HTTP has them.
pub(crate) fn headers(node: &Node<'_, '_>) -> Vec<(String, Template)> {
    if let Some(table) = node.map() {
        for (name, node) in table.entries() {
            check::header_name(name, &node);
        }
        return templates(node);
    }
    Vec::new()
}

/// The value of a key, its default where the key is missing, or nothing where it can't be read.
fn or<T>(
    table: &Table<'_, '_>,
    key: &str,
    default: T,
    read: impl Fn(&Node<'_, '_>) -> Option<T>,
) -> Option<T> {
    match table.get(key) {
        Some(node) => read(&node),
        None => Some(default),
    }
}

fn templates(node: &Node<'_, '_>) -> Vec<(String, Template)> {
    let entries = node.map().map(|table| table.entries()).unwrap_or_default();
    entries
        .into_iter()
        .filter_map(|(name, node)| Some((name.to_owned(), Template::read(&node)?)))
        .collect()
}

fn read_body(node: &Node<'_, '_>) -> Option<Body> {
    if matches!(node.raw(), DeValue::String(_)) {
        return Template::read(node).map(Body::Text);
    }
    read_json(node).map(Body::Json)
}

fn read_json(node: &Node<'_, '_>) -> Option<JsonTemplate> {
    match node.raw() {
        DeValue::String(_) => Template::read(node).map(JsonTemplate::Text),
        DeValue::Boolean(boolean) => Some(JsonTemplate::Boolean(*boolean)),
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
            .map(|integer| JsonTemplate::Number(integer.to_string()))
            .ok()
            .or_else(|| node.report("does not fit into 64 bits; write it as a string")),
        DeValue::Float(float) => read_float(node, float.as_str()),
        DeValue::Datetime(_) => node.report("JSON has no dates; put the date into quotation marks"),
        DeValue::Array(_) => {
            let items = node.items()?;
            let items = items.iter().map(read_json).collect::<Vec<_>>();
            items.into_iter().collect::<Option<_>>().map(JsonTemplate::Array)
        }
        DeValue::Table(_) => {
            let members = node.map()?.entries();
            let members = members
                .iter()
                .map(|(name, node)| Some(((*name).to_owned(), read_json(node)?)))
                .collect::<Vec<_>>();
            members.into_iter().collect::<Option<_>>().map(JsonTemplate::Object)
        }
    }
}

/// JSON's numbers are narrower than TOML's: no `inf`, no `nan`, no leading plus.
fn read_float(node: &Node<'_, '_>, text: &str) -> Option<JsonTemplate> {
    let text = text.strip_prefix('+').unwrap_or(text);
    if text.contains(['i', 'n']) {
        return node.report(format!("JSON has no `{text}`; write a number or a string"));
    }
    Some(JsonTemplate::Number(text.to_owned()))
}

/// All of the source's in their order, or those that are named, in that order too.
fn read_partitions(table: &Table<'_, '_>, around: &Surroundings<'_>) -> Option<Vec<String>> {
    let known = around.partitions.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>();
    let Some(node) = table.get("partitions") else {
        return Some(known.into_iter().map(str::to_owned).collect());
    };
    let mut named = Vec::new();
    for item in node.items()? {
        if let Some(name) = item.string() {
            check::partition_is_known(&item, &name, &known);
            named.push(name);
        }
    }
    let in_order = known.into_iter().filter(|name| named.iter().any(|n| n == name));
    Some(in_order.map(str::to_owned).collect())
}

fn read_renames(node: &Node<'_, '_>) -> Vec<(String, String)> {
    let mut renames = Vec::new();
    for (new, old) in node.map().map(|table| table.entries()).unwrap_or_default() {
        if let Some(fault) = pointer::fault(new) {
            old.report::<()>(format!("`{new}`: {fault}"));
        } else if let Some(old) = pointer::read(&old) {
            renames.push((new.to_owned(), old));
        }
    }
    check::rename_cycles(node, &renames);
    renames
}
