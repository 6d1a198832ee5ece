//! A few rows into their table by one prepared statement. COPY takes a journey to the server before
//! it takes rows; where there are few, the journey is what costs.

use normalise::{Table, TableRows};

use crate::WarehouseError;
use crate::catalog::Catalog;
use crate::ident::Ident;
use crate::mend::{TECHNICAL, TECHNICAL_TYPES};
use crate::pipeline::Step;
use crate::rows::table;
use crate::values::{Cells, count};

/// Inserts the rows. Fails, and with it all that follows, where not all of them get in.
pub(crate) fn insert<'r>(
    catalog: &Catalog,
    rows: &'r TableRows,
) -> Result<Step<'r>, WarehouseError> {
    let table = table(&catalog.schema, rows.table)?;
    let width = table.technical_columns() + table.columns.len();
    let mut columns = vec![Cells(Vec::with_capacity(rows.len())); width];
    for mut row in rows.rows() {
        for column in &mut columns {
            column.0.push(row.next().flatten());
        }
    }
    let step = Step::new("insert rows", statement(catalog, table)).with(count(rows.len() as u64));
    Ok(columns.into_iter().fold(step, Step::with))
}

/// `$1` is the number of rows; then an array for each column.
fn statement(catalog: &Catalog, table: &Table) -> String {
    let technical = TECHNICAL.into_iter().zip(TECHNICAL_TYPES).take(table.technical_columns());
    let technical = technical.map(|(name, of)| (name.to_owned(), of.to_owned()));
    let fields = table.columns.iter().map(|c| (Ident(&c.name).to_string(), c.of.to_string()));
    let (names, types): (Vec<_>, Vec<_>) = technical.chain(fields).unzip();
    let arrays = types.iter().enumerate().map(|(at, of)| format!("${}::{of}[]", at + 2));
    format!(
        "WITH written AS (INSERT INTO {} ({}) SELECT * FROM unnest({}) RETURNING 1)
         SELECT riacho.refuse('rows were left out')
         FROM (SELECT count(*) AS rows FROM written) w WHERE w.rows <> $1",
        catalog.relation(table),
        names.join(", "),
        arrays.collect::<Vec<_>>().join(", ")
    )
}
