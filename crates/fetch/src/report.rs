//! What became of a run: counted in full, listed as far as an answer may be long.

use jiff::Timestamp;
use landing::{FailureKind, ObjectKey};
use serde::Serialize;

use crate::failure::Failure;
use crate::plan::Task;

/// Lambda answers with at most 6 MB; a thousand lines are more than anybody reads.
const LISTED: usize = 1_000;

/// What became of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FetchReport {
    /// Names the run in its objects' metadata.
    pub run_id: String,
    /// Its scheduled time.
    pub time: Timestamp,
    /// Keys of objects written, the first thousand.
    pub written: Vec<ObjectKey>,
    /// Objects written.
    pub written_count: u64,
    /// Bytes that the APIs answered and that were written.
    pub bytes: u64,
    /// Objects that were there already.
    pub skipped: u64,
    /// Scopes that failed, the first thousand.
    pub failed: Vec<FailedScope>,
    /// Scopes that failed.
    pub failed_count: u64,
    /// Scopes that there was no time for.
    pub left: u64,
}

/// A scope that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailedScope {
    /// The API.
    pub source: String,
    /// The operation.
    pub endpoint: String,
    /// The partition values, as the folders write them.
    pub scope: String,
    /// The failure's name, for programs.
    pub reason: &'static str,
    /// What happened and what to do.
    pub message: String,
    /// Whether another run can help.
    #[serde(serialize_with = "kind_name")]
    pub kind: FailureKind,
    /// What the API answered, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// How its answer began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<String>,
    /// How many times it was tried.
    pub attempts: u32,
}

impl FetchReport {
    pub(crate) fn new(run_id: String, time: Timestamp) -> Self {
        Self {
            run_id,
            time,
            written: Vec::new(),
            written_count: 0,
            bytes: 0,
            skipped: 0,
            failed: Vec::new(),
            failed_count: 0,
            left: 0,
        }
    }

    pub(crate) fn add_written(&mut self, key: ObjectKey, bytes: u64) {
        self.written_count += 1;
        self.bytes += bytes;
        if self.written.len() < LISTED {
            self.written.push(key);
        }
    }

    pub(crate) fn add_failed(&mut self, failed: FailedScope) {
        self.failed_count += 1;
        // Those that a retry can help are kept first: the answer depends on there being one.
        if self.failed.len() < LISTED {
            self.failed.push(failed);
        } else if failed.kind == FailureKind::Transient
            && let Some(place) =
                self.failed.iter_mut().find(|kept| kept.kind == FailureKind::Permanent)
        {
            *place = failed;
        }
    }

    /// Whether running again can bring what is missing.
    pub fn can_be_helped(&self) -> bool {
        self.failed.iter().any(|failed| failed.kind == FailureKind::Transient)
    }

    /// One line for people.
    pub fn summary(&self) -> String {
        let mut line = format!(
            "{} objects written, {} were there already, {} scopes failed, {} left",
            self.written_count, self.skipped, self.failed_count, self.left
        );
        if let Some(failed) = self.failed.first() {
            line.push_str(&format!("; the first failure: {failed}"));
        }
        line
    }
}

impl FailedScope {
    pub(crate) fn new(task: &Task<'_>, failure: Failure, attempts: u32) -> Self {
        Self {
            source: task.source.name.clone(),
            endpoint: task.endpoint.name.clone(),
            scope: task.scope.to_string(),
            reason: failure.reason,
            message: failure.message,
            kind: failure.kind,
            status: failure.status,
            excerpt: failure.excerpt,
            attempts,
        }
    }
}

impl std::fmt::Display for FailedScope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { source, endpoint, scope, .. } = self;
        let space = if scope.is_empty() { "" } else { " " };
        write!(f, "{source} {endpoint}{space}{scope}: {} ({})", self.message, self.reason)
    }
}

fn kind_name<S: serde::Serializer>(kind: &FailureKind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match kind {
        FailureKind::Transient => "transient",
        FailureKind::Permanent => "permanent",
    })
}
