//! The error log object of a failing object: written when it fails, removed when it is mended.
//!
//! `errors/` is the truth of what is open; the manifest's lists are derived from it.

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use landing::{
    ERRORS_PREFIX, ErrorLog, LandedObject, ObjectKey, Position, RAW_PREFIX, RawLocation, Violation,
};
use objects::{Lake, LakeError, PutOptions};

/// What `RawLocation::error_log_key` ends an error log's key in.
const SUFFIX: &str = ".error.json";
/// No error log that Riacho writes is as large; a larger object is something else.
const BYTES_MAX: u64 = 64 << 10;
/// A message carries a database's or a person's words; this much of them is plenty.
const MESSAGE_CHARS_MAX: usize = 2_000;
/// For so long no object that the ledger has never heard of can have an error log: the manifest
/// writes one for a function that failed twice, and Lambda waits a minute before the first retry.
/// Source: AWS Lambda Developer Guide, "Asynchronous invocation", "Error handling".
const FRESH: SignedDuration = SignedDuration::from_secs(60);

/// The object that an error log is about, by the error log's key.
pub fn object_key(error_log_key: &ObjectKey) -> Option<ObjectKey> {
    let tail = error_log_key.as_str().strip_prefix(ERRORS_PREFIX)?;
    let tail = tail.strip_suffix(SUFFIX)?;
    Some(ObjectKey::new(format!("{RAW_PREFIX}{tail}")))
}

/// One failure of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The stable name.
    pub kind: String,
    /// What happened and what to do.
    pub message: String,
    /// Where in the object.
    pub position: Position,
    /// The bytes around the place.
    pub excerpt: Option<String>,
    /// Which rule of the configuration it goes against, and which value does.
    pub violation: Option<Violation>,
    /// How many attempts this failure stands for.
    pub attempts: u32,
    /// When.
    pub at: Timestamp,
}

/// Writes the object's error log. One that stands there already gives its first time and its
/// attempts.
pub async fn record(
    lake: &Lake,
    object: &LandedObject,
    failure: Failure,
) -> Result<ErrorLog, LakeError> {
    let earlier = read(lake, &object.bucket, &object.key).await?;
    let log = log(object, failure, earlier.as_ref());
    write(lake, &log).await?;
    Ok(log)
}

/// The error log of a failure, after an `earlier` one.
pub(crate) fn log(object: &LandedObject, failure: Failure, earlier: Option<&ErrorLog>) -> ErrorLog {
    ErrorLog {
        bucket: object.bucket.clone(),
        key: object.key.clone(),
        version_id: object.version_id.clone(),
        kind: failure.kind,
        message: failure.message.chars().take(MESSAGE_CHARS_MAX).collect(),
        position: failure.position,
        excerpt: failure.excerpt,
        violation: failure.violation,
        first_failed_at: earlier.map_or(failure.at, |log| log.first_failed_at),
        last_failed_at: failure.at,
        attempts: earlier.map_or(0, |log| log.attempts).saturating_add(failure.attempts),
    }
}

/// Writes an error log as it is.
pub async fn write(lake: &Lake, log: &ErrorLog) -> Result<(), LakeError> {
    // An error log holds nothing that JSON can't.
    let body = serde_json::to_vec(log).unwrap_or_default();
    let key = RawLocation::error_log_key(&log.key);
    lake.put(&log.bucket, &key, Bytes::from(body), PutOptions::default()).await?;
    Ok(())
}

/// The error log of the object `key`, if it has one.
pub async fn read(
    lake: &Lake,
    bucket: &str,
    key: &ObjectKey,
) -> Result<Option<ErrorLog>, LakeError> {
    read_at(lake, bucket, &RawLocation::error_log_key(key)).await
}

/// The error log that stands at `error_log_key`; none where what stands there is no error log.
pub async fn read_at(
    lake: &Lake,
    bucket: &str,
    error_log_key: &ObjectKey,
) -> Result<Option<ErrorLog>, LakeError> {
    let found = match lake.get_bytes(bucket, error_log_key, BYTES_MAX).await {
        Ok(found) => found,
        Err(LakeError::TooLarge { .. }) => None,
        Err(error) => return Err(error),
    };
    Ok(found.and_then(|(body, _)| serde_json::from_slice(&body).ok()))
}

/// Whether an object may have an error log, so that the lake has to be asked.
pub(crate) fn is_possible(is_new: bool, last_modified: Timestamp, now: Timestamp) -> bool {
    !(is_new && now.duration_since(last_modified) < FRESH)
}

/// Whether the object has an error log. Where that can't be told, it has none: the next compaction
/// of the manifest compares all of them with the ledger.
pub async fn exists(lake: &Lake, bucket: &str, key: &ObjectKey) -> bool {
    let error_log_key = RawLocation::error_log_key(key);
    match lake.head(bucket, &error_log_key).await {
        Ok(head) => head.is_some(),
        Err(error) => {
            tracing::debug!(object.key = %error_log_key, %error, "could not look for an error log");
            false
        }
    }
}

/// Removes the object's error log; says whether there was one.
///
/// Asks first: in a bucket that keeps versions, deleting what is not there writes a delete marker
/// and raises an event (Amazon S3 User Guide, "Working with delete markers").
pub async fn resolve(lake: &Lake, bucket: &str, key: &ObjectKey) -> Result<bool, LakeError> {
    let error_log_key = RawLocation::error_log_key(key);
    if lake.head(bucket, &error_log_key).await?.is_none() {
        return Ok(false);
    }
    lake.delete(bucket, &error_log_key).await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_put_within_the_minute_and_unknown_to_the_ledger_has_no_error_log() {
        let put = Timestamp::UNIX_EPOCH;
        let after = |seconds| put + SignedDuration::from_secs(seconds);
        assert!(!is_possible(true, put, after(59)));
        assert!(is_possible(true, put, after(60)));
        assert!(is_possible(false, put, after(1)));
    }
}
