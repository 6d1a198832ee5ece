//! What is made of an endpoint's rules and tables before an object comes: once, for as many objects as
//! find the tables as they are.

use std::sync::Arc;

use crate::plan::Plan;
use crate::records::Records;
use crate::{Pointer, Renames, Rules, Schema, Shredder};

/// An endpoint whose objects can come.
#[derive(Debug)]
pub struct Prepared {
    /// Key and version by their oldest paths.
    pub(crate) rules: Rules,
    pub(crate) renames: Arc<Renames>,
    /// The plan before any object.
    pub(crate) plan: Plan,
}

impl Prepared {
    /// Prepares for objects of an endpoint of which the catalog has `schema`.
    pub fn new(mut rules: Rules, schema: Arc<Schema>) -> Self {
        let renames = Arc::new(Renames::of(&rules, &schema));
        let oldest = |pointer: &Pointer| renames.oldest_from(&rules.records, pointer);
        (rules.key, rules.version) =
            (rules.key.iter().map(oldest).collect(), rules.version.as_ref().map(oldest));
        let plan = Plan::new(&rules, schema, Arc::clone(&renames));
        Self { rules, renames, plan }
    }

    /// Starts an object. `partitions` are the values from the key's folders.
    pub fn shredder(&self, object_id: i64, partitions: &[(String, String)]) -> Shredder {
        Shredder::of(&self.rules, Records::new(self, object_id, partitions))
    }
}
