//! Schema `riacho`: set up and brought up to date once, by whoever comes first.

use tokio_postgres::error::SqlState;

use crate::connection::Connection;
use crate::ident::Ident;
use crate::work::{Work, field};
use crate::{Ledger, RebuildRefused, Timeouts, WarehouseError};

/// Each file once, in this order, for ever: a published one is never edited.
const MIGRATIONS: &[(i32, &str)] = &[
    (1, include_str!("migrations/0001_ledger_and_catalog.sql")),
    (2, include_str!("migrations/0002_renames.sql")),
    (3, include_str!("migrations/0003_refuse.sql")),
    (4, include_str!("migrations/0004_rejects_without_place.sql")),
    (5, include_str!("migrations/0005_write_mode.sql")),
];

/// The version that this build works with.
const NEWEST: i32 = match MIGRATIONS.last() {
    Some((number, _)) => *number,
    None => 0,
};

/// The number of the lock that whoever migrates holds; any constant of our own.
const LOCK: i64 = 0x7269_6163_686f;

const VERSION: &str = "SELECT coalesce(max(version), 0) AS version FROM riacho.migrations";

/// Brings schema `riacho` up to date. One question where it is. The ledger of a rebuild is set up
/// with the rebuild (`apply`): where it is not as it must be, another run has ended that.
pub(crate) async fn migrate(
    connection: &mut Connection,
    timeouts: Timeouts,
) -> Result<(), WarehouseError> {
    let found = version(connection).await?;
    if found > NEWEST {
        return Err(WarehouseError::TooNew { found, known: NEWEST });
    }
    if found == NEWEST {
        return Ok(());
    }
    if connection.statements.ledger().is_of_rebuild() {
        return Err(RebuildRefused::Ended.into());
    }
    let work = Work::begin(&mut connection.client, &connection.statements, timeouts).await?;
    work.query("wait for another migration", "SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    apply(&work, work.ledger()).await?;
    work.commit().await
}

/// Sets this ledger up, or brings it up to date. Nobody else does at the same time.
pub(crate) async fn apply(work: &Work<'_>, ledger: &Ledger) -> Result<(), WarehouseError> {
    const SET_UP: &str = "
        CREATE TABLE IF NOT EXISTS riacho.migrations (
            version integer PRIMARY KEY,
            applied_at timestamptz NOT NULL DEFAULT now()
        )";
    const INSERT: &str = "INSERT INTO riacho.migrations (version) VALUES ($1)";
    let schema = ledger.schema();
    let set_up = format!("CREATE SCHEMA IF NOT EXISTS {}; {SET_UP}", Ident(schema));
    work.run(&format!("set up schema `{schema}`"), &ledger.statement(&set_up)).await?;
    let row = work.query_one("read the schema's version", &ledger.statement(VERSION), &[]).await?;
    let applied: i32 = field(&row, "version")?;
    for (number, sql) in MIGRATIONS.iter().filter(|(number, _)| *number > applied) {
        work.run(&format!("apply migration {number}"), &ledger.statement(sql)).await?;
        work.execute("note the migration", &ledger.statement(INSERT), &[number]).await?;
        tracing::info!(migration.number = number, schema, "migrated the ledger's schema");
    }
    Ok(())
}

/// The version found; 0 where there is none yet.
async fn version(connection: &Connection) -> Result<i32, WarehouseError> {
    let ask = connection.statements.ledger().statement(VERSION);
    match connection.client.query_one(ask.as_ref(), &[]).await {
        Ok(row) => field(&row, "version"),
        Err(error)
            if error.code() == Some(&SqlState::UNDEFINED_TABLE)
                || error.code() == Some(&SqlState::INVALID_SCHEMA_NAME) =>
        {
            Ok(0)
        }
        Err(error) => Err(WarehouseError::database("read the schema's version", &error)),
    }
}
