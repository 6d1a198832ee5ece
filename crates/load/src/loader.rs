//! The function itself: an event in, every object of it brought to an end, an answer out.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use configuration::Configuration;
use futures::future::BoxFuture;
use landing::{Classify, FailureKind, LandedObject, ObjectKey, RAW_PREFIX, RawLocation};
use objects::{DecodeLimits, Lake};
use serde_json::Value;

use crate::answer::answer;
use crate::event::{self, Subject, Undecodable};
use crate::load_object::{Done, Job, load_object};
use crate::patience::Patience;
use crate::prepared::PreparedEndpoints;
use crate::rehearsal::Rehearsal;
use crate::rules::EndpointRules;
use crate::side_by_side::{AT_ONCE, settle_all};
use crate::telling::{failed, ignored, loaded, log};
use crate::{
    Database, Deadline, LoadError, LoadFailure, ObjectReport, Progress, Trouble, Verdict, condemn,
    error_log,
};

/// Loads objects, one at a time, over one connection to the warehouse; those of an event with
/// several over a few.
#[derive(Debug)]
pub struct Loader {
    lake: Lake,
    configuration: Arc<Configuration>,
    database: Database,
    prepared: PreparedEndpoints,
    /// Set where objects are loaded beside the tables that stand.
    pub(crate) rehearsal: Option<Rehearsal>,
    /// Who helps with an event of several objects.
    helpers: OnceLock<Vec<Loader>>,
}

/// How one invocation is to be worked through.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    /// When to stop.
    pub deadline: Deadline,
    /// Whether guards are overridden.
    pub force: bool,
    /// Who watches.
    pub progress: &'a dyn Progress,
}

impl std::fmt::Debug for Run<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run")
            .field("deadline", &self.deadline)
            .field("force", &self.force)
            .finish_non_exhaustive()
    }
}

impl Loader {
    /// A loader of given parts. The database is connected to when it is first needed.
    pub fn new(lake: Lake, configuration: Arc<Configuration>, database: Database) -> Self {
        Self {
            lake,
            configuration,
            database,
            prepared: PreparedEndpoints::default(),
            rehearsal: None,
            helpers: OnceLock::new(),
        }
    }

    /// The same loader with a connection of its own, to load at the same time.
    pub fn another(&self) -> Self {
        self.over(self.database.another(), self.rehearsal)
    }

    /// The same loader over another connection.
    pub(crate) fn over(&self, database: Database, rehearsal: Option<Rehearsal>) -> Self {
        let configuration = Arc::clone(&self.configuration);
        Self { rehearsal, ..Self::new(self.lake.clone(), configuration, database) }
    }

    /// The lake that objects are read from.
    pub fn lake(&self) -> &Lake {
        &self.lake
    }

    /// What is configured.
    pub fn configuration(&self) -> &Configuration {
        &self.configuration
    }

    /// The database that rows go to.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Works through an event of any form, and answers in the form that it asks for. A failure
    /// means that a retry can help, and comes after all that could be done was done.
    pub async fn handle(&self, event: &Value, run: Run<'_>) -> Result<Value, LoadFailure> {
        let request = event::decode(event, self.configuration.bucket())?;
        let run = Run { force: run.force || request.force, ..run };
        let helpers = match request.items.len() {
            0 | 1 => &[],
            _ => self.helpers(),
        };
        let loaders = std::iter::once(self).chain(helpers).collect::<Vec<_>>();
        let answered = settle_all(&loaders, &self.configuration, request.items, run).await;
        // Until the next event nobody needs it, and a function at rest can't be asked for it.
        self.database.make_room().await;
        answer(&request.form, answered)
    }

    fn helpers(&self) -> &[Self] {
        self.helpers.get_or_init(|| (1..AT_ONCE).map(|_| self.another()).collect())
    }

    /// Loads one object, and records it where it fails for good. Boxed, as an object on its way is a
    /// deep nest of futures: callers stay shallow, and so does what the compiler knows of them.
    pub fn load<'a>(
        &'a self,
        object: &'a LandedObject,
        run: Run<'a>,
    ) -> BoxFuture<'a, ObjectReport> {
        Box::pin(async move {
            run.progress.started(object);
            let report = match self.bring_in(object, run).await {
                Ok(done) => loaded(object, done),
                Err(error) => self.failed(object, error).await,
            };
            log(&report);
            run.progress.finished(&report);
            report
        })
    }

    pub(crate) async fn settle(&self, subject: Subject, run: Run<'_>) -> ObjectReport {
        match subject {
            Subject::Created(object) if is_raw(&object.key) => self.load(&object, run).await,
            Subject::Created(object) => ignored(&object, "it is not an object under `raw/`"),
            Subject::Removed(object) => ignored(&object, "it was removed"),
            Subject::Other { event_name, object } => ignored(&object, &event_name),
            Subject::Undecodable(found) => self.undecodable(found).await,
        }
    }

    /// Answers an object that is not tried, as `trouble` would meet it like the one before.
    pub(crate) fn not_tried(
        &self,
        object: &LandedObject,
        trouble: Trouble,
        run: Run<'_>,
    ) -> ObjectReport {
        let report = ObjectReport {
            version_id: object.version_id.clone(),
            error: Some(trouble),
            ..ObjectReport::bare(&object.bucket, &object.key, Verdict::Retry)
        };
        run.progress.started(object);
        log(&report);
        run.progress.finished(&report);
        report
    }

    async fn bring_in(&self, object: &LandedObject, run: Run<'_>) -> Result<Done, LoadError> {
        if run.deadline.is_near(SystemTime::now()) {
            return Err(LoadError::OutOfTime);
        }
        let location = RawLocation::parse(&object.key)?;
        let mut endpoint = EndpointRules::of(&self.configuration, &location)?;
        if let Some(rehearsal) = self.rehearsal {
            rehearsal.apply(&mut endpoint.facts);
        }
        let job = Job {
            lake: &self.lake,
            object,
            location: &location,
            endpoint: &endpoint,
            prepared: &self.prepared,
            limits: self.decode_limits(),
            force: run.force,
            minds_error_log: self.rehearsal.is_none(),
        };
        let done = self.in_time(job, run.deadline).await?;
        // An error log of an object that is loaded is out of date.
        if done.has_error_log {
            self.resolve(&object.bucket, &object.key).await;
        }
        let settled = done.outcome.settled().iter().filter(|_| self.rehearsal.is_none());
        for settled in settled {
            self.resolve(&object.bucket, settled).await;
        }
        Ok(done)
    }

    /// Loads within the time that is left. Given up, the connection goes with its transaction.
    async fn in_time(&self, job: Job<'_>, deadline: Deadline) -> Result<Done, LoadError> {
        let Some(left) = deadline.grace(SystemTime::now()) else {
            return self.connected(job, deadline).await;
        };
        match tokio::time::timeout(left, self.connected(job, deadline)).await {
            Ok(Err(LoadError::Warehouse(error))) if error.is_time_out() && is_over(deadline) => {
                Err(LoadError::OutOfTimeThere(error))
            }
            Ok(settled) => settled,
            Err(_) => {
                self.database.disconnect().await;
                Err(LoadError::OutOfTime)
            }
        }
    }

    /// Where Postgres refuses the password, it is fetched anew, once: it may have been rotated.
    async fn connected(&self, job: Job<'_>, deadline: Deadline) -> Result<Done, LoadError> {
        match self.over_connection(job, deadline).await {
            Err(LoadError::Warehouse(error)) if error.is_authentication() => {
                self.database.forget_password().await;
                self.over_connection(job, deadline).await
            }
            // The connection was lost and another is not to be had at once.
            Err(LoadError::Warehouse(error)) if error.is_full() => {
                self.database.disconnect().await;
                self.over_connection(job, deadline).await
            }
            settled => settled,
        }
    }

    /// Postgres ends what it does for us when we would give up, even where we can't any more.
    async fn over_connection(&self, job: Job<'_>, deadline: Deadline) -> Result<Done, LoadError> {
        let patience = Patience::within(deadline.left(SystemTime::now()));
        let mut warehouse = self.database.warehouse_within(patience).await?;
        let left = deadline.left(SystemTime::now());
        warehouse.end_by(left.map(|left| Instant::now() + left));
        let settled = load_object(job, &mut warehouse).await;
        warehouse.end_by(None);
        settled
    }

    /// The object is loaded, whatever becomes of its old error log: the next compaction finds it.
    async fn resolve(&self, bucket: &str, key: &ObjectKey) {
        if let Err(error) = error_log::resolve(&self.lake, bucket, key).await {
            tracing::warn!(object.key = %key, %error, "could not remove the error log");
        }
    }

    async fn failed(&self, object: &LandedObject, error: LoadError) -> ObjectReport {
        let error = match error.kind() {
            FailureKind::Transient => error,
            FailureKind::Permanent => match condemn::record(self, object, &error).await {
                Ok(()) => error,
                Err(source) => LoadError::Unrecorded {
                    kind: error.name(),
                    message: error.to_string(),
                    source: Box::new(source),
                },
            },
        };
        failed(object, &error)
    }

    /// A key that can't be decoded has an error log under the name that it came with; an event
    /// that names no key can only be given back, so that it ends in a dead-letter queue.
    async fn undecodable(&self, found: Undecodable) -> ObjectReport {
        let error = LoadError::Undecodable(found.reason);
        let (Some(bucket), Some(key)) = (found.bucket, found.key) else {
            tracing::error!(error = %error, "could not read a part of the event");
            let mut report = failed(&LandedObject::named("", ObjectKey::new("")), &error);
            report.outcome = Verdict::Retry;
            return report;
        };
        let object = LandedObject::named(bucket, ObjectKey::new(key));
        let report = self.failed(&object, error).await;
        log(&report);
        report
    }

    /// How far objects are decompressed.
    pub fn decode_limits(&self) -> DecodeLimits {
        let settings = self.configuration.load();
        let default = DecodeLimits::default();
        DecodeLimits {
            decoded_bytes_max: settings.max_decoded_bytes.unwrap_or(default.decoded_bytes_max),
            ratio_max: settings.max_ratio.unwrap_or(default.ratio_max),
            stall_max: settings.stall_timeout.unwrap_or(default.stall_max),
            ..default
        }
    }
}

/// Whether the time is up, or so nearly that a time-out of Postgres's was set by it.
fn is_over(deadline: Deadline) -> bool {
    deadline.is_near(SystemTime::now() + Duration::from_millis(50))
}

/// A "folder" that a console made is an empty object whose key ends in a slash.
pub(crate) fn is_raw(key: &ObjectKey) -> bool {
    key.as_str().starts_with(RAW_PREFIX) && !key.as_str().ends_with('/')
}
