//! What should have landed: the scopes that configuration and calendar name. Each is remembered as a
//! hash, so that years of stores fit.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use fetch::Plan;
use landing::{RawLocation, Scope};

use super::tally::Tally;

/// The plan of a run, and which of its scopes were not seen in the lake yet.
pub(super) struct Expected<'p> {
    plan: Option<&'p Plan<'p>>,
    missing: HashSet<u128>,
}

impl<'p> Expected<'p> {
    /// Of no plan where nothing that is asked for is configured.
    pub(super) fn of(plan: Option<&'p Plan<'p>>) -> Self {
        let tasks = plan.into_iter().flat_map(Plan::tasks);
        let names = tasks.map(|task| hash(&task.source.name, &task.endpoint.name, &task.scope));
        Self { missing: names.collect(), plan }
    }

    /// An object of this scope stands in the lake.
    pub(super) fn landed(&mut self, at: &RawLocation) {
        self.missing.remove(&hash(&at.source, &at.endpoint, &at.scope));
    }

    /// Counts the scopes, and lists those that never landed.
    pub(super) fn report(&self, tally: &mut Tally) {
        for task in self.plan.into_iter().flat_map(Plan::tasks) {
            let (source, endpoint) = (&task.source.name, &task.endpoint.name);
            let is_missing = self.missing.contains(&hash(source, endpoint, &task.scope));
            tally.expect(source, endpoint, &task.scope, is_missing);
        }
    }
}

/// Of 128 bits: among a million scopes two share one by a chance of 1 to 10^26.
fn hash(source: &str, endpoint: &str, scope: &Scope) -> u128 {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, source, endpoint, &scope.0).hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(0) << 64 | half(1)
}
