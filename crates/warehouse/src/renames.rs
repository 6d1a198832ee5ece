//! Renames that a person accepts: whether one can be, and its line in the catalog. What landed under
//! the new name before is `under`'s to find, and a replay's to move.

use landing::{is_at_or_under, parent_path};
use normalise::{Renames, Schema};

use crate::catalog::{self, Catalog};
use crate::work::Work;
use crate::{EndpointFacts, Warehouse, WarehouseError, change_log, schema_change};

/// A rename: paths are JSON Pointers from the document, array indices left out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rename {
    /// The name that comes now.
    pub new: String,
    /// The name it had.
    pub old: String,
    /// How likely it seemed; none where a person named it.
    pub score: Option<f32>,
    /// Why it seemed so.
    pub evidence: Option<serde_json::Value>,
}

/// What accepting a rename came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acceptance {
    /// The catalog has it from now on.
    Accepted,
    /// It counted already: by the configuration, or because it was accepted before.
    Counted,
}

/// Why a rename can't be accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenameRefused {
    /// Nothing ever stood there.
    #[error("nothing stands at `{0}`; `riacho schema TABLE` shows the paths there are")]
    UnknownOld(String),
    /// It would lead back to itself.
    #[error(
        "`{new}` can't be the new name of `{old}`: with the renames there are it would lead back to itself"
    )]
    Circle {
        /// The new path.
        new: String,
        /// The old path.
        old: String,
    },
    /// Its two ends stand in different tables.
    #[error(
        "`{new}` and `{old}` stand in the records of different tables; a rename leads from place to place within one"
    )]
    OtherTable {
        /// The new path.
        new: String,
        /// The old path.
        old: String,
    },
    /// The new name is known as that of something else.
    #[error("`{new}` counts as the new name of `{taken}` already")]
    Taken {
        /// The new path.
        new: String,
        /// What it is the new name of.
        taken: String,
    },
}

impl Warehouse {
    /// Accepts the rename: from the next load on, what comes under the new name stands where the old
    /// one's values do. Takes no lock that a reader or a load waits for.
    pub async fn accept_rename(
        &mut self,
        endpoint: &EndpointFacts,
        rename: &Rename,
    ) -> Result<Acceptance, WarehouseError> {
        let work = self.work().await?;
        schema_change::wait_for_lock(&work, endpoint).await?;
        let catalog = catalog::read(&work, endpoint).await?;
        let acceptance = check(&catalog.schema, &catalog.renames(endpoint), rename)?;
        if acceptance == Acceptance::Accepted {
            write(&work, endpoint, &catalog, rename).await?;
        }
        work.commit().await?;
        Ok(acceptance)
    }

    /// Whether the rename could be accepted; changes nothing.
    pub async fn check_rename(
        &mut self,
        endpoint: &EndpointFacts,
        rename: &Rename,
    ) -> Result<Acceptance, WarehouseError> {
        let work = self.work().await?;
        let catalog = catalog::read(&work, endpoint).await?;
        let acceptance = check(&catalog.schema, &catalog.renames(endpoint), rename)?;
        work.rollback().await?;
        Ok(acceptance)
    }
}

/// Whether the rename can count, or does already.
pub(crate) fn check(
    schema: &Schema,
    renames: &Renames,
    rename: &Rename,
) -> Result<Acceptance, RenameRefused> {
    let (new, old) = (rename.new.clone(), rename.old.clone());
    let taken = renames.oldest(&new);
    if taken != new && taken == renames.oldest(&old) {
        return Ok(Acceptance::Counted);
    }
    if new == old || renames.would_circle(&new, &old) {
        return Err(RenameRefused::Circle { new, old });
    }
    if renames.is_new_name(&new) {
        return Err(RenameRefused::Taken { new, taken });
    }
    if !stands(schema, &renames.oldest(&old)) && !stands(schema, &old) {
        return Err(RenameRefused::UnknownOld(old));
    }
    let place = |path: &str| record_of(schema, &renames.oldest(parent_path(path)));
    if place(&new) != place(&old) {
        return Err(RenameRefused::OtherTable { new, old });
    }
    Ok(Acceptance::Accepted)
}

async fn write(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
    catalog: &Catalog,
    rename: &Rename,
) -> Result<(), WarehouseError> {
    const INSERT: &str = "
        INSERT INTO riacho.renames (source, endpoint, new_path, old_path, score, evidence)
        VALUES ($1, $2, $3, $4, $5, $6)";
    const LOG: &str = "
        INSERT INTO riacho.changes (source, endpoint, object_id, kind, table_name, path, details)
        VALUES ($1, $2, 0, 'rename_accepted', $3, $4, $5)";
    let (source, name) = (&endpoint.source, &endpoint.endpoint);
    let Rename { new, old, score, evidence } = rename;
    work.execute(
        "write the rename into the catalog",
        INSERT,
        &[source, name, new, old, score, evidence],
    )
    .await?;
    let version = change_log::count(work, endpoint, &catalog.namespace).await?;
    let details = serde_json::json!({ "new": new, "old": old, "score": score });
    let table = record_of(&catalog.schema, parent_path(old));
    let table = table.and_then(|number| catalog.schema.tables.get(number)).map(|t| &t.name);
    work.execute("write the change log", LOG, &[source, name, &table, new, &details]).await?;
    tracing::info!(source, endpoint = name, new, old, version, "accepted a rename");
    Ok(())
}

/// Whether the catalog has something at or beneath the path.
fn stands(schema: &Schema, path: &str) -> bool {
    schema.tables.iter().any(|table| {
        let columns = table.columns.iter();
        let fields = columns.filter(|column| column.origin.is_field());
        is_at_or_under(&table.path, path)
            || fields.into_iter().any(|c| is_at_or_under(&c.path, path))
    })
}

/// The number of the table whose records hold the object at `path`.
fn record_of(schema: &Schema, path: &str) -> Option<usize> {
    let around = schema.tables.iter().enumerate();
    let around = around.filter(|(_, table)| is_at_or_under(path, &table.path));
    around.max_by_key(|(_, table)| table.path.len()).map(|(number, _)| number)
}
