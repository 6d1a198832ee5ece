//! From rows back to JSON: the walk the other way round, by the catalog alone.
//!
//! What comes back says of each value how it was held, as that decides what may differ.
#![allow(clippy::unwrap_used, clippy::panic, dead_code, unreachable_pub)]

use std::collections::BTreeMap;

use normalise::{ColumnType, Origin, Pointer, Schema};

use crate::common::Shredded;

pub mod compare;
pub mod json;
pub mod renamed;

use json::{Json, read_all};

/// A value as the tables have it.
#[derive(Debug, Clone)]
pub enum Rebuilt {
    /// A cell of a scalar type, as text.
    Scalar(ColumnType, String),
    /// A `jsonb` cell.
    Jsonb(Json),
    /// A `json` cell, or what stood in `_overflow`.
    Verbatim(Json),
    /// Rows of a child table, of an array.
    Items(Vec<Rebuilt>),
    /// Rows of a child table, of a map: each under its name.
    Map(Vec<(Vec<u16>, Rebuilt)>),
    /// Columns that share a prefix: what stood under each name, the last of them last.
    Object(BTreeMap<Vec<u16>, Vec<Rebuilt>>),
}

/// The records by row number.
pub fn rebuild(shredded: &Shredded) -> BTreeMap<i64, Rebuilt> {
    let tables = &shredded.schema.tables;
    from_rows(&shredded.schema, tables.iter().map(|table| shredded.rows(&table.name)).collect())
}

/// The records by row number, from the rows of one object in each of the schema's tables.
pub fn from_rows(schema: &Schema, rows: Vec<Vec<Row>>) -> BTreeMap<i64, Rebuilt> {
    let tables = Tables { schema, rows };
    let root = tables.rows.first().map_or(0, Vec::len);
    let records = (0..root).map(|row| (number(&tables.rows[0][row], "_row"), tables.row(0, row)));
    records.collect()
}

/// Column name → text, NULL left out.
pub type Row = BTreeMap<String, String>;

fn number(row: &Row, column: &str) -> i64 {
    row[column].parse().unwrap()
}

struct Tables<'a> {
    schema: &'a Schema,
    rows: Vec<Vec<Row>>,
}

impl Tables<'_> {
    fn row(&self, table: usize, at: usize) -> Rebuilt {
        let held = &self.schema.tables[table];
        let row = &self.rows[table][at];
        let mut object = BTreeMap::new();
        let cells = held.columns.iter().filter_map(|c| Some((c, row.get(&c.name)?)));
        // What stood in the overflow came before what has a column; a twin that stands there whole
        // came before the last of its name, whose members may stand there.
        let overflow = cells.clone().filter(|(column, _)| column.origin == Origin::Overflow);
        let mut overflow: Vec<_> = overflow.flat_map(|(_, cell)| overflowing(cell)).collect();
        overflow.sort_by_key(|(path, _)| names(path).len());
        for (path, value) in overflow {
            let tail = path.strip_prefix(units(&held.path).as_slice()).unwrap();
            if tail.is_empty() {
                return Rebuilt::Verbatim(value);
            }
            put(&mut object, &names(tail), Rebuilt::Verbatim(value));
        }
        for (column, cell) in cells {
            match column.origin {
                Origin::Key | Origin::MapKey | Origin::Overflow => {}
                Origin::Value => return scalar(column.of, cell),
                Origin::Variant if column.path == held.path => return scalar(column.of, cell),
                Origin::Field | Origin::Variant => {
                    if let Some(tail) = column.path.strip_prefix(&held.path) {
                        put(&mut object, &names(&units(tail)), scalar(column.of, cell));
                    }
                }
            }
        }
        self.children(table, number(row, "_row"), &mut object);
        Rebuilt::Object(object)
    }

    fn children(&self, parent: usize, row: i64, into: &mut BTreeMap<Vec<u16>, Vec<Rebuilt>>) {
        let path = &self.schema.tables[parent].path;
        for (child, table) in self.schema.tables.iter().enumerate() {
            if table.parent != Some(parent) {
                continue;
            }
            let rows = self.rows[child].iter().enumerate();
            let own = rows.filter(|(_, held)| number(held, "_parent_row") == row);
            let key = table.columns.iter().find(|column| column.origin == Origin::MapKey);
            let key = |row: &Row| key.and_then(|key| row.get(&key.name)).map(|key| units(key));
            let entries: Vec<_> = own.map(|(at, row)| (key(row), self.row(child, at))).collect();
            if !entries.is_empty() {
                let tail = table.path.strip_prefix(path).unwrap();
                put(into, &names(&units(tail)), together(entries));
            }
        }
    }
}

/// The rows of one parent: of an array or of a map, never of both.
fn together(entries: Vec<(Option<Vec<u16>>, Rebuilt)>) -> Rebuilt {
    let count = entries.len();
    let (names, values): (Vec<_>, Vec<_>) = entries.into_iter().unzip();
    let names: Vec<_> = names.into_iter().flatten().collect();
    if names.is_empty() {
        return Rebuilt::Items(values);
    }
    assert_eq!(names.len(), count, "some rows of one parent have a key, some have none");
    Rebuilt::Map(names.into_iter().zip(values).collect())
}

fn scalar(of: ColumnType, cell: &str) -> Rebuilt {
    match of {
        ColumnType::Jsonb => Rebuilt::Jsonb(read_all(cell).remove(0)),
        ColumnType::Json => Rebuilt::Verbatim(read_all(cell).remove(0)),
        of => Rebuilt::Scalar(of, cell.to_owned()),
    }
}

fn overflowing(cell: &str) -> Vec<(Vec<u16>, Json)> {
    let Json::Object(members) = read_all(cell).remove(0) else { panic!("{cell}") };
    let each = members.into_iter().flat_map(|(path, values)| {
        let Json::Array(values) = values else { panic!("{cell}") };
        values.into_iter().map(move |value| (path.clone(), value))
    });
    each.collect()
}

fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

/// The reference tokens of a JSON Pointer. Source: RFC 6901, section 4.
fn names(path: &[u16]) -> Vec<Vec<u16>> {
    let (tilde, slash) = (u16::from(b'~'), u16::from(b'/'));
    let mut names = Vec::new();
    for token in path.split(|unit| *unit == slash).skip(1) {
        let mut name = Vec::new();
        let mut token = token.iter().copied().peekable();
        while let Some(unit) = token.next() {
            let escaped = (unit == tilde).then(|| token.next().unwrap());
            name.push(match escaped {
                Some(code) if code == u16::from(b'0') => tilde,
                Some(code) if code == u16::from(b'1') => slash,
                Some(code) => panic!("~{code}"),
                None => unit,
            });
        }
        names.push(name);
    }
    names
}

/// Puts a value where `path` leads. The members of one object that became columns meet here, so
/// the object at the end of a name's list is the one that grows.
fn put(object: &mut BTreeMap<Vec<u16>, Vec<Rebuilt>>, path: &[Vec<u16>], value: Rebuilt) {
    let (name, tail) = path.split_first().unwrap();
    let values = object.entry(name.clone()).or_default();
    if tail.is_empty() {
        values.push(value);
        return;
    }
    if !matches!(values.last(), Some(Rebuilt::Object(_))) {
        values.push(Rebuilt::Object(BTreeMap::new()));
    }
    if let Some(Rebuilt::Object(inner)) = values.last_mut() {
        put(inner, tail, value);
    }
}

/// The records that a text holds, by row number.
pub fn records(text: &str, pointer: &Pointer) -> Vec<Json> {
    let mut records = Vec::new();
    for mut document in read_all(text) {
        for token in pointer.tokens() {
            let Json::Object(members) = document else { panic!("no object at {pointer}") };
            let found = members.into_iter().rfind(|(name, _)| *name == units(token));
            document = found.unwrap().1;
        }
        match document {
            Json::Array(items) => records.extend(items),
            Json::Null if !pointer.is_root() => {}
            other => records.push(other),
        }
    }
    records
}
