//! The columns that one field's values may stand in: the main column and its variants.
//!
//! A value goes to the first home, in the order in which they were added, that holds it exactly. So
//! a replay with the catalog of today places every value where it stood before.

use std::sync::Arc;

use super::{NodeId, Plan};
use crate::{Change, ColumnType, Origin};

/// A column that a field's values may stand in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Home {
    pub(crate) of: ColumnType,
    /// The column's number within its table.
    pub(crate) column: usize,
}

/// Why a value can have no column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoHome {
    Frozen,
    Discarded,
    ColumnLimit,
    TableLimit,
    /// The plan has no such node: never met.
    Nowhere,
}

/// What adding a value did to its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) home: Home,
    /// The column was `bigint` until now: rows at hand must be written again.
    pub(crate) widened: bool,
}

impl Plan {
    pub(crate) fn homes(&self, node: NodeId) -> &[Home] {
        self.nodes.get(node).map_or(&[], |node| &node.homes)
    }

    pub(crate) fn declared(&self, node: NodeId) -> Option<ColumnType> {
        self.nodes.get(node).and_then(|node| node.declared)
    }

    /// Whether the field is declared to be JSON.
    pub(crate) fn is_json(&self, node: NodeId) -> bool {
        matches!(self.declared(node), Some(ColumnType::Jsonb | ColumnType::Json))
    }

    /// Whether the field's values have rows or columns of their own, so that none of these is as
    /// much as an array without items or an object without members.
    pub(crate) fn has_parts(&self, node: NodeId) -> bool {
        self.nodes.get(node).is_some_and(|node| node.child.is_some() || !node.members.is_empty())
    }

    /// The home for a value of type `of` that none of the present ones holds: the main column where
    /// there is none, a wider main column, or a variant beside it.
    pub(crate) fn add_home(&mut self, node: NodeId, of: ColumnType) -> Result<Placed, NoHome> {
        let Some(held) = self.nodes.get(node) else {
            return Err(NoHome::Nowhere);
        };
        self.contracts.leaves_in(held.ruling)?;
        let (table, ruling) = (held.table, held.ruling);
        let Some(main) = held.homes.first().copied() else {
            return self.add_main(node, of);
        };
        let rewritable = self.schema.tables.get(table).is_some_and(|table| table.rewritable);
        // What is declared to be `bigint` stays so: else numbers in quotes would have one home
        // before the first decimal and another one after it.
        let widens = main.of == ColumnType::Bigint && held.declared != Some(main.of);
        if widens && of == ColumnType::Numeric && rewritable {
            return self.widen(node, main);
        }
        let path = held.path.to_string();
        let main_name = self
            .schema
            .tables
            .get(table)
            .and_then(|table| table.columns.get(main.column))
            .map_or_else(String::new, |column| column.name.clone());
        let wanted = format!("{main_name}__v_{of}");
        let column = self.add_column(table, &wanted, path, of, Origin::Variant, ruling)?;
        Ok(self.push_home(node, Home { of, column }))
    }

    fn add_main(&mut self, node: NodeId, of: ColumnType) -> Result<Placed, NoHome> {
        let Some(held) = self.nodes.get(node) else {
            return Err(NoHome::Nowhere);
        };
        let (table, path, ruling) = (held.table, held.path.to_string(), held.ruling);
        let is_record = self.record_nodes.contains(&node);
        let (wanted, origin) = if is_record {
            ("value".to_owned(), Origin::Value)
        } else {
            (held.name.to_string(), Origin::Field)
        };
        let column = self.add_column(table, &wanted, path, of, origin, ruling)?;
        Ok(self.push_home(node, Home { of, column }))
    }

    fn widen(&mut self, node: NodeId, main: Home) -> Result<Placed, NoHome> {
        let Some(held) = self.nodes.get_mut(node) else {
            return Err(NoHome::Nowhere);
        };
        self.contracts.may_change(held.ruling)?;
        let home = Home { of: ColumnType::Numeric, ..main };
        if let Some(first) = held.homes.first_mut() {
            *first = home;
        }
        let table = held.table;
        let tables = &mut Arc::make_mut(&mut self.schema).tables;
        if let Some(column) = tables.get_mut(table).and_then(|t| t.columns.get_mut(main.column)) {
            column.of = ColumnType::Numeric;
        }
        self.changes.push(Change::Widen { table, column: main.column });
        Ok(Placed { home, widened: true })
    }

    fn push_home(&mut self, node: NodeId, home: Home) -> Placed {
        if let Some(node) = self.nodes.get_mut(node) {
            node.homes.push(home);
        }
        Placed { home, widened: false }
    }
}
