//! The root rows that a load replaces, as they were: kept in a cursor until the load is found to
//! bring new fields, and read then alone. A cursor costs nothing while nobody reads it, and sees the
//! rows of the moment that it was declared in.
//!
//! Source: PostgreSQL documentation, DECLARE: "In PostgreSQL, all cursors are insensitive".

use normalise::{Column, ColumnType};
use tokio_postgres::SimpleQueryMessage;

use crate::WarehouseError;
use crate::catalog::Catalog;
use crate::ident::Ident;
use crate::work::Work;

/// Rows and columns that suffice for advice.
const ROWS: usize = 200;
const COLUMNS: usize = 200;
/// Characters of a value that are compared.
const CHARACTERS: usize = 100;

/// Rows as texts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Before {
    /// Names of the columns.
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<Option<String>>>,
}

impl Before {
    /// The values of a column, a row each; none where it was not kept.
    pub(crate) fn values(&self, name: &str) -> Vec<Option<String>> {
        let Some(place) = self.columns.iter().position(|column| column == name) else {
            return Vec::new();
        };
        self.rows.iter().map(|row| row.get(place).cloned().flatten()).collect()
    }
}

/// A column's value as a text that equal values share; none for what has no such text.
pub(crate) fn comparable(column: &Column) -> Option<String> {
    let name = Ident(&column.name);
    let text = match column.of {
        ColumnType::Json | ColumnType::Jsonb => return None,
        ColumnType::Numeric => format!("trim_scale({name})::text"),
        _ => format!("{name}::text"),
    };
    column.origin.is_field().then(|| format!("left({text}, {CHARACTERS})"))
}

/// Keeps the root rows of these objects in view. The rows may be deleted now, but the table not be
/// altered before `take`.
pub(crate) async fn declare(
    work: &Work<'_>,
    catalog: &Catalog,
    ids: &[i64],
) -> Result<bool, WarehouseError> {
    let Some(root) = catalog.schema.tables.first() else { return Ok(false) };
    let columns = root.columns.iter().filter_map(|column| {
        comparable(column).map(|text| format!("{text} AS {}", Ident(&column.name)))
    });
    let number = "_row::text AS _row".to_owned();
    let columns = std::iter::once(number).chain(columns.take(COLUMNS)).collect::<Vec<_>>();
    let ids = ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "DECLARE riacho_before NO SCROLL CURSOR FOR SELECT {} FROM {}
        WHERE _object_id IN ({ids}) LIMIT {ROWS}",
        columns.join(", "),
        catalog.relation(root)
    );
    work.run("keep the rows before in view", &sql).await?;
    Ok(true)
}

/// Reads what was kept, once.
pub(crate) async fn take(work: &Work<'_>) -> Result<Before, WarehouseError> {
    const TAKE: &str = "FETCH ALL FROM riacho_before; CLOSE riacho_before";
    let mut before = Before::default();
    for message in work.ask("read the rows before", TAKE).await? {
        match message {
            SimpleQueryMessage::RowDescription(columns) => {
                before.columns = columns.iter().map(|c| c.name().to_owned()).collect();
            }
            SimpleQueryMessage::Row(row) => {
                let cells = (0..row.len()).map(|place| row.get(place).map(str::to_owned));
                before.rows.push(cells.collect());
            }
            _ => {}
        }
    }
    Ok(before)
}
