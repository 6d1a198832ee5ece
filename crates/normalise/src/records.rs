//! What becomes of the pieces that the splitter hands out: records are walked, what stands around
//! them is kept, and what can't be kept is said.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::envelope::Envelope;
use crate::error::{Fault, position};
use crate::json::{Kind, Piece, Place, Tape};
use crate::kept::{Kept, defaults};
use crate::keys::{Keys, Seen, Standing};
use crate::required::Required;
use crate::walk::{Record, Stop, Tapes, Walk, quote};
use crate::{
    Batch, ColumnType, ErrorKind, LateKeep, NormaliseError, NoticeKind, Pointer, Prepared, Reject,
    RejectReason, RootKey, Rules, Schema, Summary,
};

mod text;

use text::{Bytes, Text};

/// Everything behind the splitter.
#[derive(Debug)]
pub(crate) struct Records {
    rules: Rules,
    walk: Walk,
    keys: Keys,
    required: Required,
    envelope: Envelope,
    tapes: Tapes,
    /// The record whose rows are still coming.
    under_way: Option<Text<'static>>,
    /// Records of which it is known that they are kept.
    kept_rows: BTreeSet<i32>,
    /// Partition values as JSON strings.
    partitions: Vec<(String, String)>,
    kept: Vec<Option<Kept>>,
    batch: Batch,
    /// Bytes that `batch` holds beside rows.
    batch_bytes: usize,
    summary: Summary,
    document: Place,
    document_row: i32,
    batch_row: i32,
    /// The root row of earlier batches of which rows may be in the batch at hand.
    continued: Option<i32>,
    /// Root rows of the batch at hand that have given way to newer versions of themselves.
    losers: BTreeSet<i32>,
}

impl Records {
    pub(crate) fn new(
        prepared: &Prepared,
        object_id: i64,
        partitions: &[(String, String)],
    ) -> Self {
        let Prepared { rules, renames, plan } = prepared;
        let key_paths = rules.key.iter().map(|key| format!("{}{key}", rules.records)).collect();
        let quoted = partitions.iter().map(|(name, value)| (name.clone(), quote(value)));
        Self {
            required: Required::new(rules, renames),
            keys: Keys::new(rules, renames),
            walk: Walk::new(plan.clone(), object_id, key_paths),
            envelope: Envelope::new(rules.limits.max_envelope_bytes),
            tapes: Tapes::default(),
            under_way: None,
            kept_rows: BTreeSet::new(),
            partitions: quoted.collect(),
            kept: rules.keep.iter().map(|_| None).collect(),
            rules: rules.clone(),
            batch: Batch::default(),
            batch_bytes: 0,
            summary: Summary::default(),
            document: Place::START,
            document_row: 0,
            batch_row: 0,
            continued: None,
            losers: BTreeSet::new(),
        }
    }

    pub(crate) fn again_for(&mut self, rows: BTreeSet<i32>) {
        self.kept_rows = rows;
    }

    pub(crate) fn pending_bytes(&self) -> usize {
        self.walk.held_bytes() + self.batch_bytes
    }

    pub(crate) fn schema(&self) -> &Schema {
        self.walk.plan.schema()
    }

    pub(crate) fn summary(&self) -> Summary {
        let notices = self.walk.notices.iter().cloned().collect();
        Summary { notices, envelope: self.envelope.json(), ..self.summary.clone() }
    }

    /// Takes a piece. A record that owns its bytes is walked until `enough` bytes of rows are held;
    /// it may then be under way.
    pub(crate) fn take(&mut self, piece: Piece<'_>, enough: usize) -> Result<(), NormaliseError> {
        match piece {
            Piece::DocumentStart { at } => {
                self.document = at;
                self.document_row = self.walk.root_rows();
                self.kept.iter_mut().for_each(|kept| *kept = None);
                self.summary.documents += 1;
                Ok(())
            }
            Piece::Record { json, at, index } => {
                let text = Text { json: json.into(), at, index };
                self.walk.keep_text(text.kept(), enough);
                let mut tapes = std::mem::take(&mut self.tapes);
                let begun = self.record(&text, &mut tapes.record);
                self.tapes = tapes;
                self.go_on(text, begun, enough)
            }
            Piece::Around { parents, name, json, at, oversized } => {
                self.around(parents, name, json, at, oversized)
            }
            Piece::DocumentEnd { found, .. } => {
                self.envelope.end_document();
                if found || self.rules.records.is_root() { Ok(()) } else { Err(self.missing()) }
            }
        }
    }

    pub(crate) fn is_under_way(&self) -> bool {
        self.under_way.is_some()
    }

    /// Goes on with the record under way until `enough` bytes of rows are held.
    pub(crate) fn walk_on(&mut self, enough: usize) -> Result<(), NormaliseError> {
        self.under_way.take().map_or(Ok(()), |text| self.go_on(text, Ok(()), enough))
    }

    fn go_on(
        &mut self,
        text: Text<'_>,
        begun: Result<(), Fault>,
        enough: usize,
    ) -> Result<(), NormaliseError> {
        // What is only lent must be read to its end.
        let enough = if matches!(text.json, Bytes::Kept(_)) { enough } else { usize::MAX };
        let walked = begun.and_then(|()| {
            self.walk.go_on(&text.json, &mut self.tapes, enough)?;
            Ok(())
        });
        if let Err(fault) = walked {
            let record = Record { json: &text.json, tape: &self.tapes.record };
            return Err(fault.place(text.at, &self.pointer(text.index), record));
        }
        match text.json {
            Bytes::Kept(json) if self.walk.is_under_way() => {
                let json = Bytes::Kept(json);
                self.under_way = Some(Text { json, at: text.at, index: text.index });
            }
            _ => {
                self.walk.keep_text(None, usize::MAX);
                self.tapes.shrink();
            }
        }
        Ok(())
    }

    /// Takes a record as far as its root row.
    fn record(&mut self, text: &Text<'_>, tape: &mut Tape) -> Result<(), Fault> {
        let Text { json, at, .. } = text;
        tape.parse(json, self.rules.limits.max_depth)?;
        self.summary.records += 1;
        let record = Record { json, tape };
        let row = self.walk.next_root_row()?;
        self.walk.plan.root().map_err(|_| Stop::no_root())?;
        let bytes = at.offset..at.offset + json.len() as u64;
        let key = match self.key(record, row, bytes.clone()) {
            Ok(key) => key,
            Err((reason, pointer)) => {
                let json = Some(String::from_utf8_lossy(json).into_owned());
                self.reject(Reject { row, reason, pointer, bytes: Some(bytes), json });
                return Ok(());
            }
        };
        let kept = std::mem::take(&mut self.kept);
        let defaults = defaults(&mut self.walk, &self.partitions, &kept);
        let walked = self.walk.root(record, row, &defaults);
        self.kept = kept;
        walked?;
        if let Some(key) = key {
            self.batch_bytes += key.held_bytes();
            self.batch.keys.push(key);
        }
        Ok(())
    }

    /// JSON Pointer to a record; made for errors alone.
    fn pointer(&self, index: Option<u64>) -> String {
        let records = &self.rules.records;
        index.map_or_else(|| records.to_string(), |index| format!("{records}/{index}"))
    }

    /// The record's key, where the rules name one; why it can't be kept, and the field at fault.
    fn key(
        &mut self,
        record: Record<'_>,
        row: i32,
        bytes: Range<u64>,
    ) -> Result<Option<RootKey>, (RejectReason, String)> {
        let cells = self.keys.cells(record, &mut self.walk.plan)?;
        let is_kept = self.kept_rows.contains(&row);
        if !is_kept && let Some(pointer) = self.required.missing(record) {
            return Err((RejectReason::RequiredMissing, pointer));
        }
        if self.keys.is_empty() {
            return Ok(None);
        }
        let mut key = RootKey {
            row,
            cells,
            version: self.keys.version(record, &mut self.walk.plan),
            bytes,
            is_perhaps_again: false,
        };
        match self.keys.stand(&mut key, &self.walk.plan) {
            Standing::First => {}
            Standing::Displaces(earlier) if self.kept_rows.contains(&earlier.row) => {}
            Standing::Displaces(earlier) => self.displace(&earlier),
            Standing::Loses if is_kept => {}
            Standing::Loses => return Err((RejectReason::KeyTwice, self.key_pointer())),
        }
        self.walk.key.clone_from(&key.cells);
        Ok(Some(key))
    }

    fn key_pointer(&self) -> String {
        self.rules.key.first().map_or_else(String::new, ToString::to_string)
    }

    fn reject(&mut self, reject: Reject) {
        self.summary.rejects += 1;
        self.batch_bytes += reject.held_bytes();
        self.batch.rejects.push(reject);
    }

    /// An earlier record of the object gives way to a newer version of itself.
    fn displace(&mut self, earlier: &Seen) {
        if earlier.row >= self.batch_row {
            self.losers.insert(earlier.row);
        } else {
            self.batch.displaced.push(earlier.row);
            if self.continued == Some(earlier.row) {
                self.losers.insert(earlier.row);
            }
        }
        let pointer = self.key_pointer();
        self.reject(Reject {
            row: earlier.row,
            reason: RejectReason::KeyTwice,
            pointer,
            bytes: Some(earlier.bytes.clone()),
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
            Pointer::push_token(&mut pointer, token);
        }
        let is_kept = self.rules.keep.iter().position(|keep| keep.to_string() == pointer);
        if oversized && is_kept.is_some() {
            return Err(self.kept_too_large(at, pointer));
        }
        if oversized {
            self.walk.note(NoticeKind::EnvelopeLimit, pointer);
            return Ok(());
        }
        let mut tape = Tape::default();
        tape.parse(json, self.rules.limits.max_depth)
            .map_err(|error| error.rebase(&at, &pointer))?;
        let top = tape.get(0);
        if top.is_some_and(|token| token.kind == Kind::Array && token.has_object())
            && is_kept.is_none()
        {
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
            Some(place) => self.keep(place, json, tape).map_err(|stop| stop.at(at, &pointer)),
            None => Ok(()),
        }
    }

    /// Keeps a value for the rows to come, and says it of those of its document that have been.
    fn keep(&mut self, place: usize, json: &[u8], tape: Tape) -> Result<(), Stop> {
        let kept = Kept { json: json.to_vec(), tape };
        let rows = self.document_row..self.walk.root_rows();
        if !rows.is_empty()
            && let Some(node) = self.walk.plan.kept_nodes().get(place).copied()
            && let Some(value) = kept.value(self.rules.limits.max_jsonb_bytes)
            && let Some((column, cell)) = self.walk.cell_for(node, value)?
        {
            let (first_row, end_row) = (rows.start, rows.end);
            let of = self.walk.column_type(0, column).unwrap_or(ColumnType::Text);
            let keep = LateKeep { column, of, cell, first_row, end_row };
            self.batch_bytes += keep.held_bytes();
            self.batch.late_keeps.push(keep);
        }
        if let Some(held) = self.kept.get_mut(place) {
            *held = Some(kept);
        }
        Ok(())
    }

    fn kept_too_large(&self, at: Place, pointer: String) -> NormaliseError {
        let limit = self.rules.limits.max_record_bytes;
        let message = format!(
            "the value at `{pointer}`, which `keep` names, is larger than {limit} bytes; raise \
             `max_record_bytes` or take it out of `keep`, then replay"
        );
        let position = position(at, Some(pointer));
        NormaliseError {
            kind: ErrorKind::RecordTooLarge,
            message,
            position,
            excerpt: None,
            violation: None,
        }
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
            violation: None,
        }
    }

    /// A value kept as `bigint` follows its column, which became `numeric` in the same batch.
    fn widen(&self, keep: &mut LateKeep) {
        if keep.of == ColumnType::Bigint
            && self.walk.column_type(0, keep.column) == Some(ColumnType::Numeric)
            && let Ok(old) = keep.cell.as_slice().try_into()
        {
            let mut wide = Vec::new();
            crate::json::numeric::from_i64_binary(old, &mut wide);
            (keep.of, keep.cell) = (ColumnType::Numeric, wide);
        }
    }

    pub(crate) fn take_batch(&mut self) -> Batch {
        self.batch_row = self.walk.root_rows();
        self.keys.hand_out();
        let losers = std::mem::take(&mut self.losers);
        let mut batch = std::mem::take(&mut self.batch);
        (batch.tables, batch.under_way) = self.walk.take_tables();
        self.continued = batch.under_way;
        batch.drop_roots(&losers);
        for rows in &batch.tables {
            if self.summary.rows.len() <= rows.table {
                self.summary.rows.resize(rows.table + 1, 0);
            }
            if let Some(count) = self.summary.rows.get_mut(rows.table) {
                *count += rows.len() as u64;
            }
        }
        batch.changes = self.walk.plan.take_changes();
        batch.late_keeps.iter_mut().for_each(|keep| self.widen(keep));
        self.batch_bytes = 0;
        batch.tables.retain(|rows| !rows.is_empty());
        batch
    }
}
