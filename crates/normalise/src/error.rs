//! Why an object can't become rows. Always permanent: a pure function can't fail by chance.

use landing::{Classify, FailureKind, Position};

/// Why, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}{}", place(position))]
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

fn place(position: &Position) -> String {
    let mut text = String::new();
    if let (Some(line), Some(column)) = (position.line, position.column) {
        text.push_str(&format!(" at line {line}, column {column}"));
    }
    if let Some(offset) = position.byte_offset {
        text.push_str(&format!(" (byte {offset})"));
    }
    if let Some(pointer) = position.pointer.as_deref().filter(|pointer| !pointer.is_empty()) {
        text.push_str(&format!(" in `{pointer}`"));
    }
    text
}
