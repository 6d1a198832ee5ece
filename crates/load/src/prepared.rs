//! What the core has made of endpoints' rules and tables, kept from one object to the next: for a small
//! object to make it takes longer than to shred it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use normalise::{Prepared, Schema};

use crate::rules::EndpointRules;

/// Endpoints that are kept. Keys of objects name them, so that there may be any number.
const KEPT: usize = 100;

/// The endpoints that were prepared for last, by source and endpoint, with the tables that they were
/// prepared for. All under one configuration.
#[derive(Debug, Default)]
pub(crate) struct PreparedEndpoints(Mutex<BTreeMap<(String, String), ForTables>>);

#[derive(Debug)]
struct ForTables {
    schema: Arc<Schema>,
    prepared: Arc<Prepared>,
}

impl PreparedEndpoints {
    /// The endpoint, prepared for objects that find these very tables.
    pub(crate) fn of(&self, endpoint: &EndpointRules, schema: Arc<Schema>) -> Arc<Prepared> {
        let name = (endpoint.facts.source.clone(), endpoint.facts.endpoint.clone());
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept.get(&name)
            && Arc::ptr_eq(&known.schema, &schema)
        {
            return Arc::clone(&known.prepared);
        }
        let prepared = Arc::new(Prepared::new(endpoint.rules.clone(), Arc::clone(&schema)));
        if kept.len() >= KEPT && !kept.contains_key(&name) {
            kept.clear();
        }
        kept.insert(name, ForTables { schema, prepared: Arc::clone(&prepared) });
        prepared
    }
}
