//! What a run tells while it runs: for a progress bar, for a log, for nobody.

use landing::ObjectKey;

use crate::plan::Task;
use crate::report::FailedScope;

/// Hears what becomes of each scope.
pub trait Progress: Send + Sync {
    /// So many scopes are planned.
    fn planned(&self, _scopes: u64) {}
    /// A scope is being asked for.
    fn started(&self, _task: &Task<'_>) {}
    /// Its object was written.
    fn landed(&self, _key: &ObjectKey, _bytes: u64) {}
    /// Its object was there already.
    fn skipped(&self, _key: &ObjectKey) {}
    /// It failed.
    fn failed(&self, _failed: &FailedScope) {}
    /// There was no time left for it.
    fn left(&self, _task: &Task<'_>) {}
}

/// Nobody.
impl Progress for () {}
