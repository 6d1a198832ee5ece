//! PutObject, DeleteObject, DeleteObjects.

use futures::stream;
use s3s::dto::{
    DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject,
    ETag, PutObjectInput, PutObjectOutput, StreamingBlob,
};
use s3s::{S3Result, s3_error};

use super::bodies::{Bodies, Received};
use super::conditions::WriteCondition;
use super::event::EventName;
use super::integrity::Integrity;
use super::reading::shown;
use super::state::{Content, Headers};
use super::store::{Deleted, Store};

pub(crate) async fn put(
    store: &Store,
    input: PutObjectInput,
    integrity: Integrity,
) -> S3Result<PutObjectOutput> {
    store.bucket(&input.bucket, |_| Ok(()))?;
    let received = receive(&store.bodies, input.body, input.content_length, integrity).await?;
    let condition = WriteCondition { if_match: input.if_match, if_none_match: input.if_none_match };
    let content = Content {
        etag: received.etag(),
        bytes: received.bytes,
        body: received.body,
        headers: Headers {
            content_type: input.content_type,
            content_encoding: input.content_encoding.and_then(without_transfer),
            content_disposition: input.content_disposition,
            content_language: input.content_language,
            cache_control: input.cache_control,
            metadata: input.metadata.unwrap_or_default().into_iter().collect(),
        },
    };
    let etag = content.etag.clone();
    let place = (input.bucket.as_str(), input.key.as_str());
    let version = store.put(place, &condition, content, EventName::Put, None)?;
    Ok(PutObjectOutput {
        e_tag: Some(ETag::Strong(etag)),
        version_id: shown(version.id),
        ..PutObjectOutput::default()
    })
}

/// Takes a body to disk, and only a whole one.
pub(crate) async fn receive(
    bodies: &Bodies,
    body: Option<StreamingBlob>,
    announced: Option<i64>,
    integrity: Integrity,
) -> S3Result<Received> {
    let received = match body {
        Some(body) => bodies.receive(body, integrity).await?,
        None => bodies.receive(stream::empty(), integrity).await?,
    };
    let announced = announced.and_then(|length| u64::try_from(length).ok());
    if announced.is_some_and(|length| length != received.bytes) {
        bodies.remove(&received.body);
        return Err(s3_error!(IncompleteBody));
    }
    Ok(received)
}

/// `aws-chunked` is how the request was sent, not how the object stands.
pub(crate) fn without_transfer(encoding: String) -> Option<String> {
    let kept = encoding
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty() && !part.eq_ignore_ascii_case("aws-chunked"))
        .collect::<Vec<_>>();
    (!kept.is_empty()).then(|| kept.join(","))
}

pub(crate) fn delete(store: &Store, input: &DeleteObjectInput) -> S3Result<DeleteObjectOutput> {
    let deleted = store.delete(&input.bucket, &input.key, input.version_id.as_deref())?;
    Ok(DeleteObjectOutput {
        delete_marker: deleted.is_marker.then_some(true),
        version_id: deleted.version_id,
        ..DeleteObjectOutput::default()
    })
}

pub(crate) fn delete_many(
    store: &Store,
    input: DeleteObjectsInput,
) -> S3Result<DeleteObjectsOutput> {
    let quiet = input.delete.quiet.unwrap_or_default();
    let mut deleted = Vec::new();
    for object in input.delete.objects {
        let done = store.delete(&input.bucket, &object.key, object.version_id.as_deref())?;
        if !quiet {
            deleted.push(told(object.key, object.version_id, done));
        }
    }
    Ok(DeleteObjectsOutput { deleted: Some(deleted), ..DeleteObjectsOutput::default() })
}

fn told(key: String, asked: Option<String>, done: Deleted) -> DeletedObject {
    DeletedObject {
        delete_marker: done.is_marker.then_some(true),
        delete_marker_version_id: done.version_id.filter(|_| done.is_marker),
        key: Some(key),
        version_id: asked,
    }
}
