//! Rows of one table in Postgres's binary COPY form.
//!
//! Source: PostgreSQL documentation, COPY, "Binary Format": per tuple a 16-bit field count, then
//! for each field a 32-bit length (-1: NULL) and the value.

use std::ops::Range;
use std::sync::Arc;

use crate::cell;

/// Rows of one table, growing at the end. A row that was written before a column was added is
/// filled up with NULL when it is read out.
///
/// A very large value is not copied: it is a passage of its record's text, which the rows keep.
#[derive(Debug, Default)]
pub struct TableRows {
    /// The table's number in the schema.
    pub table: usize,
    fields: Vec<u8>,
    marks: Vec<Mark>,
    passages: Vec<Passage>,
    passage_bytes: usize,
}

#[derive(Debug, Clone, Copy)]
struct Mark {
    end: usize,
    root_row: i32,
    field_count: u16,
}

/// The rest of a cell whose length, and what stands before the text, end at `at` of the fields.
#[derive(Debug, Clone)]
struct Passage {
    at: usize,
    text: Arc<Vec<u8>>,
    range: Range<usize>,
}

impl Passage {
    fn bytes(&self) -> &[u8] {
        self.text.get(self.range.clone()).unwrap_or_default()
    }
}

/// How far rows have been read out.
#[derive(Debug, Clone, Copy, Default)]
pub struct Progress {
    /// The row at hand.
    row: usize,
    is_begun: bool,
    /// How much of the fields was read, how many passages, and how much of the next one.
    fields: usize,
    passages: usize,
    passage_bytes: usize,
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
            fields: Vec::with_capacity(room(earlier.fields.len())),
            marks: Vec::with_capacity(room(earlier.marks.len())),
            ..Self::new(earlier.table)
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

    /// Bytes of all fields.
    pub fn bytes(&self) -> usize {
        self.fields.len() + self.passage_bytes
    }

    /// Whether a value among them is a passage of a text.
    pub fn has_passages(&self) -> bool {
        !self.passages.is_empty()
    }

    /// Bytes that holding them takes.
    pub(crate) fn held_bytes(&self) -> usize {
        self.bytes() + self.marks.len() * size_of::<Mark>()
    }

    /// Where the next row's fields go; `end_row` closes it.
    pub(crate) fn fields_mut(&mut self) -> &mut Vec<u8> {
        &mut self.fields
    }

    /// Lets a passage of a text follow on the fields so far.
    pub(crate) fn push_passage(&mut self, text: &Arc<Vec<u8>>, range: Range<usize>) {
        self.passage_bytes += range.len();
        let (at, text) = (self.fields.len(), Arc::clone(text));
        self.passages.push(Passage { at, text, range });
    }

    pub(crate) fn end_row(&mut self, root_row: i32, field_count: u16) {
        self.marks.push(Mark { end: self.fields.len(), root_row, field_count });
    }

    /// Appends tuples to `out`, each with `field_count` fields, without the stream's header and
    /// trailer, from where `progress` is until `out` holds `bytes` or all are read out; says whether
    /// they are. A passage may end in the middle; a row without one is written whole.
    pub fn write_tuples(
        &self,
        progress: &mut Progress,
        field_count: u16,
        bytes: usize,
        out: &mut Vec<u8>,
    ) -> bool {
        while let Some(mark) = self.marks.get(progress.row) {
            if out.len() >= bytes {
                return false;
            }
            if !progress.is_begun {
                out.extend_from_slice(&field_count.to_be_bytes());
                progress.is_begun = true;
            }
            if !self.write_passages(progress, mark.end, bytes, out) {
                return false;
            }
            out.extend_from_slice(self.fields.get(progress.fields..mark.end).unwrap_or_default());
            for _ in mark.field_count..field_count {
                out.extend_from_slice(&cell::NULL);
            }
            (progress.fields, progress.is_begun) = (mark.end, false);
            progress.row += 1;
        }
        true
    }

    /// Appends the fields as far as the row's last passage; says whether that is reached.
    fn write_passages(
        &self,
        progress: &mut Progress,
        row_end: usize,
        bytes: usize,
        out: &mut Vec<u8>,
    ) -> bool {
        // A passage stands behind its cell's length, so that none stands where a row begins.
        while let Some(passage) = self.passages.get(progress.passages)
            && passage.at <= row_end
        {
            out.extend_from_slice(self.fields.get(progress.fields..passage.at).unwrap_or_default());
            progress.fields = passage.at;
            let rest = passage.bytes().get(progress.passage_bytes..).unwrap_or_default();
            let room = bytes.saturating_sub(out.len());
            if rest.len() > room {
                out.extend_from_slice(rest.get(..room).unwrap_or_default());
                progress.passage_bytes += room;
                return false;
            }
            out.extend_from_slice(rest);
            (progress.passage_bytes, progress.passages) = (0, progress.passages + 1);
        }
        true
    }

    /// The rows, each as its fields in the order of the columns, none for NULL. A row that was
    /// written before a column was added ends early. Only where there are no passages.
    pub fn rows(&self) -> impl Iterator<Item = impl Iterator<Item = Option<&[u8]>>> {
        let starts = std::iter::once(0).chain(self.marks.iter().map(|mark| mark.end));
        starts.zip(&self.marks).map(|(start, mark)| {
            cell::Fields::new(self.fields.get(start..mark.end).unwrap_or_default())
        })
    }

    pub(crate) fn retain_roots(&mut self, keep: impl Fn(i32) -> bool) {
        let mut kept = Self::new(self.table);
        let mut start = 0;
        let mut passages = std::mem::take(&mut self.passages).into_iter().peekable();
        for mark in &self.marks {
            let is_kept = keep(mark.root_row);
            while let Some(passage) = passages.next_if(|passage| passage.at <= mark.end) {
                if is_kept {
                    let fields = self.fields.get(start..passage.at);
                    kept.fields.extend_from_slice(fields.unwrap_or_default());
                    kept.push_passage(&passage.text, passage.range);
                    start = passage.at;
                }
            }
            if is_kept {
                kept.fields.extend_from_slice(self.fields.get(start..mark.end).unwrap_or_default());
                kept.end_row(mark.root_row, mark.field_count);
            }
            start = mark.end;
        }
        *self = kept;
    }

    /// Re-encodes one field of every row; `change` writes the new value for the old one, which is no
    /// passage.
    pub(crate) fn rewrite_field(&mut self, field: usize, change: impl Fn(&[u8], &mut Vec<u8>)) {
        let mut rewritten = Self::new(self.table);
        let mut passages = std::mem::take(&mut self.passages).into_iter().peekable();
        let mut at = 0;
        for mark in &self.marks {
            let mut number = 0;
            while at < mark.end {
                let rest = self.fields.get(at..mark.end).unwrap_or_default();
                let held = cell::held(rest, passages.peek().map(|passage| passage.at - at));
                at += held.len();
                match held.split_at_checked(cell::LENGTH) {
                    Some((length, value)) if number == field && length != cell::NULL => {
                        cell::write(&mut rewritten.fields, |out| change(value, out));
                    }
                    _ => rewritten.fields.extend_from_slice(held),
                }
                if let Some(passage) = passages.next_if(|passage| passage.at == at) {
                    rewritten.push_passage(&passage.text, passage.range);
                }
                number += 1;
            }
            rewritten.end_row(mark.root_row, mark.field_count);
        }
        *self = rewritten;
    }
}
