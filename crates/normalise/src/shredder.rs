//! Chunks in, batches out: the one entry to the core.

use std::collections::BTreeSet;

use crate::envelope::Envelope;
use crate::error::position;
use crate::json::{Piece, Place, Splitter, Tape};
use crate::keys::{Keys, Seen, Standing};
use crate::plan::{NodeId, Plan};
use crate::value::Value;
use crate::walk::{Record, Stop, Walk, quote};
use crate::{
    Batch, ErrorKind, LateKeep, NormaliseError, Reject, RejectReason, RootKey, Rules, Schema,
};

/// What one object held.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// JSON documents (pages).
    pub documents: u64,
    /// Records, rejected ones included.
    pub records: u64,
    /// Rows handed out, by table number; records that lost to another are no longer among them.
    pub rows: Vec<u64>,
    /// Records that can't be kept.
    pub rejects: u64,
    /// What stood around the records: one JSON object, or an array of one for each page.
    pub envelope: Option<String>,
    /// What people should know.
    pub notices: Vec<Notice>,
}

/// Something that was done other than a reader might expect, once for each path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Notice {
    /// What.
    pub kind: NoticeKind,
    /// JSON Pointer from the document, array indices left out.
    pub path: String,
}

/// What can be noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoticeKind {
    /// An array of objects beside the records that no endpoint takes.
    UntakenArray,
    /// An object with more members than `Limits::max_object_keys` landed as `jsonb`.
    WideObject,
    /// An object deeper than `Limits::max_flatten_depth` landed as `jsonb`.
    DeepObject,
    /// A table is at `Limits::max_columns`; the field lands in `_overflow`.
    ColumnLimit,
    /// The endpoint is at `Limits::max_tables`; the array landed as `jsonb`.
    TableLimit,
    /// A row was wider than `Limits::max_row_bytes`; cells of this column landed in `_overflow`.
    WideRow,
    /// A name stood twice in one object; the last counts, earlier values are in `_overflow`.
    DuplicateName,
    /// A field left out under the contract `discard`.
    Discarded,
    /// The envelope is at `Limits::max_envelope_bytes`, or can't be `jsonb`; the member is left out.
    EnvelopeLimit,
}

impl NoticeKind {
    /// The stable name that the change log uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::UntakenArray => "untaken_array",
            Self::WideObject => "wide_object",
            Self::DeepObject => "deep_object",
            Self::ColumnLimit => "column_limit",
            Self::TableLimit => "table_limit",
            Self::WideRow => "wide_row",
            Self::DuplicateName => "duplicate_name",
            Self::Discarded => "discarded",
            Self::EnvelopeLimit => "envelope_limit",
        }
    }
}

/// Turns the chunks of one object into batches of rows.
#[derive(Debug)]
pub struct Shredder {
    splitter: Splitter,
    records: Records,
}

/// Everything behind the splitter.
#[derive(Debug)]
struct Records {
    rules: Rules,
    walk: Walk,
    keys: Keys,
    envelope: Envelope,
    tape: Tape,
    /// Partition values as JSON strings.
    partitions: Vec<(String, String)>,
    kept: Vec<Option<Kept>>,
    batch: Batch,
    summary: Summary,
    document: Place,
    document_row: i32,
    batch_row: i32,
}

/// A value from around the records, for the root rows of its document.
#[derive(Debug)]
struct Kept {
    json: Vec<u8>,
    tape: Tape,
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
        let splitter = Splitter::new(
            rules.records.tokens().to_vec(),
            rules.limits.max_record_bytes,
        );
        let key_paths = rules
            .key
            .iter()
            .map(|key| format!("{}{key}", rules.records))
            .collect();
        let quoted = partitions
            .iter()
            .map(|(name, value)| (name.clone(), quote(value)));
        let records = Records {
            walk: Walk::new(Plan::new(&rules, schema), object_id, key_paths),
            keys: Keys::new(&rules),
            envelope: Envelope::new(rules.limits.max_envelope_bytes),
            tape: Tape::default(),
            partitions: quoted.collect(),
            kept: rules.keep.iter().map(|_| None).collect(),
            rules,
            batch: Batch::default(),
            summary: Summary::default(),
            document: Place::START,
            document_row: 0,
            batch_row: 0,
        };
        Self { splitter, records }
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

    /// Bytes of rows that wait to be taken.
    pub fn pending_bytes(&self) -> usize {
        self.records
            .walk
            .tables
            .iter()
            .map(crate::TableRows::bytes)
            .sum()
    }

    /// Takes what has been gathered: whole records with all their children.
    pub fn take_batch(&mut self) -> Batch {
        self.records.take_batch()
    }

    /// The schema as the rows so far need it.
    pub fn schema(&self) -> &Schema {
        self.records.walk.plan.schema()
    }

    /// What the object held; complete after `finish` and the last batch.
    pub fn summary(&self) -> Summary {
        let notices = self.records.walk.notices.iter().cloned().collect();
        let envelope = self.records.envelope.json();
        Summary {
            notices,
            envelope,
            ..self.records.summary.clone()
        }
    }
}

impl Records {
    fn take(&mut self, piece: &Piece<'_>) -> Result<(), NormaliseError> {
        match *piece {
            Piece::DocumentStart { at } => {
                self.document = at;
                self.document_row = self.walk.root_rows();
                self.kept.iter_mut().for_each(|kept| *kept = None);
                self.summary.documents += 1;
                Ok(())
            }
            Piece::Record {
                json, at, index, ..
            } => {
                let pointer = match index {
                    Some(index) => format!("{}/{index}", self.rules.records),
                    None => self.rules.records.to_string(),
                };
                let mut tape = std::mem::take(&mut self.tape);
                let taken = self.record(json, &mut tape, at, &pointer);
                self.tape = tape;
                taken
            }
            Piece::Around {
                parents,
                name,
                json,
                at,
                oversized,
            } => self.around(parents, name, json, at, oversized),
            Piece::DocumentEnd { found, .. } => {
                self.envelope.end_document();
                if found || self.rules.records.is_root() {
                    Ok(())
                } else {
                    Err(self.missing())
                }
            }
        }
    }

    fn record(
        &mut self,
        json: &[u8],
        tape: &mut Tape,
        at: Place,
        pointer: &str,
    ) -> Result<(), NormaliseError> {
        tape.parse(json, self.rules.limits.max_depth)
            .map_err(|error| error.rebase(&at, pointer))?;
        self.summary.records += 1;
        let record = Record { json, tape };
        let stopped = |stop: Stop| stop.at(at, pointer);
        let row = self.walk.next_root_row().map_err(stopped)?;
        let key = if self.keys.is_empty() {
            None
        } else {
            match self.key(record, at, row).map_err(stopped)? {
                Some(key) => Some(key),
                None => return Ok(()),
            }
        };
        let kept = std::mem::take(&mut self.kept);
        let defaults = defaults(&mut self.walk, &self.partitions, &kept);
        let walked = self.walk.root(record, row, &defaults);
        self.kept = kept;
        walked.map_err(stopped)?;
        self.batch.keys.extend(key);
        Ok(())
    }

    /// The record's key, if the record can be kept; else it is rejected.
    fn key(&mut self, record: Record<'_>, at: Place, row: i32) -> Result<Option<RootKey>, Stop> {
        self.walk.plan.root().map_err(|_| Stop::frozen(""))?;
        let reject = |reason, pointer| Reject {
            row,
            reason,
            pointer,
            offset: at.offset,
            length: record.json.len() as u64,
            json: Some(String::from_utf8_lossy(record.json).into_owned()),
        };
        let cells = match self.keys.cells(record, &mut self.walk.plan) {
            Ok(cells) => cells,
            Err((reason, pointer)) => {
                self.reject(reject(reason, pointer));
                return Ok(None);
            }
        };
        let key = RootKey {
            row,
            cells,
            version: self.keys.version(record),
            offset: at.offset,
            length: record.json.len() as u64,
        };
        match self.keys.stand(&key) {
            Standing::First => {}
            Standing::Displaces(earlier) => self.displace(&earlier),
            Standing::Loses => {
                let pointer = self
                    .rules
                    .key
                    .first()
                    .map_or_else(String::new, ToString::to_string);
                self.reject(reject(RejectReason::KeyTwice, pointer));
                return Ok(None);
            }
        }
        self.walk.key.clone_from(&key.cells);
        Ok(Some(key))
    }

    fn reject(&mut self, reject: Reject) {
        self.summary.rejects += 1;
        self.batch.rejects.push(reject);
    }

    /// An earlier record of the object gives way to a newer version of itself.
    fn displace(&mut self, earlier: &Seen) {
        if earlier.row >= self.batch_row {
            let losers = BTreeSet::from([earlier.row]);
            for rows in &mut self.walk.tables {
                rows.retain_roots(|root| !losers.contains(&root));
            }
            self.batch.keys.retain(|key| key.row != earlier.row);
        } else {
            self.batch.displaced.push(earlier.row);
        }
        let pointer = self
            .rules
            .key
            .first()
            .map_or_else(String::new, ToString::to_string);
        self.reject(Reject {
            row: earlier.row,
            reason: RejectReason::KeyTwice,
            pointer,
            offset: earlier.offset,
            length: earlier.length,
            json: None,
        });
    }

    fn around(
        &mut self,
        parents: &[String],
        name: &str,
        json: &[u8],
        at: Place,
        oversized: bool,
    ) -> Result<(), NormaliseError> {
        let mut pointer = String::new();
        for token in parents.iter().map(String::as_str).chain([name]) {
            crate::Pointer::push_token(&mut pointer, token);
        }
        if oversized {
            self.walk.note(NoticeKind::EnvelopeLimit, pointer);
            return Ok(());
        }
        let mut tape = Tape::default();
        tape.parse(json, self.rules.limits.max_depth)
            .map_err(|error| error.rebase(&at, &pointer))?;
        let top = tape.get(0);
        let is_kept = self
            .rules
            .keep
            .iter()
            .position(|keep| keep.to_string() == pointer);
        if top.is_some_and(|token| token.has_object()) && is_kept.is_none() {
            self.walk.note(NoticeKind::UntakenArray, pointer.clone());
        }
        let text = std::str::from_utf8(json).unwrap_or_default();
        let fits = top.is_some_and(|token| !token.is_unrepresentable())
            && !name.contains('\0')
            && self.envelope.add(parents, name, text);
        if !fits {
            self.walk.note(NoticeKind::EnvelopeLimit, pointer.clone());
        }
        match is_kept {
            Some(place) => self
                .keep(place, json, tape)
                .map_err(|stop| stop.at(at, &pointer)),
            None => Ok(()),
        }
    }

    /// Keeps a value for the rows to come, and says it of those of its document that have been.
    fn keep(&mut self, place: usize, json: &[u8], tape: Tape) -> Result<(), Stop> {
        let kept = Kept {
            json: json.to_vec(),
            tape,
        };
        let rows = self.document_row..self.walk.root_rows();
        if !rows.is_empty()
            && let Some(node) = self.walk.plan.kept_nodes().get(place).copied()
            && let Some(value) = kept.value()
            && let Some((column, cell)) = self.walk.cell_for(node, value)?
        {
            let (first_row, end_row) = (rows.start, rows.end);
            self.batch.late_keeps.push(LateKeep {
                column,
                cell,
                first_row,
                end_row,
            });
        }
        if let Some(held) = self.kept.get_mut(place) {
            *held = Some(kept);
        }
        Ok(())
    }

    fn missing(&self) -> NormaliseError {
        let records = self.rules.records.to_string();
        let message = format!(
            "a document has nothing at `{records}`, where the records should be; an error in \
             disguise, or the endpoint's `records` is wrong: look at the object, then fetch the \
             scope again or mend the configuration and replay"
        );
        let position = position(self.document, Some(records));
        NormaliseError {
            kind: ErrorKind::RecordsMissing,
            message,
            position,
            excerpt: None,
        }
    }

    fn take_batch(&mut self) -> Batch {
        self.batch_row = self.walk.root_rows();
        let tables = std::mem::take(&mut self.walk.tables);
        for rows in &tables {
            if self.summary.rows.len() <= rows.table {
                self.summary.rows.resize(rows.table + 1, 0);
            }
            if let Some(count) = self.summary.rows.get_mut(rows.table) {
                *count += rows.len() as u64;
            }
        }
        let mut batch = std::mem::take(&mut self.batch);
        batch.changes = self.walk.plan.take_changes();
        batch.tables = tables.into_iter().filter(|rows| !rows.is_empty()).collect();
        batch
    }
}

impl Kept {
    fn value(&self) -> Option<Value<'_>> {
        self.tape.get(0).map(|token| Value::new(&self.json, token))
    }
}

/// What a root row carries where the record has no field of that name.
fn defaults<'a>(
    walk: &mut Walk,
    partitions: &'a [(String, String)],
    kept: &'a [Option<Kept>],
) -> Vec<(NodeId, Value<'a>)> {
    let mut defaults = Vec::with_capacity(partitions.len() + kept.len());
    let root = walk
        .plan
        .root()
        .ok()
        .and_then(|root| walk.plan.record_node(root));
    for (name, value) in partitions {
        if let Some(node) = root.and_then(|root| walk.plan.member(root, usize::MAX, name)) {
            defaults.push((node, Value::string(value.as_bytes())));
        }
    }
    let nodes = walk.plan.kept_nodes().to_vec();
    for (kept, node) in kept.iter().zip(nodes) {
        if let Some(value) = kept.as_ref().and_then(Kept::value) {
            defaults.push((node, value));
        }
    }
    defaults
}
