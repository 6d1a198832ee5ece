//! Loading beside the tables that stand, for a rebuild: into a ledger of its own, and with no trace in
//! the lake. Neither error logs nor the manifest hear of it before the rebuilt tables are in place.

use std::time::Duration;

use objects::DecodeLimits;
use warehouse::{Dropped, EndpointFacts, Rebuild, Rebuilt};

use crate::rules::EndpointRules;
use crate::{LoadError, Loader};

/// How a rehearsal differs from a load.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rehearsal {
    /// Whether the guard against vanishing records is on. It is not for what the ledger has an outcome
    /// for: what was let through then, by the guard or by a person, is let through again.
    is_guarded: bool,
}

impl Rehearsal {
    /// What of the endpoint's rules is otherwise.
    pub(crate) fn apply(self, facts: &mut EndpointFacts) {
        if !self.is_guarded {
            facts.vanish_limit = None;
        }
        facts.dropped = Dropped::Restore;
    }
}

impl Loader {
    /// A rebuild of these endpoints by the rules of the configuration, and of this version: another may
    /// make other rows of the same bytes.
    pub fn rebuild(&self, source: &str, endpoints: &[String]) -> Result<Rebuild, LoadError> {
        let version = env!("CARGO_PKG_VERSION");
        // How long S3 may be silent changes no row.
        let limits = DecodeLimits { stall_max: Duration::ZERO, ..self.decode_limits() };
        let endpoints = endpoints.iter().map(|endpoint| {
            let rules = EndpointRules::named(self.configuration(), source, endpoint)?;
            let print = normalise::fnv1a(format!("{version} {limits:?} {rules:?}").as_bytes());
            Ok(Rebuilt { facts: rules.facts, rules: format!("{print:016x}") })
        });
        Ok(Rebuild::new(source, endpoints.collect::<Result<Vec<_>, LoadError>>()?))
    }

    /// A loader that loads for the rebuild.
    pub fn for_rebuild(&self, rebuild: &Rebuild, is_guarded: bool) -> Self {
        let database = self.database().with_ledger(rebuild.ledger());
        self.over(database, Some(Rehearsal { is_guarded }))
    }
}
