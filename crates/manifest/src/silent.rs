//! Failures that nobody wrote down: the function died, the event was given up, or it never came.

use jiff::Timestamp;
use landing::{LandedObject, ObjectKey, Position};
use load::Loader;
use load::error_log::{self, Failure};
use warehouse::Known;

use crate::ManifestError;
use crate::event::SilentFailure;

/// The kinds under which this module writes. An error log of any other kind says what is wrong with
/// the object itself, which is more than a lost event can say.
const KINDS: [&str; 4] = ["retries_exhausted", "event_age_exceeded", "dead_letter", NEVER_LOADED];
pub(crate) const NEVER_LOADED: &str = "never_loaded";

/// Writes the object's error log, and `failed` into the ledger, unless the object is done after all.
pub(crate) async fn write_down(
    loader: &Loader,
    failure: &SilentFailure,
    now: Timestamp,
) -> Result<(), ManifestError> {
    let object = &failure.object;
    if is_done(loader, object).await {
        tracing::info!(object.key = %object.key, "object was given up and is loaded all the same");
        return Ok(());
    }
    let standing = error_log::read(loader.lake(), &object.bucket, &object.key).await?;
    if standing.is_some_and(|log| !KINDS.contains(&log.kind.as_str())) {
        return Ok(());
    }
    let described = Failure {
        kind: failure.kind.to_owned(),
        message: failure.message.clone(),
        position: Position::default(),
        excerpt: None,
        attempts: failure.attempts,
        at: failure.at.unwrap_or(now),
    };
    let log = error_log::record(loader.lake(), object, described).await?;
    // The ledger may be the very thing that is down; the error log is what counts.
    if loader.database().is_named()
        && let Err(error) = loader.enter_failure(object, &log).await
    {
        tracing::warn!(object.key = %object.key, %error, "could not enter the failure in the ledger");
    }
    Ok(())
}

/// Whether the ledger says that these very bytes are dealt with. Where it can't be asked, no.
async fn is_done(loader: &Loader, object: &LandedObject) -> bool {
    match known(loader, &object.bucket, std::slice::from_ref(&object.key)).await {
        Ok(known) => known.iter().any(|line| {
            let same =
                |ours: &Option<String>, theirs: &Option<String>| ours.is_some() && ours == theirs;
            line.is_done()
                && (same(&line.etag, &object.etag) || same(&line.version_id, &object.version_id))
        }),
        Err(error) => {
            tracing::debug!(object.key = %object.key, %error, "could not ask the ledger");
            false
        }
    }
}

/// The ledger's lines of those of `keys` that have one; none where there is no database.
pub(crate) async fn known(
    loader: &Loader,
    bucket: &str,
    keys: &[ObjectKey],
) -> Result<Vec<Known>, ManifestError> {
    if keys.is_empty() || !loader.database().is_named() {
        return Ok(Vec::new());
    }
    let mut warehouse = loader.database().warehouse().await?;
    Ok(warehouse.known(bucket, keys).await?)
}
