//! What a splitter says when the bytes are wrong: which fault, where, and the text around it.

use super::super::syntax::{EXCERPT_BEFORE, Fault, SyntaxError, SyntaxKind, excerpt};
use super::super::tape::Tape;
use super::{AROUND_LIMIT, Capture, Splitter, State};
use crate::pointer::Pointer;

impl Splitter {
    /// The byte at `at` is not what the grammar wants there.
    pub(super) fn unexpected(&self, chunk: &[u8], at: usize) -> SyntaxError {
        let wanted = match self.state {
            State::FirstName | State::Name => "a name in double quotes",
            State::Colon => "`:` behind a name",
            State::AfterMember => "`,` or `}` behind a member",
            State::AfterItem => "`,` or `]` behind a record",
            State::Item => "a record behind a comma",
            State::BetweenDocuments => "a JSON value",
            _ => "a value",
        };
        // One byte only: what the fault says must not depend on where the chunk ends.
        let byte = chunk.get(at..=at).unwrap_or_default();
        let fault = Fault::unexpected(byte, 0, wanted);
        self.placed(Fault { at, ..fault }, chunk)
    }

    pub(super) fn broken_mark(&self, chunk: &[u8], at: usize) -> SyntaxError {
        self.fault(SyntaxKind::NotUtf8, "the byte order mark of UTF-8 is incomplete", chunk, at)
    }

    /// The bytes ended inside a value. Its own fault, if it has one, is told rather than that: a
    /// bracket too few makes everything behind it look like a part of it.
    pub(super) fn cut_off_inside(&self) -> SyntaxError {
        let end = self.fault(SyntaxKind::CutOff, "the bytes end inside a value", &[], 0);
        let whole = self.buffer.len() <= AROUND_LIMIT;
        self.own_fault().filter(|fault| whole || fault.kind != SyntaxKind::CutOff).unwrap_or(end)
    }

    pub(super) fn record_too_large(&self) -> SyntaxError {
        self.own_fault()
            .filter(|fault| matches!(fault.kind, SyntaxKind::NotJson | SyntaxKind::NotUtf8))
            .unwrap_or_else(|| {
                let limit = self.max_record_bytes;
                self.value_too_long(format!("a record is larger than {limit} bytes"))
            })
    }

    pub(super) fn name_too_long(&self) -> SyntaxError {
        self.value_too_long(format!("a member's name is longer than {AROUND_LIMIT} bytes"))
    }

    fn value_too_long(&self, detail: String) -> SyntaxError {
        SyntaxError {
            kind: SyntaxKind::RecordTooLarge,
            at: self.value_at,
            pointer: Some(self.pointer()),
            detail,
            excerpt: excerpt(&[], &self.buffer),
        }
    }

    /// What the tape finds in what is kept of the value under way.
    fn own_fault(&self) -> Option<SyntaxError> {
        if self.oversized {
            return None;
        }
        let kept = self.buffer.get(..AROUND_LIMIT).unwrap_or(&self.buffer);
        let fault = Tape::default().parse(kept, usize::MAX).err()?;
        Some(fault.rebase(&self.value_at, &self.pointer()))
    }

    pub(super) fn fault(
        &self,
        kind: SyntaxKind,
        detail: &str,
        chunk: &[u8],
        at: usize,
    ) -> SyntaxError {
        self.placed(Fault::new(kind, at, detail), chunk)
    }

    /// A fault at an index of the chunk as one at a place of the object.
    pub(super) fn placed(&self, fault: Fault, chunk: &[u8]) -> SyntaxError {
        let (before, after) = chunk.split_at_checked(fault.at).unwrap_or((chunk, &[]));
        let shown = if before.len() < EXCERPT_BEFORE {
            excerpt(&[&self.tail, before].concat(), after)
        } else {
            excerpt(before, after)
        };
        SyntaxError {
            kind: fault.kind,
            at: self.place.after(before.get(self.counted..).unwrap_or_default()),
            pointer: Some(self.pointer()),
            detail: fault.detail,
            excerpt: shown,
        }
    }

    /// The JSON Pointer to where the splitter stands: to the value under way, or to the container
    /// between two of its values.
    pub(super) fn pointer(&self) -> String {
        let mut pointer = String::new();
        for token in self.records.iter().take(self.level.saturating_sub(1)) {
            Pointer::push_token(&mut pointer, token);
        }
        let names = matches!(
            self.state,
            State::FirstName | State::Name | State::AfterMember | State::Inside(Capture::Name)
        );
        if self.level > 0 && !names {
            Pointer::push_token(&mut pointer, &self.name);
        }
        if let State::FirstItem | State::Item | State::AfterItem | State::Inside(Capture::Item) =
            self.state
        {
            Pointer::push_token(&mut pointer, &self.items.to_string());
        }
        pointer
    }

    /// Keeps the end of a chunk for the excerpt of a fault in the next.
    pub(super) fn keep_tail(&mut self, chunk: &[u8]) {
        match chunk.len().checked_sub(EXCERPT_BEFORE) {
            Some(start) => {
                self.tail.clear();
                self.tail.extend_from_slice(chunk.get(start..).unwrap_or_default());
            }
            None => {
                self.tail.extend_from_slice(chunk);
                let surplus = self.tail.len().saturating_sub(EXCERPT_BEFORE);
                self.tail.drain(..surplus);
            }
        }
    }
}
