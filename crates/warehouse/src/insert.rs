//! A few rows into their tables by prepared statements, each for several tables. COPY takes a journey
//! to the server before it takes rows; where there are few, the journey is what costs, and after it
//! each statement.

use std::fmt::Write;
use std::ops::Range;

use normalise::{Batch, Table, TableRows};

use crate::WarehouseError;
use crate::catalog::Catalog;
use crate::keyed::Keyed;
use crate::mend::TECHNICAL_TYPES;
use crate::pipeline::Step;
use crate::rows::{columns, table};
use crate::values::{Cells, count};

/// Tables that share a statement, and their columns. A table shares one with the same neighbours
/// whether it has rows or not, so that there are few statements to prepare: what is empty must cost
/// little, and what somebody put on a table without rows, such as a trigger for each statement, acts.
const SHARED_TABLES: usize = 8;
const SHARED_COLUMNS: usize = 256;

/// Inserts the batch's rows. A step fails, and with it all that follows, where not all of its rows get
/// in, or where a record of another object than `object_id` stands under one of the batch's keys.
pub(crate) fn insert<'r>(
    catalog: &Catalog,
    keyed: Option<&Keyed<'_>>,
    object_id: i64,
    batch: &'r Batch,
) -> Result<Vec<Step<'r>>, WarehouseError> {
    for rows in &batch.tables {
        table(&catalog.schema, rows.table)?;
    }
    let mut steps = Vec::new();
    for group in groups(&catalog.schema.tables) {
        let rows = batch.tables.iter().filter(|rows| group.contains(&rows.table));
        let total = rows.clone().map(|rows| rows.len() as u64).sum::<u64>();
        if total == 0 {
            continue;
        }
        let keyed = keyed.filter(|_| group.contains(&0));
        let tables = catalog.schema.tables.get(group.clone()).unwrap_or_default();
        let mut step = Step::new("insert rows", statement(catalog, tables, keyed));
        step = step.with(count(total));
        if let Some(keyed) = keyed {
            let keys = keyed.parameters(&batch.keys.iter().collect::<Vec<_>>())?;
            step = keys.into_iter().fold(step.with(object_id), Step::with);
        }
        for (number, table) in group.clone().zip(tables) {
            let rows = rows.clone().filter(|rows| rows.table == number);
            step = arrays(table, rows).into_iter().fold(step, Step::with);
        }
        steps.push(step);
    }
    Ok(steps)
}

/// The tables, by their numbers, that share a statement.
fn groups(tables: &[Table]) -> Vec<Range<usize>> {
    let mut groups = Vec::<Range<usize>>::new();
    let mut shared = 0;
    for (number, table) in tables.iter().enumerate() {
        shared += table.columns.len();
        // At fixed numbers, so that a column more in one table is no new statement for all behind it.
        let is_first = number % SHARED_TABLES == 0;
        match groups.last_mut() {
            Some(group) if !is_first && shared <= SHARED_COLUMNS => group.end = number + 1,
            _ => {
                groups.push(number..number + 1);
                shared = table.columns.len();
            }
        }
    }
    groups
}

/// The cells of each column.
fn arrays<'r>(table: &Table, rows: impl Iterator<Item = &'r TableRows> + Clone) -> Vec<Cells<'r>> {
    let width = table.technical_columns() + table.columns.len();
    let length = rows.clone().map(TableRows::len).sum();
    let empty = || Cells(Vec::with_capacity(length));
    let mut arrays = std::iter::repeat_with(empty).take(width).collect::<Vec<_>>();
    for mut row in rows.flat_map(TableRows::rows) {
        for array in &mut arrays {
            array.0.push(row.next().flatten());
        }
    }
    arrays
}

/// `$1` is the number of rows; with a key, `$2` is the object's number, followed by an array for each
/// part of the key; then comes an array for each column.
///
/// Arrays are unnested where columns are listed, in step, and not in FROM, where Postgres puts each
/// away in a store of its own first: that took more time than the rows. Source: PostgreSQL
/// documentation, "SQL Functions Returning Sets".
fn statement(catalog: &Catalog, tables: &[Table], keyed: Option<&Keyed<'_>>) -> String {
    let mut next = 2;
    let mut is_met = String::new();
    if let Some(keyed) = keyed {
        let standing = keyed.standing(3);
        is_met = format!("EXISTS (SELECT FROM {standing} WHERE r._object_id <> $2) OR ");
        next = 3 + keyed.key.len();
    }
    let width = tables.iter().map(|table| 3 + table.columns.len()).sum::<usize>();
    let (mut sql, mut counts) = (String::with_capacity(64 * (4 + width)), String::new());
    // A `String` takes whatever is written.
    for (at, table) in tables.iter().enumerate() {
        let (relation, columns) = (catalog.relation(table), columns(table));
        let before = if at == 0 { "WITH" } else { ")," };
        let _ = write!(sql, "{before} w{at} AS (INSERT INTO {relation} ({columns}) SELECT ");
        let technical = TECHNICAL_TYPES.into_iter().take(table.technical_columns());
        for of in technical.chain(table.columns.iter().map(|column| column.of.name())) {
            let _ = write!(sql, "unnest(${next}::{of}[]), ");
            next += 1;
        }
        sql.truncate(sql.len().saturating_sub(2));
        sql.push_str(" RETURNING 1");
        let plus = if at == 0 { "" } else { " + " };
        let _ = write!(counts, "{plus}(SELECT count(*) FROM w{at})");
    }
    let why = "rows were left out, or another object has a record of this key";
    // Who is met is found first, as a rule before anything is inserted; it is no matter where not.
    let _ = write!(sql, ") SELECT riacho.refuse('{why}') WHERE {is_met}{counts} <> $1");
    sql
}
