//! The first journey of a load: opens the transaction, claims the object's line, finds what stands in
//! its scope, and asks whether the tables are still what they were.

use crate::catalog::Catalog;
use crate::ledger::{self, Line};
use crate::scope::{self, Holder};
use crate::surroundings::{self, Surroundings};
use crate::work::Work;
use crate::{EndpointFacts, ObjectFacts, WarehouseError, Write, gate, schema_change, shadows};

/// What was found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) line: Line,
    /// The objects whose rows stand in the scope and give way, the newest first.
    pub(crate) holders: Vec<Holder>,
    pub(crate) surroundings: Surroundings,
}

/// Looks, in one journey to the server and back once the statements are prepared.
pub(crate) async fn look(
    work: &Work<'_>,
    object: &ObjectFacts,
    endpoint: &EndpointFacts,
    promised: Option<i64>,
    remembered: Option<&Catalog>,
) -> Result<Found, WarehouseError> {
    let statements = [
        gate::ENTER,
        scope::ENTER,
        ledger::CLAIM,
        scope::HOLDERS,
        shadows::ANY,
        &surroundings::ASK,
    ];
    // To prepare a statement waits for the locks of its tables: within the transaction's time-outs.
    let is_opened = endpoint.lock_schema_first || !work.has_prepared(&statements);
    if is_opened {
        let prepare = work.prepare("prepare to look at the ledger", &statements);
        let (opened, prepared) = futures::join!(work.open(), prepare);
        opened.and(prepared.map(drop))?;
    }
    if endpoint.lock_schema_first {
        gate::enter(work, &endpoint.source, &endpoint.endpoint).await?;
        schema_change::wait_for_lock(work, endpoint).await?;
    }
    let (opened, entered, line, holders, surroundings) = futures::join!(
        async { if is_opened { Ok(()) } else { work.open().await } },
        enter(work, object, endpoint),
        ledger::claim(work, object, endpoint, promised),
        holders(work, object, endpoint),
        surroundings::look(work, object, endpoint, remembered),
    );
    // The first that failed is the one that says why.
    opened?;
    entered?;
    Ok(Found { line: line?, holders: holders?, surroundings: surroundings? })
}

/// Goes through the gate; where objects of a scope give way to each other, one at a time.
async fn enter(
    work: &Work<'_>,
    object: &ObjectFacts,
    endpoint: &EndpointFacts,
) -> Result<(), WarehouseError> {
    match endpoint.write {
        Write::Replace => scope::enter(work, object, endpoint).await,
        Write::Merge | Write::Append => {
            gate::enter(work, &endpoint.source, &endpoint.endpoint).await
        }
    }
}

/// What stands in the object's scope, where it gives way to the object.
pub(crate) async fn holders(
    work: &Work<'_>,
    object: &ObjectFacts,
    endpoint: &EndpointFacts,
) -> Result<Vec<Holder>, WarehouseError> {
    match endpoint.write {
        Write::Replace => scope::holders(work, object, endpoint).await,
        Write::Merge | Write::Append => Ok(Vec::new()),
    }
}
