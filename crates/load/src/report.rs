//! What became of each object, and of all objects of one invocation.

use std::time::Duration;

use landing::{FailureKind, ObjectKey};
use serde::Serialize;

/// Objects that a summary lists one by one; beyond it they are only counted.
const OBJECTS_LISTED_MAX: usize = 100;

/// What became of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Its rows stand in the tables.
    Loaded,
    /// Its bytes are those of the scope's current object; no row was written.
    Unchanged,
    /// A newer object of its scope stands in the tables.
    Superseded,
    /// It was done before: the event came twice.
    AlreadyLoaded,
    /// It failed for good, and is recorded.
    Failed,
    /// It failed, and a retry can help.
    Retry,
    /// It is none of load's business.
    Ignored,
}

/// An object's failure, for people and programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// The stable name.
    pub kind: String,
    /// What happened and what to do.
    pub message: String,
}

/// A likely rename that was noticed with an object; `riacho schema accept` takes its number.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LikelyRename {
    /// Its line in the change log.
    pub id: i64,
    /// The path that came.
    pub new: String,
    /// The path that it seems to have had.
    pub old: String,
    /// How likely it seems, 0 to 1.
    pub score: f32,
}

/// How long each step of one object took. Reading, shredding and writing overlap, and so do opening
/// the object and beginning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Timings {
    /// Waiting for bytes, decompression included.
    #[serde(rename = "read_ms", serialize_with = "milliseconds")]
    pub read: Duration,
    /// Claiming the object in the ledger and making room for its rows.
    #[serde(rename = "begin_ms", serialize_with = "milliseconds")]
    pub begin: Duration,
    /// Turning bytes into rows.
    #[serde(rename = "shred_ms", serialize_with = "milliseconds")]
    pub shred: Duration,
    /// Sending rows and changes.
    #[serde(rename = "write_ms", serialize_with = "milliseconds")]
    pub write: Duration,
    /// Ledger and commit.
    #[serde(rename = "commit_ms", serialize_with = "milliseconds")]
    pub commit: Duration,
}

/// What became of one object.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ObjectReport {
    /// The bucket's name.
    pub bucket: String,
    /// The key, decoded.
    pub key: ObjectKey,
    /// The version that was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// What became of it.
    pub outcome: Verdict,
    /// Records in it.
    pub records: u64,
    /// Rows written, of all tables.
    pub rows: u64,
    /// Records that could not be kept.
    pub rejects: u64,
    /// Bytes read, decompressed.
    pub bytes: u64,
    /// Changes of shape that it brought.
    pub changes: u64,
    /// Renames that seem likely since it came.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub likely_renames: Vec<LikelyRename>,
    /// Records that vanished from its scope with it, where these were most.
    #[serde(skip_serializing_if = "is_zero")]
    pub vanished: u64,
    /// What people should know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<String>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Trouble>,
    /// How long it took.
    #[serde(flatten)]
    pub timings: Timings,
}

/// All objects of one invocation.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Summary {
    /// Objects whose rows were written.
    pub loaded: u64,
    /// Objects with the bytes of their scope's current one.
    pub unchanged: u64,
    /// Objects that a newer one of their scope outdates.
    pub superseded: u64,
    /// Objects that were done before.
    pub already_loaded: u64,
    /// Objects that failed for good and are recorded.
    pub failed: u64,
    /// Objects that a retry can help.
    pub retry: u64,
    /// Things that are none of load's business.
    pub ignored: u64,
    /// Records.
    pub records: u64,
    /// Rows.
    pub rows: u64,
    /// Records that could not be kept.
    pub rejected: u64,
    /// Renames that seem likely since these objects came.
    #[serde(skip_serializing_if = "is_zero")]
    pub likely_renames: u64,
    /// The first hundred objects.
    pub objects: Vec<ObjectReport>,
}

impl Summary {
    /// Counts one object in.
    pub fn add(&mut self, report: ObjectReport) {
        self.records += report.records;
        self.rows += report.rows;
        self.rejected += report.rejects;
        self.likely_renames += u64::try_from(report.likely_renames.len()).unwrap_or(u64::MAX);
        let count = match report.outcome {
            Verdict::Loaded => &mut self.loaded,
            Verdict::Unchanged => &mut self.unchanged,
            Verdict::Superseded => &mut self.superseded,
            Verdict::AlreadyLoaded => &mut self.already_loaded,
            Verdict::Failed => &mut self.failed,
            Verdict::Retry => &mut self.retry,
            Verdict::Ignored => &mut self.ignored,
        };
        *count += 1;
        if self.objects.len() < OBJECTS_LISTED_MAX {
            self.objects.push(report);
        }
    }
}

impl ObjectReport {
    /// A report that says no more than the outcome.
    pub fn bare(bucket: &str, key: &ObjectKey, outcome: Verdict) -> Self {
        Self {
            bucket: bucket.to_owned(),
            key: key.clone(),
            version_id: None,
            outcome,
            records: 0,
            rows: 0,
            rejects: 0,
            bytes: 0,
            changes: 0,
            likely_renames: Vec::new(),
            vanished: 0,
            notices: Vec::new(),
            error: None,
            timings: Timings::default(),
        }
    }

    /// Whether the object needs nobody's attention any more.
    pub fn is_resolved(&self) -> bool {
        match self.outcome {
            Verdict::Loaded | Verdict::Unchanged | Verdict::Superseded | Verdict::AlreadyLoaded => {
                true
            }
            Verdict::Failed | Verdict::Retry | Verdict::Ignored => false,
        }
    }
}

impl From<FailureKind> for Verdict {
    fn from(kind: FailureKind) -> Self {
        match kind {
            FailureKind::Permanent => Self::Failed,
            FailureKind::Transient => Self::Retry,
        }
    }
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn milliseconds<S: serde::Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}
