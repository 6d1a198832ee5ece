//! Brings a rebuild's ledger and catalog up to what the live ones say now, and finds what is to be
//! loaded next.

use std::collections::BTreeSet;

use landing::{LandedObject, ObjectKey};
use normalise::{Change, ColumnType, Schema};
use tokio_postgres::types::ToSql;

use super::compare::unhurried;
use super::{Rebuild, RebuildRefused, Rebuilt, along, or_ended};
use crate::begin::VANISHED;
use crate::values::uncount;
use crate::work::{Work, field};
use crate::{Warehouse, WarehouseError, Write, catalog, schema_change};

/// What the rebuild's ledger says of an object that the live one has an outcome for: it is to be
/// loaded again, whatever vanishes.
const TO_REPLAY: &str = "to_replay";
/// Of one that failed: it is tried once more after the others, and guarded as ever.
const TO_TRY: &str = "to_try";

/// Lines of the live ledger that are new since they were last taken over, or were claimed since: each
/// claim and each failure counts in `attempts`. What failed because too much vanished stays failed,
/// as nobody has overruled it.
const SEED: &str = "
    WITH fresh AS MATERIALIZED (
        SELECT o.* FROM riacho.objects o
        WHERE o.source = $1 AND o.endpoint = $2 AND o.status <> 'loading'
            AND NOT EXISTS (SELECT FROM {side}.seeds s
                WHERE s.object_id = o.id AND s.attempts = o.attempts)
    ), noted AS (
        INSERT INTO {side}.seeds (object_id, attempts) SELECT id, attempts FROM fresh
        ON CONFLICT (object_id) DO UPDATE SET attempts = excluded.attempts
    ), taken AS (
        INSERT INTO {side}.objects AS t (id, bucket, key, version_id, etag, sequencer, bytes, sha256,
            source, endpoint, scope, object_time, status, attempts, records, rows, rejects,
            envelope, first_seen_at, loaded_at, duration, standing_time, standing_key, write_mode,
            error)
        OVERRIDING SYSTEM VALUE
        SELECT id, bucket, key, version_id, etag, sequencer, bytes, sha256,
            source, endpoint, scope, object_time, 'failed', attempts, records, rows, rejects,
            envelope, first_seen_at, loaded_at, duration, standing_time, standing_key, write_mode,
            CASE WHEN status <> 'failed' OR error->>'kind' = 'tables_dropped'
                    THEN jsonb_build_object('kind', $3::text)
                WHEN error->>'kind' = $5 THEN error
                ELSE jsonb_build_object('kind', $4::text) END
        FROM fresh
        ON CONFLICT (bucket, key) DO UPDATE
            SET status = 'failed', error = excluded.error, etag = excluded.etag,
                bytes = excluded.bytes, version_id = excluded.version_id
            WHERE t.status = 'failed' OR t.etag IS DISTINCT FROM excluded.etag
    )
    SELECT count(*) AS fresh FROM fresh";

/// How many objects are still to be loaded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Left {
    /// Of those that the live ledger has an outcome for.
    pub to_replay: u64,
    /// Of those that failed there.
    pub to_try: u64,
}

impl Left {
    /// All of them.
    pub fn all(self) -> u64 {
        self.to_replay + self.to_try
    }
}

impl Rebuild {
    /// Takes over what is new in the live ledger and catalog; says how many lines there were.
    pub async fn catch_up(
        &self,
        live: &mut Warehouse,
        side: &mut Warehouse,
    ) -> Result<u64, WarehouseError> {
        let mut fresh = 0;
        for endpoint in &self.endpoints {
            let work = live.work_within(unhurried).await?;
            let [source, name] = endpoint.names();
            let of: [&(dyn ToSql + Sync); 5] = [source, name, &TO_REPLAY, &TO_TRY, &VANISHED];
            let row = work.query_one("take lines over", &self.sql(SEED), &of).await;
            let row = row.map_err(or_ended)?;
            fresh += uncount(field(&row, "fresh")?);
            work.commit().await?;
            drop(work);
            // After the lines: what an object brought is there with its line.
            self.follow(live, side, endpoint).await?;
        }
        Ok(fresh)
    }

    /// Brings the tables along that the live catalog has got since.
    async fn follow(
        &self,
        live: &mut Warehouse,
        side: &mut Warehouse,
        endpoint: &Rebuilt,
    ) -> Result<(), WarehouseError> {
        const NOTE: &str = "
            UPDATE riacho.rebuilds SET catalog_version = $3 WHERE source = $1 AND endpoint = $2";
        let facts = &endpoint.facts;
        let work = live.work().await?;
        let now = catalog::read(&work, facts).await?;
        work.rollback().await?;
        let work = side.work().await?;
        schema_change::wait_for_lock(&work, facts).await?;
        let held = catalog::read(&work, facts).await?;
        if held.schema.renames != now.schema.renames {
            let what = "the renames that were accepted".to_owned();
            return Err(RebuildRefused::Moved { endpoint: facts.endpoint.clone(), what }.into());
        }
        along::complete(&work, facts, &held, &now.schema).await?;
        let [source, name] = endpoint.names();
        work.execute("note the catalog's version", NOTE, &[source, name, &now.version]).await?;
        work.commit().await
    }

    /// The next objects that the live ledger has an outcome for: where objects replace one another
    /// the newest of each scope, as the others give way to it unread.
    pub async fn to_replay(
        &self,
        live: &mut Warehouse,
        at_most: i64,
    ) -> Result<Vec<LandedObject>, WarehouseError> {
        let sql = self.sql(
            "(SELECT DISTINCT ON (endpoint, scope) bucket, key, etag, bytes FROM {side}.objects
              WHERE source = $1 AND endpoint = ANY($2) AND status = 'failed'
                AND error->>'kind' = $4
              ORDER BY endpoint, scope, object_time DESC, key COLLATE \"C\" DESC)
             UNION ALL
             (SELECT bucket, key, etag, bytes FROM {side}.objects
              WHERE source = $1 AND endpoint = ANY($3) AND status = 'failed'
                AND error->>'kind' = $4)
             LIMIT $5",
        );
        let (replacing, adding) =
            self.endpoints.iter().partition::<Vec<_>, _>(|one| one.facts.write == Write::Replace);
        let names = |of: Vec<&Rebuilt>| {
            of.into_iter().map(|one| one.facts.endpoint.clone()).collect::<Vec<_>>()
        };
        let (replacing, adding) = (names(replacing), names(adding));
        let of: [&(dyn ToSql + Sync); 5] =
            [&self.source, &replacing, &adding, &TO_REPLAY, &at_most];
        let work = live.work().await?;
        let found = objects(&work, &sql, &of).await;
        work.rollback().await?;
        found
    }

    /// The next objects that failed in the live ledger, the oldest first, as their events came.
    pub async fn to_try(
        &self,
        live: &mut Warehouse,
        at_most: i64,
    ) -> Result<Vec<LandedObject>, WarehouseError> {
        let sql = self.sql(
            "SELECT bucket, key, etag, bytes FROM {side}.objects
             WHERE source = $1 AND endpoint = ANY($2) AND status = 'failed'
                AND error->>'kind' = $3
             ORDER BY object_time, key COLLATE \"C\" LIMIT $4",
        );
        let of: [&(dyn ToSql + Sync); 4] = [&self.source, &self.names(), &TO_TRY, &at_most];
        let work = live.work().await?;
        let found = objects(&work, &sql, &of).await;
        work.rollback().await?;
        found
    }

    /// How many objects are still to be loaded.
    pub async fn left(&self, live: &mut Warehouse) -> Result<Left, WarehouseError> {
        let work = live.work().await?;
        let left = self.count_left(&work).await;
        work.rollback().await?;
        left
    }

    pub(super) async fn count_left(&self, work: &Work<'_>) -> Result<Left, WarehouseError> {
        let sql = self.sql(
            "SELECT count(*) FILTER (WHERE error->>'kind' = $3) AS to_replay,
                count(*) FILTER (WHERE error->>'kind' = $4) AS to_try
             FROM {side}.objects
             WHERE source = $1 AND endpoint = ANY($2) AND status = 'failed'",
        );
        let of: [&(dyn ToSql + Sync); 4] = [&self.source, &self.names(), &TO_REPLAY, &TO_TRY];
        let row = work.query_one("count what is to be loaded", &sql, &of).await;
        let row = row.map_err(or_ended)?;
        let (to_replay, to_try) = (field(&row, "to_replay")?, field(&row, "to_try")?);
        Ok(Left { to_replay: uncount(to_replay), to_try: uncount(to_try) })
    }

    /// Which of these objects of the lake neither ledger knows.
    pub async fn unknown(
        &self,
        live: &mut Warehouse,
        bucket: &str,
        keys: &[&str],
    ) -> Result<BTreeSet<ObjectKey>, WarehouseError> {
        let sql = self.sql(
            "SELECT k.key FROM unnest($2::text[]) k (key) WHERE NOT EXISTS
                (SELECT FROM {side}.objects o WHERE o.bucket = $1 AND o.key = k.key)",
        );
        let work = live.work().await?;
        let of: [&(dyn ToSql + Sync); 2] = [&bucket, &keys];
        let rows = work.query("ask which objects are unknown", &sql, &of).await?;
        work.rollback().await?;
        rows.iter().map(|row| Ok(ObjectKey::new(field::<String>(row, "key")?))).collect()
    }
}

async fn objects(
    work: &Work<'_>,
    sql: &str,
    of: &[&(dyn ToSql + Sync)],
) -> Result<Vec<LandedObject>, WarehouseError> {
    let rows = work.query("find what is to be loaded", sql, of).await.map_err(or_ended)?;
    let objects = rows.iter().map(|row| {
        let key = ObjectKey::new(field::<String>(row, "key")?);
        Ok(LandedObject {
            etag: field(row, "etag")?,
            bytes: field::<Option<i64>>(row, "bytes")?.map(uncount),
            ..LandedObject::named(field::<String>(row, "bucket")?, key)
        })
    });
    objects.collect()
}

/// What `held` lacks of `wanted`, tables and columns by name.
pub(super) fn missing(
    endpoint: &str,
    held: &Schema,
    wanted: &Schema,
) -> Result<Vec<Change>, RebuildRefused> {
    let moved = |what: &str| RebuildRefused::Moved {
        endpoint: endpoint.to_owned(),
        what: format!("`{what}`"),
    };
    let mut changes = Vec::new();
    let mut names = held.tables.iter().map(|table| table.name.as_str()).collect::<Vec<_>>();
    for table in &wanted.tables {
        let place = names.iter().position(|name| *name == table.name);
        let number = place.unwrap_or(names.len());
        let standing = held.tables.get(number);
        if place.is_none() {
            let parent = table.parent.and_then(|parent| wanted.tables.get(parent));
            let parent = parent.and_then(|parent| names.iter().position(|n| *n == parent.name));
            let new = normalise::Table { parent, columns: Vec::new(), ..table.clone() };
            changes.push(Change::AddTable { table: new });
            names.push(&table.name);
        } else if standing.is_some_and(|standing| standing.path != table.path) {
            return Err(moved(&table.name));
        }
        let columns = standing.map_or(&[][..], |standing| &standing.columns);
        for column in &table.columns {
            let found = columns.iter().enumerate().find(|(_, held)| held.name == column.name);
            let Some((place, is)) = found else {
                changes.push(Change::AddColumn { table: number, column: column.clone() });
                continue;
            };
            if (&is.path, is.origin) != (&column.path, column.origin) {
                return Err(moved(&format!("{}.{}", table.name, column.name)));
            }
            match (is.of, column.of) {
                (is, of) if is == of => {}
                (ColumnType::Bigint, ColumnType::Numeric) => {
                    changes.push(Change::Widen { table: number, column: place });
                }
                (ColumnType::Numeric, ColumnType::Bigint) => {}
                _ => return Err(moved(&format!("{}.{}", table.name, column.name))),
            }
        }
    }
    Ok(changes)
}
