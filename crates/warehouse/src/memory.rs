//! What is remembered from one load to the next: the tables of each endpoint, and the number that
//! an object has been promised in the ledger.

use std::collections::{BTreeMap, BTreeSet};

use landing::LandedObject;

use crate::EndpointFacts;
use crate::catalog::Catalog;

#[derive(Debug, Default)]
pub(crate) struct Memory {
    catalogs: BTreeMap<(String, String), Catalog>,
    promised: Option<(LandedObject, i64)>,
    views: BTreeMap<(String, String), SeenViews>,
    /// Endpoints whose last object had records in common with others.
    meeting: BTreeSet<(String, String)>,
}

/// What an endpoint's views were last looked after for.
#[derive(Debug, PartialEq, Eq)]
struct SeenViews {
    catalog_version: i64,
    renames: Vec<(String, String)>,
}

impl Memory {
    /// The endpoint's tables, if they are known. They are forgotten until a load has committed, as
    /// what a failed one has learnt is not to be trusted.
    pub(crate) fn take(&mut self, endpoint: &EndpointFacts) -> Option<Catalog> {
        self.catalogs.remove(&name(endpoint))
    }

    pub(crate) fn keep(&mut self, endpoint: &EndpointFacts, catalog: Catalog) {
        self.catalogs.insert(name(endpoint), catalog);
    }

    /// Keeps what was taken and not touched.
    pub(crate) fn keep_if_known(&mut self, endpoint: &EndpointFacts, catalog: Option<Catalog>) {
        if let Some(catalog) = catalog {
            self.keep(endpoint, catalog);
        }
    }

    pub(crate) fn forget_all(&mut self) {
        self.catalogs.clear();
        self.views.clear();
        self.promised = None;
    }

    /// Whether the endpoint's views are known to be what its tables and renames call for.
    pub(crate) fn has_seen_views(&self, endpoint: &EndpointFacts, version: i64) -> bool {
        let seen = self.views.get(&name(endpoint));
        seen.is_some_and(|seen| seen.catalog_version == version && seen.renames == endpoint.renames)
    }

    pub(crate) fn see_views(&mut self, endpoint: &EndpointFacts, version: i64) {
        let of = name(endpoint);
        let seen = SeenViews { catalog_version: version, renames: endpoint.renames.clone() };
        self.views.insert(of, seen);
    }

    /// Whether the endpoint's next object is likely to have records in common with others.
    pub(crate) fn expects_meetings(&self, endpoint: &EndpointFacts) -> bool {
        self.meeting.contains(&name(endpoint))
    }

    pub(crate) fn expect_meetings(&mut self, endpoint: &EndpointFacts, is_likely: bool) {
        if is_likely {
            self.meeting.insert(name(endpoint));
        } else {
            self.meeting.remove(&name(endpoint));
        }
    }

    /// Remembers the number under which the change log already speaks of an object that is not in
    /// the ledger yet.
    pub(crate) fn promise(&mut self, object: &LandedObject, id: i64) {
        let name = LandedObject::named(object.bucket.clone(), object.key.clone());
        self.promised = Some((name, id));
    }

    /// The number promised to the object, once.
    pub(crate) fn redeem(&mut self, object: &LandedObject) -> Option<i64> {
        let (promised, id) = self.promised.take()?;
        (promised.bucket == object.bucket && promised.key == object.key).then_some(id)
    }
}

fn name(endpoint: &EndpointFacts) -> (String, String) {
    (endpoint.source.clone(), endpoint.endpoint.clone())
}
