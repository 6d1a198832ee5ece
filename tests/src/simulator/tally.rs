//! How often each fault was really injected: a fault that is armed and never met is not counted.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Counts by kind of fault.
#[derive(Debug, Default)]
pub(super) struct Tally(Mutex<BTreeMap<String, u64>>);

impl Tally {
    /// Counts one fault of a kind.
    pub(super) fn count(&self, kind: impl Into<String>) {
        self.count_many(kind, 1);
    }

    /// Counts several.
    pub(super) fn count_many(&self, kind: impl Into<String>, count: u64) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(kind.into()).or_default() += count;
    }

    /// All counts, by kind.
    pub(super) fn counts(&self) -> BTreeMap<String, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
