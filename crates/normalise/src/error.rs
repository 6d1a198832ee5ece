//! Why an object can't become rows. Always permanent: a pure function can't fail by chance.

use landing::{Classify, FailureKind, Position};

use crate::json::{Place, SyntaxError, SyntaxKind};
use crate::walk::Stop;

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
    pub(crate) fn place(self, at: Place, pointer: &str) -> NormaliseError {
        match self {
            Self::Syntax(error) => error.rebase(&at, pointer).into(),
            Self::Stop(stop) => stop.at(at, pointer),
        }
    }
}

impl Stop {
    pub(crate) fn frozen(path: &str) -> Self {
        Self { kind: ErrorKind::SchemaFrozen, path: path.to_owned() }
    }

    /// The error, for the record that starts at `at` and stands at `pointer`.
    pub(crate) fn at(self, at: Place, pointer: &str) -> NormaliseError {
        let message = match self.kind {
            ErrorKind::SchemaFrozen => format!(
                "`{}` would change the tables, and the endpoint's schema is frozen; review the \
                 change, apply it or declare the field, then replay",
                self.path
            ),
            _ => format!(
                "more rows at `{}` than one object can number; split the object or point `records` \
                 elsewhere",
                self.path
            ),
        };
        let position = position(at, Some(pointer.to_owned()));
        NormaliseError { kind: self.kind, message, position, excerpt: None }
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
