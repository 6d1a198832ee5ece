//! What the shredder hands out: schema changes first, then rows.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::{Change, ColumnType, TableRows};

/// Rows of some records with their children, and what must change to hold them. A very large record
/// comes in several batches, its root row in the first.
#[derive(Debug, Default)]
pub struct Batch {
    /// Changes since the last batch, in order; apply them before the rows.
    pub changes: Vec<Change>,
    /// Rows by table, parents first.
    pub tables: Vec<TableRows>,
    /// The keys of the root rows in `tables`, where the rules name a key.
    pub keys: Vec<RootKey>,
    /// Root rows of earlier batches that a newer version of the same key in this batch displaces.
    pub displaced: Vec<i32>,
    /// Records that can't be kept.
    pub rejects: Vec<Reject>,
    /// The root row of the last record, where more rows of it come in the next batch.
    pub under_way: Option<i32>,
    /// Kept values that came after records which were already handed out.
    pub late_keeps: Vec<LateKeep>,
}

impl Batch {
    /// Takes the root rows in `losers` out, with all their children and keys.
    pub fn drop_roots(&mut self, losers: &BTreeSet<i32>) {
        if losers.is_empty() {
            return;
        }
        for rows in &mut self.tables {
            rows.retain_roots(|root| !losers.contains(&root));
        }
        self.keys.retain(|key| !losers.contains(&key.row));
    }
}

/// A batch is large enough to be handed on when so many bytes wait: large enough for COPY to be
/// efficient, small enough for several of them in a function of 128 MB.
pub const BATCH_BYTES: usize = 1 << 20;

/// What an allocation takes beside its bytes, about.
const ALLOCATION: usize = 16;

impl RootKey {
    /// Bytes that holding it takes, about.
    pub(crate) fn held_bytes(&self) -> usize {
        let cell = |cell: &Vec<u8>| size_of::<Vec<u8>>() + ALLOCATION + cell.len();
        let cells = self.cells.iter().map(cell).sum::<usize>();
        size_of::<Self>() + ALLOCATION + cells + ALLOCATION + self.version.len()
    }
}

impl Reject {
    /// Bytes that holding it takes, about.
    pub(crate) fn held_bytes(&self) -> usize {
        let text = self.json.as_ref().map_or(0, String::len);
        size_of::<Self>() + 2 * ALLOCATION + self.pointer.len() + text
    }
}

impl LateKeep {
    /// Bytes that holding it takes, about.
    pub(crate) fn held_bytes(&self) -> usize {
        size_of::<Self>() + ALLOCATION + self.cell.len()
    }
}

/// The key of one root row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootKey {
    /// The root row's `_row`.
    pub row: i32,
    /// The key's cells, one for each of `Rules::key`, in Postgres's binary form of the column.
    pub cells: Vec<Vec<u8>>,
    /// The record's version: bytes in whose order versions stand; empty where it has none.
    pub version: Vec<u8>,
    /// Where the record stands in the decompressed object.
    pub bytes: Range<u64>,
    /// Whether a record of an earlier batch of the object may have had the same key: if one has, the
    /// newer version of the two is kept, and of equal ones the earlier record.
    pub is_perhaps_again: bool,
}

/// A record that can't be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// The record's number within the object: the `_row` it would have had.
    pub row: i32,
    /// Why.
    pub reason: RejectReason,
    /// JSON Pointer to the field at fault, from the record, array indices included.
    pub pointer: String,
    /// Where the record stands in the decompressed object; none where that is not known any more:
    /// see `Finder`.
    pub bytes: Option<Range<u64>>,
    /// The record as it stands in the object; none where it has already gone by.
    pub json: Option<String>,
}

/// Why a record can't be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RejectReason {
    /// A key field is absent, null, or no scalar.
    KeyMissing,
    /// A key field has another type than the key's column.
    KeyType,
    /// The key fields are longer than an index can hold.
    KeyTooLong,
    /// The same key stands in the object already, in a version at least as new.
    KeyTwice,
    /// The record is no object, and the rules name a key.
    NotAnObject,
    /// A field that the rules require is absent or null.
    RequiredMissing,
}

impl RejectReason {
    /// The stable name that `riacho.rejects` uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::KeyMissing => "key_missing",
            Self::KeyType => "key_type",
            Self::KeyTooLong => "key_too_long",
            Self::KeyTwice => "key_twice",
            Self::NotAnObject => "not_an_object",
            Self::RequiredMissing => "required_missing",
        }
    }
}

/// A kept value that came after the records it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LateKeep {
    /// The column's number within the root table.
    pub column: usize,
    /// The column's type.
    pub of: ColumnType,
    /// The value in Postgres's binary form.
    pub cell: Vec<u8>,
    /// The first root row it belongs to.
    pub first_row: i32,
    /// One past the last.
    pub end_row: i32,
}
