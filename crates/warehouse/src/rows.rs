//! Rows into and out of an endpoint's tables: COPY, deleting what an object holds, deleting single
//! records with all that hangs on them.

use std::fmt::Write;

use bytes::Bytes;
use normalise::{LateKeep, Progress, Schema, Table, TableRows};

use crate::WarehouseError;
use crate::catalog::Catalog;
use crate::ident::Ident;
use crate::mend::TECHNICAL;
use crate::values::Cell;
use crate::work::{Work, field};

/// What a binary COPY stream starts with: signature, flags, length of the header's extension.
/// Source: PostgreSQL documentation, COPY, "Binary Format".
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// What it ends with: a field count of -1.
const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();

/// The stream goes out in pieces of about this size.
const PIECE: usize = 128 << 10;

/// A root row: the object that it came from, and its number there.
pub(crate) type RootRow = (i64, i32);

/// Copies rows into their table.
pub(crate) async fn copy(
    work: &Work<'_>,
    catalog: &Catalog,
    rows: TableRows,
) -> Result<u64, WarehouseError> {
    if rows.is_empty() {
        return Ok(0);
    }
    let table = table(&catalog.schema, rows.table)?;
    let field_count = u16::try_from(table.technical_columns() + table.columns.len())
        .map_err(|_| WarehouseError::Mismatch(format!("`{}` is too wide", table.name)))?;
    let count = rows.len() as u64;
    let doing = format!("copy rows into `{}`.`{}`", catalog.namespace, table.name);
    let pieces = Pieces { rows, field_count, progress: Progress::default(), step: Step::Header };
    let written = work.copy(&doing, &copy_statement(catalog, table), pieces).await?;
    if written == count {
        return Ok(written);
    }
    Err(WarehouseError::ChangedByHand(format!(
        "of {count} rows for {} a trigger or rule let only {written} in, so nothing is loaded; \
         `riacho schema diff` names it: drop it, then replay",
        catalog.relation(table)
    )))
}

/// A binary COPY stream, made piece by piece as Postgres takes it.
struct Pieces {
    rows: TableRows,
    field_count: u16,
    progress: Progress,
    step: Step,
}

/// What comes next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Header,
    Rows,
    Nothing,
}

impl Iterator for Pieces {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        if self.step == Step::Nothing {
            return None;
        }
        // A row more than fills it, most times.
        let mut piece = Vec::with_capacity(PIECE.min(self.rows.bytes()) + PIECE / 8);
        if self.step == Step::Header {
            piece.extend_from_slice(HEADER);
            self.step = Step::Rows;
        }
        if self.rows.write_tuples(&mut self.progress, self.field_count, PIECE, &mut piece) {
            piece.extend_from_slice(&TRAILER);
            self.step = Step::Nothing;
        }
        Some(Bytes::from(piece))
    }
}

fn copy_statement(catalog: &Catalog, table: &Table) -> String {
    format!("COPY {} ({}) FROM STDIN (FORMAT binary)", catalog.relation(table), columns(table))
}

/// All of a table's columns, as a statement lists them.
pub(crate) fn columns(table: &Table) -> String {
    let mut list = String::with_capacity(32 * (3 + table.columns.len()));
    let technical = TECHNICAL.into_iter().take(table.technical_columns());
    list.extend(technical.flat_map(|name| [name, ", "]));
    for column in &table.columns {
        // A `String` takes whatever is written.
        let _ = write!(list, "{}, ", Ident(&column.name));
    }
    list.truncate(list.len().saturating_sub(2));
    list
}

pub(crate) fn table(schema: &Schema, number: usize) -> Result<&Table, WarehouseError> {
    let unknown = || WarehouseError::Mismatch(format!("rows for table {number}, which is unknown"));
    schema.tables.get(number).ok_or_else(unknown)
}

/// Deletes all rows that these objects hold.
pub(crate) async fn delete_objects(
    work: &Work<'_>,
    catalog: &Catalog,
    ids: &[i64],
) -> Result<(), WarehouseError> {
    let statements =
        catalog.for_each_table(|table| format!("DELETE FROM {table} WHERE _object_id = ANY($1)"));
    work.execute_each("delete an earlier object's rows", &statements, &[&ids]).await?;
    Ok(())
}

/// Deletes root rows with all their children, and gives how many root rows there were.
pub(crate) async fn delete_records(
    work: &Work<'_>,
    catalog: &Catalog,
    roots: &[RootRow],
) -> Result<usize, WarehouseError> {
    let mut gone = vec![Vec::new(); catalog.schema.tables.len()];
    let mut count = 0;
    for (number, table) in catalog.schema.tables.iter().enumerate() {
        let (above, link) = match table.parent {
            None => (roots, "_row"),
            Some(parent) => (gone.get(parent).map_or(&[][..], Vec::as_slice), "_parent_row"),
        };
        if above.is_empty() {
            continue;
        }
        let deleted = delete_linked(work, catalog, table, link, above).await?;
        if number == 0 {
            count = deleted.len();
        }
        if let Some(place) = gone.get_mut(number) {
            *place = deleted;
        }
    }
    Ok(count)
}

async fn delete_linked(
    work: &Work<'_>,
    catalog: &Catalog,
    table: &Table,
    link: &str,
    above: &[RootRow],
) -> Result<Vec<RootRow>, WarehouseError> {
    let objects = above.iter().map(|(object, _)| *object).collect::<Vec<_>>();
    let numbers = above.iter().map(|(_, row)| *row).collect::<Vec<_>>();
    let sql = format!(
        "DELETE FROM {} t USING unnest($1::bigint[], $2::integer[]) d (object, number)
         WHERE t._object_id = d.object AND t.{link} = d.number
         RETURNING t._object_id AS object, t._row AS number",
        catalog.relation(table)
    );
    let rows = work.query("delete records that give way", &sql, &[&objects, &numbers]).await?;
    rows.iter().map(|row| Ok((field(row, "object")?, field(row, "number")?))).collect()
}

/// Fills in kept values that came after the records which they belong to.
pub(crate) async fn keep_late(
    work: &Work<'_>,
    catalog: &Catalog,
    object_id: i64,
    keeps: &[LateKeep],
) -> Result<(), WarehouseError> {
    let root = match keeps {
        [] => return Ok(()),
        _ => table(&catalog.schema, 0)?,
    };
    for keep in keeps {
        let column = root.columns.get(keep.column).ok_or_else(|| {
            WarehouseError::Mismatch(format!("a kept value for column {}", keep.column))
        })?;
        // With its type, as a statement that was prepared before the column was widened would
        // take the cell for a `bigint`.
        let sql = format!(
            "UPDATE {} SET {} = $1::{} WHERE _object_id = $2 AND _row >= $3 AND _row < $4",
            catalog.relation(root),
            Ident(&column.name),
            column.of
        );
        let value = Cell(&keep.cell);
        work.execute(
            "fill in a kept value",
            &sql,
            &[&value, &object_id, &keep.first_row, &keep.end_row],
        )
        .await?;
    }
    Ok(())
}
