//! What really stands in the database under the names that the catalog knows. Compares nothing:
//! loads do that in `mend`, people in `drift`.

use std::collections::BTreeMap;

use normalise::ColumnType;
use serde::Deserialize;
use serde_json::Value;

use crate::WarehouseError;
use crate::catalog::Catalog;
use crate::work::{Work, field};

/// Tables by name.
pub(crate) type Found = BTreeMap<String, FoundTable>;

/// What stands under a table's name.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct FoundTable {
    /// Its number in `pg_class`.
    pub(crate) oid: i64,
    pub(crate) bytes: i64,
    /// Whether it is a table at all, and no view or the like.
    pub(crate) is_table: bool,
    /// Types by column, as Postgres writes them.
    pub(crate) columns: BTreeMap<String, String>,
    pub(crate) indexes: Vec<FoundIndex>,
}

/// A valid index over columns alone and over all rows.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct FoundIndex {
    pub(crate) name: String,
    pub(crate) is_unique: bool,
    pub(crate) is_primary: bool,
    pub(crate) columns: Vec<String>,
}

impl FoundTable {
    /// Whether an index finds rows by these columns, in any order where it is unique.
    pub(crate) fn has_index(&self, columns: &[&str], is_unique: bool) -> bool {
        self.indexes.iter().any(|index| {
            let names = index.columns.iter().map(String::as_str);
            if is_unique {
                index.is_unique
                    && index.columns.len() == columns.len()
                    && columns.iter().all(|column| index.columns.iter().any(|c| c == column))
            } else {
                names.take(columns.len()).eq(columns.iter().copied())
            }
        })
    }
}

/// Whether a column of the type that Postgres writes as `found` holds every value of `of` exactly,
/// and takes it in the same binary form.
pub(crate) fn holds(found: &str, of: ColumnType) -> bool {
    match of {
        ColumnType::Timestamp => found == "timestamp without time zone",
        ColumnType::Timestamptz => found == "timestamp with time zone",
        // Of a text that is too long for it Postgres says so.
        ColumnType::Text => found == "text" || found.starts_with("character varying"),
        _ => found == of.name(),
    }
}

/// Reads what stands of the catalog's tables, in one statement.
pub(crate) async fn read(work: &Work<'_>, catalog: &Catalog) -> Result<Found, WarehouseError> {
    const FOUND: &str = "
        SELECT c.relname::text AS name, json_build_object(
            'oid', c.oid::bigint, 'bytes', coalesce(pg_relation_size(c.oid), 0),
            'is_table', c.relkind IN ('r', 'p'),
            'columns', coalesce((SELECT json_object_agg(a.attname,
                    format_type(a.atttypid, a.atttypmod))
                FROM pg_attribute a
                WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '{}'),
            'indexes', coalesce((SELECT json_agg(json_build_object(
                    'name', x.relname, 'is_unique', i.indisunique, 'is_primary', i.indisprimary,
                    'columns', (SELECT json_agg(a.attname ORDER BY k.place)
                        FROM unnest(i.indkey::int2[]) WITH ORDINALITY k (number, place)
                        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number)))
                FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
                WHERE i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL
                    AND i.indexprs IS NULL), '[]')) AS standing
        FROM pg_class c
        WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1)
            AND c.relname = ANY($2)";
    let names = catalog.schema.tables.iter().map(|table| table.name.as_str()).collect::<Vec<_>>();
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 2] = [&catalog.namespace, &names];
    let rows = work.query("look at what stands", FOUND, &parameters).await?;
    let mut found = Found::new();
    for row in &rows {
        let standing = serde_json::from_value::<FoundTable>(field::<Value>(row, "standing")?)
            .map_err(|error| WarehouseError::Mismatch(format!("what stands: {error}")))?;
        found.insert(field(row, "name")?, standing);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_that_would_round_or_misread_holds_nothing() {
        assert!(holds("numeric", ColumnType::Numeric) && holds("text", ColumnType::Text));
        assert!(holds("character varying(10)", ColumnType::Text));
        for (found, of) in [
            ("numeric(10,2)", ColumnType::Numeric),
            ("double precision", ColumnType::Bigint),
            ("integer", ColumnType::Date),
            ("timestamp(0) without time zone", ColumnType::Timestamp),
            ("timestamp without time zone", ColumnType::Timestamptz),
            ("character(10)", ColumnType::Text),
        ] {
            assert!(!holds(found, of), "{found}");
        }
    }
}
