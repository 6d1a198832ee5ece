//! The tables of one endpoint as the catalog knows them, and the changes that an object asks for.

use std::collections::BTreeSet;

use crate::ColumnType;

/// The tables of one endpoint. The root, if it exists, is the first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schema {
    /// Tables, parents before children; a table's place here is its number in changes and rows.
    pub tables: Vec<Table>,
    /// Names that other endpoints' tables already have in the same Postgres schema.
    pub taken: BTreeSet<String>,
    /// Renames that were accepted: new path and old path, absolute, array indices left out. They
    /// count after `Rules::renames`.
    pub renames: Vec<(String, String)>,
    /// Columns that somebody added by hand: the table's number, and a name that is taken there.
    pub foreign_columns: BTreeSet<(usize, String)>,
}

/// A table. Every table starts with `_object_id bigint, _row integer`, a child also with
/// `_parent_row integer`; these are not listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name in Postgres.
    pub name: String,
    /// JSON Pointer to its records from the document, array indices left out.
    pub path: String,
    /// The table of the rows that its rows belong to; none for the root.
    pub parent: Option<usize>,
    /// Columns in the order in which they were added.
    pub columns: Vec<Column>,
    /// Whether the table is small enough for a column's type to be changed in place, which
    /// rewrites it.
    pub rewritable: bool,
}

impl Table {
    /// How many technical columns stand before `columns`.
    pub fn technical_columns(&self) -> usize {
        if self.parent.is_some() { 3 } else { 2 }
    }

    /// The column called `name`.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name in Postgres.
    pub name: String,
    /// JSON Pointer from the document, array indices left out.
    pub path: String,
    /// Its type.
    pub of: ColumnType,
    /// Where its values come from.
    pub origin: Origin,
}

/// Where a column's values come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// A field of the record, or the partition or kept value of that name where it has none.
    Field,
    /// The same field, where its value is not of the main column's type.
    Variant,
    /// A record or item that is no object.
    Value,
    /// The root's key, repeated in a child table.
    Key,
    /// The name that a member of a map stands under; NULL for an array's items.
    MapKey,
    /// What went beyond a bound or stood twice: `{"<pointer>": [values…]}`.
    Overflow,
}

impl Origin {
    /// Its name in the catalog.
    pub fn name(self) -> &'static str {
        match self {
            Self::Field => "field",
            Self::Variant => "variant",
            Self::Value => "value",
            Self::Key => "key",
            Self::MapKey => "map_key",
            Self::Overflow => "overflow",
        }
    }

    /// Whether they are a field's: in its main column, or in one beside it.
    pub fn is_field(self) -> bool {
        matches!(self, Self::Field | Self::Variant)
    }

    /// The origin of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Field, Self::Variant, Self::Value, Self::Key, Self::MapKey, Self::Overflow]
            .into_iter()
            .find(|origin| origin.name() == name)
    }
}

/// One step from the schema that a shredder was given to the one that its rows need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A new table, at the end of `Schema::tables`; its columns follow as changes of their own.
    AddTable {
        /// The table, without columns.
        table: Table,
    },
    /// A new column, at the end of `Table::columns`.
    AddColumn {
        /// The table's number.
        table: usize,
        /// The column.
        column: Column,
    },
    /// A `bigint` column becomes `numeric`, in place.
    Widen {
        /// The table's number.
        table: usize,
        /// The column's number within the table.
        column: usize,
    },
}
