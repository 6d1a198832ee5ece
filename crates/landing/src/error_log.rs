//! The error log of one failing object: what stands under `errors/` and, a line each, in the
//! manifest.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ObjectKey;

/// Why an object failed, where, and what to do. No more of the data than a short excerpt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorLog {
    /// The bucket's name.
    pub bucket: String,
    /// The failing object's key, decoded.
    pub key: ObjectKey,
    /// Its version, where the bucket keeps versions.
    pub version_id: Option<String>,
    /// The failure's name, stable, for programs: `not_json`, `records_missing`, `retries_exhausted`…
    pub kind: String,
    /// What happened and what to do, for people.
    pub message: String,
    /// Where in the object.
    #[serde(flatten)]
    pub position: Position,
    /// The bytes around the place, as text, at most 200 characters.
    pub excerpt: Option<String>,
    /// Which rule of the configuration the value there goes against, where one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub violation: Option<Violation>,
    /// When it failed first.
    pub first_failed_at: Timestamp,
    /// When it failed last.
    pub last_failed_at: Timestamp,
    /// How many times it was tried.
    pub attempts: u32,
}

/// A place in an object. All parts optional: a dead-lettered event has none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Offset in bytes from the start of the decompressed object, from 0.
    pub byte_offset: Option<u64>,
    /// Line, from 1.
    pub line: Option<u64>,
    /// Column in bytes within the line, from 1.
    pub column: Option<u64>,
    /// JSON Pointer (RFC 6901) to the value, indices included.
    pub pointer: Option<String>,
}

/// A rule of the configuration and the value that goes against it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// The rule as the configuration has it: `schema = { "/taxes" = "freeze" }`.
    pub rule: String,
    /// JSON Pointer to the field from the document, array indices left out.
    pub path: String,
    /// The column that the value does not fit, `guest_checks.chk_ttl`; none where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// The type that fits, in Postgres's words: the column's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wanted: Option<String>,
    /// What the value is.
    pub met: String,
    /// The value as it stands in the object, at most 100 bytes of it.
    pub value: String,
}
