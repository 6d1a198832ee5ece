//! Bounds on what comes from outside, and how long loading may wait. What is not said keeps the
//! default of the crate that keeps to the bound.

use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::quantity;
use crate::reader::{Node, Table};

/// Bounds on an endpoint's records: `[load]` for all, an endpoint's `limits` for its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Bounds {
    /// Bytes of one record.
    pub max_record_bytes: Option<u64>,
    /// Levels of nesting in one record.
    pub max_depth: Option<u64>,
    /// Levels of nested objects that become columns.
    pub max_flatten_depth: Option<u64>,
    /// Members of one object that become columns.
    pub max_object_keys: Option<u64>,
    /// Columns of one table.
    pub max_columns: Option<u64>,
    /// Tables of one endpoint.
    pub max_tables: Option<u64>,
    /// Bytes of a row that can't be moved out of line.
    pub max_row_bytes: Option<u64>,
    /// Bytes of one value in a `jsonb` column.
    pub max_jsonb_bytes: Option<u64>,
    /// Bytes of the ledger's `envelope`.
    pub max_envelope_bytes: Option<u64>,
}

/// How objects are loaded: the table `[load]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LoadSettings {
    /// Bounds of every endpoint that does not set its own, and of what is not configured.
    #[serde(flatten)]
    pub bounds: Bounds,
    /// Bytes of one object once decompressed.
    pub max_decoded_bytes: Option<u64>,
    /// How many times its compressed size an object may grow to.
    pub max_ratio: Option<u64>,
    /// How long S3 may send nothing of a body that it has begun.
    #[serde(serialize_with = "milliseconds")]
    pub stall_timeout: Option<Duration>,
    /// How long a change of a table may wait for its readers, and hold up those behind it.
    #[serde(serialize_with = "milliseconds")]
    pub lock_timeout: Option<Duration>,
    /// What becomes of a table or column that somebody dropped.
    pub dropped: Dropped,
    /// How long one statement may take.
    #[serde(serialize_with = "milliseconds")]
    pub statement_timeout: Option<Duration>,
}

/// What becomes of a table or column that somebody dropped by hand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Dropped {
    /// It comes back, empty.
    #[default]
    Restore,
    /// The endpoint's objects fail until a person decides.
    Refuse,
}

const DROPPED: [(&str, Dropped); 2] = [("restore", Dropped::Restore), ("refuse", Dropped::Refuse)];
const BOUNDS: [&str; 9] = [
    "max_record_bytes",
    "max_depth",
    "max_flatten_depth",
    "max_object_keys",
    "max_columns",
    "max_tables",
    "max_row_bytes",
    "max_jsonb_bytes",
    "max_envelope_bytes",
];
const LOAD: [&str; 6] = [
    "max_decoded_bytes",
    "max_ratio",
    "stall_timeout",
    "lock_timeout",
    "statement_timeout",
    "dropped",
];

impl Bounds {
    pub(crate) fn read(node: &Node<'_, '_>) -> Option<Self> {
        Some(Self::of(&node.table(&BOUNDS)?))
    }

    fn of(table: &Table<'_, '_>) -> Self {
        let count = |key: &str, most: u64| table.get(key)?.integer(1..=most);
        Self {
            // A field of Postgres's ends at 1 GB, and what lands in `_overflow` has its paths too.
            max_record_bytes: bytes(table, "max_record_bytes", 512 << 20),
            max_depth: count("max_depth", 1_000_000),
            max_flatten_depth: count("max_flatten_depth", 63),
            max_object_keys: count("max_object_keys", 1_500),
            max_columns: count("max_columns", 1_500),
            max_tables: count("max_tables", 10_000),
            max_row_bytes: bytes(table, "max_row_bytes", 8_000),
            max_jsonb_bytes: bytes(table, "max_jsonb_bytes", 32 << 20),
            max_envelope_bytes: bytes(table, "max_envelope_bytes", 16 << 20),
        }
    }

    /// These bounds, and the other's where these say nothing.
    pub(crate) fn or(self, other: &Self) -> Self {
        Self {
            max_record_bytes: self.max_record_bytes.or(other.max_record_bytes),
            max_depth: self.max_depth.or(other.max_depth),
            max_flatten_depth: self.max_flatten_depth.or(other.max_flatten_depth),
            max_object_keys: self.max_object_keys.or(other.max_object_keys),
            max_columns: self.max_columns.or(other.max_columns),
            max_tables: self.max_tables.or(other.max_tables),
            max_row_bytes: self.max_row_bytes.or(other.max_row_bytes),
            max_jsonb_bytes: self.max_jsonb_bytes.or(other.max_jsonb_bytes),
            max_envelope_bytes: self.max_envelope_bytes.or(other.max_envelope_bytes),
        }
    }
}

impl LoadSettings {
    pub(crate) fn read(node: &Node<'_, '_>) -> Option<Self> {
        let table = node.table(&[&BOUNDS[..], &LOAD[..]].concat())?;
        Some(Self {
            bounds: Bounds::of(&table),
            max_decoded_bytes: bytes(&table, "max_decoded_bytes", 1 << 50),
            max_ratio: table.get("max_ratio").and_then(|node| node.integer(1..=1_000_000)),
            stall_timeout: table.get("stall_timeout").and_then(|node| duration(&node)),
            lock_timeout: table.get("lock_timeout").and_then(|node| duration(&node)),
            statement_timeout: table.get("statement_timeout").and_then(|node| duration(&node)),
            dropped: table
                .get("dropped")
                .and_then(|node| node.choice(&DROPPED))
                .unwrap_or_default(),
        })
    }
}

/// Reads a duration above nothing.
pub(crate) fn duration(node: &Node<'_, '_>) -> Option<Duration> {
    let text = node.string()?;
    quantity::duration(&text)
        .filter(|duration| !duration.is_zero())
        .or_else(|| node.report(format!("`{text}` is no duration; write it like `30s` or `500ms`")))
}

fn bytes(table: &Table<'_, '_>, key: &str, most: u64) -> Option<u64> {
    let node = table.get(key)?;
    if node.is_integer() {
        return node.integer(1..=most);
    }
    let text = node.string()?;
    quantity::size(&text).filter(|bytes| (1..=most).contains(bytes)).or_else(|| {
        node.report(format!("`{text}` is no size up to {most} bytes; write it like `16MB`"))
    })
}

fn milliseconds<S: Serializer>(
    duration: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match duration {
        Some(duration) => serializer.collect_str(&format_args!("{}ms", duration.as_millis())),
        None => serializer.serialize_none(),
    }
}
