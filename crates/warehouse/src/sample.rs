//! Some rows of a table, of one object and of others, for a comparison: bounded in rows, columns and
//! time.

use normalise::Table;

use crate::WarehouseError;
use crate::before::comparable;
use crate::catalog::Catalog;
use crate::ident::Ident;
use crate::likeness::Values;
use crate::work::{Work, field};

const MINE: usize = 500;
const OTHERS: usize = 1_000;

/// Rows of one table: the row's number, then the asked columns.
#[derive(Debug, Default)]
pub(crate) struct Sample {
    /// Numbers of the columns; those whose values have no text to compare are missing.
    pub(crate) columns: Vec<usize>,
    /// How many rows the object has.
    pub(crate) rows: u64,
    /// How many of them have each column.
    pub(crate) set: Vec<u64>,
    mine: Vec<Values>,
    others: Vec<Values>,
    /// The other objects.
    pub(crate) other_objects: Vec<i64>,
}

impl Sample {
    /// Reads the columns of the table numbered `number`.
    pub(crate) async fn read(
        work: &Work<'_>,
        catalog: &Catalog,
        table: &Table,
        object_id: i64,
        columns: Vec<usize>,
    ) -> Result<Self, WarehouseError> {
        let held = |number: &usize| table.columns.get(*number);
        let columns =
            columns.into_iter().filter(|number| held(number).is_some()).collect::<Vec<_>>();
        let relation = catalog.relation(table);
        let names = columns.iter().filter_map(held).map(|c| format!(", count({})", Ident(&c.name)));
        let counts = format!(
            "SELECT ARRAY[count(*){}] AS counts FROM {relation} WHERE _object_id = $1",
            names.collect::<String>()
        );
        let texts = columns.iter().filter_map(held).map(|column| {
            format!(", {}", comparable(column).unwrap_or_else(|| "NULL::text".to_owned()))
        });
        let cells = format!("ARRAY[_row::text{}] AS cells", texts.collect::<String>());
        let mine = format!(
            "SELECT {cells} FROM {relation} WHERE _object_id = $1 ORDER BY _row LIMIT {MINE}"
        );
        // The newest first, as the primary key has them.
        let others = format!(
            "SELECT _object_id, {cells} FROM {relation} WHERE _object_id <> $1
            ORDER BY _object_id DESC, _row DESC LIMIT {OTHERS}"
        );
        let doing = "sample rows for likely renames";
        let counted = work.query_one(doing, &counts, &[&object_id]).await?;
        let mut counted = field::<Vec<i64>>(&counted, "counts")?.into_iter().map(i64::unsigned_abs);
        let mut sample = Self { columns, rows: counted.next().unwrap_or(0), ..Self::default() };
        sample.set = counted.collect();
        for row in work.query(doing, &mine, &[&object_id]).await? {
            sample.mine.push(field(&row, "cells")?);
        }
        for row in work.query(doing, &others, &[&object_id]).await? {
            sample.others.push(field(&row, "cells")?);
            let object = field(&row, "_object_id")?;
            if sample.other_objects.last() != Some(&object) {
                sample.other_objects.push(object);
            }
        }
        Ok(sample)
    }

    fn place(&self, column: usize) -> Option<usize> {
        self.columns.iter().position(|held| *held == column)
    }

    /// How many of the object's rows have the column.
    pub(crate) fn count(&self, column: usize) -> u64 {
        self.place(column).and_then(|place| self.set.get(place)).copied().unwrap_or(0)
    }

    /// Its values in the object's rows.
    pub(crate) fn of_object(&self, column: usize) -> Values {
        values(&self.mine, self.place(column))
    }

    /// Its values in other objects' rows.
    pub(crate) fn of_others(&self, column: usize) -> Values {
        values(&self.others, self.place(column))
    }

    /// The numbers of the object's rows.
    pub(crate) fn row_numbers(&self) -> Values {
        self.mine.iter().map(|row| row.first().cloned().flatten()).collect()
    }
}

fn values(rows: &[Values], place: Option<usize>) -> Values {
    let Some(place) = place else { return Vec::new() };
    rows.iter().map(|row| row.get(place + 1).cloned().flatten()).collect()
}
