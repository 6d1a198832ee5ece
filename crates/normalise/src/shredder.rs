//! Chunks in, batches out: the one entry to the core.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::json::Splitter;
use crate::records::Records;
use crate::{BATCH_BYTES, Batch, NormaliseError, Prepared, Rules, Schema, Summary};

/// Turns the chunks of one object into batches of rows.
#[derive(Debug)]
pub struct Shredder {
    splitter: Splitter,
    records: Records,
    /// What of the chunk taken last stands behind the record under way.
    rest: Vec<u8>,
    part_bytes: usize,
}

impl Shredder {
    /// Starts the one object that is prepared for. `schema` is what the catalog has of the endpoint;
    /// `partitions` are the values from the key's folders.
    pub fn new(
        rules: Rules,
        schema: Schema,
        object_id: i64,
        partitions: &[(String, String)],
    ) -> Self {
        Prepared::new(rules, Arc::new(schema)).shredder(object_id, partitions)
    }

    pub(crate) fn of(rules: &Rules, records: Records) -> Self {
        let kept = rules.keep.iter().map(|keep| keep.tokens().to_vec()).collect();
        let way = rules.records.tokens().to_vec();
        let splitter = Splitter::new(way, rules.limits.max_record_bytes).keeping(kept);
        let shredder = Self { splitter, records, rest: Vec::new(), part_bytes: BATCH_BYTES };
        shredder.in_parts_of(BATCH_BYTES)
    }

    /// Records of more than so many bytes that come in several chunks are handed out in parts of
    /// about so many; by default, `BATCH_BYTES`.
    pub fn in_parts_of(mut self, bytes: usize) -> Self {
        self.splitter.giving_above(bytes);
        self.part_bytes = bytes;
        self
    }

    /// Shreds an object once more for the sake of these records, by their numbers: that they are kept
    /// was decided before, whatever is required now. The others come as ever, so that all rows have
    /// the numbers that they had.
    pub fn again_for(mut self, rows: BTreeSet<i32>) -> Self {
        self.records.again_for(rows);
        self
    }

    /// Takes the next bytes of the decompressed object. Where a large record is then under way,
    /// take a batch and `walk_on`, and so on until it is no more: else the next call takes it to its
    /// end, with all its rows in one batch.
    ///
    /// # Errors
    /// The object is not what it should be; nothing of it may be kept.
    pub fn push(&mut self, chunk: &[u8]) -> Result<(), NormaliseError> {
        self.walk_to_end()?;
        self.cut(chunk)
    }

    /// Whether a large record is under way, some of its rows still to come.
    pub fn is_under_way(&self) -> bool {
        self.records.is_under_way()
    }

    /// Goes on with the record under way until there is another part of its rows, and, at its end,
    /// with what stands behind it.
    ///
    /// # Errors
    /// As for `push`.
    pub fn walk_on(&mut self) -> Result<(), NormaliseError> {
        self.walk_until(self.part_bytes)
    }

    /// Says that there are no more bytes. No record is under way then.
    ///
    /// # Errors
    /// As for `push`; also if the bytes end inside a value, or there were none.
    pub fn finish(&mut self) -> Result<(), NormaliseError> {
        self.walk_to_end()?;
        let records = &mut self.records;
        self.splitter.finish(&mut |piece| records.take(piece, usize::MAX))
    }

    fn walk_to_end(&mut self) -> Result<(), NormaliseError> {
        while self.is_under_way() {
            self.walk_until(usize::MAX)?;
        }
        Ok(())
    }

    fn walk_until(&mut self, enough: usize) -> Result<(), NormaliseError> {
        self.records.walk_on(enough)?;
        if self.is_under_way() {
            return Ok(());
        }
        let rest = std::mem::take(&mut self.rest);
        self.cut(&rest)
    }

    /// Takes of `chunk` what stands before the end of a record that is then under way, and keeps
    /// what stands behind it.
    fn cut(&mut self, chunk: &[u8]) -> Result<(), NormaliseError> {
        let (records, enough) = (&mut self.records, self.part_bytes);
        let mut rest = chunk;
        while !rest.is_empty() && !records.is_under_way() {
            let taken = self.splitter.push(rest, &mut |piece| records.take(piece, enough))?;
            rest = rest.get(taken..).unwrap_or_default();
        }
        self.rest.extend_from_slice(rest);
        Ok(())
    }

    /// Bytes that wait to be taken, about: rows, keys, rejects.
    pub fn pending_bytes(&self) -> usize {
        self.records.pending_bytes()
    }

    /// Takes what has been gathered: whole records with all their children, and the rows so far of
    /// one that is under way.
    pub fn take_batch(&mut self) -> Batch {
        self.records.take_batch()
    }

    /// The schema as the rows so far need it.
    pub fn schema(&self) -> &Schema {
        self.records.schema()
    }

    /// What the object held; complete after `finish` and the last batch.
    pub fn summary(&self) -> Summary {
        self.records.summary()
    }
}
