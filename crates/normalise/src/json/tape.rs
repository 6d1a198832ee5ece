//! One record as a flat row of tokens, reused between records: no allocation per value.
//!
//! An object's token is followed by its first key (a string token), that member's value, the next
//! key and so on; an array's by its items. `next` jumps over a value's whole subtree.
//!
//! The tape of a very large record is bounded: once it is long, arrays are folded. A folded array
//! has no tokens but its own; its items are read again, one by one, where they are needed.

use super::parser::Parser;
use super::string;
use super::syntax::{Fault, SyntaxError, SyntaxKind, is_compressed};
use crate::pointer::Pointer;

mod items;

pub(crate) use items::Items;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    False,
    True,
    Number,
    String,
    Object,
    Array,
}

/// One value, or the key of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    /// What it is.
    pub(crate) kind: Kind,
    pub(super) flags: u8,
    /// Where its bytes start in the record, quote or bracket included.
    pub(crate) start: u32,
    /// Where they end.
    pub(crate) end: u32,
    /// The index of the token behind its subtree.
    pub(crate) next: u32,
    /// The number of its members or items.
    pub(crate) len: u32,
}

pub(super) const INTEGER: u8 = 1;
pub(super) const UNREPRESENTABLE: u8 = 2;
pub(super) const HAS_OBJECT: u8 = 4;
pub(super) const FOLDED: u8 = 8;

const MAX_POINTER: usize = 1_000;
/// Tokens above which arrays are folded: those of a record of about 1 MB.
const FOLD_ABOVE: usize = 1 << 17;

impl Token {
    /// A number without fraction and exponent.
    pub(crate) fn is_integer(self) -> bool {
        self.flags & INTEGER != 0
    }

    /// Holds, itself or anywhere inside, what Postgres can't: U+0000 or half a surrogate pair in a
    /// string or key, or a number beyond `numeric`.
    pub(crate) fn is_unrepresentable(self) -> bool {
        self.flags & UNREPRESENTABLE != 0
    }

    /// A container with an object among its own items or members.
    pub(crate) fn has_object(self) -> bool {
        self.flags & HAS_OBJECT != 0
    }

    /// An array whose items have no tokens: `Tape::items` reads them.
    pub(crate) fn is_folded(self) -> bool {
        self.flags & FOLDED != 0
    }

    /// Its bytes in the record.
    pub(crate) fn raw(self, json: &[u8]) -> &[u8] {
        json.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// A string's bytes without its quotes, escapes left as they are.
    pub(crate) fn inner(self, json: &[u8]) -> &[u8] {
        let raw = self.raw(json);
        raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default()
    }
}

/// The tokens of the record parsed last.
#[derive(Debug)]
pub(crate) struct Tape {
    tokens: Vec<Token>,
    open: Vec<u32>,
    fold_above: usize,
}

impl Default for Tape {
    fn default() -> Self {
        Self { tokens: Vec::new(), open: Vec::new(), fold_above: FOLD_ABOVE }
    }
}

impl Tape {
    /// Validates `json` (RFC 8259, UTF-8, no more than `max_depth` containers inside each other)
    /// and keeps its tokens. Places and pointers in the error are relative to `json`.
    pub(crate) fn parse(&mut self, json: &[u8], max_depth: usize) -> Result<(), SyntaxError> {
        self.tokens.clear();
        self.open.clear();
        let Err(fault) = self.tokenise(json, max_depth) else {
            return Ok(());
        };
        let pointer = self.pointer_under_way(json);
        Err(fault.into_error(json, Some(pointer)))
    }

    fn tokenise(&mut self, json: &[u8], max_depth: usize) -> Result<(), Fault> {
        if u32::try_from(json.len()).is_err() {
            let detail = "the record is larger than 4 GiB";
            return Err(Fault::new(SyntaxKind::RecordTooLarge, 0, detail));
        }
        let Err(broken) = std::str::from_utf8(json) else {
            return self.parser(json, max_depth).run();
        };
        if is_compressed(json) {
            return Err(Fault::unexpected(json, 0, "a value"));
        }
        // The sound part is read all the same: it tells where the fault is, or holds an earlier one.
        let at = broken.valid_up_to();
        let sound = json.get(..at).unwrap_or_default();
        match self.parser(sound, max_depth).run() {
            Err(earlier) if earlier.kind != SyntaxKind::CutOff => Err(earlier),
            _ if broken.error_len().is_none() => {
                Err(Fault::new(SyntaxKind::CutOff, at, "the bytes end inside a character"))
            }
            _ => {
                let byte = json.get(at).copied().unwrap_or_default();
                let detail = format!("found the byte 0x{byte:02X}, which is no UTF-8 here");
                Err(Fault::new(SyntaxKind::NotUtf8, at, detail))
            }
        }
    }

    fn parser<'t>(&'t mut self, json: &'t [u8], max_depth: usize) -> Parser<'t, 't> {
        let parser = Parser::new(json, max_depth, &mut self.tokens, &mut self.open);
        parser.folding_above(self.fold_above)
    }

    /// Gives back the memory that an uncommonly large record took.
    pub(crate) fn shrink(&mut self) {
        if self.tokens.capacity() > 4 * FOLD_ABOVE {
            self.tokens = Vec::new();
        }
    }

    /// The token at `index`; the record itself is at 0.
    pub(crate) fn get(&self, index: usize) -> Option<Token> {
        self.tokens.get(index).copied()
    }

    /// The members of the object at `index`: of each the indices of key and value.
    pub(crate) fn members(&self, index: usize) -> Members<'_> {
        Members { children: self.children(index, Kind::Object) }
    }

    /// What stands in the container at `index`: of each the index of its name, in an object, and
    /// of its value. Nothing where it is folded: see `items`.
    pub(crate) fn entries(&self, index: usize) -> Entries<'_> {
        Entries { tape: self, left: self.left(index) }
    }

    /// The same, to be gone on with at any time.
    pub(crate) fn left(&self, index: usize) -> Left {
        let is_object = self.get(index).is_some_and(|token| token.kind == Kind::Object);
        let kind = if is_object { Kind::Object } else { Kind::Array };
        let Children { at, left: count, .. } = self.children(index, kind);
        Left { at, count, is_object }
    }

    /// The items of the array at `index`, where it is folded.
    pub(crate) fn items(&self, index: usize) -> Option<Items> {
        self.get(index).filter(|token| token.is_folded()).map(Items::new)
    }

    fn children(&self, index: usize, kind: Kind) -> Children<'_> {
        let token = self.get(index).filter(|token| token.kind == kind && !token.is_folded());
        Children { tape: self, at: index + 1, left: token.map_or(0, |token| token.len) }
    }

    /// The JSON Pointer to the value that starts at byte `start`, or to one around it where that
    /// would be very long.
    pub(crate) fn pointer_to(&self, json: &[u8], start: usize) -> String {
        let mut pointer = String::new();
        let mut out = Vec::new();
        let mut at = 0;
        while pointer.len() < MAX_POINTER
            && self.get(at).is_some_and(|token| token.start as usize != start)
        {
            if let Some(items) = self.items(at) {
                pointer.push_str(&items.pointer_to(json, start));
                break;
            }
            let mut entries = self.entries(at).enumerate();
            let holds = |(_, (_, value)): &(_, (_, usize))| self.holds(*value, start);
            let Some((place, (name, value))) = entries.find(holds) else {
                break;
            };
            match name.and_then(|name| self.get(name)) {
                Some(name) => {
                    let name = string::unescape(name.inner(json), &mut out);
                    Pointer::push_token(&mut pointer, &String::from_utf8_lossy(name));
                }
                None => Pointer::push_token(&mut pointer, &place.to_string()),
            }
            at = value;
        }
        pointer
    }

    fn holds(&self, index: usize, start: usize) -> bool {
        let token = self.get(index);
        token.is_some_and(|t| (t.start as usize..t.end as usize).contains(&start))
    }

    /// The JSON Pointer to the innermost value that parsing had begun and not ended, or to one
    /// around it where that would be very long.
    fn pointer_under_way(&self, json: &[u8]) -> String {
        let mut pointer = String::new();
        let mut out = Vec::new();
        for index in &self.open {
            let index = *index as usize;
            let Some(container) = self.get(index).filter(|_| pointer.len() < MAX_POINTER) else {
                break;
            };
            match container.kind {
                Kind::Object => {
                    let Some(key) = self.key_under_way(index, container.len) else {
                        break;
                    };
                    let name = string::unescape(key.inner(json), &mut out);
                    Pointer::push_token(&mut pointer, &String::from_utf8_lossy(name));
                }
                _ => Pointer::push_token(&mut pointer, &container.len.to_string()),
            }
        }
        pointer
    }

    /// The key behind an open object's `complete` members, if it was read.
    fn key_under_way(&self, object: usize, complete: u32) -> Option<Token> {
        let mut key = object + 1;
        for _ in 0..complete {
            key = self.get(key + 1)?.next as usize;
        }
        self.get(key)
    }
}

/// Walks over siblings.
#[derive(Debug)]
struct Children<'t> {
    tape: &'t Tape,
    at: usize,
    left: u32,
}

impl Children<'_> {
    /// The index of the next value, which stands `ahead` tokens on.
    fn next_value(&mut self, ahead: usize) -> Option<usize> {
        self.left = self.left.checked_sub(1)?;
        let value = self.at + ahead;
        self.at = self.tape.get(value)?.next as usize;
        Some(value)
    }
}

/// Key and value of each member.
#[derive(Debug)]
pub(crate) struct Members<'t> {
    children: Children<'t>,
}

impl Iterator for Members<'_> {
    type Item = (usize, usize);

    fn next(&mut self) -> Option<(usize, usize)> {
        let key = self.children.at;
        self.children.next_value(1).map(|value| (key, value))
    }
}

/// What is left of a container's items or members.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Left {
    at: usize,
    count: u32,
    is_object: bool,
}

impl Left {
    /// The next one on `tape`, as `Tape::entries` gives it.
    pub(crate) fn next(&mut self, tape: &Tape) -> Option<(Option<usize>, usize)> {
        self.count = self.count.checked_sub(1)?;
        let name = self.is_object.then_some(self.at);
        let value = self.at + usize::from(self.is_object);
        self.at = tape.get(value)?.next as usize;
        Some((name, value))
    }
}

/// Each item or member.
#[derive(Debug)]
pub(crate) struct Entries<'t> {
    tape: &'t Tape,
    left: Left,
}

impl Iterator for Entries<'_> {
    type Item = (Option<usize>, usize);

    fn next(&mut self) -> Option<(Option<usize>, usize)> {
        self.left.next(self.tape)
    }
}

#[cfg(test)]
mod tests;
