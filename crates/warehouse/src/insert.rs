//! A few rows into their table by one prepared statement. COPY takes a journey to the server before
//! it takes rows; where there are few, the journey is what costs.

use normalise::{Table, TableRows};

use crate::WarehouseError;
use crate::catalog::Catalog;
use crate::mend::TECHNICAL_TYPES;
use crate::pipeline::Step;
use crate::rows::{columns, table};
use crate::values::{Cells, count};

/// Inserts the rows. Fails, and with it all that follows, where not all of them get in.
pub(crate) fn insert<'r>(
    catalog: &Catalog,
    rows: &'r TableRows,
) -> Result<Step<'r>, WarehouseError> {
    let table = table(&catalog.schema, rows.table)?;
    let width = table.technical_columns() + table.columns.len();
    let mut cells = vec![Cells(Vec::with_capacity(rows.len())); width];
    for mut row in rows.rows() {
        for column in &mut cells {
            column.0.push(row.next().flatten());
        }
    }
    let step = Step::new("insert rows", statement(catalog, table)).with(count(rows.len() as u64));
    Ok(cells.into_iter().fold(step, Step::with))
}

/// `$1` is the number of rows; then an array for each column.
fn statement(catalog: &Catalog, table: &Table) -> String {
    let technical = TECHNICAL_TYPES.into_iter().take(table.technical_columns());
    let types = technical.chain(table.columns.iter().map(|column| column.of.name()));
    let arrays = types.enumerate().map(|(at, of)| format!("${}::{of}[]", at + 2));
    format!(
        "WITH written AS (INSERT INTO {} ({}) SELECT * FROM unnest({}) RETURNING 1)
         SELECT riacho.refuse('rows were left out')
         FROM (SELECT count(*) AS rows FROM written) w WHERE w.rows <> $1",
        catalog.relation(table),
        columns(table),
        arrays.collect::<Vec<_>>().join(", ")
    )
}
