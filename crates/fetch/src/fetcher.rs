//! A run: every scope of every source that was asked for, each by itself, within the time there is.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use configuration::Configuration;
use futures::StreamExt;
use futures::future::join_all;
use landing::ObjectTime;
use objects::Lake;
use secrets::Secrets;
use tokio::time::Instant as Moment;

use crate::auth::Authoriser;
use crate::error::FetchError;
use crate::failure::Failure;
use crate::land::{Ground, Landed};
use crate::limit::Pace;
use crate::plan::{self, Plan, SourcePlan, Task};
use crate::progress::Progress;
use crate::report::{FailedScope, FetchReport};
use crate::request::FetchRequest;
use crate::{client, lists};

/// Everything that runs share: built once, used for each.
#[derive(Debug)]
pub struct Fetcher {
    configuration: Configuration,
    lake: Lake,
    http: reqwest::Client,
    authoriser: Authoriser,
    paces: HashMap<String, Pace>,
}

/// The moments after which a run does less.
#[derive(Debug, Clone, Copy, Default)]
struct Limits {
    /// No request starts.
    start: Option<Moment>,
    /// What is under way is given up.
    end: Option<Moment>,
}

impl Fetcher {
    /// A fetcher for these sources into this lake.
    pub fn new(
        configuration: Configuration,
        lake: Lake,
        secrets: Secrets,
    ) -> Result<Self, FetchError> {
        let pace = |source: &configuration::Source| {
            let pace = Pace::new(source.limits.requests_per_second);
            (source.name.clone(), pace)
        };
        Ok(Self {
            paces: configuration.sources().iter().map(pace).collect(),
            http: client::http().map_err(FetchError::Client)?,
            authoriser: Authoriser::new(secrets),
            configuration,
            lake,
        })
    }

    /// What it was built for.
    pub fn configuration(&self) -> &Configuration {
        &self.configuration
    }

    /// Plans a request without asking any API.
    pub async fn plan(&self, request: &FetchRequest) -> Result<Plan<'_>, FetchError> {
        let sources = plan::chosen_sources(&self.configuration, request)?;
        let lists = lists::read(&self.lake, &sources).await?;
        Ok(Plan::new(&self.configuration, request, &lists)?)
    }

    /// Fetches what is asked for. One scope's failure stops no other; all are in the report. Before
    /// `deadline`, and with a margin for answering, it stops to begin scopes and says what is left.
    pub async fn run(
        &self,
        request: FetchRequest,
        deadline: Option<Instant>,
        progress: &dyn Progress,
    ) -> Result<FetchReport, FetchError> {
        let bucket = self.configuration.bucket().ok_or(FetchError::NoBucket)?;
        let plan = self.plan(&request).await?;
        let time = ObjectTime::from_timestamp(request.time);
        let run_id = new_run_id(time);
        let limits = Limits::before(deadline, Instant::now());
        progress.planned(plan.scopes());
        if self.configuration.sources().is_empty() {
            tracing::warn!("no sources are configured; set RIACHO_CONFIG");
        }
        tracing::info!(
            run.id = run_id,
            run.time = %request.time,
            scopes = plan.scopes(),
            "fetching"
        );
        let run = Run {
            fetcher: self,
            ground: Ground {
                lake: &self.lake,
                http: &self.http,
                authoriser: &self.authoriser,
                bucket,
                run_id: &run_id,
                time,
                limit: limits.start,
            },
            limits,
            progress,
            report: Mutex::new(FetchReport::new(run_id.clone(), request.time)),
        };
        join_all(plan.sources.iter().map(|source| run.source(source))).await;
        let report = run.report.into_inner().unwrap_or_else(PoisonError::into_inner);
        tracing::info!(
            run.id = run_id,
            objects_written = report.written_count,
            bytes = report.bytes,
            skipped = report.skipped,
            failed = report.failed_count,
            left = report.left,
            "fetched"
        );
        Ok(report)
    }
}

impl Limits {
    /// A tenth of the time, at most 5 s, is kept for answering; a further fifth, at most 30 s, for
    /// scopes under way to end.
    fn before(deadline: Option<Instant>, now: Instant) -> Self {
        let Some(deadline) = deadline else {
            return Self::default();
        };
        let remaining = deadline.saturating_duration_since(now);
        let answering = (remaining / 10).min(Duration::from_secs(5));
        let ending = (remaining / 5).min(Duration::from_secs(30));
        let end = Moment::from_std(now + (remaining - answering));
        Self { start: Some(end - ending), end: Some(end) }
    }
}

/// One run under way.
struct Run<'r> {
    fetcher: &'r Fetcher,
    ground: Ground<'r>,
    limits: Limits,
    progress: &'r dyn Progress,
    report: Mutex<FetchReport>,
}

impl Run<'_> {
    async fn source(&self, plan: &SourcePlan<'_>) {
        let Some(pace) = self.fetcher.paces.get(&plan.source.name) else {
            return;
        };
        let concurrency = plan.source.limits.concurrency;
        futures::stream::iter(plan.tasks())
            .for_each_concurrent(concurrency, |task| async move {
                self.scope(&task, pace).await;
            })
            .await;
    }

    async fn scope(&self, task: &Task<'_>, pace: &Pace) {
        if self.limits.start.is_some_and(|limit| Moment::now() >= limit) {
            return self.left(task);
        }
        let key = task.key(self.ground.time);
        self.progress.started(task);
        let landing = self.ground.land(task, &key, pace);
        let landed = match self.limits.end {
            Some(end) => tokio::time::timeout_at(end, landing)
                .await
                .unwrap_or_else(|_| Err((out_of_time(), 1))),
            None => landing.await,
        };
        match landed {
            Ok(Landed::Written { bytes }) => {
                tracing::debug!(object.key = %key, object.bytes = bytes, "landed `{key}`");
                self.progress.landed(&key, bytes);
                self.with_report(|report| report.add_written(key, bytes));
            }
            Ok(Landed::AlreadyThere) => {
                self.progress.skipped(&key);
                self.with_report(|report| report.skipped += 1);
            }
            Ok(Landed::Left) => self.left(task),
            Err((failure, attempts)) => self.failed(task, failure, attempts),
        }
    }

    fn left(&self, task: &Task<'_>) {
        self.progress.left(task);
        self.with_report(|report| report.left += 1);
    }

    fn failed(&self, task: &Task<'_>, failure: Failure, attempts: u32) {
        let failed = FailedScope::new(task, failure, attempts);
        // The excerpt is in the report; the log holds nothing of a body.
        tracing::error!(
            source = failed.source,
            endpoint = failed.endpoint,
            scope = failed.scope,
            reason = failed.reason,
            status = failed.status,
            attempts,
            "{}",
            failed.message
        );
        self.progress.failed(&failed);
        self.with_report(|report| report.add_failed(failed));
    }

    fn with_report(&self, change: impl FnOnce(&mut FetchReport)) {
        change(&mut self.report.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

fn out_of_time() -> Failure {
    Failure::standing(
        "out_of_time",
        "the time was up before the answer was in; raise the function's timeout, or lower the \
         source's `timeout` and `attempts`",
    )
}

/// The run's time, for people, and a random end: an event that AWS delivers twice makes two runs.
fn new_run_id(time: ObjectTime) -> String {
    format!("{time}-{:08x}", fastrand::u32(..))
}
