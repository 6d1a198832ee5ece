//! Writes down that an object failed, in a transaction of its own: the one that failed is gone.

use landing::ErrorLog;
use serde_json::Value;
use tokio_postgres::types::ToSql;

use crate::values::{Instant, count};
use crate::work::Work;
use crate::{ObjectFacts, WarehouseError, gate};

/// Writes the line of a failed object. One that says the same bytes are dealt with stays as it is:
/// the failure is then of an event that came late.
pub(crate) async fn record(
    work: Work<'_>,
    object: &ObjectFacts,
    failure: &ErrorLog,
) -> Result<(), WarehouseError> {
    const RECORD: &str = "
        INSERT INTO riacho.objects AS o (id, bucket, key, source, endpoint, scope, object_time,
            version_id, etag, sequencer, bytes, sha256, error, status, attempts)
        OVERRIDING SYSTEM VALUE
        VALUES (nextval('riacho.objects_id_seq'), $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'failed', 1)
        ON CONFLICT (bucket, key) DO UPDATE SET
            status = 'failed', attempts = o.attempts + 1, object_time = excluded.object_time,
            version_id = excluded.version_id, etag = excluded.etag, bytes = excluded.bytes,
            sha256 = excluded.sha256, sequencer = coalesce(excluded.sequencer, o.sequencer),
            error = CASE WHEN o.etag = excluded.etag AND o.error ? 'first_failed_at'
                THEN excluded.error || jsonb_build_object(
                    'first_failed_at', o.error->'first_failed_at',
                    'attempts', o.attempts + 1)
                ELSE excluded.error END
        WHERE o.status NOT IN ('loaded', 'unchanged', 'superseded')
            OR (o.etag IS DISTINCT FROM excluded.etag
                AND (o.version_id IS NULL OR o.version_id IS DISTINCT FROM excluded.version_id))";
    let error = storable(serde_json::to_value(failure).unwrap_or(Value::Null));
    let (landed, location) = (&object.object, &object.location);
    let scope = location.scope.to_string();
    let parameters: [&(dyn ToSql + Sync); 12] = [
        &landed.bucket,
        &landed.key.as_str(),
        &location.source,
        &location.endpoint,
        &scope,
        &Instant(object.object_time),
        &landed.version_id,
        &landed.etag,
        &landed.sequencer.as_ref().map(|sequencer| &sequencer.0),
        &landed.bytes.map(count),
        &object.sha256,
        &error,
    ];
    gate::enter(&work, &location.source, &location.endpoint).await?;
    work.execute("write down the failure", RECORD, &parameters).await?;
    work.commit().await
}

/// `jsonb` can't hold U+0000, which the excerpt of a damaged object may well have.
fn storable(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace('\0', "\u{fffd}")),
        Value::Array(items) => Value::Array(items.into_iter().map(storable).collect()),
        Value::Object(members) => Value::Object(
            members.into_iter().map(|(name, value)| (name, storable(value))).collect(),
        ),
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}
