//! Many objects through several loaders at once, each with a connection of its own.

use std::sync::{Arc, PoisonError};

use landing::{LandedObject, ObjectKey};
use load::{Deadline, Loader, ObjectReport, Progress, Run, Summary, Verdict};
use objects::Lake;
use tokio::sync::Mutex;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::JoinSet;

use crate::output::Meter;

/// More would only wait for one another: a load is as fast as Postgres takes rows.
pub(crate) const WORKERS: usize = 4;
/// Failures that are kept one by one; beyond it they are only counted.
const TROUBLES_MAX: usize = 1_000;
const AHEAD: usize = 64;

/// What became of many objects.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// All of them, counted.
    pub(crate) summary: Summary,
    /// Those that failed, one by one.
    pub(crate) troubles: Vec<ObjectReport>,
}

/// Which objects are to be loaded.
#[derive(Debug)]
pub(crate) enum Wanted {
    /// These.
    Objects(Vec<LandedObject>),
    /// All whose keys begin so.
    Prefix { lake: Lake, bucket: String, prefix: String },
}

impl Tally {
    /// Those that failed: bucket and key.
    pub(crate) fn failed(&self) -> impl Iterator<Item = (&str, &ObjectKey)> {
        self.troubles.iter().map(|report| (report.bucket.as_str(), &report.key))
    }

    pub(crate) fn add(&mut self, report: ObjectReport) {
        let troubled = matches!(report.outcome, Verdict::Failed | Verdict::Retry);
        if troubled && self.troubles.len() < TROUBLES_MAX {
            self.troubles.push(report.clone());
        }
        self.summary.add(report);
    }
}

/// Loads all that is wanted, each worker in a task of its own: shredding takes a core.
pub(crate) async fn load_all(
    loader: &Loader,
    wanted: Wanted,
    force: bool,
    observer: &Arc<Observer>,
) -> anyhow::Result<()> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    let receiver = Arc::new(Mutex::new(receiver));
    let mut working = JoinSet::new();
    for _ in 0..WORKERS {
        let (loader, receiver) = (loader.another(), Arc::clone(&receiver));
        let observer = Arc::clone(observer);
        working.spawn(async move {
            let run = Run { deadline: Deadline::none(), force, progress: &*observer };
            work(&loader, &receiver, run).await;
        });
    }
    drop(receiver);
    let run = Run { deadline: Deadline::none(), force, progress: &**observer };
    let listed = list(loader, wanted, run, sender).await;
    while let Some(worked) = working.join_next().await {
        worked?;
    }
    listed
}

async fn list(
    loader: &Loader,
    wanted: Wanted,
    run: Run<'_>,
    to: Sender<LandedObject>,
) -> anyhow::Result<()> {
    match wanted {
        Wanted::Objects(objects) => {
            for object in objects {
                to.send(object).await?;
            }
        }
        Wanted::Prefix { lake, bucket, prefix } => {
            let mut listing = lake.list(&bucket, &prefix);
            while let Some(mut page) = listing.next_page().await? {
                page.retain(|listed| !listed.key.as_str().ends_with('/'));
                let wanted = if run.force {
                    page.iter().map(|listed| listed.landed(&bucket)).collect()
                } else {
                    let (done, wanted) = loader.skim(&bucket, page).await?;
                    done.iter().for_each(|report| run.progress.finished(report));
                    wanted
                };
                for object in wanted {
                    to.send(object).await?;
                }
            }
        }
    }
    Ok(())
}

async fn work(loader: &Loader, from: &Mutex<Receiver<LandedObject>>, run: Run<'_>) {
    loop {
        let Some(object) = from.lock().await.recv().await else {
            return;
        };
        loader.load(&object, run).await;
    }
}

/// Counts what becomes of objects, and lets a meter follow.
#[derive(Debug)]
pub(crate) struct Observer {
    meter: Meter,
    tally: std::sync::Mutex<Tally>,
}

impl Observer {
    pub(crate) fn new(meter: Meter) -> Arc<Self> {
        Arc::new(Self { meter, tally: std::sync::Mutex::default() })
    }

    /// So many are still to come.
    pub(crate) fn expect(&self, more: u64) {
        self.meter.expect(more);
    }

    /// What goes on now.
    pub(crate) fn message(&self, text: &str) {
        self.meter.message(text);
    }

    /// Takes the meter away.
    pub(crate) fn finish(self: Arc<Self>) -> Tally {
        std::mem::take(&mut self.tally.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Progress for Observer {
    fn finished(&self, report: &ObjectReport) {
        self.meter.step();
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).add(report.clone());
    }
}
