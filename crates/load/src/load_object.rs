//! One object, from its bytes in the lake to the commit in the warehouse. What happens when it
//! fails is `loader`'s.

use std::ops::ControlFlow;
use std::pin::pin;
use std::time::{Duration, Instant};

use futures::future::{BoxFuture, Either, select};
use jiff::Timestamp;
use landing::{LandedObject, RawLocation};
use normalise::{Batch, Reject, Shredder, Summary};
use objects::{DecodeLimits, Head, Lake, LakeError, Reading};
use warehouse::{
    Begun, EndpointFacts, LikelyRename, Loaded, Loading, ObjectFacts, Outcome, Warehouse,
    WarehouseError,
};

use crate::pour::{Writing, pour};
use crate::prepared::PreparedEndpoints;
use crate::reinstating::reinstate_all;
use crate::rejects::{Told, Waiting};
use crate::rules::EndpointRules;
use crate::telling::log_likely_rename;
use crate::{LoadError, Timings, error_log};

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
    pub(crate) prepared: &'a PreparedEndpoints,
    pub(crate) limits: DecodeLimits,
    pub(crate) force: bool,
    /// Whether its error log is of interest.
    pub(crate) minds_error_log: bool,
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
    /// Whether it has an error log of an earlier failure.
    pub(crate) has_error_log: bool,
}

impl Done {
    fn of(object: &LandedObject) -> Self {
        Self {
            outcome: Outcome::AlreadyLoaded,
            version_id: object.version_id.clone(),
            bytes: 0,
            notices: Vec::new(),
            likely_renames: Vec::new(),
            timings: Timings::default(),
            has_error_log: false,
        }
    }
}

/// Loads the object, beginning again while others change the same tables.
pub(crate) async fn load_object(
    job: Job<'_>,
    warehouse: &mut Warehouse,
) -> Result<Done, LoadError> {
    let mut facts = job.endpoint.facts.clone();
    let mut object = job.object.clone();
    let mut last = String::new();
    for round in 1..=ROUNDS_MAX {
        let job = Job { object: &object, ..job };
        let attempting: BoxFuture<'_, _> = Box::pin(attempt(job, warehouse, &facts));
        match attempting.await {
            // Where a bucket keeps no versions and the object was overwritten since its event, what
            // stands there now is read: the newer event will find it loaded.
            Err(LoadError::Lake(error @ LakeError::Changed { .. })) if object.etag.is_some() => {
                object = LandedObject::named(object.bucket, object.key);
                last = error.to_string();
            }
            // Nobody is in the way; it met records of others where it was not expected to.
            Err(LoadError::Warehouse(error @ WarehouseError::StepByStep)) => {
                last = error.to_string();
            }
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

/// When an object counts as made: its name says it, else S3.
pub(crate) fn object_time(location: &RawLocation, last_modified: Timestamp) -> Timestamp {
    location.object_time().map_or(last_modified, |time| time.timestamp())
}

/// The facts of an object as S3 says them.
pub(crate) fn facts_of(job: Job<'_>, head: &Head) -> ObjectFacts {
    ObjectFacts {
        object: LandedObject {
            version_id: head.version_id.clone().or(job.object.version_id.clone()),
            etag: Some(head.etag.clone()),
            bytes: Some(head.bytes),
            ..job.object.clone()
        },
        location: job.location.clone(),
        object_time: object_time(job.location, head.last_modified),
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
    let mut done = Done::of(job.object);
    let taken = take_up(job, warehouse, endpoint, &mut done.timings).await?;
    let Opened { reading, mut loading, shredder } = match taken {
        ControlFlow::Break(outcome) => {
            done.outcome = outcome;
            done.has_error_log = has_error_log(job).await;
            return Ok(done);
        }
        ControlFlow::Continue(opened) => *opened,
    };
    let may_have_failed =
        error_log::is_possible(loading.is_new(), reading.head.last_modified, Timestamp::now());
    let filling: BoxFuture<'_, _> =
        Box::pin(fill(job, (reading, shredder), &mut loading, &mut done));
    let filled = match filling.await {
        Ok(filled) => filled,
        Err(error) => {
            loading.rollback().await;
            return Err(error);
        }
    };
    let committing = Instant::now();
    let commit = async {
        let outcome = match filled {
            Filled::Whole(batch, summary) => {
                loading.commit_whole(&batch, &summary, started.elapsed()).await
            }
            Filled::Written(rejects, summary) => {
                loading.commit(summary, rejects, started.elapsed()).await
            }
        };
        (outcome, committing.elapsed())
    };
    // The lake is asked while Postgres commits: an old object that is loaded for the first time
    // would else wait for one after the other.
    let look = async { may_have_failed && has_error_log(job).await };
    let ((outcome, took), has_error_log) = tokio::join!(biased; commit, look);
    done.timings.commit += took;
    done.outcome = outcome?;
    done.has_error_log = has_error_log;
    Ok(done)
}

async fn has_error_log(job: Job<'_>) -> bool {
    job.minds_error_log && error_log::exists(job.lake, &job.object.bucket, &job.object.key).await
}

/// An object that is open, and begun.
struct Opened<'w> {
    reading: Reading,
    loading: Box<Loading<'w>>,
    shredder: Shredder,
}

/// Readies what makes rows of the object, by the tables as they stand.
fn ready<'w>(job: Job<'_>, begun: Begun<'w>) -> ControlFlow<Outcome, (Box<Loading<'w>>, Shredder)> {
    let loading = match begun {
        Begun::AlreadyDone(outcome) => return ControlFlow::Break(outcome),
        Begun::Load(loading) => loading,
    };
    let prepared = job.prepared.of(job.endpoint, loading.schema());
    let shredder = prepared.shredder(loading.object_id(), &job.location.scope.0);
    ControlFlow::Continue((loading, shredder))
}

/// Opens the object and begins it: both at once where the event says enough of it to begin with.
/// Breaks where there is nothing to do.
async fn take_up<'w>(
    job: Job<'_>,
    warehouse: &'w mut Warehouse,
    endpoint: &EndpointFacts,
    timings: &mut Timings,
) -> Result<ControlFlow<Outcome, Box<Opened<'w>>>, LoadError> {
    let opening = async {
        // What was begun goes out to Postgres before the request to S3 is made and signed.
        tokio::task::yield_now().await;
        let opening = Instant::now();
        (job.lake.read(job.object).await, opening.elapsed())
    };
    let beginning = Instant::now();
    let Some(facts) = announced(job) else {
        let (reading, took) = opening.await;
        let reading = reading?;
        timings.read += took;
        let begun = warehouse.begin(&facts_of(job, &reading.head), endpoint).await?;
        timings.begin += beginning.elapsed() - took;
        return Ok(ready(job, begun)
            .map_continue(|(loading, shredder)| Box::new(Opened { reading, loading, shredder })));
    };
    let begin = async {
        let begun = warehouse.begin(&facts, endpoint).await;
        (begun.map(|begun| ready(job, begun)), beginning.elapsed())
    };
    let both = match select(pin!(begin), pin!(opening)).await {
        Either::Left((begun, opening)) => {
            let read = match &begun.0 {
                Ok(ControlFlow::Continue((loading, _))) => loading.wait_for(opening).await?,
                _ => opening.await,
            };
            (begun, read)
        }
        Either::Right((read, begin)) => (begin.await, read),
    };
    let ((begun, begin_took), (reading, reading_took)) = both;
    timings.read += reading_took;
    timings.begin += begin_took;
    match (begun?, reading) {
        // It gave way to another object unread, and its line says what the event said: what stands
        // there now has to be said instead.
        (
            ControlFlow::Break(Outcome::Superseded { by }),
            Err(error @ LakeError::Changed { .. }),
        ) if by != job.object.key => Err(error.into()),
        (ControlFlow::Break(outcome), _) => Ok(ControlFlow::Break(outcome)),
        (ControlFlow::Continue((mut loading, shredder)), Ok(reading)) => {
            loading.learn(facts_of(job, &reading.head));
            Ok(ControlFlow::Continue(Box::new(Opened { reading, loading, shredder })))
        }
        (ControlFlow::Continue((loading, _)), Err(error)) => {
            loading.rollback().await;
            Err(error.into())
        }
    }
}

/// The facts of an object as its event says them, where it says all that decides.
fn announced(job: Job<'_>) -> Option<ObjectFacts> {
    job.object.etag.as_ref().and(job.object.bytes)?;
    Some(ObjectFacts {
        object: job.object.clone(),
        location: job.location.clone(),
        object_time: job.location.object_time()?.timestamp(),
        sha256: None,
        force: job.force,
    })
}

/// How the rows of an object got to the warehouse.
enum Filled {
    /// Not yet: they are one batch, which can be written and committed in one go.
    Whole(Batch, Summary),
    /// They are written.
    Written(Vec<Reject>, Summary),
}

/// Shreds the object and whatever must stand again because of it.
async fn fill(
    job: Job<'_>,
    (reading, mut shredder): (Reading, Shredder),
    loading: &mut Loading<'_>,
    done: &mut Done,
) -> Result<Filled, LoadError> {
    let object = facts_of(job, &reading.head).object;
    done.version_id.clone_from(&object.version_id);
    let mut body = reading.decoded_within(job.limits);
    let mut told = Told::default();
    let mut own = Own { told: &mut told, waiting: Waiting::default() };
    let last = pour(&mut body, &mut shredder, loading, &mut own, &mut done.timings).await?;
    let summary = shredder.summary();
    done.bytes = body.decoded_bytes();
    if let Some(batch) = last {
        if loading.is_whole(&batch, &summary) {
            return Ok(Filled::Whole(batch, summary));
        }
        let writing = Instant::now();
        own.write(batch, loading).await?;
        done.timings.write += writing.elapsed();
    }
    let waiting = own.waiting;
    done.notices = told.lines().chain(notices(&summary)).collect();
    reinstate_all(job, loading, &mut done.timings).await?;
    let rules = &job.endpoint.rules;
    let completing = waiting.complete(job.lake, &object, job.limits, rules);
    let rejects = loading.wait_for(Box::pin(completing)).await??;
    Ok(Filled::Written(rejects, summary))
}

/// The object at hand; its rejects are counted.
struct Own<'t> {
    told: &'t mut Told,
    waiting: Waiting,
}

impl Writing for Own<'_> {
    async fn write(&mut self, batch: Batch, to: &mut Loading<'_>) -> Result<(), LoadError> {
        self.told.count(batch.rejects.iter().filter(|reject| reject.json.is_some()));
        let unread = to.write(batch).await?;
        self.told.count(&unread);
        Ok(to.write_rejects(self.waiting.take(unread)).await?)
    }
}

fn notices(summary: &Summary) -> impl Iterator<Item = String> {
    let told = summary.notices.iter().take(20);
    told.map(|notice| format!("{} {}", notice.kind.name(), notice.path))
}

/// Waits a little longer each round, with jitter so that those who met part.
async fn pause(round: u32) {
    let bound_ms = 20_u64 << round.min(6);
    tokio::time::sleep(Duration::from_millis(fastrand::u64(bound_ms / 2..=bound_ms))).await;
}
