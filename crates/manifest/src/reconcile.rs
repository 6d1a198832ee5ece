//! Compares what should agree: the list with `errors/`, `errors/` with the ledger, the ledger with
//! `raw/`. This finds what no event told.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use jiff::{SignedDuration, Timestamp};
use landing::{ERRORS_PREFIX, ObjectKey, RAW_PREFIX};
use load::{Deadline, Loader, error_log};
use objects::Listed;
use warehouse::Known;

use crate::event::SilentFailure;
use crate::ledger::Ledger;
use crate::silent::{self, NEVER_LOADED};
use crate::{Changed, ManifestError, OpenList};

/// Events are late by minutes at times (Amazon S3 User Guide: "typically in seconds but can
/// sometimes take a minute or longer"), and retries take their time.
const GRACE: SignedDuration = SignedDuration::from_mins(15);
/// Objects that the ledger is asked for in one question.
const PAGE: usize = 1_000;

const NEVER_CAME: &str =
    "the object stands in the lake and was never loaded: its event never came; replay it";
const OVERWRITTEN: &str = "the object was overwritten, and what stands there now was never loaded: its event never came; replay it";

/// What a comparison found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// Objects whose lines must be looked at.
    pub(crate) keys: BTreeSet<ObjectKey>,
    /// Where in `raw/` to go on; none if all of it was seen.
    pub(crate) next: Option<ObjectKey>,
}

/// One comparison under way.
#[derive(Debug)]
struct Comparison<'a> {
    loader: &'a Loader,
    bucket: &'a str,
    ledger: Ledger<'a>,
    now: Timestamp,
    /// When each error log was written, by its object.
    logs: BTreeMap<ObjectKey, Timestamp>,
    found: Found,
}

/// Brings the list up to date with `errors/`, which is the truth: an event may still be on its way.
pub(crate) async fn refresh(
    loader: &Loader,
    bucket: &str,
    now: Timestamp,
) -> Result<Changed, ManifestError> {
    let mut comparison = Comparison::begin(loader, bucket, now).await?;
    comparison.compare_list().await?;
    OpenList::of(loader.lake(), bucket).follow(&comparison.found.keys, now).await
}

/// Compares everything with everything, `raw/` only from `after` on and while there is time.
pub(crate) async fn reconcile(
    loader: &Loader,
    bucket: &str,
    after: Option<&ObjectKey>,
    deadline: Deadline,
    now: Timestamp,
) -> Result<Found, ManifestError> {
    let mut comparison = Comparison::begin(loader, bucket, now).await?;
    comparison.compare_list().await?;
    if comparison.ledger.is_reachable() {
        comparison.resolve_done().await?;
        comparison.find_lost(after, deadline).await?;
    }
    Ok(comparison.found)
}

async fn list_error_logs(
    loader: &Loader,
    bucket: &str,
) -> Result<BTreeMap<ObjectKey, Timestamp>, ManifestError> {
    let mut listing = loader.lake().list(bucket, ERRORS_PREFIX);
    let mut logs = BTreeMap::new();
    while let Some(listed) = listing.next().await? {
        if let Some(key) = error_log::object_key(&listed.key) {
            logs.insert(key, listed.last_modified);
        }
    }
    Ok(logs)
}

impl<'a> Comparison<'a> {
    async fn begin(
        loader: &'a Loader,
        bucket: &'a str,
        now: Timestamp,
    ) -> Result<Self, ManifestError> {
        Ok(Self {
            loader,
            bucket,
            ledger: Ledger::of(loader),
            now,
            logs: list_error_logs(loader, bucket).await?,
            found: Found::default(),
        })
    }

    async fn compare_list(&mut self) -> Result<(), ManifestError> {
        let list = OpenList::of(self.loader.lake(), self.bucket);
        let lines = list.read().await?;
        for (key, last_modified) in &self.logs {
            // An error log that was written again since its line was made says something new.
            let is_current =
                lines.get(key).is_some_and(|line| line.last_failed_at >= *last_modified);
            if !is_current {
                self.found.keys.insert(key.clone());
            }
        }
        let gone = lines.iter().filter(|line| !self.logs.contains_key(&line.key));
        let gone: Vec<_> = gone.map(|line| line.key.clone()).collect();
        self.found.keys.extend(gone);
        Ok(())
    }

    /// An error log of an object whose present bytes are loaded was left behind.
    async fn resolve_done(&mut self) -> Result<(), ManifestError> {
        let (lake, bucket) = (self.loader.lake(), self.bucket);
        let keys: Vec<_> = self.logs.keys().cloned().collect();
        for page in keys.chunks(PAGE) {
            for line in self.ledger.known(bucket, page).await? {
                if !line.is_done() {
                    continue;
                }
                let head = lake.head(bucket, &line.key).await?;
                if head.is_some_and(|head| line.etag.as_ref() == Some(&head.etag)) {
                    error_log::resolve(lake, bucket, &line.key).await?;
                    self.found.keys.insert(line.key);
                }
            }
        }
        Ok(())
    }

    /// Objects in `raw/` that are neither dealt with nor listed.
    async fn find_lost(
        &mut self,
        after: Option<&ObjectKey>,
        deadline: Deadline,
    ) -> Result<(), ManifestError> {
        let mut listing = self.loader.lake().list(self.bucket, RAW_PREFIX);
        if let Some(after) = after {
            listing = listing.start_after(after);
        }
        let mut page = Vec::with_capacity(PAGE);
        loop {
            let listed = listing.next().await?;
            let ended = listed.is_none();
            page.extend(listed.filter(|listed| self.is_due(listed)));
            if page.len() < PAGE && !ended {
                continue;
            }
            let last = page.last().map(|listed: &Listed| listed.key.clone());
            self.look_up(std::mem::take(&mut page)).await?;
            if ended {
                return Ok(());
            }
            if deadline.is_near(SystemTime::now()) {
                self.found.next = last;
                return Ok(());
            }
        }
    }

    /// A "folder" that a console made is an empty object whose key ends in a slash.
    fn is_due(&self, listed: &Listed) -> bool {
        listed.last_modified < self.now - GRACE
            && !listed.key.as_str().ends_with('/')
            && !self.logs.contains_key(&listed.key)
    }

    async fn look_up(&mut self, page: Vec<Listed>) -> Result<(), ManifestError> {
        let keys: Vec<_> = page.iter().map(|listed| listed.key.clone()).collect();
        let known = self.ledger.known(self.bucket, &keys).await?;
        let mut known: BTreeMap<_, _> =
            known.into_iter().map(|line| (line.key.clone(), line)).collect();
        for listed in page {
            let line = known.remove(&listed.key);
            self.list_if_lost(listed, line).await?;
        }
        Ok(())
    }

    async fn list_if_lost(
        &mut self,
        listed: Listed,
        line: Option<Known>,
    ) -> Result<(), ManifestError> {
        let message = match line {
            None => NEVER_CAME,
            Some(line) if line.etag.as_ref().is_some_and(|etag| *etag != listed.etag) => {
                OVERWRITTEN
            }
            Some(line) if line.is_done() => return Ok(()),
            Some(line) => match line.failure {
                // Its error log was deleted, and the failure stands.
                Some(log) => {
                    error_log::write(self.loader.lake(), &log).await?;
                    self.found.keys.insert(listed.key);
                    return Ok(());
                }
                None => NEVER_CAME,
            },
        };
        let failure = SilentFailure {
            object: listed.landed(self.bucket),
            kind: NEVER_LOADED,
            message: message.to_owned(),
            attempts: 0,
            at: None,
        };
        silent::write_down(self.loader, &mut self.ledger, &failure, self.now).await?;
        self.found.keys.insert(listed.key);
        Ok(())
    }
}
