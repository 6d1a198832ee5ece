//! Failures that nobody wrote down: the function died, the event was given up, or it never came.

use jiff::Timestamp;
use landing::Position;
use load::Loader;
use load::error_log::{self, Failure};
use objects::LakeError;

use crate::event::SilentFailure;
use crate::ledger::Ledger;

/// The kinds under which this module writes. An error log of any other kind says what is wrong with
/// the object itself, which is more than a lost event can say.
const KINDS: [&str; 4] = ["retries_exhausted", "event_age_exceeded", "dead_letter", NEVER_LOADED];
/// The kind of an object that no event told of.
pub(crate) const NEVER_LOADED: &str = "never_loaded";

/// Writes the object's error log, and `failed` into the ledger, unless the object is done after all.
pub(crate) async fn write_down(
    loader: &Loader,
    ledger: &mut Ledger<'_>,
    failure: &SilentFailure,
    now: Timestamp,
) -> Result<(), LakeError> {
    let object = &failure.object;
    if ledger.is_done(object).await {
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
        violation: None,
        attempts: failure.attempts,
        at: failure.at.unwrap_or(now),
    };
    let log = error_log::record(loader.lake(), object, described).await?;
    ledger.enter(object, &log).await;
    Ok(())
}
