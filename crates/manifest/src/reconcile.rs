//! Compares what should agree: the list with `errors/`, `errors/` with the ledger, the ledger with
//! `raw/`. This finds what no event told.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use jiff::{SignedDuration, Timestamp};
use landing::{ERRORS_PREFIX, ObjectKey, RAW_PREFIX};
use load::{Deadline, Loader, error_log};
use objects::Listed;

use crate::event::SilentFailure;
use crate::silent::{self, NEVER_LOADED};
use crate::{ManifestError, OpenList};

/// Events are late by minutes at times (Amazon S3 User Guide: "typically in seconds but can
/// sometimes take a minute or longer"), and retries take their time.
const GRACE: SignedDuration = SignedDuration::from_mins(15);
/// Objects that the ledger is asked for in one question.
const PAGE: usize = 1_000;

/// What a comparison found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// Objects whose lines must be looked at.
    pub(crate) keys: BTreeSet<ObjectKey>,
    /// Where in `raw/` to go on; none if all of it was seen.
    pub(crate) next: Option<ObjectKey>,
}

/// Compares everything with everything, `raw/` only from `after` on and while there is time.
pub(crate) async fn reconcile(
    loader: &Loader,
    bucket: &str,
    after: Option<&ObjectKey>,
    deadline: Deadline,
    now: Timestamp,
) -> Result<Found, ManifestError> {
    let mut found = Found::default();
    let logs = list_error_logs(loader, bucket).await?;
    let lines = OpenList::of(loader.lake(), bucket).read().await?;
    for (key, last_modified) in &logs {
        // An error log that was written again since its line was made says something new.
        let stale = lines.get(key).is_none_or(|line| line.last_failed_at < *last_modified);
        if stale {
            found.keys.insert(key.clone());
        }
    }
    let gone = lines.iter().filter(|line| !logs.contains_key(&line.key));
    found.keys.extend(gone.map(|line| line.key.clone()));
    if loader.database().is_named() {
        resolve_done(loader, bucket, &logs, &mut found).await?;
        find_never_loaded(loader, bucket, &logs, after, deadline, now, &mut found).await?;
    }
    Ok(found)
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

/// An error log of an object whose present bytes are loaded was left behind.
async fn resolve_done(
    loader: &Loader,
    bucket: &str,
    logs: &BTreeMap<ObjectKey, Timestamp>,
    found: &mut Found,
) -> Result<(), ManifestError> {
    let keys: Vec<_> = logs.keys().cloned().collect();
    for page in keys.chunks(PAGE) {
        for line in silent::known(loader, bucket, page).await? {
            if !line.is_done() {
                continue;
            }
            let head = loader.lake().head(bucket, &line.key).await?;
            if head.is_some_and(|head| line.etag.as_ref() == Some(&head.etag)) {
                error_log::resolve(loader.lake(), bucket, &line.key).await?;
                found.keys.insert(line.key);
            }
        }
    }
    Ok(())
}

/// Objects in `raw/` of whose bytes the ledger knows nothing.
async fn find_never_loaded(
    loader: &Loader,
    bucket: &str,
    logs: &BTreeMap<ObjectKey, Timestamp>,
    after: Option<&ObjectKey>,
    deadline: Deadline,
    now: Timestamp,
    found: &mut Found,
) -> Result<(), ManifestError> {
    let mut listing = loader.lake().list(bucket, RAW_PREFIX);
    if let Some(after) = after {
        listing = listing.start_after(after);
    }
    let mut page = Vec::with_capacity(PAGE);
    loop {
        let listed = listing.next().await?;
        let ended = listed.is_none();
        page.extend(listed.filter(|listed| is_due(listed, logs, now)));
        if page.len() < PAGE && !ended {
            continue;
        }
        let last = page.last().map(|listed: &Listed| listed.key.clone());
        write_down_unknown(loader, bucket, std::mem::take(&mut page), now, found).await?;
        if ended {
            return Ok(());
        }
        if deadline.is_near(SystemTime::now()) {
            found.next = last;
            return Ok(());
        }
    }
}

/// A "folder" that a console made is an empty object whose key ends in a slash.
fn is_due(listed: &Listed, logs: &BTreeMap<ObjectKey, Timestamp>, now: Timestamp) -> bool {
    listed.last_modified < now - GRACE
        && !listed.key.as_str().ends_with('/')
        && !logs.contains_key(&listed.key)
}

async fn write_down_unknown(
    loader: &Loader,
    bucket: &str,
    page: Vec<Listed>,
    now: Timestamp,
    found: &mut Found,
) -> Result<(), ManifestError> {
    let keys: Vec<_> = page.iter().map(|listed| listed.key.clone()).collect();
    let known = silent::known(loader, bucket, &keys).await?;
    let etags: BTreeMap<_, _> = known.into_iter().map(|line| (line.key, line.etag)).collect();
    for listed in page {
        let message = match etags.get(&listed.key) {
            Some(Some(etag)) if *etag != listed.etag => {
                "the object was overwritten, and what stands there now was never loaded: its event never came; replay it"
            }
            Some(_) => continue,
            None => {
                "the object stands in the lake and was never loaded: its event never came; replay it"
            }
        };
        let failure = SilentFailure {
            object: listed.landed(bucket),
            kind: NEVER_LOADED,
            message: message.to_owned(),
            attempts: 0,
            at: None,
        };
        silent::write_down(loader, &failure, now).await?;
        found.keys.insert(listed.key);
    }
    Ok(())
}
