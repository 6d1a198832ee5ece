//! Rows of one table in Postgres's binary COPY form.
//!
//! Source: PostgreSQL documentation, COPY, "Binary Format": per tuple a 16-bit field count, then
//! for each field a 32-bit length (-1: NULL) and the value.

use crate::cell;

/// Rows of one table, growing at the end. A row that was written before a column was added is
/// filled up with NULL when it is read out.
#[derive(Debug, Default)]
pub struct TableRows {
    /// The table's number in the schema.
    pub table: usize,
    fields: Vec<u8>,
    marks: Vec<Mark>,
}

#[derive(Debug, Clone, Copy)]
struct Mark {
    end: usize,
    root_row: i32,
    field_count: u16,
}

impl TableRows {
    pub(crate) fn new(table: usize) -> Self {
        Self { table, ..Self::default() }
    }

    /// None yet, with room for about as many as `earlier` holds: a list that grows step by step
    /// takes up to twice what it needs, and leaves holes behind.
    pub(crate) fn with_room_of(earlier: &Self) -> Self {
        let room = |length: usize| length + length / 16;
        Self {
            table: earlier.table,
            fields: Vec::with_capacity(room(earlier.fields.len())),
            marks: Vec::with_capacity(room(earlier.marks.len())),
        }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.marks.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.fields.len()
    }

    /// Bytes that holding them takes.
    pub(crate) fn held_bytes(&self) -> usize {
        self.fields.len() + self.marks.len() * size_of::<Mark>()
    }

    /// Where the next row's fields go; `end_row` closes it.
    pub(crate) fn fields_mut(&mut self) -> &mut Vec<u8> {
        &mut self.fields
    }

    pub(crate) fn end_row(&mut self, root_row: i32, field_count: u16) {
        self.marks.push(Mark { end: self.fields.len(), root_row, field_count });
    }

    /// Appends the tuples from row number `first` on to `out`, each with `field_count` fields,
    /// without the stream's header and trailer, until `out` holds `bytes` or more; gives the number
    /// of the row to go on with.
    pub fn write_tuples(
        &self,
        first: usize,
        field_count: u16,
        bytes: usize,
        out: &mut Vec<u8>,
    ) -> usize {
        let before = first.checked_sub(1).and_then(|last| self.marks.get(last));
        let mut start = before.map_or(0, |mark| mark.end);
        let mut next = first;
        for mark in self.marks.iter().skip(first) {
            if out.len() >= bytes {
                break;
            }
            out.extend_from_slice(&field_count.to_be_bytes());
            out.extend_from_slice(self.fields.get(start..mark.end).unwrap_or_default());
            for _ in mark.field_count..field_count {
                out.extend_from_slice(&cell::NULL);
            }
            start = mark.end;
            next += 1;
        }
        next
    }

    /// The rows, each as its fields in the order of the columns, none for NULL. A row that was
    /// written before a column was added ends early.
    pub fn rows(&self) -> impl Iterator<Item = impl Iterator<Item = Option<&[u8]>>> {
        let starts = std::iter::once(0).chain(self.marks.iter().map(|mark| mark.end));
        starts.zip(&self.marks).map(|(start, mark)| {
            cell::Fields::new(self.fields.get(start..mark.end).unwrap_or_default())
        })
    }

    pub(crate) fn retain_roots(&mut self, keep: impl Fn(i32) -> bool) {
        let mut kept = Self::new(self.table);
        let mut start = 0;
        for mark in &self.marks {
            if keep(mark.root_row) {
                kept.fields.extend_from_slice(self.fields.get(start..mark.end).unwrap_or_default());
                kept.end_row(mark.root_row, mark.field_count);
            }
            start = mark.end;
        }
        *self = kept;
    }

    /// Re-encodes one field of every row; `change` writes the new value for the old one.
    pub(crate) fn rewrite_field(&mut self, field: usize, change: impl Fn(&[u8], &mut Vec<u8>)) {
        let mut rewritten = Self::new(self.table);
        let mut start = 0;
        for mark in &self.marks {
            let row = self.fields.get(start..mark.end).unwrap_or_default();
            for (number, value) in cell::Fields::new(row).enumerate() {
                match value {
                    Some(value) if number == field => {
                        cell::write(&mut rewritten.fields, |out| change(value, out));
                    }
                    Some(value) => {
                        cell::write(&mut rewritten.fields, |out| out.extend_from_slice(value));
                    }
                    None => rewritten.fields.extend_from_slice(&cell::NULL),
                }
            }
            rewritten.end_row(mark.root_row, mark.field_count);
            start = mark.end;
        }
        *self = rewritten;
    }
}
