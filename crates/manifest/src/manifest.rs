//! The function itself: an event in, the list brought up to date, what was wished done, an answer.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use landing::ObjectKey;
use load::{Loader, Run, error_log};
use serde_json::Value;

use crate::answer::Answer;
use crate::event::{self, Replay, Task, Work};
use crate::ledger::Ledger;
use crate::{Changed, Lines, ManifestError, OpenList, Replayed, reconcile, replay, silent};

/// Keeps the list of what failed, and loads it again.
#[derive(Debug)]
pub struct Manifest {
    loader: Loader,
}

/// Objects to look at, by bucket, each with the messages that spoke of it.
type Following = BTreeMap<String, BTreeMap<ObjectKey, BTreeSet<Option<String>>>>;

impl Manifest {
    /// A manifest that loads through `loader`, and stands in its lake.
    pub fn new(loader: Loader) -> Self {
        Self { loader }
    }

    /// What loads for it.
    pub fn loader(&self) -> &Loader {
        &self.loader
    }

    /// Works through an event of any form in the contract.
    pub async fn handle(&self, event: &Value, run: Run<'_>) -> Result<Value, ManifestError> {
        let request = event::decode(event, self.loader.configuration().bucket())?;
        let mut answer = Answer::new(request.is_batch);
        let mut ledger = Ledger::of(&self.loader);
        let mut following = Following::new();
        for Work { task, reply_to } in request.work {
            match self.work(task, run, &mut ledger, &mut answer).await {
                Ok(None) => {}
                Ok(Some((bucket, key))) => {
                    let keys = following.entry(bucket).or_default();
                    keys.entry(key).or_default().insert(reply_to);
                }
                Err(error) => answer.failed(error, reply_to)?,
            }
        }
        self.follow_all(following, &mut answer).await?;
        if answer.open.is_none() && !request.is_batch {
            answer.open = self.count_open().await?;
        }
        tracing::info!(
            listed = answer.listed,
            resolved = answer.resolved,
            open = answer.open,
            unlisted = answer.unlisted,
            "kept the manifest"
        );
        Ok(answer.into_value())
    }

    /// What is open, as the list says it.
    pub async fn open(&self) -> Result<Lines, ManifestError> {
        OpenList::of(self.loader.lake(), self.bucket()?).read().await
    }

    /// Brings the lines of these objects up to date with their error logs.
    pub async fn follow(&self, keys: &BTreeSet<ObjectKey>) -> Result<Changed, ManifestError> {
        OpenList::of(self.loader.lake(), self.bucket()?).follow(keys, Timestamp::now()).await
    }

    /// Loads again what `replay` selects.
    pub async fn replay(
        &self,
        replay: &Replay,
        run: Run<'_>,
    ) -> Result<(Replayed, Changed), ManifestError> {
        replay::replay(&self.loader, self.bucket()?, replay, run).await
    }

    /// Compares list, error logs, ledger and lake; says where in `raw/` to go on, if time ran out.
    pub async fn reconcile(
        &self,
        after: Option<&ObjectKey>,
        run: Run<'_>,
    ) -> Result<(Changed, Option<ObjectKey>), ManifestError> {
        self.reconcile_at(after, run, Timestamp::now()).await
    }

    /// The same at a given time: objects of the quarter of an hour before it are given the time
    /// that their events may take.
    pub async fn reconcile_at(
        &self,
        after: Option<&ObjectKey>,
        run: Run<'_>,
        now: Timestamp,
    ) -> Result<(Changed, Option<ObjectKey>), ManifestError> {
        let bucket = self.bucket()?;
        let found = reconcile::reconcile(&self.loader, bucket, after, run.deadline, now).await?;
        let list = OpenList::of(self.loader.lake(), bucket);
        Ok((list.follow(&found.keys, now).await?, found.next))
    }

    /// Does one piece of work, and says whose line must be looked at.
    async fn work(
        &self,
        task: Task,
        run: Run<'_>,
        ledger: &mut Ledger<'_>,
        answer: &mut Answer,
    ) -> Result<Option<(String, ObjectKey)>, ManifestError> {
        match task {
            Task::Follow { bucket, error_log_key } => {
                return Ok(error_log::object_key(&error_log_key).map(|key| (bucket, key)));
            }
            Task::Silent(failure) => {
                silent::write_down(&self.loader, ledger, &failure, Timestamp::now()).await?;
                return Ok(Some((failure.object.bucket, failure.object.key)));
            }
            Task::Compact { after } => {
                let (changed, next) = self.reconcile(after.as_ref(), run).await?;
                answer.count(&changed);
                answer.next = next;
            }
            Task::Replay(replay) => {
                let (replayed, changed) = self.replay(&replay, run).await?;
                answer.count(&changed);
                answer.replayed = Some(replayed);
            }
            Task::Unlisted { message } => {
                tracing::error!(failure = %message, "a failure names no object");
                answer.unlisted += 1;
            }
            Task::Ignore { what } => tracing::info!(what = %what, "ignored event"),
        }
        Ok(None)
    }

    async fn follow_all(
        &self,
        following: Following,
        answer: &mut Answer,
    ) -> Result<(), ManifestError> {
        for (bucket, objects) in following {
            let keys: BTreeSet<_> = objects.keys().cloned().collect();
            let list = OpenList::of(self.loader.lake(), &bucket);
            match list.follow(&keys, Timestamp::now()).await {
                Ok(changed) => answer.count(&changed),
                Err(error) => {
                    let messages: BTreeSet<_> = objects.into_values().flatten().collect();
                    answer.failed_all(error, messages)?;
                }
            }
        }
        Ok(())
    }

    async fn count_open(&self) -> Result<Option<usize>, ManifestError> {
        match self.loader.configuration().bucket() {
            Some(_) => Ok(Some(self.open().await?.len())),
            None => Ok(None),
        }
    }

    fn bucket(&self) -> Result<&str, ManifestError> {
        let bucket = self.loader.configuration().bucket();
        bucket.ok_or(ManifestError::NoBucket)
    }
}
