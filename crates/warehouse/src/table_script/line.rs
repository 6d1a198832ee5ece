//! The lines of comment in which a table script carries what the catalog must know: one JSON
//! document each, so that a person can read them beside the SQL.

use normalise::{Change, Column, ColumnType, Origin, Schema, Table};
use serde::{Deserialize, Serialize};

use crate::catalog::Catalog;
use crate::{EndpointFacts, WarehouseError};

/// What such a line begins with, after the two dashes.
pub(super) const MARK: &str = " riacho ";

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Line {
    /// Which endpoint the lines behind it are about.
    Endpoint { source: String, endpoint: String, catalog_version: i64, key: Vec<String> },
    /// A new table.
    AddTable { table: String, path: String, parent: Option<String> },
    /// A new column.
    AddColumn {
        table: String,
        column: String,
        path: String,
        #[serde(rename = "type")]
        of: String,
        origin: String,
    },
    /// A `bigint` column that becomes `numeric`.
    Widen { table: String, column: String },
}

impl Line {
    /// All lines of one endpoint.
    pub(super) fn all(endpoint: &EndpointFacts, before: &Catalog, changes: &[Change]) -> Vec<Self> {
        let head = Self::Endpoint {
            source: endpoint.source.clone(),
            endpoint: endpoint.endpoint.clone(),
            catalog_version: before.version,
            key: endpoint.key.clone(),
        };
        let mut tables = before.schema.tables.clone();
        let mut lines = vec![head];
        for change in changes {
            lines.extend(Self::of(change, &tables));
            match change {
                Change::AddTable { table } => tables.push(table.clone()),
                Change::AddColumn { table, column } => {
                    let columns = tables.get_mut(*table).map(|table| &mut table.columns);
                    columns.into_iter().for_each(|columns| columns.push(column.clone()));
                }
                Change::Widen { .. } => {}
            }
        }
        lines
    }

    fn of(change: &Change, tables: &[Table]) -> Option<Self> {
        let name = |number: usize| tables.get(number).map(|table| table.name.clone());
        Some(match change {
            Change::AddTable { table } => Self::AddTable {
                table: table.name.clone(),
                path: table.path.clone(),
                parent: table.parent.and_then(name),
            },
            Change::AddColumn { table, column } => Self::AddColumn {
                table: name(*table)?,
                column: column.name.clone(),
                path: column.path.clone(),
                of: column.of.name().to_owned(),
                origin: column.origin.name().to_owned(),
            },
            Change::Widen { table, column } => Self::Widen {
                table: name(*table)?,
                column: tables.get(*table)?.columns.get(*column)?.name.clone(),
            },
        })
    }

    /// The line as it stands in a script. JSON escapes whatever would end it.
    pub(super) fn render(&self) -> Result<String, WarehouseError> {
        let json = serde_json::to_string(self)
            .map_err(|error| WarehouseError::Mismatch(format!("a script's line: {error}")))?;
        Ok(format!("--{MARK}{json}\n"))
    }

    /// The change that the line asks for, on top of `schema`; what is wrong with it otherwise.
    pub(super) fn change(&self, schema: &Schema) -> Result<Change, String> {
        let number = |name: &str| {
            let found = schema.tables.iter().position(|table| table.name == name);
            found.ok_or_else(|| format!("there is no table `{name}`"))
        };
        match self {
            Self::Endpoint { .. } => Err("it names an endpoint".to_owned()),
            Self::AddTable { table, path, parent } => {
                let is_root = schema.tables.is_empty();
                if is_root != parent.is_none() {
                    return Err(format!("`{table}` must be the first table, or have a parent"));
                }
                let parent = parent.as_deref().map(number).transpose()?;
                let (name, path) = (table.clone(), path.clone());
                let columns = Vec::new();
                Ok(Change::AddTable {
                    table: Table { name, path, parent, columns, rewritable: true },
                })
            }
            Self::AddColumn { table, column, path, of, origin } => Ok(Change::AddColumn {
                table: number(table)?,
                column: Column {
                    name: column.clone(),
                    path: path.clone(),
                    of: of.parse::<ColumnType>().map_err(|error| error.to_string())?,
                    origin: Origin::from_name(origin)
                        .ok_or_else(|| format!("`{origin}` is no origin of a column"))?,
                },
            }),
            Self::Widen { table, column } => {
                let table = number(table)?;
                let columns = schema.tables.get(table).map_or(&[][..], |table| &table.columns);
                let is_it = |held: &Column| held.name == *column && held.of == ColumnType::Bigint;
                let column = columns.iter().position(is_it);
                let column = column.ok_or("there is no such `bigint` column to be widened")?;
                Ok(Change::Widen { table, column })
            }
        }
    }
}
