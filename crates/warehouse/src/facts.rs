//! What the warehouse is told of an object and of its endpoint, and what became of the object.
//! Plain values; deciding with them is `begin`'s and `commit`'s part.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use landing::{LandedObject, ObjectKey, RawLocation};

use crate::News;

/// An object that is to be loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectFacts {
    /// The object, with the entity tag and size of the bytes that will be read.
    pub object: LandedObject,
    /// What its key says.
    pub location: RawLocation,
    /// The time in its name, else S3's last-modified.
    pub object_time: Timestamp,
    /// SHA-256 of the body, where its metadata says it.
    pub sha256: Option<String>,
    /// A person says: load it whatever the ledger knows of it, whatever vanishes.
    pub force: bool,
}

/// What of an endpoint's configuration the warehouse acts on.
#[derive(Debug, Clone, PartialEq)]
pub struct EndpointFacts {
    /// The source; its tables stand in the Postgres schema `schema_name(source)`.
    pub source: String,
    /// The endpoint.
    pub endpoint: String,
    /// The root table's name while the catalog has none yet.
    pub root_table: String,
    /// How an object's records meet those that stand.
    pub write: Write,
    /// What names a record: pointers from the document (`records` and `key` joined).
    pub key: Vec<String>,
    /// Which of two versions is newer: pointer from the document.
    pub version: Option<String>,
    /// Renames that the configuration declares: new and old pointer from the document. Those that
    /// the catalog has come after them.
    pub renames: Vec<(String, String)>,
    /// The share of a scope's records (0 to 1) beyond which their vanishing is a failure.
    pub vanish_limit: Option<f64>,
    /// What becomes of a table or column that somebody dropped by hand.
    pub dropped: Dropped,
    /// Take the endpoint's schema lock at the start: after `WarehouseError::begin_again`.
    pub lock_schema_first: bool,
}

/// What becomes of a table or column that somebody dropped by hand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dropped {
    /// It comes back, empty.
    #[default]
    Restore,
    /// The endpoint's objects fail until a person decides.
    Refuse,
}

/// How an object's records meet those that stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// The object is the whole truth of its scope.
    Replace,
    /// The object brings records to insert or replace by key.
    Merge,
    /// The object's records are added.
    Append,
}

impl Write {
    /// The name that the configuration and the ledger have for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Replace => "replace",
            Self::Merge => "merge",
            Self::Append => "append",
        }
    }
}

/// What became of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Its rows stand.
    Loaded(Loaded),
    /// It has the bytes that its scope already stands on; no row was written.
    Unchanged {
        /// The object whose rows stand.
        owner: ObjectKey,
        /// Older objects of its scope that had failed: they are superseded now.
        settled: Vec<ObjectKey>,
    },
    /// A newer object of its scope, or a newer version of its key, stands.
    Superseded {
        /// The newer object.
        by: ObjectKey,
    },
    /// It was loaded before; nothing was written.
    AlreadyLoaded,
}

impl Outcome {
    /// Older objects of the scope that had failed and are superseded now: their error logs are out
    /// of date.
    pub fn settled(&self) -> &[ObjectKey] {
        match self {
            Self::Loaded(loaded) => &loaded.settled,
            Self::Unchanged { settled, .. } => settled,
            Self::Superseded { .. } | Self::AlreadyLoaded => &[],
        }
    }

    /// The stable name that summaries and metrics use.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Loaded(_) => "loaded",
            Self::Unchanged { .. } => "unchanged",
            Self::Superseded { .. } => "superseded",
            Self::AlreadyLoaded => "already_loaded",
        }
    }
}

/// The counts of a loaded object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Records that it held, rejected ones included.
    pub records: u64,
    /// Rows written for it, in all its tables.
    pub rows: u64,
    /// Records that can't be kept.
    pub rejects: u64,
    /// Records of other objects that stand again because of it.
    pub reinstated: u64,
    /// Tables and columns that came with it.
    pub changes: u64,
    /// Set when more than half of its scope's records vanished with it.
    pub vanished: Option<Vanished>,
    /// Older objects of its scope that had failed: they are superseded now.
    pub settled: Vec<ObjectKey>,
    /// Set when it brought fields to tables that stood: see `Warehouse::look_for_renames`.
    pub news: Option<News>,
}

/// How many records of a scope an object leaves standing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vanished {
    /// Records that the scope's earlier object held.
    pub before: u64,
    /// Records that this one holds.
    pub after: u64,
}

/// Records of another object that must stand again: read it, shred it once more, and give each of
/// its batches to `Loading::write_reinstated`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reinstatement {
    /// The object that has them.
    pub object: LandedObject,
    /// What its key says.
    pub location: RawLocation,
    /// Its number in the ledger, under which its rows stand: what its shredder must be given.
    pub object_id: i64,
    /// The keys of the records, and their numbers within the object.
    pub(crate) keys: BTreeMap<Vec<String>, i32>,
    /// Whether the object has failed since: its line may speak of other bytes than its records.
    pub(crate) is_doubtful: bool,
}

impl Reinstatement {
    /// The numbers of the records: what its shredder must be told.
    pub fn rows(&self) -> BTreeSet<i32> {
        self.keys.values().copied().collect()
    }

    /// How many of its records must stand again.
    pub fn records(&self) -> usize {
        self.keys.len()
    }
}
