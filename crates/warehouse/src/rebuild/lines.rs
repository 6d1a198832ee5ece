//! The ledger's lines at a swap: the live ones come to say what the rebuild's say, and keep what is
//! theirs alone: number, first sight, attempts, and of what failed here and there alike all.

use landing::{ErrorLog, ObjectKey};
use serde_json::Value;
use tokio_postgres::types::ToSql;

use super::{Rebuild, Rebuilt};
use crate::WarehouseError;
use crate::values::uncount;
use crate::work::{Work, field};

/// Objects that are named where rows would be lost.
const LOST_SHOWN: i64 = 100;

/// What a line says of the bytes it speaks of and of what became of them.
const SAID: &str = "etag, bytes, object_time, status, records, rows, rejects, envelope, error,
    stands, standing_time, standing_key, write_mode";

/// What became of failures.
#[derive(Debug, Default)]
pub(super) struct Failures {
    /// Objects that had not failed.
    pub(super) come: Vec<ErrorLog>,
    /// Objects that have failed no longer: bucket and key.
    pub(super) gone: Vec<(String, ObjectKey)>,
}

impl Rebuild {
    /// Objects whose rows stand and that have not been loaded again: how many, and the first.
    pub(super) async fn lost(&self, work: &Work<'_>) -> Result<(u64, Vec<String>), WarehouseError> {
        let sql = self.sql(
            "SELECT o.key, count(*) OVER () AS lost FROM riacho.objects o
             LEFT JOIN {side}.objects s ON s.bucket = o.bucket AND s.key = o.key
             WHERE o.source = $1 AND o.endpoint = ANY($2) AND o.stands
                AND coalesce(s.status = 'failed' AND NOT s.stands, true)
             ORDER BY o.key LIMIT $3",
        );
        let of: [&(dyn ToSql + Sync); 3] = [&self.source, &self.names(), &LOST_SHOWN];
        let rows = work.query("find what would be lost", &sql, &of).await?;
        let count = rows.first().map(|row| field::<i64>(row, "lost")).transpose()?;
        let keys = rows.iter().map(|row| field(row, "key")).collect::<Result<_, _>>()?;
        Ok((count.map_or(0, uncount), keys))
    }
}

/// What the swap does to failures; to be asked before it.
pub(super) async fn failures(
    work: &Work<'_>,
    rebuild: &Rebuild,
    endpoint: &Rebuilt,
) -> Result<Failures, WarehouseError> {
    const COME: &str = "
        SELECT s.error FROM {side}.objects s
        LEFT JOIN riacho.objects o ON o.bucket = s.bucket AND o.key = s.key
        WHERE s.source = $1 AND s.endpoint = $2 AND s.status = 'failed'
            AND coalesce(o.status <> 'failed', true)";
    const GONE: &str = "
        SELECT o.bucket, o.key FROM riacho.objects o
        JOIN {side}.objects s ON s.bucket = o.bucket AND s.key = o.key
        WHERE o.source = $1 AND o.endpoint = $2 AND o.status = 'failed' AND s.status <> 'failed'";
    let of = endpoint.names();
    let mut failures = Failures::default();
    for row in work.query("list failures that come", &rebuild.sql(COME), &of).await? {
        let error = field::<Value>(&row, "error")?;
        failures.come.extend(serde_json::from_value::<ErrorLog>(error).ok());
    }
    for row in work.query("list failures that go", &rebuild.sql(GONE), &of).await? {
        let key = ObjectKey::new(field::<String>(&row, "key")?);
        failures.gone.push((field(&row, "bucket")?, key));
    }
    Ok(failures)
}

/// Lets the live lines of an endpoint say what the rebuild's say.
pub(super) async fn take_over(
    work: &Work<'_>,
    rebuild: &Rebuild,
    endpoint: &Rebuilt,
) -> Result<(), WarehouseError> {
    // An object that was loaded for the first time on both sides has two numbers: that of its rows
    // counts.
    const KEEP: &str = "
        UPDATE {side}.objects s SET first_seen_at = o.first_seen_at, attempts = o.attempts,
            sequencer = o.sequencer
        FROM riacho.objects o
        WHERE o.source = $1 AND o.endpoint = $2 AND s.bucket = o.bucket AND s.key = o.key
            AND s.id <> o.id";
    const MAKE_ROOM: &str = "
        DELETE FROM riacho.objects o USING {side}.objects s
        WHERE o.source = $1 AND o.endpoint = $2 AND s.bucket = o.bucket AND s.key = o.key
            AND s.id <> o.id";
    const LINE: &str = "id, bucket, key, version_id, sequencer, sha256, source, endpoint, scope,
        attempts, first_seen_at, loaded_at, duration";
    let come = format!(
        "INSERT INTO riacho.objects ({LINE}, {SAID}) OVERRIDING SYSTEM VALUE
         SELECT {LINE}, {SAID} FROM {{side}}.objects s
         WHERE s.source = $1 AND s.endpoint = $2
            AND NOT EXISTS (SELECT FROM riacho.objects o WHERE o.id = s.id)"
    );
    let of_side = SAID.split(',').map(|column| format!("s.{}", column.trim()));
    let of_live = SAID.split(',').map(|column| format!("o.{}", column.trim()));
    let (of_side, of_live) = (of_side.collect::<Vec<_>>(), of_live.collect::<Vec<_>>());
    let (of_side, of_live) = (of_side.join(", "), of_live.join(", "));
    // Version and digest come with the reading; of an object that gave way unread the live line
    // knows them.
    let said = format!(
        "UPDATE riacho.objects o SET ({SAID}) = ROW({of_side}),
            version_id = CASE WHEN o.etag = s.etag THEN coalesce(s.version_id, o.version_id)
                ELSE s.version_id END,
            sha256 = CASE WHEN o.etag = s.etag THEN coalesce(s.sha256, o.sha256)
                ELSE s.sha256 END,
            loaded_at = s.loaded_at, duration = s.duration
         FROM {{side}}.objects s
         WHERE s.source = $1 AND s.endpoint = $2 AND s.id = o.id
            AND NOT (s.status = 'failed' AND o.status = 'failed' AND NOT o.stands)
            AND ROW({of_side}) IS DISTINCT FROM ROW({of_live})"
    );
    let of = endpoint.names();
    for sql in [KEEP, MAKE_ROOM, &said, &come] {
        work.execute("take the ledger's lines over", &rebuild.sql(sql), &of).await?;
    }
    Ok(())
}
