//! Who watches: a terminal that shows objects as they go. Nothing depends on it.

use landing::LandedObject;

use crate::ObjectReport;

/// Told of each object. All calls are made from the task that loads.
pub trait Progress: Send + Sync {
    /// An object is about to be read.
    fn started(&self, _object: &LandedObject) {}
    /// It is done, whatever became of it.
    fn finished(&self, _report: &ObjectReport) {}
}

/// Nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Progress for Unwatched {}
