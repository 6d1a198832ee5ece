//! The values among the pieces: where one begins, how much of it is kept, where it goes.

use std::borrow::Cow;

use super::super::place::Place;
use super::super::scan::Scan;
use super::super::string;
use super::super::syntax::SyntaxError;
use super::super::tape::Tape;
use super::{AROUND_LIMIT, Capture, LARGE, Piece, Splitter, State};

impl Splitter {
    /// A value at the place that the first `level` tokens of `records` name.
    pub(super) fn begin_on_the_way<E>(
        &mut self,
        byte: u8,
        chunk: &[u8],
        at: usize,
    ) -> Result<usize, E> {
        let arrived = self.level == self.records.len();
        self.found |= arrived;
        let capture = match byte {
            b'[' if arrived => {
                self.items = 0;
                self.state = State::FirstItem;
                return Ok(at + 1);
            }
            b'{' if !arrived => {
                self.level += 1;
                self.state = State::FirstName;
                return Ok(at + 1);
            }
            _ if arrived => Capture::Value,
            _ if self.level == 0 => Capture::Recordless,
            _ => Capture::Around,
        };
        Ok(self.begin(capture, byte, chunk, at))
    }

    /// Starts a value at its first byte, which is taken again.
    pub(super) fn begin(&mut self, capture: Capture, byte: u8, chunk: &[u8], at: usize) -> usize {
        self.value_at = self.place_of(chunk, at);
        self.scan = Scan::begin(byte);
        // A container in which no records can be is passed over.
        self.oversized = capture == Capture::Recordless && matches!(byte, b'{' | b'[');
        self.state = State::Inside(capture);
        at
    }

    /// More of the value under way.
    pub(super) fn go_on<E: From<SyntaxError>>(
        &mut self,
        capture: Capture,
        chunk: &[u8],
        at: usize,
        sink: &mut impl FnMut(Piece<'_>) -> Result<(), E>,
    ) -> Result<usize, E> {
        let rest = chunk.get(at..).unwrap_or_default();
        let ended = self.scan.run(rest);
        let part = rest.get(..ended.unwrap_or(rest.len())).unwrap_or(rest);
        self.bound(capture, part)?;
        match ended {
            Some(length) => {
                self.place_of(chunk, at + length);
                self.complete(capture, part, sink)?;
                Ok(at + length)
            }
            None => {
                if !self.oversized {
                    self.keep(part);
                }
                Ok(chunk.len())
            }
        }
    }

    /// Buffers more of the value under way. A large one grows by a quarter, not to twice its size.
    fn keep(&mut self, part: &[u8]) {
        let held = self.buffer.len();
        if held > LARGE && self.buffer.capacity() - held < part.len() {
            self.buffer.reserve_exact(part.len().max(held / 4));
        }
        self.buffer.extend_from_slice(part);
    }

    /// Holds the value under way, `part` included, to its bound.
    fn bound(&mut self, capture: Capture, part: &[u8]) -> Result<(), SyntaxError> {
        let length = self.buffer.len() + part.len();
        match capture {
            Capture::Item | Capture::Value if length > self.max_record_bytes => {
                let room = self.max_record_bytes - self.buffer.len().min(self.max_record_bytes);
                self.buffer.extend_from_slice(part.get(..room).unwrap_or(part));
                Err(self.record_too_large())
            }
            Capture::Name if length > AROUND_LIMIT => Err(self.name_too_long()),
            Capture::Around if self.is_kept() && length <= self.max_record_bytes => Ok(()),
            Capture::Around | Capture::Recordless if length > AROUND_LIMIT => {
                self.oversized = true;
                self.buffer = Vec::new();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Whether the member beside the way is one that is needed whole.
    fn is_kept(&self) -> bool {
        let parents = self.records.get(..self.level.saturating_sub(1)).unwrap_or_default();
        self.kept.iter().any(|kept| {
            kept.split_last().is_some_and(|(name, head)| head == parents && *name == self.name)
        })
    }

    /// The value under way ends with `part`.
    pub(super) fn complete<E: From<SyntaxError>>(
        &mut self,
        capture: Capture,
        part: &[u8],
        sink: &mut impl FnMut(Piece<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let is_in_parts = !self.oversized && !self.buffer.is_empty();
        if is_in_parts {
            self.keep(part);
        }
        let mut buffer = std::mem::take(&mut self.buffer);
        let is_record = matches!(capture, Capture::Item | Capture::Value);
        if is_record && is_in_parts && buffer.len() > self.given_above {
            self.gave = true;
            self.deliver(capture, Cow::Owned(buffer), sink)?;
        } else {
            let json = match (self.oversized, is_in_parts) {
                (true, _) => &[][..],
                (false, false) => part,
                (false, true) => &buffer,
            };
            self.deliver(capture, Cow::Borrowed(json), sink)?;
            if buffer.capacity() <= LARGE {
                buffer.clear();
                self.buffer = buffer;
            }
        }
        match capture {
            Capture::Item => self.state = State::AfterItem,
            Capture::Name => self.state = State::Colon,
            _ => self.after_value(sink)?,
        }
        Ok(())
    }

    /// Hands out a complete value, or takes in a name.
    fn deliver<E: From<SyntaxError>>(
        &mut self,
        capture: Capture,
        json: Cow<'_, [u8]>,
        sink: &mut impl FnMut(Piece<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let at = self.value_at;
        match capture {
            Capture::Item => {
                sink(Piece::Record { json, at, index: Some(self.items) })?;
                self.items += 1;
                Ok(())
            }
            // A configured place that holds null holds no records.
            Capture::Value if *json == *b"null" && !self.records.is_empty() => Ok(()),
            Capture::Value => sink(Piece::Record { json, at, index: None }),
            Capture::Around => {
                let parents = self.records.get(..self.level.saturating_sub(1)).unwrap_or_default();
                let (name, oversized) = (self.name.as_str(), self.oversized);
                sink(Piece::Around { parents, name, json: &json, at, oversized })
            }
            Capture::Name => Ok(self.take_name(&json)?),
            Capture::Recordless if self.oversized => Ok(()),
            Capture::Recordless => {
                Ok(Tape::default().parse(&json, 1).map_err(|error| error.rebase(&at, ""))?)
            }
        }
    }

    fn take_name(&mut self, json: &[u8]) -> Result<(), SyntaxError> {
        let pointer = self.pointer();
        Tape::default().parse(json, 1).map_err(|error| error.rebase(&self.value_at, &pointer))?;
        let raw = json.get(1..json.len().saturating_sub(1)).unwrap_or_default();
        let mut out = Vec::new();
        self.name.clear();
        self.name.push_str(&String::from_utf8_lossy(string::unescape(raw, &mut out)));
        Ok(())
    }

    /// Behind a value that is no item: in the object around it, or at the document's end.
    pub(super) fn after_value<E>(
        &mut self,
        sink: &mut impl FnMut(Piece<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.level > 0 {
            self.state = State::AfterMember;
            return Ok(());
        }
        self.state = State::BetweenDocuments;
        sink(Piece::DocumentEnd { found: self.found })
    }

    /// The place of the chunk's byte `at`, which no later call may precede.
    pub(super) fn place_of(&mut self, chunk: &[u8], at: usize) -> Place {
        self.place = self.place.after(chunk.get(self.counted..at).unwrap_or_default());
        self.counted = at;
        self.place
    }
}
