//! Finds records of an object again by their numbers: of a record that has gone by, nothing else
//! may be known.

use std::collections::BTreeSet;

use crate::json::{Piece, Splitter};
use crate::{NormaliseError, Rules};

/// Looks for records while the object is read once more.
#[derive(Debug)]
pub struct Finder {
    splitter: Splitter,
    wanted: BTreeSet<i32>,
    next: i32,
}

/// A record that was looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoundRecord<'a> {
    /// Its number within the object: the `_row` of its root row.
    pub row: i32,
    /// Its place in the array of records that it stands in; none where it is no array's item.
    pub index: Option<u64>,
    /// Where it starts in the decompressed object, in bytes.
    pub offset: u64,
    /// Its text.
    pub json: &'a [u8],
}

impl Finder {
    /// Looks for the records that have these numbers where `rules` say that records are.
    pub fn new(rules: &Rules, wanted: BTreeSet<i32>) -> Self {
        let records = rules.records.tokens().to_vec();
        Self { splitter: Splitter::new(records, rules.limits.max_record_bytes), wanted, next: 0 }
    }

    /// Whether all were found.
    pub fn is_done(&self) -> bool {
        self.wanted.is_empty()
    }

    /// Takes the next bytes of the decompressed object, and hands out what is found in them.
    ///
    /// # Errors
    /// The object is not what it was when its records got their numbers.
    pub fn push(
        &mut self,
        chunk: &[u8],
        found: &mut impl FnMut(FoundRecord<'_>),
    ) -> Result<(), NormaliseError> {
        let (wanted, next) = (&mut self.wanted, &mut self.next);
        self.splitter.push(chunk, &mut |piece| {
            note(&piece, wanted, next, found);
            Ok::<_, NormaliseError>(())
        })?;
        Ok(())
    }

    /// Says that there are no more bytes.
    ///
    /// # Errors
    /// As for `push`.
    pub fn finish(
        &mut self,
        found: &mut impl FnMut(FoundRecord<'_>),
    ) -> Result<(), NormaliseError> {
        let (wanted, next) = (&mut self.wanted, &mut self.next);
        self.splitter.finish(&mut |piece| {
            note(&piece, wanted, next, found);
            Ok(())
        })
    }
}

fn note(
    piece: &Piece<'_>,
    wanted: &mut BTreeSet<i32>,
    next: &mut i32,
    found: &mut impl FnMut(FoundRecord<'_>),
) {
    let Piece::Record { json, at, index } = piece else { return };
    let row = *next;
    *next = row.saturating_add(1);
    if wanted.remove(&row) {
        found(FoundRecord { row, index: *index, offset: at.offset, json });
    }
}
