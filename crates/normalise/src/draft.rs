//! The row at hand: its cells until it is complete.

use std::ops::Range;
use std::sync::Arc;

use crate::json::numeric;
use crate::rows::TableRows;
use crate::{ColumnType, cell};

/// A varlena above this can be moved out of line, where it takes this much.
/// Source: PostgreSQL documentation, "TOAST".
const INLINE_MAX: usize = 24;

/// A row in the making. One is enough: a row is complete before its children begin.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    /// The cells as COPY has them, each behind its length, in the order in which they were set.
    cells: Vec<u8>,
    slots: Vec<Slot>,
    /// What has no column: absolute path and the value as it stands.
    pub(crate) overflow: Vec<(String, Vec<u8>)>,
}

/// Where a column's cell stands; nowhere where it is NULL.
#[derive(Debug, Clone, Copy)]
struct Slot {
    start: u32,
    end: u32,
    /// Where the value stands in the record; empty for what came from elsewhere.
    raw_start: u32,
    raw_end: u32,
    /// Whether the value goes on as it stands in the record.
    is_passage: bool,
}

impl Slot {
    const NULL: Self = Self { start: 0, end: 0, raw_start: 0, raw_end: 0, is_passage: false };

    fn is_null(&self) -> bool {
        self.start == self.end
    }

    fn range(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    fn raw(&self) -> Range<usize> {
        self.raw_start as usize..self.raw_end as usize
    }
}

impl Draft {
    pub(crate) fn clear(&mut self) {
        /// A row that took more than this is an exception, whose memory is given back.
        const CELLS_KEPT: usize = 1 << 20;
        if self.cells.capacity() > CELLS_KEPT {
            self.cells = Vec::new();
        }
        self.cells.clear();
        self.slots.clear();
        self.overflow.clear();
    }

    pub(crate) fn is_set(&self, column: usize) -> bool {
        self.slots.get(column).is_some_and(|slot| !slot.is_null())
    }

    /// Lets `value` append a cell; keeps it for `column` if it says so.
    pub(crate) fn try_set(
        &mut self,
        column: usize,
        raw: Range<usize>,
        value: impl FnOnce(&mut Vec<u8>) -> bool,
    ) -> bool {
        let start = self.cells.len();
        let mut is_cell = false;
        cell::write(&mut self.cells, |out| is_cell = value(out));
        if !is_cell {
            self.cells.truncate(start);
            return false;
        }
        self.fill(column, start, raw, false);
        true
    }

    /// Keeps for `column` a cell that is `head` and then the value as it stands in the record.
    pub(crate) fn set_passage(&mut self, column: usize, raw: Range<usize>, head: &[u8]) {
        let start = self.cells.len();
        let length = i32::try_from(head.len() + raw.len()).unwrap_or(i32::MAX);
        self.cells.extend_from_slice(&length.to_be_bytes());
        self.cells.extend_from_slice(head);
        self.fill(column, start, raw, true);
    }

    /// The cell from `start` on is the column's.
    fn fill(&mut self, column: usize, start: usize, raw: Range<usize>, is_passage: bool) {
        if self.slots.len() <= column {
            self.slots.resize(column + 1, Slot::NULL);
        }
        if let Some(slot) = self.slots.get_mut(column) {
            // A record ends at 512 MB.
            let place = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
            *slot = Slot {
                start: place(start),
                end: place(self.cells.len()),
                raw_start: place(raw.start),
                raw_end: place(raw.end),
                is_passage,
            };
        }
    }

    /// The only cell there is, and its column.
    pub(crate) fn take_only_cell(&mut self) -> Option<(usize, Vec<u8>)> {
        let (column, slot) = self.slots.iter().enumerate().find(|(_, slot)| !slot.is_null())?;
        let cell = value_of(&self.cells, slot).to_vec();
        self.clear();
        Some((column, cell))
    }

    /// Takes cells out, from the last column on, until the row is within `max_bytes`; gives the
    /// columns and where their values stand in the record. `of` is the type of a column.
    pub(crate) fn narrow(
        &mut self,
        max_bytes: usize,
        of: impl Fn(usize) -> Option<ColumnType>,
    ) -> Vec<(usize, Range<usize>)> {
        let mut moved = Vec::new();
        if self.slots.len() * INLINE_MAX + self.slots.len() / 8 <= max_bytes {
            return moved;
        }
        let cells = &self.cells;
        let inline = |column: usize, slot: &Slot| {
            let passage = if slot.is_passage { slot.raw().len() } else { 0 };
            inline_bytes(of(column), value_of(cells, slot), passage)
        };
        let slots = self.slots.iter().enumerate().filter(|(_, slot)| !slot.is_null());
        let each = slots.map(|(column, slot)| inline(column, slot));
        let mut bytes = each.sum::<usize>() + self.slots.len() / 8;
        for (column, slot) in self.slots.iter_mut().enumerate().rev() {
            if bytes <= max_bytes {
                break;
            }
            if !slot.is_null() && !slot.raw().is_empty() {
                bytes -= inline(column, slot);
                moved.push((column, slot.raw()));
                *slot = Slot::NULL;
            }
        }
        moved
    }

    /// Writes the row behind `technical` cells. `text` is the record's, if there may be passages.
    pub(crate) fn write(
        &mut self,
        technical: &[&[u8]],
        root_row: i32,
        text: Option<&Arc<Vec<u8>>>,
        rows: &mut TableRows,
    ) {
        let out = rows.fields_mut();
        out.reserve(self.cells.len());
        for value in technical {
            cell::write(out, |out| out.extend_from_slice(value));
        }
        // Most cells stand one behind the other as their columns do.
        let mut run = 0..0;
        for slot in &self.slots {
            let goes_on = !slot.is_null() && slot.range().start == run.end;
            if goes_on && !slot.is_passage {
                run.end = slot.range().end;
                continue;
            }
            let out = rows.fields_mut();
            out.extend_from_slice(self.cells.get(run).unwrap_or_default());
            run = slot.range();
            if slot.is_null() {
                out.extend_from_slice(&cell::NULL);
            } else if let Some(text) = text.filter(|_| slot.is_passage) {
                out.extend_from_slice(self.cells.get(run.clone()).unwrap_or_default());
                run.start = run.end;
                rows.push_passage(text, slot.raw());
            }
        }
        rows.fields_mut().extend_from_slice(self.cells.get(run).unwrap_or_default());
        let fields = technical.len() + self.slots.len();
        self.clear();
        rows.end_row(root_row, u16::try_from(fields).unwrap_or(u16::MAX));
    }
}

/// A cell without its length.
fn value_of<'a>(cells: &'a [u8], slot: &Slot) -> &'a [u8] {
    cells.get(slot.range()).and_then(|cell| cell.get(cell::LENGTH..)).unwrap_or_default()
}

/// Bytes of a cell that can't be moved out of line, about. A `bigint` counts as the `numeric` that
/// its column may become, so that a replay finds the row as long as it was. `passage`: bytes of the
/// record's text that the cell goes on with.
fn inline_bytes(of: Option<ColumnType>, cell: &[u8], passage: usize) -> usize {
    let mut wide = Vec::new();
    if of == Some(ColumnType::Bigint)
        && let Ok(integer) = cell.try_into()
    {
        numeric::from_i64_binary(integer, &mut wide);
    }
    (cell.len() + passage).max(wide.len()).min(INLINE_MAX - 4) + 4
}
