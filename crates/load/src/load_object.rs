//! One object, from its bytes in the lake to the commit in the warehouse. What happens when it
//! fails is `loader`'s.

use std::time::{Duration, Instant};

use landing::{Classify, FailureKind, LandedObject, RawLocation};
use normalise::{Reject, Rules, Shredder, Summary};
use objects::{DecodeLimits, DecodedBody, Head, Lake, LakeError, Reading};
use warehouse::{
    Begun, EndpointFacts, LikelyRename, Loaded, Loading, ObjectFacts, Outcome, Reinstatement,
    Warehouse,
};

use crate::rejects::{self, Told};
use crate::rules::EndpointRules;
use crate::telling::log_likely_rename;
use crate::{LoadError, Timings};

/// Rows are handed on when so many bytes of them wait: large enough for COPY to be efficient, small
/// enough for a function of 128 MB.
const BATCH_BYTES: usize = 4 << 20;
/// How often a load begins again because others changed the same tables; from the second time on
/// it holds their lock from its start, so that more than a few rounds mean something else.
const ROUNDS_MAX: u32 = 5;
/// How long likely renames are looked for.
const SEARCH_MAX: Duration = Duration::from_secs(5);
/// User metadata in which fetch leaves the digest of the body.
const SHA256_METADATA: &str = "sha256";

/// All that is known of one object before it is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Job<'a> {
    pub(crate) lake: &'a Lake,
    pub(crate) object: &'a LandedObject,
    pub(crate) location: &'a RawLocation,
    pub(crate) endpoint: &'a EndpointRules,
    pub(crate) limits: DecodeLimits,
    pub(crate) force: bool,
}

/// What is known of it afterwards.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) outcome: Outcome,
    pub(crate) version_id: Option<String>,
    pub(crate) bytes: u64,
    pub(crate) notices: Vec<String>,
    pub(crate) likely_renames: Vec<LikelyRename>,
    pub(crate) timings: Timings,
}

/// Loads the object, beginning again while others change the same tables.
pub(crate) async fn load_object(
    job: Job<'_>,
    warehouse: &mut Warehouse,
) -> Result<Done, LoadError> {
    let mut facts = job.endpoint.facts.clone();
    let mut last = String::new();
    for round in 1..=ROUNDS_MAX {
        match attempt(job, warehouse, &facts).await {
            Err(LoadError::Warehouse(error)) if error.begin_again() => {
                tracing::debug!(object.key = %job.object.key, round, error = %error, "begin again");
                facts.lock_schema_first = true;
                last = error.to_string();
                pause(round).await;
            }
            Ok(mut done) => {
                done.likely_renames = likely_renames(job, warehouse, &done.outcome).await;
                return Ok(done);
            }
            failed => return failed,
        }
    }
    Err(LoadError::CatalogBusy { rounds: ROUNDS_MAX, last })
}

/// Looks for likely renames where new fields came. It is advice: the object is loaded, whatever
/// becomes of the search.
async fn likely_renames(
    job: Job<'_>,
    warehouse: &mut Warehouse,
    outcome: &Outcome,
) -> Vec<LikelyRename> {
    let Outcome::Loaded(Loaded { news: Some(news), .. }) = outcome else {
        return Vec::new();
    };
    let search = warehouse.look_for_renames(&job.endpoint.facts, news);
    let found = match tokio::time::timeout(SEARCH_MAX, search).await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => {
            tracing::info!(object.key = %job.object.key, %error, "did not look for renames");
            Vec::new()
        }
        Err(_) => {
            tracing::info!(object.key = %job.object.key, "looking for renames took too long");
            Vec::new()
        }
    };
    found.iter().for_each(|likely| log_likely_rename(job.object, likely));
    found
}

/// The facts of an object as S3 says them.
pub(crate) fn facts_of(job: Job<'_>, head: &Head) -> ObjectFacts {
    let named = job.location.object_time();
    ObjectFacts {
        object: LandedObject {
            version_id: head.version_id.clone().or(job.object.version_id.clone()),
            etag: Some(head.etag.clone()),
            bytes: Some(head.bytes),
            ..job.object.clone()
        },
        location: job.location.clone(),
        object_time: named.map_or(head.last_modified, |time| time.timestamp()),
        sha256: head.metadata.get(SHA256_METADATA).cloned(),
        force: job.force,
    }
}

async fn attempt(
    job: Job<'_>,
    warehouse: &mut Warehouse,
    endpoint: &EndpointFacts,
) -> Result<Done, LoadError> {
    let started = Instant::now();
    let mut timings = Timings::default();
    let (reading, object) = open(job).await?;
    timings.read += started.elapsed();
    let job = Job { object: &object, ..job };
    let facts = facts_of(job, &reading.head);
    let mut done = Done {
        outcome: Outcome::AlreadyLoaded,
        version_id: facts.object.version_id.clone(),
        bytes: 0,
        notices: Vec::new(),
        likely_renames: Vec::new(),
        timings,
    };
    let mut loading = match warehouse.begin(&facts, endpoint).await? {
        Begun::AlreadyDone(outcome) => {
            done.outcome = outcome;
            return Ok(done);
        }
        Begun::Load(loading) => loading,
    };
    match fill(job, &facts.object, reading, &mut loading, &mut done).await {
        Ok((summary, rejects)) => {
            done.notices.extend(notices(&summary));
            let committing = Instant::now();
            let outcome = loading.commit(summary, rejects, started.elapsed()).await?;
            done.timings.commit += committing.elapsed();
            done.outcome = outcome;
            Ok(done)
        }
        Err(error) => {
            loading.rollback().await;
            Err(error)
        }
    }
}

/// Opens the object. Where a bucket keeps no versions and the object was overwritten since its
/// event, what stands there now is read: the newer event will find it loaded.
async fn open(job: Job<'_>) -> Result<(Reading, LandedObject), LoadError> {
    match job.lake.read(job.object).await {
        Ok(reading) => Ok((reading, job.object.clone())),
        Err(LakeError::Changed { .. }) => {
            let object = LandedObject::named(job.object.bucket.clone(), job.object.key.clone());
            Ok((job.lake.read(&object).await?, object))
        }
        Err(error) => Err(error.into()),
    }
}

/// Shreds the object and whatever must stand again because of it.
async fn fill(
    job: Job<'_>,
    object: &LandedObject,
    reading: Reading,
    loading: &mut Loading<'_>,
    done: &mut Done,
) -> Result<(Summary, Vec<Reject>), LoadError> {
    let mut body = reading.decoded_within(job.limits);
    let (rules, scope) = (job.endpoint.rules.clone(), &job.location.scope.0);
    let mut shredder = Shredder::new(rules, loading.schema(), loading.object_id(), scope);
    let mut told = Told::default();
    let own = Pouring::Own(&mut told);
    let mut rejects = pour(&mut body, &mut shredder, loading, own, &mut done.timings).await?;
    done.notices = told.lines().collect();
    done.bytes = body.decoded_bytes();
    let mut waiting = loading.reinstate().await?;
    while let Some(reinstatement) = waiting.pop() {
        let read = reinstate(job, &reinstatement, loading, &mut done.timings).await;
        match read {
            Ok(()) => {}
            Err(error) if is_gone(&error) => {
                tracing::warn!(
                    object.key = %reinstatement.object.key,
                    records = reinstatement.records(),
                    error = %error,
                    "records that should stand again can't be read from the lake any more"
                );
                waiting.extend(loading.renounce(&reinstatement).await?);
            }
            Err(error) => return Err(error),
        }
    }
    rejects::complete(job.lake, object, job.limits, &mut rejects).await?;
    Ok((shredder.summary(), rejects))
}

/// Whether the other object's bytes left the lake, or can't be loaded any more: no fault of the
/// object at hand, and no more a part of what the tables must hold. What it was overwritten with has
/// an event of its own; to wait for that could mean to wait for each other.
fn is_gone(error: &LoadError) -> bool {
    match error {
        LoadError::Lake(LakeError::Changed { .. }) => true,
        LoadError::Lake(_) | LoadError::Normalise(_) => error.kind() == FailureKind::Permanent,
        _ => false,
    }
}

/// Reads another object again, whose records must stand once more.
async fn reinstate(
    job: Job<'_>,
    reinstatement: &Reinstatement,
    loading: &mut Loading<'_>,
    timings: &mut Timings,
) -> Result<(), LoadError> {
    let reading = job.lake.read(&reinstatement.object).await?;
    let mut body = reading.decoded_within(job.limits);
    let location = &reinstatement.location;
    // They were kept by the rules of their time, as their neighbours that stand.
    let rules = Rules { required: Vec::new(), ..job.endpoint.rules.clone() };
    let mut shredder =
        Shredder::new(rules, loading.schema(), reinstatement.object_id, &location.scope.0);
    let other = Pouring::Again(reinstatement);
    pour(&mut body, &mut shredder, loading, other, timings).await?;
    Ok(())
}

/// Which object's batches are poured, and what is made of them.
enum Pouring<'a> {
    /// Those of the object at hand; its rejects are counted.
    Own(&'a mut Told),
    /// Those of another one, whose records must stand again.
    Again(&'a Reinstatement),
}

/// Chunks in, batches out, until the body ends.
async fn pour(
    body: &mut DecodedBody,
    shredder: &mut Shredder,
    loading: &mut Loading<'_>,
    mut what: Pouring<'_>,
    timings: &mut Timings,
) -> Result<Vec<Reject>, LoadError> {
    let mut rejects = Vec::new();
    loop {
        let reading = Instant::now();
        let chunk = body.chunk().await?;
        let shredding = Instant::now();
        timings.read += shredding - reading;
        let ended = chunk.is_none();
        match chunk {
            Some(chunk) => shredder.push(&chunk)?,
            None => shredder.finish()?,
        }
        let writing = Instant::now();
        timings.shred += writing - shredding;
        if ended || shredder.pending_bytes() >= BATCH_BYTES {
            let batch = shredder.take_batch();
            match &mut what {
                Pouring::Own(told) => {
                    told.count(&batch.rejects);
                    rejects.append(&mut loading.write(batch).await?);
                }
                Pouring::Again(reinstatement) => {
                    loading.write_reinstated(reinstatement, batch).await?;
                }
            }
            timings.write += writing.elapsed();
        }
        if ended {
            return Ok(rejects);
        }
    }
}

fn notices(summary: &Summary) -> Vec<String> {
    let told = summary.notices.iter().take(20);
    told.map(|notice| format!("{} {}", notice.kind.name(), notice.path)).collect()
}

/// Waits a little longer each round, with jitter so that those who met part.
async fn pause(round: u32) {
    let bound_ms = 20_u64 << round.min(6);
    tokio::time::sleep(Duration::from_millis(fastrand::u64(bound_ms / 2..=bound_ms))).await;
}
