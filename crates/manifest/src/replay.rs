//! Loads again what failed, one object at a time, while there is time. What succeeds leaves the
//! list at once.

use std::collections::{BTreeSet, VecDeque};
use std::time::SystemTime;

use jiff::Timestamp;
use landing::{LandedObject, ObjectKey};
use load::{Loader, Run, Verdict};
use objects::Listing;
use serde::Serialize;

use crate::event::{Replay, Selection};
use crate::{Changed, ManifestError, OpenList, reconcile};

/// The list is brought up to date after so many objects, so that a function that dies has said most
/// of what it did.
const FOLLOW_AFTER: usize = 50;

/// What became of a replay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Replayed {
    /// Objects that stand in the tables now, or did already.
    pub loaded: u64,
    /// Objects that failed again, for good.
    pub failed: u64,
    /// Objects that time did not suffice for, or that failed in a way that a retry can help.
    pub left: u64,
}

/// Loads what `replay` selects.
pub(crate) async fn replay(
    loader: &Loader,
    bucket: &str,
    replay: &Replay,
    run: Run<'_>,
) -> Result<(Replayed, Changed), ManifestError> {
    let run = Run { force: run.force || replay.force, ..run };
    let mut changed = Changed::default();
    let mut selected = select(loader, bucket, &replay.selection, &mut changed).await?;
    let mut replayed = Replayed::default();
    let mut touched = BTreeSet::new();
    while let Some(key) = selected.next().await? {
        if run.deadline.is_near(SystemTime::now()) {
            replayed.left += 1 + selected.rest().await?;
            break;
        }
        // By key alone: what stands there now is what was mended.
        let object = LandedObject::named(bucket, key.clone());
        let report = loader.load(&object, run).await;
        match report.outcome {
            Verdict::Failed => replayed.failed += 1,
            Verdict::Retry => replayed.left += 1,
            Verdict::Loaded
            | Verdict::Unchanged
            | Verdict::Superseded
            | Verdict::AlreadyLoaded
            | Verdict::Ignored => replayed.loaded += 1,
        }
        touched.insert(key);
        if touched.len() >= FOLLOW_AFTER {
            follow(loader, bucket, &mut touched, &mut changed).await?;
        }
    }
    follow(loader, bucket, &mut touched, &mut changed).await?;
    Ok((replayed, changed))
}

async fn follow(
    loader: &Loader,
    bucket: &str,
    touched: &mut BTreeSet<ObjectKey>,
    changed: &mut Changed,
) -> Result<(), ManifestError> {
    let keys = std::mem::take(touched);
    let list = OpenList::of(loader.lake(), bucket);
    changed.join(list.follow(&keys, Timestamp::now()).await?);
    Ok(())
}

/// The keys to load: known from the start, or listed as they are needed.
#[derive(Debug)]
enum Selected {
    Known(VecDeque<ObjectKey>),
    Listed(Box<Listing>),
}

async fn select(
    loader: &Loader,
    bucket: &str,
    selection: &Selection,
    changed: &mut Changed,
) -> Result<Selected, ManifestError> {
    let kind = match selection {
        Selection::Keys(keys) => return Ok(Selected::Known(keys.iter().cloned().collect())),
        Selection::Prefix(prefix) => {
            let listing = loader.lake().list(bucket, prefix);
            return Ok(Selected::Listed(Box::new(listing)));
        }
        Selection::Open => None,
        Selection::Kind(kind) => Some(kind),
    };
    changed.join(reconcile::refresh(loader, bucket, Timestamp::now()).await?);
    let lines = OpenList::of(loader.lake(), bucket).read().await?;
    let wanted = lines.iter().filter(|line| kind.is_none_or(|kind| line.kind == *kind));
    Ok(Selected::Known(wanted.map(|line| line.key.clone()).collect()))
}

impl Selected {
    async fn next(&mut self) -> Result<Option<ObjectKey>, ManifestError> {
        match self {
            Self::Known(keys) => Ok(keys.pop_front()),
            Self::Listed(listing) => loop {
                match listing.next().await? {
                    Some(listed) if listed.key.as_str().ends_with('/') => {}
                    listed => return Ok(listed.map(|listed| listed.key)),
                }
            },
        }
    }

    /// How many are left. A listing is not listed to its end only to be counted.
    async fn rest(self) -> Result<u64, ManifestError> {
        match self {
            Self::Known(keys) => Ok(keys.len() as u64),
            Self::Listed(_) => Ok(0),
        }
    }
}
