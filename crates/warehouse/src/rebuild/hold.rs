//! The moment in which nobody loads the endpoints: to take a snapshot, or to swap. Readers go on.

use std::time::Duration;

use landing::{ErrorLog, ObjectKey};
use serde_json::json;
use tokio_postgres::types::ToSql;

use super::compare::unhurried;
use super::exchange::{Exchanged, exchange, exchange_rest};
use super::pairs::Pair;
use super::{Rebuild, RebuildRefused, Rebuilt, along, lines, or_ended};
use crate::catalog::Catalog;
use crate::values::uncount;
use crate::work::{Work, field};
use crate::{Warehouse, WarehouseError, catalog, change_log, found, gate, schema_change};

/// The endpoints, with nobody loading them. Dropped, it lets loads through again.
#[derive(Debug)]
pub struct Held<'w> {
    work: Work<'w>,
    rebuild: &'w Rebuild,
}

/// What a swap did.
#[derive(Debug, Default)]
pub struct Swapped {
    /// Rows that went.
    pub gone: u64,
    /// Rows that came.
    pub come: u64,
    /// Objects that are failed since: their error logs are still to be written.
    pub failed: Vec<ErrorLog>,
    /// Objects that are failed no longer, bucket and key: their error logs are out of date.
    pub resolved: Vec<(String, ObjectKey)>,
}

impl Rebuild {
    /// Waits for the loads of these endpoints that are under way, and lets none through until the end.
    pub async fn hold<'w>(
        &'w self,
        live: &'w mut Warehouse,
        patience: Duration,
    ) -> Result<Held<'w>, WarehouseError> {
        let work = live.work_within(unhurried).await?;
        gate::close(&work, &self.facts(), patience).await?;
        Ok(Held { work, rebuild: self })
    }
}

impl Held<'_> {
    /// How much of the live ledger and catalog has not been taken over: lines, and endpoints whose
    /// tables changed.
    pub async fn behind(&self) -> Result<u64, WarehouseError> {
        const LINES: &str = "
            SELECT count(*) FROM riacho.objects o
            WHERE o.source = $1 AND o.endpoint = ANY($2) AND o.status <> 'loading'
                AND NOT EXISTS (SELECT FROM {side}.seeds s
                    WHERE s.object_id = o.id AND s.attempts = o.attempts)";
        const TABLES: &str = "
            SELECT count(*) FROM riacho.endpoints e
            JOIN {side}.rebuilds r ON r.source = e.source AND r.endpoint = e.endpoint
            WHERE e.source = $1 AND e.endpoint = ANY($2) AND e.version <> r.catalog_version";
        let sql = format!("SELECT ({LINES}) + ({TABLES}) AS behind");
        let of: [&(dyn ToSql + Sync); 2] = [&self.rebuild.source, &self.rebuild.names()];
        let row = self.work.query_one("look what is new", &self.rebuild.sql(&sql), &of).await;
        let row = row.map_err(or_ended)?;
        Ok(uncount(field(&row, "behind")?))
    }

    /// Waits for something else than this, and has Postgres know that somebody is still there: a gate
    /// that nobody is left to open is opened by Postgres.
    pub async fn wait_for<T>(&self, other: impl Future<Output = T>) -> Result<T, WarehouseError> {
        self.work.wait_for(other).await
    }

    /// Lets loads through.
    pub async fn release(self) {
        if let Err(error) = self.work.rollback().await {
            tracing::debug!(error = %error, "could not roll back");
        }
    }

    /// Puts what was rebuilt in place, and forgets the rebuild: all of it at once, or nothing. `lose`
    /// lets rows go whose objects can't be loaded again. None, and loads go on, where the live tables
    /// lack what the rebuilt ones have: `bring_tables_along`, then hold them again.
    pub async fn swap(
        self,
        side: &mut Warehouse,
        lose: bool,
    ) -> Result<Option<Swapped>, WarehouseError> {
        let (work, rebuild) = (&self.work, self.rebuild);
        rebuild.lock(work).await?;
        for endpoint in &rebuild.endpoints {
            schema_change::wait_for_lock(work, &endpoint.facts).await?;
        }
        if let (true, Some(endpoint)) = (self.behind().await? > 0, rebuild.endpoints.first()) {
            return Err(catalog::moved(&endpoint.facts));
        }
        let left = rebuild.count_left(work).await?.all();
        if left > 0 {
            return Err(RebuildRefused::Unfinished(left).into());
        }
        let (lost, _) = rebuild.lost(work).await?;
        if lost > 0 && !lose {
            return Err(RebuildRefused::Lost(lost).into());
        }
        // Whoever uses the rebuilt tables is met now, and not when they are dropped at the end.
        gate::close_now(work, &rebuild.ledger, &rebuild.facts()).await?;
        let mut all = Vec::new();
        for endpoint in &rebuild.endpoints {
            let rebuilt = side.tables(&endpoint.facts).await?.catalog;
            if along::is_due(work, endpoint, &rebuilt).await? {
                self.release().await;
                return Ok(None);
            }
            let doing = "keep others from the rebuilt tables";
            catalog::lock_tables(work, &rebuilt, doing, "ACCESS EXCLUSIVE").await?;
            all.push((endpoint, rebuilt));
        }
        let mut swapped = Swapped::default();
        for (endpoint, rebuilt) in all {
            self.swap_endpoint(endpoint, &rebuilt, &mut swapped).await?;
        }
        rebuild.forget(work).await?;
        self.work.commit().await?;
        Ok(Some(swapped))
    }

    async fn swap_endpoint(
        &self,
        endpoint: &Rebuilt,
        rebuilt: &Catalog,
        swapped: &mut Swapped,
    ) -> Result<(), WarehouseError> {
        let work = &self.work;
        let live = along::bring_along(work, endpoint, rebuilt).await?;
        let failures = lines::failures(work, self.rebuild, endpoint).await?;
        let doing = "keep others from writing";
        catalog::lock_tables(work, &live, doing, "SHARE ROW EXCLUSIVE").await?;
        let found = found::read(work, &live).await?;
        let mut all = Exchanged::default();
        for table in &rebuilt.schema.tables {
            let pair = Pair::of_table(&live.namespace, rebuilt, table, found.get(&table.name));
            let one = exchange(work, &pair, table).await?;
            all.gone += one.gone;
            all.come += one.come;
        }
        exchange_rest(work, self.rebuild, endpoint).await?;
        lines::take_over(work, self.rebuild, endpoint).await?;
        let details = json!({ "rows_gone": all.gone, "rows_come": all.come });
        change_log::rebuilt(work, &endpoint.facts, &details).await?;
        swapped.gone += all.gone;
        swapped.come += all.come;
        swapped.failed.extend(failures.come);
        swapped.resolved.extend(failures.gone);
        Ok(())
    }
}
