//! The SQL that leads from one schema of an endpoint to the next: tables, columns, indexes. Pure;
//! running it is `schema_change`'s part, printing it for review that of `table_script`.
//!
//! Source: PostgreSQL documentation, ALTER TABLE, "Notes": a column without a default is added
//! without rewriting the table.

use std::sync::Arc;

use normalise::{Column, Schema, Table};

use crate::EndpointFacts;
use crate::catalog::Catalog;
use crate::ident::Ident;
use crate::schema_change::TableStep;

/// One statement, without the semicolon behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Statement {
    /// What it does, for whoever reads that it failed.
    pub(crate) doing: String,
    pub(crate) sql: String,
}

/// The statements that make the tables what `after` says, in order.
pub(crate) fn statements(
    endpoint: &EndpointFacts,
    before: &Catalog,
    after: &Schema,
    steps: &[TableStep],
) -> Vec<Statement> {
    let mut statements = Vec::new();
    for step in steps {
        let Some(table) = after.tables.get(step.table) else { continue };
        statements.push(Statement {
            doing: format!("change the table `{}`.`{}`", before.namespace, table.name),
            sql: if step.is_new {
                create_table(before, table)
            } else {
                alter_table(before, table, step)
            },
        });
    }
    let key = key_index(endpoint, before, after);
    statements.extend(key.map(|sql| Statement { doing: "create the key's index".to_owned(), sql }));
    let parents = parent_indexes(endpoint, before, after, steps);
    statements.extend(
        parents
            .into_iter()
            .map(|sql| Statement { doing: "create a child table's index".to_owned(), sql }),
    );
    statements
}

fn create_table(catalog: &Catalog, table: &Table) -> String {
    let parent = table.parent.map(|_| "_parent_row integer NOT NULL".to_owned());
    let columns = ["_object_id bigint NOT NULL", "_row integer NOT NULL"]
        .map(str::to_owned)
        .into_iter()
        .chain(parent)
        .chain(table.columns.iter().map(definition))
        .chain(["PRIMARY KEY (_object_id, _row)".to_owned()]);
    let columns = columns.collect::<Vec<_>>().join(",\n    ");
    format!("CREATE TABLE {} (\n    {columns}\n)", catalog.relation(table))
}

fn alter_table(catalog: &Catalog, table: &Table, step: &TableStep) -> String {
    let columns = |numbers: &[usize]| {
        numbers.iter().filter_map(|column| table.columns.get(*column)).collect::<Vec<_>>()
    };
    let added =
        columns(&step.added).into_iter().map(|column| format!("ADD COLUMN {}", definition(column)));
    let widened = columns(&step.widened)
        .into_iter()
        .map(|column| format!("ALTER COLUMN {} TYPE {}", Ident(&column.name), column.of));
    let actions = added.chain(widened).collect::<Vec<_>>().join(",\n    ");
    format!("ALTER TABLE {}\n    {actions}", catalog.relation(table))
}

fn definition(column: &Column) -> String {
    format!("{} {}", Ident(&column.name), column.of)
}

/// The unique index on the root table's key, once all its columns are there. It is what makes two
/// loads that bring the same new key at the same time meet.
fn key_index(endpoint: &EndpointFacts, before: &Catalog, after: &Schema) -> Option<String> {
    if before.key_columns(endpoint).is_some() {
        return None;
    }
    let after = Catalog { schema: Arc::new(after.clone()), ..before.clone() };
    let columns = after.key_columns(endpoint)?;
    let root = after.schema.tables.first()?;
    let names = columns.iter().map(|column| Ident(&column.name).to_string());
    let names = names.collect::<Vec<_>>().join(", ");
    Some(format!("CREATE UNIQUE INDEX ON {} ({names})", after.relation(root)))
}

/// Where single records give way to newer ones, their children are found by their parent.
fn parent_indexes(
    endpoint: &EndpointFacts,
    before: &Catalog,
    after: &Schema,
    steps: &[TableStep],
) -> Vec<String> {
    let new_tables = steps.iter().filter(|step| step.is_new && !endpoint.key.is_empty());
    new_tables
        .filter_map(|step| after.tables.get(step.table))
        .filter(|table| table.parent.is_some())
        .map(|table| {
            format!("CREATE INDEX ON {} (_object_id, _parent_row)", before.relation(table))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use normalise::{Change, ColumnType, Origin};

    use super::*;
    use crate::schema_change::{apply, steps};
    use crate::{Dropped, Write};

    fn column(name: &str, of: ColumnType) -> Column {
        Column { name: name.to_owned(), path: format!("/{name}"), of, origin: Origin::Field }
    }

    fn table(name: &str, parent: Option<usize>) -> Table {
        Table {
            name: name.to_owned(),
            path: String::new(),
            parent,
            columns: Vec::new(),
            rewritable: true,
        }
    }

    fn endpoint(key: &[&str]) -> EndpointFacts {
        EndpointFacts {
            source: "s".to_owned(),
            endpoint: "e".to_owned(),
            root_table: "t".to_owned(),
            write: Write::Replace,
            key: key.iter().map(|path| (*path).to_owned()).collect(),
            version: None,
            renames: Vec::new(),
            vanish_limit: None,
            dropped: Dropped::Restore,
            lock_schema_first: false,
        }
    }

    fn render(endpoint: &EndpointFacts, schema: Schema, changes: &[Change]) -> Vec<String> {
        let before = Catalog {
            version: 1,
            namespace: "s".to_owned(),
            schema: Arc::new(schema),
            ..Catalog::default()
        };
        let after = apply(&before.schema, changes).unwrap();
        let steps = steps(&before.schema, &after);
        statements(endpoint, &before, &after, &steps).into_iter().map(|one| one.sql).collect()
    }

    #[test]
    fn a_column_that_is_added_and_widened_at_once_is_created_wide() {
        let changes = [
            Change::AddTable { table: table("t", None) },
            Change::AddColumn { table: 0, column: column("n", ColumnType::Bigint) },
            Change::Widen { table: 0, column: 0 },
        ];
        assert_eq!(
            render(&endpoint(&[]), Schema::default(), &changes),
            ["CREATE TABLE \"s\".\"t\" (\n    _object_id bigint NOT NULL,\n    _row integer NOT \
              NULL,\n    \"n\" numeric,\n    PRIMARY KEY (_object_id, _row)\n)"]
        );
    }

    #[test]
    fn a_table_is_altered_once_for_all_its_changes() {
        let mut held = table("t", Some(0));
        held.columns.push(column("n", ColumnType::Bigint));
        let before = Schema { tables: vec![held], ..Schema::default() };
        let changes = [
            Change::AddColumn { table: 0, column: column("a\"b", ColumnType::Text) },
            Change::Widen { table: 0, column: 0 },
        ];
        assert_eq!(
            render(&endpoint(&[]), before, &changes),
            ["ALTER TABLE \"s\".\"t\"\n    ADD COLUMN \"a\"\"b\" text,\n    ALTER COLUMN \"n\" \
              TYPE numeric"]
        );
    }

    #[test]
    fn indexes_come_after_all_tables_and_only_where_there_is_a_key() {
        let changes = [
            Change::AddTable { table: table("t", None) },
            Change::AddColumn { table: 0, column: column("id", ColumnType::Bigint) },
            Change::AddTable { table: table("t__c", Some(0)) },
        ];
        assert_eq!(render(&endpoint(&[]), Schema::default(), &changes).len(), 2);
        let keyed = render(&endpoint(&["/id"]), Schema::default(), &changes);
        assert_eq!(
            keyed[2..],
            [
                "CREATE UNIQUE INDEX ON \"s\".\"t\" (\"id\")",
                "CREATE INDEX ON \"s\".\"t__c\" (_object_id, _parent_row)"
            ]
        );
    }
}
