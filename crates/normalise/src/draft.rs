//! The row at hand: its cells until it is complete.

use std::ops::Range;

use crate::json::numeric;
use crate::rows::TableRows;
use crate::{ColumnType, cell};

/// A varlena above this can be moved out of line, where it takes this much.
/// Source: PostgreSQL documentation, "TOAST".
const INLINE_MAX: usize = 24;

/// A row in the making. One is enough: a row is complete before its children begin.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    cells: Vec<u8>,
    slots: Vec<Option<Slot>>,
    /// What has no column: absolute path and the value as it stands.
    pub(crate) overflow: Vec<(String, Vec<u8>)>,
}

#[derive(Debug, Clone)]
struct Slot {
    cell: Range<usize>,
    /// Where the value stands in the record; empty for what came from elsewhere.
    raw: Range<usize>,
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
        self.slots.get(column).is_some_and(Option::is_some)
    }

    /// Lets `value` append a cell; keeps it for `column` if it says so.
    pub(crate) fn try_set(
        &mut self,
        column: usize,
        raw: Range<usize>,
        value: impl FnOnce(&mut Vec<u8>) -> bool,
    ) -> bool {
        let start = self.cells.len();
        if !value(&mut self.cells) {
            self.cells.truncate(start);
            return false;
        }
        if self.slots.len() <= column {
            self.slots.resize(column + 1, None);
        }
        if let Some(slot) = self.slots.get_mut(column) {
            *slot = Some(Slot { cell: start..self.cells.len(), raw });
        }
        true
    }

    /// The only cell there is, and its column.
    pub(crate) fn take_only_cell(&mut self) -> Option<(usize, Vec<u8>)> {
        let (column, slot) =
            self.slots.iter().enumerate().find_map(|(at, slot)| Some((at, slot.as_ref()?)))?;
        let cell = self.cells.get(slot.cell.clone())?.to_vec();
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
            inline_bytes(of(column), cells.get(slot.cell.clone()).unwrap_or_default())
        };
        let slots = self.slots.iter().enumerate();
        let each = slots.filter_map(|(column, slot)| Some(inline(column, slot.as_ref()?)));
        let mut bytes = each.sum::<usize>() + self.slots.len() / 8;
        for (column, place) in self.slots.iter_mut().enumerate().rev() {
            if bytes <= max_bytes {
                break;
            }
            if let Some(slot) = place.take_if(|slot| !slot.raw.is_empty()) {
                bytes -= inline(column, &slot);
                moved.push((column, slot.raw));
            }
        }
        moved
    }

    /// Writes the row behind `technical` cells.
    pub(crate) fn write(&mut self, technical: &[&[u8]], root_row: i32, rows: &mut TableRows) {
        let out = rows.fields_mut();
        out.reserve(self.cells.len());
        for value in technical {
            cell::write(out, |out| out.extend_from_slice(value));
        }
        for slot in &self.slots {
            match slot.as_ref().and_then(|slot| self.cells.get(slot.cell.clone())) {
                Some(value) => cell::write(out, |out| out.extend_from_slice(value)),
                None => out.extend_from_slice(&cell::NULL),
            }
        }
        let fields = technical.len() + self.slots.len();
        self.clear();
        rows.end_row(root_row, u16::try_from(fields).unwrap_or(u16::MAX));
    }
}

/// Bytes of a cell that can't be moved out of line, about. A `bigint` counts as the `numeric` that
/// its column may become, so that a replay finds the row as long as it was.
fn inline_bytes(of: Option<ColumnType>, cell: &[u8]) -> usize {
    let mut wide = Vec::new();
    if of == Some(ColumnType::Bigint)
        && let Ok(integer) = cell.try_into()
    {
        numeric::from_i64_binary(integer, &mut wide);
    }
    cell.len().max(wide.len()).min(INLINE_MAX - 4) + 4
}
