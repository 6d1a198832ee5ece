//! Decides under each key between what stands and the shadows: the newest version stands, and of
//! equal versions the newer object's.

use std::collections::BTreeMap;

use landing::{LandedObject, ObjectKey, RawLocation, Sequencer};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::contest::{self, Stander};
use crate::keyed::Keyed;
use crate::ledger::{self, Standing};
use crate::rows::RootRow;
use crate::shadows::KeyText;
use crate::values::uncount;
use crate::work::{Work, field};
use crate::{EndpointFacts, Reinstatement, WarehouseError};

/// The object that is being loaded. Its line does not say yet what it counts with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Own<'a> {
    pub(crate) id: i64,
    pub(crate) standing: &'a Standing,
    pub(crate) object: &'a LandedObject,
}

/// The best record that could stand under a key.
#[derive(Debug)]
struct Candidate {
    key: KeyText,
    row: RootRow,
    version: Vec<u8>,
    standing: Standing,
    line: String,
    object: LandedObject,
    /// Whether the object failed after its records came.
    is_doubtful: bool,
}

/// What must be done so that the best records stand.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// Objects to be read again.
    pub(crate) reinstatements: Vec<Reinstatement>,
    /// Standing records that give way to them.
    pub(crate) displaced: Vec<(RootRow, Vec<u8>)>,
    /// Shadows that stand from now on.
    pub(crate) risen: Vec<RootRow>,
}

/// Finds for each of the keys whether a shadow is better than what stands now.
pub(crate) async fn plan(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
    keyed: &Keyed<'_>,
    own: Own<'_>,
    keys: &[KeyText],
) -> Result<Plan, WarehouseError> {
    let mut best = BTreeMap::<KeyText, Candidate>::new();
    for candidate in candidates(work, endpoint, own, keys).await? {
        let better = best.get(&candidate.key).is_none_or(|held| {
            (&candidate.version, &candidate.standing) > (&held.version, &held.standing)
        });
        if better {
            best.insert(candidate.key.clone(), candidate);
        }
    }
    let mut plan = Plan::default();
    let keys = best.keys().cloned().collect::<Vec<_>>();
    let standers = standers(work, keyed, &keys).await?;
    contest::share(work, &standers).await?;
    for mut stander in standers {
        if stander.row.0 == own.id {
            stander.standing = own.standing.clone();
        }
        let Some(key) = keys.get(stander.key) else { continue };
        let stays = best.get(key).is_some_and(|shadow| {
            (&stander.version, &stander.standing) >= (&shadow.version, &shadow.standing)
        });
        if stays {
            best.remove(key);
        } else {
            plan.displaced.push((stander.row, stander.version));
        }
    }
    plan.risen = best.values().map(|candidate| candidate.row).collect();
    plan.reinstatements = by_object(best.into_values())?;
    Ok(plan)
}

/// The shadows under the keys, their objects' lines locked.
async fn candidates(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
    own: Own<'_>,
    keys: &[KeyText],
) -> Result<Vec<Candidate>, WarehouseError> {
    const CANDIDATES: &str = "
        SELECT s.key, s.object_id, s.\"row\", s.version, o.standing_time, o.standing_key,
            o.xmin::text AS line, o.bucket, o.key AS object_key, o.version_id, o.etag,
            o.sequencer, o.bytes, o.status = 'failed' AS is_doubtful
        FROM riacho.shadows s JOIN riacho.objects o ON o.id = s.object_id
        WHERE s.source = $1 AND s.endpoint = $2 AND s.key = $3";
    let ask = keys.iter().map(|key| async move {
        let of: [&(dyn ToSql + Sync); 3] = [&endpoint.source, &endpoint.endpoint, key];
        work.query("find the shadows of a key", CANDIDATES, &of).await
    });
    let mut found = Vec::new();
    for rows in futures::future::join_all(ask).await {
        for row in &rows? {
            found.push(candidate(row)?);
        }
    }
    let seen = found.iter().map(|one| (one.row.0, one.line.clone())).collect();
    ledger::share(work, seen).await?;
    for candidate in found.iter_mut().filter(|candidate| candidate.row.0 == own.id) {
        candidate.standing = own.standing.clone();
        candidate.object = own.object.clone();
        candidate.is_doubtful = false;
    }
    Ok(found)
}

fn candidate(row: &Row) -> Result<Candidate, WarehouseError> {
    let standing = Standing::read(row)?;
    Ok(Candidate {
        key: field(row, "key")?,
        row: (field(row, "object_id")?, field(row, "row")?),
        version: field(row, "version")?,
        line: field(row, "line")?,
        object: landed(row, &standing)?,
        standing,
        is_doubtful: field(row, "is_doubtful")?,
    })
}

/// Where the record can be read. A newer object with the same bytes is the surer place: the older
/// one may have been overwritten since.
fn landed(row: &Row, standing: &Standing) -> Result<LandedObject, WarehouseError> {
    let key = field::<String>(row, "object_key")?;
    let newer = (!standing.key.is_empty() && standing.key != key).then(|| standing.key.clone());
    let is_own = newer.is_none();
    let sequencer = field::<Option<String>>(row, "sequencer")?.map(Sequencer);
    let version_id = field::<Option<String>>(row, "version_id")?;
    Ok(LandedObject {
        bucket: field(row, "bucket")?,
        key: ObjectKey::new(newer.unwrap_or(key)),
        version_id: version_id.filter(|_| is_own),
        etag: field(row, "etag")?,
        sequencer: sequencer.filter(|_| is_own),
        bytes: field::<Option<i64>>(row, "bytes")?.map(uncount),
    })
}

/// What stands under the keys, whichever object it came from.
async fn standers(
    work: &Work<'_>,
    keyed: &Keyed<'_>,
    keys: &[KeyText],
) -> Result<Vec<Stander>, WarehouseError> {
    let sql = format!(
        "SELECT 1::bigint AS n, r._object_id, r._row, o.standing_time, o.standing_key,
            o.xmin::text AS line{}
         FROM (SELECT $1::text[] AS key) s JOIN {} r ON {}
         JOIN riacho.objects o ON o.id = r._object_id",
        keyed.versions(),
        keyed.root,
        keyed.matches_text()
    );
    let mut found = Vec::new();
    for (number, key) in keys.iter().enumerate() {
        for row in &work.query("find what stands under a key", &sql, &[key]).await? {
            found.push(Stander { key: number, ..contest::stander(keyed, row)? });
        }
    }
    Ok(found)
}

fn by_object(
    candidates: impl Iterator<Item = Candidate>,
) -> Result<Vec<Reinstatement>, WarehouseError> {
    let mut objects = BTreeMap::<i64, Reinstatement>::new();
    for candidate in candidates {
        let object_id = candidate.row.0;
        let location = RawLocation::parse(&candidate.object.key)
            .map_err(|error| WarehouseError::Mismatch(error.to_string()))?;
        objects
            .entry(object_id)
            .or_insert_with(|| Reinstatement {
                object: candidate.object,
                location,
                object_id,
                keys: BTreeMap::new(),
                is_doubtful: candidate.is_doubtful,
            })
            .keys
            .insert(candidate.key, candidate.row.1);
    }
    Ok(objects.into_values().collect())
}
