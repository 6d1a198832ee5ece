//! The first journey of a load: opens the transaction, claims the object's line, finds what stands in
//! its scope, and asks whether the tables are still what they were.

use crate::catalog::{self, Catalog};
use crate::ledger::{self, Line};
use crate::scope::{self, Holder};
use crate::work::Work;
use crate::{
    EndpointFacts, ObjectFacts, WarehouseError, Write, gate, schema_change, shadows, work,
};

/// What was found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) line: Line,
    /// The objects whose rows stand in the scope and give way, the newest first.
    pub(crate) holders: Vec<Holder>,
    /// Whether records of the endpoint gave way to others of the same key.
    pub(crate) has_shadows: bool,
    /// The mark of the remembered tables, which are locked; none where none were remembered.
    pub(crate) mark: Option<(i64, String)>,
}

/// Looks, in one journey to the server and back once the statements are prepared.
pub(crate) async fn look(
    work: &Work<'_>,
    object: &ObjectFacts,
    endpoint: &EndpointFacts,
    promised: Option<i64>,
    remembered: Option<&Catalog>,
) -> Result<Found, WarehouseError> {
    let replaces = endpoint.write == Write::Replace;
    let mark = catalog::mark_statement();
    let statements = [gate::ENTER, work::LOCK, ledger::CLAIM, scope::HOLDERS, shadows::ANY, &mark];
    // To prepare a statement waits for the locks of its tables: within the transaction's time-outs.
    let is_opened = endpoint.lock_schema_first || !work.has_prepared(&statements);
    if is_opened {
        let prepare = work.prepare("prepare to look at the ledger", &statements);
        let (opened, prepared) = futures::join!(work.open(), prepare);
        opened.and(prepared.map(drop))?;
    }
    let enter = || gate::enter(work, &endpoint.source, &endpoint.endpoint);
    if endpoint.lock_schema_first {
        enter().await?;
        schema_change::wait_for_lock(work, endpoint).await?;
    }
    let (opened, entered, locked, line, holders, has_shadows, tables, mark) = futures::join!(
        async { if is_opened { Ok(()) } else { work.open().await } },
        async { if endpoint.lock_schema_first { Ok(()) } else { enter().await } },
        async { if replaces { scope::lock_scope(work, object).await } else { Ok(()) } },
        ledger::claim(work, object, endpoint, promised),
        holders(work, object, endpoint),
        async { if replaces { shadows::any(work, endpoint).await } else { Ok(false) } },
        async {
            match remembered {
                Some(catalog) => catalog::hold_tables(work, catalog).await,
                None => Ok(()),
            }
        },
        async {
            match remembered {
                Some(_) => catalog::read_mark(work, endpoint).await.map(Some),
                None => Ok(None),
            }
        },
    );
    // The first that failed is the one that says why.
    opened?;
    entered?;
    locked?;
    let found = Found {
        line: line?,
        holders: holders?,
        has_shadows: has_shadows?,
        mark: tables.and(mark)?,
    };
    Ok(found)
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
