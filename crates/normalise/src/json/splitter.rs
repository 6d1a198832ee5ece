//! Cuts chunks of bytes into records, resumable at any byte. What is buffered is the record or the
//! member under way, and only if a chunk's end cuts it; a record inside one chunk is a slice of it.
//!
//! Strict about what stands around records; inside a record it follows strings and nesting only,
//! and the tape does the rest. After an error a splitter is of no further use.

mod faults;
mod state;
#[cfg(test)]
mod tests;
mod values;

use std::borrow::Cow;

use self::state::{Capture, State};
use super::place::Place;
use super::scan::{Scan, is_space};
use super::syntax::{Fault, SyntaxError, SyntaxKind};

/// What the splitter hands out, in the order of the bytes.
#[derive(Debug)]
pub(crate) enum Piece<'a> {
    /// A JSON text begins.
    DocumentStart { at: Place },
    /// The exact bytes of one JSON value, not yet validated inside. `index` counts within an array
    /// of records and is none where the record is the value itself. A large one that came in parts
    /// is given away.
    Record { json: Cow<'a, [u8]>, at: Place, index: Option<u64> },
    /// A member beside the way to the records, or one on the way that leads nowhere because it is
    /// no object. `parents` names the objects around it; `name` is unescaped, half surrogate pairs
    /// replaced. A value above a bound is not buffered: `json` is empty and `oversized` set.
    Around { parents: &'a [String], name: &'a str, json: &'a [u8], at: Place, oversized: bool },
    /// The text is complete. `found`: there was something at the records' place, be it an empty
    /// array or null.
    DocumentEnd { found: bool },
}

const MARK: [u8; 3] = [0xEF, 0xBB, 0xBF];
/// A value that took more is an exception, whose buffer is given back.
const LARGE: usize = 1 << 20;
/// Values around the records that are larger, and not kept, are skipped, not buffered; names are
/// refused.
const AROUND_LIMIT: usize = 1 << 20;

/// Cuts concatenated JSON texts (a document, an array, JSON Lines, pages one after another) into
/// records.
#[derive(Debug)]
pub(crate) struct Splitter {
    records: Vec<String>,
    /// The reference tokens of the values around the records that are needed whole.
    kept: Vec<Vec<String>>,
    max_record_bytes: usize,
    /// Records that came in parts and are larger are given away; by default, none.
    given_above: usize,
    /// Whether the piece handed out last was one of them.
    gave: bool,
    state: State,
    /// How many objects of the way are open.
    level: usize,
    /// Whether a document has begun.
    begun: bool,
    items: u64,
    found: bool,
    name: String,
    scan: Scan,
    /// Where the value under way begins, its bytes from earlier chunks, and whether they were let go.
    value_at: Place,
    buffer: Vec<u8>,
    oversized: bool,
    /// The place of the chunk's byte `counted`.
    place: Place,
    counted: usize,
    /// The end of what came before this chunk, for excerpts.
    tail: Vec<u8>,
}

impl Splitter {
    /// `records`: the reference tokens of the JSON Pointer to the records; empty: the document.
    pub(crate) fn new(records: Vec<String>, max_record_bytes: usize) -> Self {
        Self {
            records,
            kept: Vec::new(),
            max_record_bytes,
            given_above: usize::MAX,
            gave: false,
            state: State::Mark(0),
            level: 0,
            begun: false,
            items: 0,
            found: false,
            name: String::new(),
            scan: Scan::begin(b'0'),
            value_at: Place::START,
            buffer: Vec::new(),
            oversized: false,
            place: Place::START,
            counted: 0,
            tail: Vec::new(),
        }
    }

    /// Values around the records at these places may be as large as records.
    pub(crate) fn keeping(self, kept: Vec<Vec<String>>) -> Self {
        Self { kept, ..self }
    }

    /// Gives away records of more than so many bytes where they came in parts.
    pub(crate) fn giving_above(&mut self, bytes: usize) {
        self.given_above = bytes;
    }

    /// Takes the next bytes and hands out what they complete, as far as the first record that is
    /// given away; says how many it took.
    ///
    /// Where an object on the way names the next member twice, both are walked: their records all
    /// come out.
    pub(crate) fn push<E: From<SyntaxError>>(
        &mut self,
        chunk: &[u8],
        sink: &mut impl FnMut(Piece<'_>) -> Result<(), E>,
    ) -> Result<usize, E> {
        self.counted = 0;
        self.gave = false;
        let mut at = 0;
        while let Some(byte) = chunk.get(at).filter(|_| !self.gave) {
            at = match self.state {
                State::Inside(capture) => self.go_on(capture, chunk, at, sink)?,
                State::Mark(seen) => self.mark(seen, chunk, at)?,
                _ if is_space(*byte) => at + 1,
                _ => self.structure(*byte, chunk, at, sink)?,
            };
        }
        self.place_of(chunk, at);
        self.keep_tail(chunk.get(..at).unwrap_or(chunk));
        Ok(at)
    }

    /// Says that no more bytes come.
    pub(crate) fn finish<E: From<SyntaxError>>(
        &mut self,
        sink: &mut impl FnMut(Piece<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.counted = 0;
        if let State::Inside(capture) = self.state
            && self.level == 0
            && self.scan.ends_with_input()
            && capture != Capture::Item
        {
            self.complete(capture, &[], sink)?;
        }
        match self.state {
            State::BetweenDocuments if self.begun => Ok(()),
            State::BetweenDocuments | State::Mark(0) => Err(self
                .fault(SyntaxKind::Empty, "there is no JSON, only white space", &[], 0)
                .into()),
            State::Mark(_) => Err(self.broken_mark(&[], 0).into()),
            State::Inside(_) => Err(self.cut_off_inside().into()),
            _ => {
                let detail = "the bytes end inside a document";
                Err(self.fault(SyntaxKind::CutOff, detail, &[], 0).into())
            }
        }
    }

    /// The byte order mark, of which `seen` bytes have come.
    fn mark(&mut self, seen: u8, chunk: &[u8], at: usize) -> Result<usize, SyntaxError> {
        let byte = chunk.get(at);
        if byte == MARK.get(usize::from(seen)) {
            self.state = if seen == 2 { State::BetweenDocuments } else { State::Mark(seen + 1) };
            return Ok(at + 1);
        }
        match byte {
            _ if seen > 0 => Err(self.broken_mark(chunk, at)),
            Some(0xFE | 0xFF) => {
                let detail = "found the byte order mark of UTF-16 or UTF-32";
                Err(self.fault(SyntaxKind::NotUtf8, detail, chunk, at))
            }
            _ => {
                self.state = State::BetweenDocuments;
                Ok(at)
            }
        }
    }

    /// One byte between values; gives the index to go on at.
    fn structure<E: From<SyntaxError>>(
        &mut self,
        byte: u8,
        chunk: &[u8],
        at: usize,
        sink: &mut impl FnMut(Piece<'_>) -> Result<(), E>,
    ) -> Result<usize, E> {
        match (self.state, byte) {
            (State::BetweenDocuments, b'<') => {
                return Err(self.placed(Fault::html(at), chunk).into());
            }
            (State::BetweenDocuments, _) => {
                self.check_value(byte, chunk, at)?;
                let place = self.place_of(chunk, at);
                self.found = false;
                self.state = State::OnTheWay;
                self.begun = true;
                sink(Piece::DocumentStart { at: place })?;
                return self.begin_on_the_way(byte, chunk, at);
            }
            (State::OnTheWay, _) => {
                self.check_value(byte, chunk, at)?;
                return self.begin_on_the_way(byte, chunk, at);
            }
            (State::Beside, _) => {
                self.check_value(byte, chunk, at)?;
                return Ok(self.begin(Capture::Around, byte, chunk, at));
            }
            (State::FirstItem, b']') | (State::AfterItem, b']') => {
                self.after_value(sink)?;
            }
            (State::FirstItem | State::Item, _) => {
                self.check_value(byte, chunk, at)?;
                return Ok(self.begin(Capture::Item, byte, chunk, at));
            }
            (State::AfterItem, b',') => self.state = State::Item,
            (State::FirstName | State::Name, b'"') => {
                return Ok(self.begin(Capture::Name, byte, chunk, at));
            }
            (State::Colon, b':') => self.state = self.value_behind_name(),
            (State::AfterMember, b',') => self.state = State::Name,
            (State::FirstName | State::AfterMember, b'}') => {
                self.level -= 1;
                self.after_value(sink)?;
            }
            _ => return Err(self.unexpected(chunk, at).into()),
        }
        Ok(at + 1)
    }

    /// Refuses a byte that starts no value even by mistake; the tape refuses the others by name.
    fn check_value(&self, byte: u8, chunk: &[u8], at: usize) -> Result<(), SyntaxError> {
        match byte {
            0 | b'}' | b']' | b',' | b':' => Err(self.unexpected(chunk, at)),
            _ => Ok(()),
        }
    }

    /// Whether the member whose name was read leads to the records.
    fn value_behind_name(&self) -> State {
        let way = self.level.checked_sub(1).and_then(|last| self.records.get(last));
        if way.is_some_and(|token| *token == self.name) { State::OnTheWay } else { State::Beside }
    }
}
