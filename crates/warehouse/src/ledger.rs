//! The ledger's lines: claiming one, sharing others', closing one.
//!
//! One rule keeps concurrent loads true: whoever takes an object's rows away changes its line
//! first; whoever counts on an object's rows, or writes rows for it, holds a share lock on its
//! line (`share`). So neither ever acts on what the other is about to change.

use jiff::Timestamp;
use landing::{LandedObject, Sequencer};
use tokio_postgres::Row;

use crate::pipeline::Step;
use crate::values::{Instant, count, to_microseconds, uncount};
use crate::work::{Work, field};
use crate::{EndpointFacts, ObjectFacts, WarehouseError, Write};

/// An object's line as it was before this load.
#[derive(Debug)]
pub(crate) struct Line {
    /// Whether the ledger has never heard of the object.
    pub(crate) is_new: bool,
    pub(crate) id: i64,
    pub(crate) status: String,
    pub(crate) etag: Option<String>,
    pub(crate) version_id: Option<String>,
    pub(crate) sequencer: Option<Sequencer>,
    pub(crate) object_time: Timestamp,
    pub(crate) stands: bool,
    /// What its rows count with, where they stand.
    pub(crate) standing: Option<Standing>,
    pub(crate) records: u64,
    pub(crate) rejects: u64,
    /// What was said of its failure, where it failed.
    pub(crate) message: Option<String>,
    /// The kind of failure, where it failed.
    pub(crate) failure: Option<String>,
    /// Whether the endpoint's root table is in the catalog and no longer in the database.
    pub(crate) root_gone: bool,
}

/// What an object's rows count with against others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Standing {
    pub(crate) time: Timestamp,
    pub(crate) key: String,
}

impl Standing {
    pub(crate) fn of(object: &ObjectFacts) -> Self {
        Self {
            time: to_microseconds(object.object_time),
            key: object.object.key.as_str().to_owned(),
        }
    }

    pub(crate) fn read(row: &Row) -> Result<Self, WarehouseError> {
        let time: Option<Instant> = field(row, "standing_time")?;
        let key: Option<String> = field(row, "standing_key")?;
        Ok(Self {
            time: time.map_or(Timestamp::MIN, |instant| instant.0),
            key: key.unwrap_or_default(),
        })
    }
}

impl Line {
    /// Whether the line speaks of the same bytes as `object`.
    pub(crate) fn has_bytes_of(&self, object: &LandedObject) -> bool {
        let same =
            |ours: &Option<String>, theirs: &Option<String>| ours.is_some() && ours == theirs;
        same(&self.etag, &object.etag) || same(&self.version_id, &object.version_id)
    }

    /// Whether the rows that stand for the line are those of `object`'s bytes.
    pub(crate) fn stands_on(&self, object: &LandedObject) -> bool {
        self.stands && self.status == "loaded" && self.has_bytes_of(object)
    }

    /// What `object` counts with: its own time, or that of a newer object with its bytes.
    pub(crate) fn counts_with(&self, object: &ObjectFacts) -> Standing {
        let own = Standing::of(object);
        match &self.standing {
            Some(standing) if self.stands_on(&object.object) => own.max(standing.clone()),
            Some(_) | None => own,
        }
    }
}

pub(crate) const CLAIM: &str = "
    INSERT INTO riacho.objects AS o
        (id, bucket, key, source, endpoint, scope, object_time, status, attempts)
    OVERRIDING SYSTEM VALUE
    VALUES (coalesce($7, nextval('riacho.objects_id_seq')), $1, $2, $3, $4, $5, $6,
        'loading', 1)
    ON CONFLICT (bucket, key) DO UPDATE SET attempts = o.attempts + 1
    RETURNING o.xmax = 0 AS is_new, id, status, etag, version_id, sequencer, object_time, stands,
        standing_time, standing_key, coalesce(records, 0) AS records, coalesce(rejects, 0) AS rejects,
        error->>'kind' AS failure, error->>'message' AS message,
        coalesce((SELECT to_regclass(format('%I.%I', t.schema_name, t.table_name)) IS NULL
            FROM riacho.tables t
            WHERE t.source = $3 AND t.endpoint = $4 AND t.position = 0), false) AS root_gone";

/// Takes the object's line, new or old. A second load of the same object waits here, and then finds
/// the work done. `promised` is the number that a new line gets, if one was promised.
pub(crate) async fn claim(
    work: &Work<'_>,
    object: &ObjectFacts,
    endpoint: &EndpointFacts,
    promised: Option<i64>,
) -> Result<Line, WarehouseError> {
    let landed = &object.object;
    let scope = object.location.scope.to_string();
    let row = work
        .query_one(
            "claim the object in the ledger",
            CLAIM,
            &[
                &landed.bucket,
                &landed.key.as_str(),
                &endpoint.source,
                &endpoint.endpoint,
                &scope,
                &Instant(object.object_time),
                &promised,
            ],
        )
        .await?;
    let time: Instant = field(&row, "object_time")?;
    let stands = field(&row, "stands")?;
    Ok(Line {
        is_new: field(&row, "is_new")?,
        id: field(&row, "id")?,
        status: field(&row, "status")?,
        etag: field(&row, "etag")?,
        version_id: field(&row, "version_id")?,
        sequencer: field::<Option<String>>(&row, "sequencer")?.map(Sequencer),
        object_time: time.0,
        stands,
        standing: if stands { Some(Standing::read(&row)?) } else { None },
        records: uncount(field(&row, "records")?),
        rejects: uncount(field(&row, "rejects")?),
        message: field(&row, "message")?,
        failure: field(&row, "failure")?,
        root_gone: field(&row, "root_gone")?,
    })
}

/// Takes a share lock on the lines of `seen`, pairs of an object's number and its line's row
/// version. Fails where a line has changed since it was seen.
pub(crate) async fn share(
    work: &Work<'_>,
    mut seen: Vec<(i64, String)>,
) -> Result<(), WarehouseError> {
    const SHARE: &str = "
        SELECT id, xmin::text AS line FROM riacho.objects WHERE id = ANY($1)
        ORDER BY id FOR SHARE";
    seen.sort();
    seen.dedup();
    if seen.is_empty() {
        return Ok(());
    }
    let ids = seen.iter().map(|(id, _)| *id).collect::<Vec<_>>();
    let rows = work.query("lock the ledger's lines of other objects", SHARE, &[&ids]).await?;
    let mut now = Vec::with_capacity(rows.len());
    for row in &rows {
        now.push((field::<i64>(row, "id")?, field::<String>(row, "line")?));
    }
    match seen.iter().zip(&now).find(|(before, now)| before != now) {
        Some((changed, _)) => Err(WarehouseError::Overtaken { object_id: changed.0 }),
        None if seen.len() == now.len() => Ok(()),
        None => Err(WarehouseError::Overtaken { object_id: ids.last().copied().unwrap_or(0) }),
    }
}

/// What a finished line says beside the object's own facts.
#[derive(Debug, Default)]
pub(crate) struct Closing<'a> {
    pub(crate) status: &'a str,
    pub(crate) stands: bool,
    /// What the rows count with, where that is not the object's own time and key.
    pub(crate) standing: Option<Standing>,
    /// None where the object was not read.
    pub(crate) records: Option<u64>,
    pub(crate) rows: Option<u64>,
    pub(crate) rejects: Option<u64>,
    pub(crate) envelope: Option<&'a str>,
    pub(crate) seconds: f64,
    /// None where no rows were written.
    pub(crate) write: Option<Write>,
}

const CLOSE: &str = "
    UPDATE riacho.objects SET
        version_id = $2, etag = $3, sequencer = coalesce($4, sequencer), bytes = $5,
        sha256 = $6, object_time = $7, status = $8, stands = $9, standing_time = $10,
        standing_key = $11, records = $12, rows = $13, rejects = $14,
        envelope = $15::text::jsonb, error = NULL, loaded_at = now(),
        duration = make_interval(secs => $16), write_mode = coalesce($17, write_mode)
    WHERE id = $1";

/// Notes the sequencer of an event that tells nothing else: the bytes were read without one, or when
/// an older event came. Without it that older one, delivered once more, would be taken for news.
pub(crate) fn learn_order<'a>(line: &Line, object: &'a ObjectFacts) -> Option<Step<'a>> {
    const LEARN: &str = "
        UPDATE riacho.objects SET sequencer = $2, attempts = attempts - 1 WHERE id = $1";
    let now = object.object.sequencer.as_ref()?;
    let is_news = line.sequencer.as_ref().is_none_or(|known| known < now);
    let step = Step::new("note the order of events", LEARN).with(line.id).with(now.0.as_str());
    is_news.then_some(step)
}

/// Writes the line of an object that was dealt with.
pub(crate) fn close<'a>(id: i64, object: &'a ObjectFacts, closing: Closing<'a>) -> Step<'a> {
    let landed = &object.object;
    let standing = closing.standing.unwrap_or_else(|| Standing::of(object));
    Step::new("write the object's line", CLOSE)
        .with(id)
        .with(landed.version_id.as_deref())
        .with(landed.etag.as_deref())
        .with(landed.sequencer.as_ref().map(|sequencer| sequencer.0.as_str()))
        .with(landed.bytes.map(count))
        .with(object.sha256.as_deref())
        .with(Instant(object.object_time))
        .with(closing.status)
        .with(closing.stands)
        .with(Instant(standing.time))
        .with(standing.key)
        .with(closing.records.map(count))
        .with(closing.rows.map(count))
        .with(closing.rejects.map(count))
        .with(closing.envelope)
        .with(closing.seconds)
        .with(closing.write.map(Write::name))
}
