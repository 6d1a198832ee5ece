//! Whole objects written at once, with and without a condition. Those of unknown length are
//! `upload`'s.
//!
//! Source: Amazon S3 User Guide, "How to prevent object overwrites with conditional writes".

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::put_object::{PutObjectError, PutObjectOutput};
use bytes::Bytes;
use landing::ObjectKey;

use crate::metadata::fit_metadata;
use crate::translate::{Request, quoted, status_of, unquoted};
use crate::{Lake, LakeError};

/// How often a write is tried that another one's writing got in the way of (409).
const CONFLICT_ATTEMPTS: u32 = 6;

/// What an object carries besides its bytes.
#[derive(Debug, Clone, Default)]
pub struct PutOptions {
    /// User metadata; made to fit S3's limits.
    pub metadata: BTreeMap<String, String>,
    /// `application/json` where nothing is said.
    pub content_type: Option<String>,
}

/// A write that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The entity tag, without quotes.
    pub etag: String,
    /// The version, where the bucket keeps versions.
    pub version_id: Option<String>,
}

/// What became of a write that must not overwrite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// The object stands.
    Written(Written),
    /// One stood there before; it was left alone.
    AlreadyThere,
}

/// What became of a write on condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConditionalPut {
    /// The object stands.
    Written(Written),
    /// Another writer was first: read again, then try again.
    Conflict,
}

#[derive(Debug, Clone, Copy)]
enum Condition<'a> {
    Always,
    IfAbsent,
    IfMatch(&'a str),
}

impl Lake {
    /// Writes an object unless one stands there.
    pub async fn put_new(
        &self,
        bucket: &str,
        key: &ObjectKey,
        body: Bytes,
        options: PutOptions,
    ) -> Result<Put, LakeError> {
        let request = Request::new("PutObject", bucket, key);
        let mut attempt = 1;
        loop {
            let condition = Condition::IfAbsent;
            match self.send_put(bucket, key, body.clone(), &options, condition).await {
                Ok(output) => return Ok(Put::Written(written(&output))),
                Err(error) if status_of(&error) == Some(412) => return Ok(Put::AlreadyThere),
                Err(error) if is_conflict(&error) && attempt < CONFLICT_ATTEMPTS => {
                    pause(attempt).await;
                    attempt += 1;
                }
                Err(error) => return Err(request.failed(error)),
            }
        }
    }

    /// Writes an object whatever stands there.
    pub async fn put(
        &self,
        bucket: &str,
        key: &ObjectKey,
        body: Bytes,
        options: PutOptions,
    ) -> Result<Written, LakeError> {
        let request = Request::new("PutObject", bucket, key);
        self.send_put(bucket, key, body, &options, Condition::Always)
            .await
            .map(|output| written(&output))
            .map_err(|error| request.failed(error))
    }

    /// Writes an object if the one that stands there has the entity tag `expected`; `None`: if
    /// none does.
    pub async fn put_if_match(
        &self,
        bucket: &str,
        key: &ObjectKey,
        body: Bytes,
        expected: Option<&str>,
        options: PutOptions,
    ) -> Result<ConditionalPut, LakeError> {
        let request = Request::new("PutObject", bucket, key);
        let condition = expected.map_or(Condition::IfAbsent, Condition::IfMatch);
        match self.send_put(bucket, key, body, &options, condition).await {
            Ok(output) => Ok(ConditionalPut::Written(written(&output))),
            // 404: deleted since; 409: another write is under way, and the tag must be read anew.
            Err(error) if matches!(status_of(&error), Some(409 | 412)) || is_gone(&error) => {
                Ok(ConditionalPut::Conflict)
            }
            Err(error) => Err(request.failed(error)),
        }
    }

    async fn send_put(
        &self,
        bucket: &str,
        key: &ObjectKey,
        body: Bytes,
        options: &PutOptions,
        condition: Condition<'_>,
    ) -> Result<PutObjectOutput, SdkError<PutObjectError, HttpResponse>> {
        let content_type = options.content_type.as_deref().unwrap_or("application/json");
        let metadata = fit_metadata(&options.metadata);
        let call = self
            .client
            .put_object()
            .bucket(bucket)
            .key(key.as_str())
            .content_type(content_type)
            .set_metadata((!metadata.is_empty()).then(|| metadata.into_iter().collect()))
            .body(body.into());
        let call = match condition {
            Condition::Always => call,
            Condition::IfAbsent => call.if_none_match("*"),
            Condition::IfMatch(etag) => call.if_match(quoted(etag)),
        };
        call.send().await
    }
}

/// `ConditionalRequestConflict`: another write of the key is under way.
pub(crate) fn is_conflict<E>(error: &SdkError<E, HttpResponse>) -> bool {
    status_of(error) == Some(409)
}

fn is_gone(error: &SdkError<PutObjectError, HttpResponse>) -> bool {
    use aws_sdk_s3::error::ProvideErrorMetadata;
    status_of(error) == Some(404) && error.code() != Some("NoSuchBucket")
}

fn written(output: &PutObjectOutput) -> Written {
    Written { etag: unquoted(output.e_tag()), version_id: output.version_id().map(str::to_owned) }
}

/// Waits a little longer each time, with jitter so that racing writers part.
pub(crate) async fn pause(attempt: u32) {
    let bound_ms = 50_u64 << attempt.min(6);
    let wait_ms = fastrand::u64(bound_ms / 2..=bound_ms);
    tokio::time::sleep(Duration::from_millis(wait_ms)).await;
}

pub(crate) const CONFLICTS_MAX: u32 = CONFLICT_ATTEMPTS;
