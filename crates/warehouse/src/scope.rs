//! The objects of one scope: which of them stands, and what a newer one makes of the others.

use landing::ObjectKey;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::ledger::Standing;
use crate::pipeline::Step;
use crate::values::{Instant, uncount};
use crate::work::{Work, field};
use crate::{EndpointFacts, ObjectFacts, WarehouseError, Write, gate};

/// An object whose rows stand in a scope.
#[derive(Debug)]
pub(crate) struct Holder {
    pub(crate) id: i64,
    pub(crate) key: ObjectKey,
    pub(crate) status: String,
    pub(crate) etag: Option<String>,
    pub(crate) bytes: Option<u64>,
    pub(crate) records: u64,
    pub(crate) rejects: u64,
    pub(crate) standing: Standing,
}

/// Goes through the endpoint's gate, then waits until no other load works on the scope: the rows of
/// what is materialised come before what is selected from them.
pub(crate) const ENTER: &str = "
    WITH gate AS MATERIALIZED (
        SELECT pg_advisory_xact_lock_shared(hashtextextended('riacho ' || $1, 0)))
    SELECT pg_advisory_xact_lock(hashtextextended('riacho ' || $2, 0)) FROM gate";

/// Goes through the endpoint's gate, then waits until no other load works on the object's scope.
pub(crate) async fn enter(
    work: &Work<'_>,
    object: &ObjectFacts,
    endpoint: &EndpointFacts,
) -> Result<(), WarehouseError> {
    let gate = gate::name(&endpoint.source, &endpoint.endpoint);
    let location = &object.location;
    let scope = format!("scope {}/{}/{}", location.source, location.endpoint, location.scope);
    let (gate, scope) = (work.ledger().lock(&gate), work.ledger().lock(&scope));
    let locks: [&(dyn ToSql + Sync); 2] = [&gate.as_ref(), &scope.as_ref()];
    let doing = "go through the endpoint's gate and wait for another load of the scope";
    work.query(doing, ENTER, &locks).await.map(|_| ())
}

pub(crate) const HOLDERS: &str = "
    SELECT id, key, status, etag, bytes, coalesce(records, 0) AS records,
        coalesce(rejects, 0) AS rejects, standing_time, standing_key
    FROM riacho.objects
    WHERE source = $1 AND endpoint = $2 AND scope = $3 AND stands AND (bucket, key) <> ($4, $5)
    ORDER BY id FOR NO KEY UPDATE";

/// The other objects whose rows stand in the object's scope, locked, the newest first.
pub(crate) async fn holders(
    work: &Work<'_>,
    object: &ObjectFacts,
    endpoint: &EndpointFacts,
) -> Result<Vec<Holder>, WarehouseError> {
    let (landed, scope) = (&object.object, object.location.scope.to_string());
    let of: [&(dyn ToSql + Sync); 5] =
        [&endpoint.source, &endpoint.endpoint, &scope, &landed.bucket, &landed.key.as_str()];
    let rows = work.query("find what stands in the scope", HOLDERS, &of).await?;
    let mut holders = rows.iter().map(holder).collect::<Result<Vec<_>, _>>()?;
    // Sorted here, as a database's collation orders texts by other rules than S3.
    holders.sort_by(|one, other| other.standing.cmp(&one.standing));
    Ok(holders)
}

fn holder(row: &Row) -> Result<Holder, WarehouseError> {
    Ok(Holder {
        id: field(row, "id")?,
        key: ObjectKey::new(field::<String>(row, "key")?),
        status: field(row, "status")?,
        etag: field(row, "etag")?,
        bytes: field::<Option<i64>>(row, "bytes")?.map(uncount),
        records: uncount(field(row, "records")?),
        rejects: uncount(field(row, "rejects")?),
        standing: Standing::read(row)?,
    })
}

const SUPERSEDE: &str = "
    UPDATE riacho.objects
    SET stands = false, status = CASE status WHEN 'failed' THEN status ELSE 'superseded' END
    WHERE source = $1 AND endpoint = $2 AND scope = $3 AND id <> $4
        AND (stands OR (status = 'unchanged' AND etag IS DISTINCT FROM $5))";

/// Lets the objects of the scope other than `id` count as superseded.
pub(crate) fn supersede_others<'a>(
    object: &'a ObjectFacts,
    endpoint: &'a EndpointFacts,
    id: i64,
) -> Step<'a> {
    Step::new("supersede the scope's earlier object", SUPERSEDE)
        .with(&endpoint.source)
        .with(&endpoint.endpoint)
        .with(object.location.scope.to_string())
        .with(id)
        .with(&object.object.etag)
}

// Compared by code points, as S3 orders keys, whatever the database's collation.
const SETTLE: &str = "
    UPDATE riacho.objects SET status = 'superseded', error = NULL
    WHERE source = $1 AND endpoint = $2 AND scope = $3 AND id <> $4 AND bucket = $5
        AND status = 'failed' AND NOT stands
        AND (object_time, key COLLATE \"C\") < ($6, $7)
    RETURNING key";

/// Lets older objects of the scope that failed count as superseded: a newer one that loads is the
/// whole truth of the scope, so that nothing is left to be mended. Gives their keys (`settled`).
pub(crate) fn settle_failures<'a>(
    object: &'a ObjectFacts,
    endpoint: &'a EndpointFacts,
    id: i64,
) -> Option<Step<'a>> {
    let landed = &object.object;
    let step = Step::new("supersede the scope's older failures", SETTLE)
        .with(&endpoint.source)
        .with(&endpoint.endpoint)
        .with(object.location.scope.to_string())
        .with(id)
        .with(&landed.bucket)
        .with(Instant(object.object_time))
        .with(landed.key.as_str());
    (endpoint.write == Write::Replace).then_some(step)
}

/// The keys that `settle_failures` gave, where it was the last of the steps that were answered; one
/// that gives no rows in its place means that there were none.
pub(crate) fn settled(
    endpoint: &EndpointFacts,
    answers: &[Vec<Row>],
) -> Result<Vec<ObjectKey>, WarehouseError> {
    let rows = answers.last().filter(|_| endpoint.write == Write::Replace);
    let rows = rows.into_iter().flatten();
    rows.map(|row| Ok(ObjectKey::new(field::<String>(row, "key")?))).collect()
}

/// Lets an object's rows count with a newer object's time and key: that one has the same bytes.
pub(crate) fn let_count_as(owner: i64, standing: &Standing) -> Step<'_> {
    const COUNT_AS: &str =
        "UPDATE riacho.objects SET standing_time = $2, standing_key = $3 WHERE id = $1";
    Step::new("let the standing rows count as the newer object's", COUNT_AS)
        .with(owner)
        .with(Instant(standing.time))
        .with(standing.key.as_str())
}
