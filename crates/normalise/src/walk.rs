//! From tokens to rows: one record and all its children.
//!
//! A row is complete before its children begin: arrays of objects and maps are set aside while an
//! object's own members are placed. So the parent's key is known, one draft serves every row, and
//! between two rows the walk can stop.

use std::sync::Arc;

use crate::draft::Draft;
use crate::json::Kind;
use crate::plan::{MAX_PATH_BYTES, NoHome, NodeId, Plan};
use crate::rows::TableRows;
use crate::summary::{Notice, NoticeKind};
use crate::value::Value;
use crate::{Column, ColumnType, Origin};

mod course;
mod maps;
mod members;
mod place;
mod record;

use course::Level;
pub(crate) use course::Tapes;
use maps::Reading;
pub(crate) use maps::has_ids;
pub use maps::is_map_key;
use members::Met;
pub(crate) use place::quote;
pub(crate) use record::{Record, Stop};

/// An array of objects or a map, set aside until its parent's row is complete.
#[derive(Debug, Clone, Copy)]
struct Deferred {
    table: usize,
    container: usize,
}

/// An item of an array, or a member of a map with its name and the column for it.
#[derive(Debug, Clone, Copy)]
struct Item {
    value: usize,
    name: Option<usize>,
    key_column: Option<usize>,
}

/// The state that a walk needs, kept from record to record.
#[derive(Debug)]
pub(crate) struct Walk {
    pub(crate) plan: Plan,
    tables: Vec<TableRows>,
    pub(crate) notices: std::collections::BTreeSet<Notice>,
    object_id: [u8; 8],
    next_rows: Vec<i32>,
    draft: Draft,
    /// What the rows around the one at hand, and it itself, have set aside.
    deferred: Vec<Deferred>,
    /// The rows around the one at hand.
    levels: Vec<Level>,
    /// The text of the record at hand, where it is large, and how long a value of it is not copied.
    text: Option<Arc<Vec<u8>>>,
    passage_above: usize,
    /// Bytes of the rows in `tables`.
    held_bytes: usize,
    members: Vec<Met>,
    objects_met: u64,
    rows_begun: u64,
    scratch: Vec<u8>,
    /// The key cells of the record at hand.
    pub(crate) key: Vec<Vec<u8>>,
    /// For each table its key columns and which cell of `key` each repeats.
    key_columns: Vec<Option<Vec<(usize, usize)>>>,
    key_paths: Vec<String>,
    root_row: i32,
}

impl Walk {
    pub(crate) fn new(plan: Plan, object_id: i64, key_paths: Vec<String>) -> Self {
        Self {
            plan,
            tables: Vec::new(),
            notices: std::collections::BTreeSet::new(),
            object_id: object_id.to_be_bytes(),
            next_rows: Vec::new(),
            draft: Draft::default(),
            deferred: Vec::new(),
            levels: Vec::new(),
            text: None,
            passage_above: usize::MAX,
            held_bytes: 0,
            members: Vec::new(),
            objects_met: 0,
            rows_begun: 0,
            scratch: Vec::new(),
            key: Vec::new(),
            key_columns: Vec::new(),
            key_paths,
            root_row: 0,
        }
    }

    /// Writes the root row, numbered `row`; `defaults` are what it carries from around it. What is
    /// below it is for `go_on`.
    pub(crate) fn root(
        &mut self,
        record: Record<'_>,
        row: i32,
        defaults: &[(NodeId, Value<'_>)],
    ) -> Result<(), Stop> {
        let table = self.plan.root().map_err(|_| Stop::no_root())?;
        self.root_row = row;
        let first = self.deferred.len();
        self.begin_row(record, table, 0, false)?;
        for (node, value) in defaults {
            if !self.plan.homes(*node).iter().any(|home| self.draft.is_set(home.column)) {
                self.place(*node, *value, 0..0)?;
            }
        }
        self.finish_row(record, table, None, row)?;
        self.descend(first, row, 0);
        Ok(())
    }

    /// The column and the cell that `value` has at `node`, apart from any record.
    pub(crate) fn cell_for(
        &mut self,
        node: NodeId,
        value: Value<'_>,
    ) -> Result<Option<(usize, Vec<u8>)>, Stop> {
        self.draft.clear();
        self.place(node, value, 0..0)?;
        Ok(self.draft.take_only_cell())
    }

    /// Writes a row of `table`, whose item stands on the tape with the number `tape`.
    fn child(
        &mut self,
        record: Record<'_>,
        tape: usize,
        table: usize,
        item: Item,
        parent_row: i32,
    ) -> Result<(), Stop> {
        let row = self.next_row(table)?;
        let first = self.deferred.len();
        self.begin_row(record, table, item.value, item.name.is_some())?;
        self.set_map_key(record, item);
        self.finish_row(record, table, Some(parent_row), row)?;
        self.descend(first, row, tape);
        Ok(())
    }

    fn begin_row(
        &mut self,
        record: Record<'_>,
        table: usize,
        item: usize,
        is_in_map: bool,
    ) -> Result<(), Stop> {
        self.draft.clear();
        self.rows_begun += 1;
        let Some(node) = self.plan.record_node(table) else {
            return Ok(());
        };
        let Some(token) = record.tape.get(item) else {
            return Ok(());
        };
        let is_wide = token.len as usize > self.plan.limits().max_object_keys;
        let is_object = token.kind == Kind::Object;
        if is_object && is_wide {
            self.notice(NoticeKind::WideObject, node);
        // A map directly inside a map stands whole, as an array inside an array does.
        } else if is_object && !(is_in_map && self.has_ids(record, item)) {
            return self.object(record, node, item);
        }
        let whole = record.whole(item, self.plan.limits().max_jsonb_bytes);
        whole.map_or(Ok(()), |value| self.place_document(node, value, record.range(item)))
    }

    /// Places the members of an object.
    fn object(&mut self, record: Record<'_>, node: NodeId, index: usize) -> Result<(), Stop> {
        let mark = self.gather(record, node, index)?;
        let mut at = mark;
        while let Some(met) = self.members.get(at).copied() {
            self.value(record, met.node, met.value)?;
            at += 1;
        }
        self.members.truncate(mark);
        Ok(())
    }

    fn value(&mut self, record: Record<'_>, node: NodeId, index: usize) -> Result<(), Stop> {
        let Some(token) = record.tape.get(index) else {
            return Ok(());
        };
        match token.kind {
            Kind::Null => Ok(()),
            // What is declared to be JSON stays whole.
            Kind::Object | Kind::Array if self.plan.is_json(node) => {
                if self.is_moved_clash(record, node, index) {
                    return Ok(());
                }
                self.place_whole(record, node, index)
            }
            Kind::Object if token.len > 0 => match self.reading(record, node, index) {
                Reading::Columns => self.nested(record, node, index, token.len as usize),
                _ if self.is_moved_clash(record, node, index) => Ok(()),
                Reading::Rows => self.set_aside(record, node, index),
                Reading::Whole => self.place_whole(record, node, index),
            },
            _ if self.is_moved_clash(record, node, index) => Ok(()),
            Kind::Array if token.has_object() => self.set_aside(record, node, index),
            Kind::Object | Kind::Array => self.place_whole(record, node, index),
            Kind::True | Kind::False | Kind::Number | Kind::String => {
                self.place(node, Value::new(record.json, token), record.range(index))
            }
        }
    }

    /// Leaves the array or map at `index` for later: each of its entries is a row of a child table.
    fn set_aside(&mut self, record: Record<'_>, node: NodeId, index: usize) -> Result<(), Stop> {
        match self.plan.child_table(node) {
            Ok(table) => {
                self.deferred.push(Deferred { table, container: index });
                Ok(())
            }
            Err(NoHome::TableLimit) => {
                self.notice(NoticeKind::TableLimit, node);
                self.place_whole(record, node, index)
            }
            Err(reason) => record
                .value(index)
                .map_or(Ok(()), |value| self.homeless(node, value, record.range(index), reason)),
        }
    }

    fn nested(&mut self, r: Record<'_>, node: NodeId, at: usize, width: usize) -> Result<(), Stop> {
        let depth = self.plan.node(node).map_or(0, |node| node.depth);
        let bound = if width > self.plan.limits().max_object_keys {
            NoticeKind::WideObject
        } else if depth > self.plan.limits().max_flatten_depth {
            NoticeKind::DeepObject
        } else {
            return self.object(r, node, at);
        };
        self.notice(bound, node);
        self.place_whole(r, node, at)
    }

    fn place_whole(&mut self, record: Record<'_>, node: NodeId, at: usize) -> Result<(), Stop> {
        let whole = record.whole(at, self.plan.limits().max_jsonb_bytes);
        whole.map_or(Ok(()), |value| self.place(node, value, record.range(at)))
    }

    fn finish_row(
        &mut self,
        record: Record<'_>,
        table: usize,
        parent_row: Option<i32>,
        row: i32,
    ) -> Result<(), Stop> {
        self.repeat_key(table);
        self.narrow(record, table);
        if table == 0 {
            self.repeat_key(table);
        }
        self.place_overflow(table)?;
        while self.tables.len() <= table {
            self.tables.push(TableRows::new(self.tables.len()));
        }
        let row_cell = row.to_be_bytes();
        let parent_cell = parent_row.map(i32::to_be_bytes);
        let technical: &[&[u8]] = match &parent_cell {
            Some(parent) => &[&self.object_id, &row_cell, parent],
            None => &[&self.object_id, &row_cell],
        };
        if let Some(rows) = self.tables.get_mut(table) {
            let before = rows.held_bytes();
            self.draft.write(technical, self.root_row, self.text.as_ref(), rows);
            self.held_bytes += rows.held_bytes() - before;
        }
        Ok(())
    }

    /// Of a record whose text is kept, values of more than so many bytes are not copied.
    pub(crate) fn keep_text(&mut self, text: Option<Arc<Vec<u8>>>, passage_above: usize) {
        self.passage_above = if text.is_some() { passage_above } else { usize::MAX };
        self.text = text;
    }

    /// Bytes that the rows take.
    pub(crate) fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// Takes the rows, and says which root row's are not complete.
    pub(crate) fn take_tables(&mut self) -> (Vec<TableRows>, Option<i32>) {
        self.held_bytes = 0;
        let next = self.tables.iter().map(TableRows::with_room_of).collect();
        (std::mem::replace(&mut self.tables, next), self.is_under_way().then_some(self.root_row))
    }

    /// The root row that comes next.
    pub(crate) fn next_root_row(&mut self) -> Result<i32, Stop> {
        self.next_row(0)
    }

    /// The number that the next root row will have.
    pub(crate) fn root_rows(&self) -> i32 {
        self.next_rows.first().copied().unwrap_or(0)
    }

    fn next_row(&mut self, table: usize) -> Result<i32, Stop> {
        if self.next_rows.len() <= table {
            self.next_rows.resize(table + 1, 0);
        }
        let path = self.plan.schema().tables.get(table).map_or("", |table| table.path.as_str());
        let next = self.next_rows.get_mut(table).and_then(|next| {
            let row = *next;
            *next = next.checked_add(1)?;
            Some(row)
        });
        next.ok_or_else(|| Stop::too_many_rows(path))
    }

    /// Fills a child's key columns with the record's key; and the root's own, where the record was
    /// too wide for columns or its row too long: without its key it would stand twice.
    fn repeat_key(&mut self, table: usize) {
        if self.key.is_empty() {
            return;
        }
        if self.key_columns.len() <= table {
            self.key_columns.resize(table + 1, None);
        }
        let Some(known) = self.key_columns.get_mut(table) else {
            return;
        };
        let columns = known.get_or_insert_with(|| {
            let columns = self.plan.schema().tables.get(table).map(|table| &table.columns);
            let keys = columns.into_iter().flatten().enumerate();
            // A child's column stays the key's when the key turns out to have had another name.
            let path_of = |column: &Column| match column.origin {
                Origin::Field if table == 0 => Some(column.path.clone()),
                Origin::Key if table != 0 => Some(self.plan.oldest(&column.path)),
                _ => None,
            };
            keys.filter_map(|(place, column)| {
                let path = path_of(column)?;
                Some((place, self.key_paths.iter().position(|key| *key == path)?))
            })
            .collect()
        });
        for (column, key) in columns.iter() {
            if let Some(cell) = self.key.get(*key).filter(|_| !self.draft.is_set(*column)) {
                self.draft.try_set(*column, 0..0, |out| {
                    out.extend_from_slice(cell);
                    true
                });
            }
        }
    }

    fn notice(&mut self, kind: NoticeKind, node: NodeId) {
        let path = self.plan.node(node).map_or_else(String::new, |node| node.path.to_string());
        self.note(kind, path);
    }

    pub(crate) fn note(&mut self, kind: NoticeKind, mut path: String) {
        /// A source that misbehaves in a new place each time must not fill the memory.
        const MAX_NOTICES: usize = 1_000;
        if self.notices.len() < MAX_NOTICES {
            path.truncate(path.floor_char_boundary(MAX_PATH_BYTES));
            // The change log's `text` can't hold U+0000.
            let path = path.replace('\0', "\u{fffd}");
            self.notices.insert(Notice { kind, path });
        }
    }

    /// A `bigint` column has become `numeric`: the rows at hand follow.
    fn widen_rows(&mut self, table: usize, column: usize) {
        let technical = self.plan.schema().tables.get(table).map_or(0, |t| t.technical_columns());
        if let Some(rows) = self.tables.get_mut(table) {
            rows.rewrite_field(technical + column, |old, out| {
                if let Ok(old) = old.try_into() {
                    crate::json::numeric::from_i64_binary(old, out);
                }
            });
            self.held_bytes = self.tables.iter().map(TableRows::held_bytes).sum();
        }
    }

    pub(crate) fn column_type(&self, table: usize, column: usize) -> Option<ColumnType> {
        self.plan.schema().tables.get(table)?.columns.get(column).map(|column| column.of)
    }
}

#[cfg(test)]
mod tests;
