//! Records of current objects that do not stand because another object has a newer version. They
//! are remembered as names alone; their content is in the lake, where it is read again when the
//! record that stands in their place goes.

use normalise::RootKey;
use tokio_postgres::types::ToSql;

use crate::keyed::Keyed;
use crate::rows::RootRow;
use crate::work::{Work, field};
use crate::{EndpointFacts, WarehouseError};

/// A key as texts.
pub(crate) type KeyText = Vec<String>;

pub(crate) const ANY: &str = "SELECT EXISTS (SELECT FROM riacho.shadows
    WHERE source = $1 AND endpoint = $2) AS found";

/// Whether the endpoint has any. Cheap where it has none.
pub(crate) async fn any(work: &Work<'_>, endpoint: &EndpointFacts) -> Result<bool, WarehouseError> {
    let of: [&(dyn ToSql + Sync); 2] = [&endpoint.source, &endpoint.endpoint];
    field(&work.query_one("look for shadows", ANY, &of).await?, "found")
}

/// Whether the object has any. To be asked while its line is locked, by a statement of its own: one
/// that had to wait for the lock sees what stood before.
pub(crate) async fn any_of(work: &Work<'_>, object_id: i64) -> Result<bool, WarehouseError> {
    const ANY: &str = "SELECT EXISTS (SELECT FROM riacho.shadows WHERE object_id = $1) AS found";
    field(&work.query_one("look for an object's shadows", ANY, &[&object_id]).await?, "found")
}

/// Remembers records of a batch that gave way.
pub(crate) async fn remember_losers(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
    keyed: &Keyed<'_>,
    object_id: i64,
    losers: &[RootKey],
) -> Result<(), WarehouseError> {
    if losers.is_empty() {
        return Ok(());
    }
    let next = 6;
    let sql = format!(
        "INSERT INTO riacho.shadows (source, endpoint, key, object_id, \"row\", version)
         SELECT $1, $2, {}, $3, ($4::integer[])[k.n], ($5::bytea[])[k.n] FROM {}",
        keyed.text_of_unnest(),
        keyed.unnest(next)
    );
    let keys = losers.iter().collect::<Vec<_>>();
    let rows = losers.iter().map(|key| key.row).collect::<Vec<_>>();
    let versions = losers.iter().map(|key| key.version.as_slice()).collect::<Vec<_>>();
    let cells = keyed.parameters(&keys)?;
    let mut parameters: Vec<&(dyn ToSql + Sync)> =
        vec![&endpoint.source, &endpoint.endpoint, &object_id, &rows, &versions];
    parameters.extend(cells.iter().map(|cells| cells as &(dyn ToSql + Sync)));
    work.execute("remember records that gave way", &sql, &parameters).await?;
    Ok(())
}

/// Remembers standing records that are about to give way. They are still there.
pub(crate) async fn remember_displaced(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
    keyed: &Keyed<'_>,
    displaced: &[(RootRow, Vec<u8>)],
) -> Result<(), WarehouseError> {
    if displaced.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "INSERT INTO riacho.shadows (source, endpoint, key, object_id, \"row\", version)
         SELECT $1, $2, {}, r._object_id, r._row, d.version
         FROM unnest($3::bigint[], $4::integer[], $5::bytea[]) d (object, number, version)
         JOIN {} r ON r._object_id = d.object AND r._row = d.number",
        keyed.text_of_row(),
        keyed.root
    );
    let objects = displaced.iter().map(|((object, _), _)| *object).collect::<Vec<_>>();
    let numbers = displaced.iter().map(|((_, number), _)| *number).collect::<Vec<_>>();
    let versions = displaced.iter().map(|(_, version)| version.as_slice()).collect::<Vec<_>>();
    work.execute(
        "remember standing records that give way",
        &sql,
        &[&endpoint.source, &endpoint.endpoint, &objects, &numbers, &versions],
    )
    .await?;
    Ok(())
}

/// Forgets single shadows.
pub(crate) async fn forget(work: &Work<'_>, rows: &[RootRow]) -> Result<(), WarehouseError> {
    const FORGET: &str = "
        DELETE FROM riacho.shadows s USING unnest($1::bigint[], $2::integer[]) d (object, number)
        WHERE s.object_id = d.object AND s.\"row\" = d.number";
    if rows.is_empty() {
        return Ok(());
    }
    let objects = rows.iter().map(|(object, _)| *object).collect::<Vec<_>>();
    let numbers = rows.iter().map(|(_, number)| *number).collect::<Vec<_>>();
    work.execute("forget shadows", FORGET, &[&objects, &numbers]).await?;
    Ok(())
}

/// Forgets the shadows of objects that are no longer current.
pub(crate) async fn forget_objects(work: &Work<'_>, ids: &[i64]) -> Result<(), WarehouseError> {
    const FORGET: &str = "DELETE FROM riacho.shadows WHERE object_id = ANY($1)";
    work.execute("forget an object's shadows", FORGET, &[&ids]).await?;
    Ok(())
}

/// The keys of these objects' standing records that other objects have too. To be asked while the
/// records still stand.
pub(crate) async fn contested(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
    keyed: &Keyed<'_>,
    ids: &[i64],
) -> Result<Vec<KeyText>, WarehouseError> {
    let sql = format!(
        "SELECT DISTINCT s.key FROM {} r JOIN riacho.shadows s
            ON s.source = $1 AND s.endpoint = $2 AND s.key = {}
         WHERE r._object_id = ANY($3) AND s.object_id <> ALL($3)",
        keyed.root,
        keyed.text_of_row()
    );
    let rows = work
        .query(
            "find keys that other objects have too",
            &sql,
            &[&endpoint.source, &endpoint.endpoint, &ids],
        )
        .await?;
    rows.iter().map(|row| field(row, "key")).collect()
}
