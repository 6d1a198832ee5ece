//! Chunks in, batches out: the one entry to the core.

use crate::json::Splitter;
use crate::records::Records;
use crate::{Batch, NormaliseError, Rules, Schema, Summary};

/// Turns the chunks of one object into batches of rows.
#[derive(Debug)]
pub struct Shredder {
    splitter: Splitter,
    records: Records,
}

impl Shredder {
    /// Starts an object. `schema` is what the catalog has of the endpoint; `partitions` are the
    /// values from the key's folders.
    pub fn new(
        rules: Rules,
        schema: Schema,
        object_id: i64,
        partitions: &[(String, String)],
    ) -> Self {
        let kept = rules.keep.iter().map(|keep| keep.tokens().to_vec()).collect();
        let records = rules.records.tokens().to_vec();
        let splitter = Splitter::new(records, rules.limits.max_record_bytes).keeping(kept);
        Self { splitter, records: Records::new(rules, schema, object_id, partitions) }
    }

    /// Takes the next bytes of the decompressed object.
    ///
    /// # Errors
    /// The object is not what it should be; nothing of it may be kept.
    pub fn push(&mut self, chunk: &[u8]) -> Result<(), NormaliseError> {
        let records = &mut self.records;
        self.splitter.push(chunk, &mut |piece| records.take(&piece))
    }

    /// Says that there are no more bytes.
    ///
    /// # Errors
    /// As for `push`; also if the bytes end inside a value, or there were none.
    pub fn finish(&mut self) -> Result<(), NormaliseError> {
        let records = &mut self.records;
        self.splitter.finish(&mut |piece| records.take(&piece))
    }

    /// Bytes that wait to be taken, about: rows, keys, rejects.
    pub fn pending_bytes(&self) -> usize {
        self.records.pending_bytes()
    }

    /// Takes what has been gathered: whole records with all their children.
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
