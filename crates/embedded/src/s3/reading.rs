//! GetObject and HeadObject: which version, whether the caller wants it, which bytes of it.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;
use s3s::dto::{
    ETag, GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput, Range, StreamingBlob,
    Timestamp as HttpTime,
};
use s3s::{S3Error, S3Result, s3_error};

use super::conditions::ReadCondition;
use super::state::{Bucket, Content, Headers, NULL_VERSION, Version};
use super::store::Store;

/// A body can be replaced between looking it up and opening it: look again.
const OPEN_ATTEMPTS: u32 = 8;

pub(crate) async fn get(store: &Store, input: GetObjectInput) -> S3Result<GetObjectOutput> {
    let condition = ReadCondition {
        if_match: input.if_match,
        if_none_match: input.if_none_match,
        if_modified_since: input.if_modified_since,
        if_unmodified_since: input.if_unmodified_since,
    };
    for _ in 0..OPEN_ATTEMPTS {
        let version_id = input.version_id.as_deref();
        let (version, content) = find(store, &input.bucket, &input.key, version_id)?;
        condition.check(&version, &content)?;
        let (range, content_range) = part(input.range.as_ref(), content.bytes)?;
        let length = range.end - range.start;
        let Ok(body) = store.bodies.read(&content.body, range).await else {
            continue;
        };
        let Headers {
            content_type,
            content_encoding,
            content_disposition,
            content_language,
            cache_control,
            metadata,
        } = content.headers;
        return Ok(GetObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            body: Some(StreamingBlob::wrap(body)),
            cache_control,
            content_disposition,
            content_encoding,
            content_language,
            content_length: Some(signed(length)),
            content_range,
            content_type: content_type.or_else(default_type),
            e_tag: Some(ETag::Strong(content.etag)),
            last_modified: Some(last_modified(version.at)),
            metadata: Some(metadata.into_iter().collect()),
            version_id: shown(version.id),
            ..GetObjectOutput::default()
        });
    }
    Err(s3_error!(InternalError, "the body cannot be opened"))
}

pub(crate) fn head(store: &Store, input: HeadObjectInput) -> S3Result<HeadObjectOutput> {
    let condition = ReadCondition {
        if_match: input.if_match,
        if_none_match: input.if_none_match,
        if_modified_since: input.if_modified_since,
        if_unmodified_since: input.if_unmodified_since,
    };
    let version_id = input.version_id.as_deref();
    let (version, content) = find(store, &input.bucket, &input.key, version_id)?;
    condition.check(&version, &content)?;
    let (range, content_range) = part(input.range.as_ref(), content.bytes)?;
    let headers = content.headers;
    Ok(HeadObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        cache_control: headers.cache_control,
        content_disposition: headers.content_disposition,
        content_encoding: headers.content_encoding,
        content_language: headers.content_language,
        content_length: Some(signed(range.end - range.start)),
        content_range,
        content_type: headers.content_type.or_else(default_type),
        e_tag: Some(ETag::Strong(content.etag)),
        last_modified: Some(last_modified(version.at)),
        metadata: Some(headers.metadata.into_iter().collect()),
        version_id: shown(version.id),
        ..HeadObjectOutput::default()
    })
}

/// Finds what a reader asks for.
pub(crate) fn find(
    store: &Store,
    bucket: &str,
    key: &str,
    version_id: Option<&str>,
) -> S3Result<(Version, Content)> {
    store.bucket(bucket, |bucket| match version_id {
        Some(id) => named(bucket, key, id),
        None => newest(bucket, key),
    })
}

fn named(bucket: &Bucket, key: &str, id: &str) -> S3Result<(Version, Content)> {
    let version = bucket
        .version(key, id)
        .ok_or_else(|| s3_error!(NoSuchVersion, "The specified version does not exist"))?;
    match &version.content {
        Some(content) => Ok((version.clone(), content.clone())),
        None => Err(marked(s3_error!(MethodNotAllowed), version)),
    }
}

fn newest(bucket: &Bucket, key: &str) -> S3Result<(Version, Content)> {
    if let Some((version, content)) = bucket.current(key) {
        return Ok((version.clone(), content.clone()));
    }
    let missing = s3_error!(NoSuchKey, "The specified key does not exist");
    let marker = bucket.objects.get(key).and_then(|versions| versions.last());
    Err(match marker {
        Some(marker) => marked(missing, marker),
        None => missing,
    })
}

fn marked(mut error: S3Error, marker: &Version) -> S3Error {
    let mut headers = HeaderMap::new();
    headers.insert("x-amz-delete-marker", HeaderValue::from_static("true"));
    if let Ok(id) = HeaderValue::from_str(&marker.id) {
        headers.insert("x-amz-version-id", id);
    }
    error.set_headers(headers);
    error
}

/// The bytes asked for, and the header that says so.
fn part(range: Option<&Range>, bytes: u64) -> S3Result<(std::ops::Range<u64>, Option<String>)> {
    let Some(range) = range else {
        return Ok((0..bytes, None));
    };
    let range = range.check(bytes)?;
    let said = format!("bytes {}-{}/{bytes}", range.start, range.end - 1);
    Ok((range, Some(said)))
}

/// S3 knows the second, in headers and listings alike.
pub(crate) fn last_modified(at: Timestamp) -> HttpTime {
    let seconds = u64::try_from(at.as_second()).unwrap_or_default();
    HttpTime::from(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
}

/// A bucket without versioning says nothing of versions.
pub(crate) fn shown(version_id: String) -> Option<String> {
    (version_id != NULL_VERSION).then_some(version_id)
}

/// The protocol counts in signed numbers.
pub(crate) fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

fn default_type() -> Option<String> {
    Some("binary/octet-stream".to_owned())
}
