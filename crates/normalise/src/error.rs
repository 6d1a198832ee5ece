//! Why an object can't become rows. Always permanent: a pure function can't fail by chance.

use std::ops::Range;

use landing::{Classify, FailureKind, Position, Violation};

use crate::json::{Place, SyntaxError, SyntaxKind, excerpt};
use crate::walk::{Record, Stop};

/// Why, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", place(position))]
pub struct NormaliseError {
    /// What happened.
    pub kind: ErrorKind,
    /// What happened and what to do, for people.
    pub message: String,
    /// Where in the decompressed object.
    pub position: Position,
    /// The bytes around the place as text, at most 200 characters.
    pub excerpt: Option<String>,
    /// The rule that a value goes against, and the value.
    pub violation: Option<Box<Violation>>,
}

/// The failures that an object can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErrorKind {
    /// No bytes, or white space alone.
    Empty,
    /// Not JSON.
    NotJson,
    /// A web page instead of JSON.
    Html,
    /// The bytes end inside a value.
    CutOff,
    /// Not UTF-8.
    NotUtf8,
    /// More levels of nesting than `Limits::max_depth`.
    TooDeep,
    /// A record above `Limits::max_record_bytes`.
    RecordTooLarge,
    /// More rows in one table than `_row integer` can number.
    TooManyRows,
    /// `records` is configured and a document has nothing there.
    RecordsMissing,
    /// A change of shape under the contract `freeze`.
    SchemaFrozen,
}

impl ErrorKind {
    /// The stable name that error log, ledger and metrics use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::NotJson => "not_json",
            Self::Html => "html",
            Self::CutOff => "cut_off",
            Self::NotUtf8 => "not_utf8",
            Self::TooDeep => "too_deep",
            Self::RecordTooLarge => "record_too_large",
            Self::TooManyRows => "too_many_rows",
            Self::RecordsMissing => "records_missing",
            Self::SchemaFrozen => "schema_frozen",
        }
    }
}

impl Classify for NormaliseError {
    fn kind(&self) -> FailureKind {
        FailureKind::Permanent
    }
}

impl From<SyntaxError> for NormaliseError {
    fn from(error: SyntaxError) -> Self {
        let kind = match error.kind {
            SyntaxKind::Empty => ErrorKind::Empty,
            SyntaxKind::NotJson => ErrorKind::NotJson,
            SyntaxKind::Html => ErrorKind::Html,
            SyntaxKind::CutOff => ErrorKind::CutOff,
            SyntaxKind::NotUtf8 => ErrorKind::NotUtf8,
            SyntaxKind::TooDeep => ErrorKind::TooDeep,
            SyntaxKind::RecordTooLarge => ErrorKind::RecordTooLarge,
        };
        Self {
            kind,
            message: format!("{}; {}", error.detail, error.kind.cure()),
            position: position(error.at, error.pointer),
            excerpt: Some(error.excerpt).filter(|excerpt| !excerpt.is_empty()),
            violation: None,
        }
    }
}

/// What ends a record, before it is known where the record stands.
#[derive(Debug)]
pub(crate) enum Fault {
    Syntax(SyntaxError),
    Stop(Stop),
}

impl From<SyntaxError> for Fault {
    fn from(error: SyntaxError) -> Self {
        Self::Syntax(error)
    }
}

impl From<Stop> for Fault {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

impl Fault {
    /// The error, for the record that starts at `at` and stands at `pointer`.
    pub(crate) fn place(self, at: Place, pointer: &str, record: Record<'_>) -> NormaliseError {
        match self {
            Self::Syntax(error) => error.rebase(&at, pointer).into(),
            Self::Stop(stop) => stop.inside(at, pointer, record),
        }
    }
}

impl Stop {
    pub(crate) fn frozen((message, violation): (String, Violation), at: Range<usize>) -> Self {
        let violation = Some(Box::new(violation));
        Self { kind: ErrorKind::SchemaFrozen, message, at, violation }
    }

    /// The endpoint has no root table, and may have none.
    pub(crate) fn no_root() -> Self {
        let message = "the endpoint's bounds and contract allow it no table; raise `max_tables`, \
                       then replay"
            .to_owned();
        Self { kind: ErrorKind::SchemaFrozen, message, at: 0..0, violation: None }
    }

    pub(crate) fn too_many_rows(path: &str) -> Self {
        let message = format!(
            "more rows at `{path}` than one object can number; split the object or point `records` \
             elsewhere"
        );
        Self { kind: ErrorKind::TooManyRows, message, at: 0..0, violation: None }
    }

    /// The error, for what starts at `at` and stands at `pointer`.
    pub(crate) fn at(self, at: Place, pointer: &str) -> NormaliseError {
        NormaliseError {
            kind: self.kind,
            message: self.message,
            position: position(at, Some(pointer.to_owned())),
            excerpt: None,
            violation: self.violation,
        }
    }

    /// The same, at the value's own place within the record.
    fn inside(self, at: Place, pointer: &str, record: Record<'_>) -> NormaliseError {
        let start = self.at.start;
        if self.at.is_empty() {
            return self.at(at, pointer);
        }
        let (before, after) = record.json.split_at_checked(start).unwrap_or((record.json, &[]));
        let inner = record.tape.pointer_to(record.json, start);
        let error = self.at(at.after(before), &format!("{pointer}{inner}"));
        NormaliseError { excerpt: Some(excerpt(before, after)), ..error }
    }
}

pub(crate) fn position(at: Place, pointer: Option<String>) -> Position {
    Position { byte_offset: Some(at.offset), line: Some(at.line), column: Some(at.column), pointer }
}

/// The place as the head of a message; nothing where no place is known.
fn place(position: &Position) -> String {
    let mut parts = Vec::new();
    if let (Some(line), Some(column)) = (position.line, position.column) {
        parts.push(format!("line {line}, column {column}"));
    }
    if let Some(offset) = position.byte_offset {
        parts.push(format!("(byte {offset})"));
    }
    if let Some(pointer) = position.pointer.as_deref().filter(|pointer| !pointer.is_empty()) {
        parts.push(format!("in `{pointer}`"));
    }
    if parts.is_empty() { String::new() } else { format!("{}: ", parts.join(" ")) }
}
