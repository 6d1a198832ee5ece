//! An object that failed for good: its error log under `errors/`, and `failed` in the ledger.

use jiff::Timestamp;
use landing::{ErrorLog, LandedObject, RawLocation};
use warehouse::ObjectFacts;

use crate::error_log::{self, Failure};
use crate::{LoadError, Loader};

/// Writes both. The error log comes first: it is what the manifest is made from.
pub(crate) async fn record(
    loader: &Loader,
    object: &LandedObject,
    error: &LoadError,
) -> Result<(), LoadError> {
    let failure = Failure {
        kind: error.name().to_owned(),
        message: error.with_causes(),
        position: error.position(),
        excerpt: error.excerpt(),
        violation: error.violation(),
        attempts: 1,
        at: Timestamp::now(),
    };
    let object = with_bytes(loader, object).await?;
    let log = match loader.rehearsal {
        None => error_log::record(loader.lake(), &object, failure).await?,
        Some(_) => error_log::log(&object, failure, None),
    };
    loader.enter_failure(&object, &log).await
}

impl Loader {
    /// Writes a failure into the ledger, where its error log stands already.
    pub async fn enter_failure(
        &self,
        object: &LandedObject,
        log: &ErrorLog,
    ) -> Result<(), LoadError> {
        // A key that follows no layout has no line in the ledger: neither source nor endpoint.
        let Ok(location) = RawLocation::parse(&object.key) else {
            return Ok(());
        };
        let named = location.object_time();
        let facts = ObjectFacts {
            object: with_bytes(self, object).await?,
            object_time: named.map_or(log.first_failed_at, |time| time.timestamp()),
            location,
            sha256: None,
            force: false,
        };
        let mut warehouse = self.database().warehouse().await?;
        warehouse.record_failure(&facts, log).await?;
        Ok(())
    }
}

/// Which bytes failed, where only the key was named: manifest and ledger hold them apart from those
/// that a later write brings.
async fn with_bytes(loader: &Loader, object: &LandedObject) -> Result<LandedObject, LoadError> {
    let mut object = object.clone();
    if object.etag.is_some() || object.version_id.is_some() {
        return Ok(object);
    }
    if let Some(head) = loader.lake().head(&object.bucket, &object.key).await? {
        object.etag = Some(head.etag);
        object.bytes = Some(head.bytes);
        object.version_id = head.version_id;
    }
    Ok(object)
}
