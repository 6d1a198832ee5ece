//! The list of what is open: `manifests/open.jsonl`, and what is derived from it.
//!
//! `errors/` is the truth, the list its copy. A change of the list says only *which* objects to
//! look at; their error logs are read after the list was, so that whatever order events come in,
//! and however many functions write at once, the last writer has seen the last state.

mod csv;
mod derived;
mod html;
mod lines;

pub use lines::Lines;

use std::collections::BTreeSet;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use landing::{ErrorLog, MANIFESTS_PREFIX, ObjectKey};
use load::error_log;
use objects::{ConditionalPut, Lake, LakeError, PutOptions};

use crate::{ManifestError, history};

/// What a function of 256 MB can hold and write in one piece: about a quarter of a million lines.
const BYTES_MAX: u64 = 64 << 20;
/// Error logs read at a time.
const READS_AT_A_TIME: usize = 16;
/// Writers that lose a race wait longer each time; so many of them lose so often only where
/// something else is wrong.
const ATTEMPTS_MAX: u32 = 60;
const PAUSE_MAX: Duration = Duration::from_secs(3);

/// What bringing lines up to date changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changed {
    /// Lines that came, or say something new.
    pub listed: Vec<ErrorLog>,
    /// Lines that went.
    pub resolved: Vec<ErrorLog>,
    /// Lines in the list now.
    pub open: usize,
}

impl Changed {
    /// Takes a later change into this one.
    pub(crate) fn join(&mut self, later: Self) {
        self.listed.extend(later.listed);
        self.resolved.extend(later.resolved);
        self.open = later.open;
    }
}

/// The list of one bucket.
#[derive(Debug, Clone, Copy)]
pub struct OpenList<'a> {
    lake: &'a Lake,
    bucket: &'a str,
}

impl<'a> OpenList<'a> {
    /// The list that stands in `bucket`.
    pub fn of(lake: &'a Lake, bucket: &'a str) -> Self {
        Self { lake, bucket }
    }

    /// The list's key.
    pub fn key() -> ObjectKey {
        ObjectKey::new(format!("{MANIFESTS_PREFIX}open.jsonl"))
    }

    /// The lines as they stand.
    pub async fn read(&self) -> Result<Lines, ManifestError> {
        Ok(self.read_with_etag().await?.0)
    }

    /// Brings the lines of these objects up to date with their error logs.
    pub async fn follow(
        &self,
        keys: &BTreeSet<ObjectKey>,
        now: Timestamp,
    ) -> Result<Changed, ManifestError> {
        for attempt in 1..=ATTEMPTS_MAX {
            let (mut lines, etag) = self.read_with_etag().await?;
            let changed = self.update(&mut lines, keys).await?;
            if changed.listed.is_empty() && changed.resolved.is_empty() {
                return Ok(changed);
            }
            match self.write(&lines, etag.as_deref()).await? {
                ConditionalPut::Written(written) => {
                    derived::write(self.lake, self.bucket, &lines, &written.etag).await?;
                    history::write(self.lake, self.bucket, &changed, now).await?;
                    return Ok(changed);
                }
                ConditionalPut::Conflict => pause(attempt).await,
            }
        }
        Err(ManifestError::Contended { attempts: ATTEMPTS_MAX })
    }

    async fn read_with_etag(&self) -> Result<(Lines, Option<String>), ManifestError> {
        let found = self.lake.get_bytes(self.bucket, &Self::key(), BYTES_MAX).await?;
        Ok(match found {
            Some((body, etag)) => (Lines::parse(&body), Some(etag)),
            None => (Lines::default(), None),
        })
    }

    async fn update(
        &self,
        lines: &mut Lines,
        keys: &BTreeSet<ObjectKey>,
    ) -> Result<Changed, LakeError> {
        // Made one by one, for a closure that lends its key makes a future that no task takes.
        let mut reads = Vec::with_capacity(keys.len());
        for key in keys {
            reads.push(self.read_log(key));
        }
        let logs: Vec<_> = stream::iter(reads).buffered(READS_AT_A_TIME).try_collect().await?;
        let mut changed = Changed::default();
        for (key, log) in logs {
            match log {
                Some(log) if lines.get(key) != Some(&log) => {
                    changed.listed.push(log.clone());
                    lines.insert(key.clone(), log);
                }
                Some(_) => {}
                None => changed.resolved.extend(lines.remove(key)),
            }
        }
        changed.open = lines.len();
        Ok(changed)
    }

    async fn read_log<'k>(
        &self,
        key: &'k ObjectKey,
    ) -> Result<(&'k ObjectKey, Option<ErrorLog>), LakeError> {
        Ok((key, error_log::read(self.lake, self.bucket, key).await?))
    }

    async fn write(&self, lines: &Lines, etag: Option<&str>) -> Result<ConditionalPut, LakeError> {
        let options = PutOptions {
            content_type: Some("application/x-ndjson".to_owned()),
            ..PutOptions::default()
        };
        let body = lines.to_jsonl().into();
        self.lake.put_if_match(self.bucket, &Self::key(), body, etag, options).await
    }
}

async fn pause(attempt: u32) {
    let bound = Duration::from_millis(25 << attempt.min(10)).min(PAUSE_MAX);
    tokio::time::sleep(bound.mul_f64(fastrand::f64())).await;
}
