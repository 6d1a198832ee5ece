//! The grammar of RFC 8259, iterative: nesting costs an entry in `open`, never a stack frame.

use super::number;
use super::scan::is_space;
use super::string;
use super::syntax::{Fault, SyntaxKind, describe};
use super::tape::{FOLDED, HAS_OBJECT, INTEGER, Kind, Token, UNREPRESENTABLE};

/// One pass over one JSON text.
pub(super) struct Parser<'j, 't> {
    json: &'j [u8],
    at: usize,
    max_depth: usize,
    tokens: &'t mut Vec<Token>,
    /// The containers under way, outermost first.
    open: &'t mut Vec<u32>,
    /// The value completed last.
    last: u32,
    /// With more tokens than that, arrays are folded.
    fold_above: usize,
}

impl<'j, 't> Parser<'j, 't> {
    pub(super) fn new(
        json: &'j [u8],
        max_depth: usize,
        tokens: &'t mut Vec<Token>,
        open: &'t mut Vec<u32>,
    ) -> Self {
        Self { json, at: 0, max_depth, tokens, open, last: 0, fold_above: usize::MAX }
    }

    pub(super) fn folding_above(self, fold_above: usize) -> Self {
        Self { fold_above, ..self }
    }

    pub(super) fn run(mut self) -> Result<(), Fault> {
        self.whole_value()?;
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.unexpected("the end of the value")),
        }
    }

    /// Reads the item of an array that stands at `at`; gives where what follows it stands.
    pub(super) fn item(mut self, at: usize) -> Result<usize, Fault> {
        self.at = at;
        self.whole_value()?;
        Ok(self.at)
    }

    /// Reads a value with all that is inside, and the space around it.
    fn whole_value(&mut self) -> Result<(), Fault> {
        self.skip_space();
        loop {
            self.value()?;
            if !self.another_value()? {
                break;
            }
        }
        self.skip_space();
        Ok(())
    }

    /// Reads on to the end of the next complete value: a scalar, an empty container, or the first
    /// one inside a container.
    fn value(&mut self) -> Result<(), Fault> {
        loop {
            match self.peek() {
                Some(b'"') => return self.string(),
                Some(b'-' | b'0'..=b'9') => return self.number(),
                Some(b'{') => {
                    self.open(Kind::Object)?;
                    if self.peek() == Some(b'}') {
                        self.close();
                        return Ok(());
                    }
                    self.name()?;
                }
                Some(b'[') => {
                    self.open(Kind::Array)?;
                    if self.peek() == Some(b']') {
                        self.close();
                        return Ok(());
                    }
                }
                Some(b't') => return self.word(Kind::True, b"true"),
                Some(b'f') => return self.word(Kind::False, b"false"),
                Some(b'n') => return self.word(Kind::Null, b"null"),
                _ => return Err(self.no_value()),
            }
        }
    }

    /// Behind a complete value: closes what closes here, and stops before the next value if there
    /// is one.
    fn another_value(&mut self) -> Result<bool, Fault> {
        while let Some(object) = self.count_in_parent() {
            self.skip_space();
            match self.peek() {
                Some(b',') => {
                    self.at += 1;
                    self.skip_space();
                    if object {
                        self.name()?;
                    } else if self.peek() == Some(b']') {
                        return Err(self.trailing_comma());
                    }
                    return Ok(true);
                }
                Some(b'}') if object => self.close(),
                Some(b']') if !object => self.close(),
                _ if object => return Err(self.unexpected("`,` or `}` behind a member")),
                _ => return Err(self.unexpected("`,` or `]` behind an item")),
            }
        }
        Ok(false)
    }

    /// Notes the value completed last in the container it stands in; whether that is an object.
    fn count_in_parent(&mut self) -> Option<bool> {
        let child = *self.tokens.get(self.last as usize)?;
        let is_full = self.tokens.len() > self.fold_above;
        let place = *self.open.last()? as usize;
        let parent = self.tokens.get_mut(place)?;
        let object = parent.kind == Kind::Object;
        parent.len += 1;
        parent.flags |= child.flags & UNREPRESENTABLE;
        if child.kind == Kind::Object {
            parent.flags |= HAS_OBJECT;
        }
        if !object && (is_full || parent.flags & FOLDED != 0) {
            parent.flags |= FOLDED;
            self.tokens.truncate(place + 1);
        }
        Some(object)
    }

    /// A member's name and its colon.
    fn name(&mut self) -> Result<(), Fault> {
        match self.peek() {
            Some(b'"') => {}
            Some(b'}') => return Err(self.trailing_comma()),
            _ => return Err(self.unexpected("a name in double quotes")),
        }
        let scanned = string::scan(self.json, self.at + 1)?;
        let flags = string_flags(scanned);
        if let Some(object) = self.open.last().and_then(|open| self.tokens.get_mut(*open as usize))
        {
            object.flags |= flags & UNREPRESENTABLE;
        }
        self.push(Kind::String, flags, scanned.end);
        self.skip_space();
        if self.peek() != Some(b':') {
            return Err(self.unexpected("`:` behind a name"));
        }
        self.at += 1;
        self.skip_space();
        Ok(())
    }

    fn string(&mut self) -> Result<(), Fault> {
        let scanned = string::scan(self.json, self.at + 1)?;
        self.push(Kind::String, string_flags(scanned), scanned.end);
        Ok(())
    }

    fn number(&mut self) -> Result<(), Fault> {
        let scanned = number::scan(self.json, self.at)?;
        let mut flags = if scanned.integer { INTEGER } else { 0 };
        if !scanned.representable {
            flags |= UNREPRESENTABLE;
        }
        self.push(Kind::Number, flags, scanned.end);
        Ok(())
    }

    fn word(&mut self, kind: Kind, word: &[u8]) -> Result<(), Fault> {
        let rest = self.json.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word) {
            return Err(self.no_value());
        }
        self.push(kind, 0, self.at + word.len());
        Ok(())
    }

    /// Appends the token of a complete value that ends at `end`.
    fn push(&mut self, kind: Kind, flags: u8, end: usize) {
        self.last = index(self.tokens.len());
        let next = self.last + 1;
        let start = index(self.at);
        self.tokens.push(Token { kind, flags, start, end: index(end), next, len: 0 });
        self.at = end;
    }

    fn open(&mut self, kind: Kind) -> Result<(), Fault> {
        if self.open.len() >= self.max_depth {
            let detail = format!("values are nested more than {} levels deep", self.max_depth);
            return Err(Fault::new(SyntaxKind::TooDeep, self.at, detail));
        }
        self.push(kind, 0, self.at + 1);
        self.open.push(self.last);
        self.skip_space();
        Ok(())
    }

    /// Ends the innermost container with the bracket that stands here.
    fn close(&mut self) {
        self.at += 1;
        let next = index(self.tokens.len());
        if let Some(innermost) = self.open.pop() {
            self.last = innermost;
            if let Some(token) = self.tokens.get_mut(innermost as usize) {
                token.end = index(self.at);
                token.next = next;
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.json.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(is_space) {
            self.at += 1;
        }
    }

    fn unexpected(&self, wanted: &str) -> Fault {
        Fault::unexpected(self.json, self.at, wanted)
    }

    /// No value starts here: a page, a word that the bytes cut off, or something else.
    fn no_value(&self) -> Fault {
        let rest = self.json.get(self.at..).unwrap_or_default();
        if self.open.is_empty() && rest.first() == Some(&b'<') {
            return Fault::html(self.at);
        }
        let cut = |word: &[u8]| !rest.is_empty() && word.starts_with(rest);
        if cut(b"true") || cut(b"false") || cut(b"null") {
            let detail = "the bytes end inside a word";
            return Fault::new(SyntaxKind::CutOff, self.json.len(), detail);
        }
        self.unexpected("a value")
    }

    fn trailing_comma(&self) -> Fault {
        let found = describe(self.json.get(self.at..).unwrap_or_default());
        let detail = format!("found {found} behind a comma: JSON has no trailing commas");
        Fault::new(SyntaxKind::NotJson, self.at, detail)
    }
}

fn string_flags(scanned: string::Scanned) -> u8 {
    if scanned.unrepresentable { UNREPRESENTABLE } else { 0 }
}

/// An index of the tape. `Tape::parse` refuses texts whose indices would not fit.
fn index(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
