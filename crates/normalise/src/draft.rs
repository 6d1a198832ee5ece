//! The row at hand: its cells until it is complete.

use std::ops::Range;

use crate::cell;
use crate::rows::TableRows;

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

    /// Bytes of the row that can't be moved out of line, about.
    fn inline_bytes(&self) -> usize {
        let cells = self.slots.iter().flatten().map(|slot| slot.cell.len().min(INLINE_MAX - 4) + 4);
        cells.sum::<usize>() + self.slots.len() / 8
    }

    /// Takes cells out, from the last column on, until the row is within `max_bytes`; gives the
    /// columns and where their values stand in the record.
    pub(crate) fn narrow(&mut self, max_bytes: usize) -> Vec<(usize, Range<usize>)> {
        let mut moved = Vec::new();
        let mut bytes = self.inline_bytes();
        for (column, place) in self.slots.iter_mut().enumerate().rev() {
            if bytes <= max_bytes {
                break;
            }
            if let Some(slot) = place.take_if(|slot| !slot.raw.is_empty()) {
                bytes -= slot.cell.len().min(INLINE_MAX - 4) + 4;
                moved.push((column, slot.raw));
            }
        }
        moved
    }

    /// Writes the row behind `technical` cells.
    pub(crate) fn write(&self, technical: &[&[u8]], root_row: i32, rows: &mut TableRows) {
        let out = rows.fields_mut();
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
        rows.end_row(root_row, u16::try_from(fields).unwrap_or(u16::MAX));
    }
}
