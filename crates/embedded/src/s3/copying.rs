//! CopyObject: the same bytes under another key, with its metadata or new ones.

use s3s::dto::{
    CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopySource, ETag, ETagCondition,
    MetadataDirective,
};
use s3s::{S3Result, s3_error};

use super::conditions::{ReadCondition, WriteCondition};
use super::event::EventName;
use super::reading::{find, last_modified, shown};
use super::state::{Content, Headers, Version};
use super::store::Store;
use super::writing::without_transfer;

pub(crate) async fn copy(
    store: &Store,
    input: CopyObjectInput,
    condition: WriteCondition,
) -> S3Result<CopyObjectOutput> {
    let asked = (input.copy_source_if_match, input.copy_source_if_none_match);
    let (source, content) = source(store, &input.copy_source, asked)?;
    let replaces = input
        .metadata_directive
        .is_some_and(|directive| directive.as_str() == MetadataDirective::REPLACE);
    let headers = if replaces {
        Headers {
            content_type: input.content_type,
            content_encoding: input.content_encoding.and_then(without_transfer),
            content_disposition: input.content_disposition,
            content_language: input.content_language,
            cache_control: input.cache_control,
            metadata: input.metadata.unwrap_or_default().into_iter().collect(),
        }
    } else {
        content.headers
    };
    store.bucket(&input.bucket, |_| Ok(()))?;
    let copied = Content {
        body: store.bodies.link(&content.body).await?,
        etag: content.etag,
        bytes: content.bytes,
        headers,
    };
    let etag = copied.etag.clone();
    let place = (input.bucket.as_str(), input.key.as_str());
    let version = store.put(place, &condition, copied, EventName::Copy, None)?;
    Ok(CopyObjectOutput {
        copy_object_result: Some(CopyObjectResult {
            e_tag: Some(ETag::Strong(etag)),
            last_modified: Some(last_modified(version.at)),
            ..CopyObjectResult::default()
        }),
        copy_source_version_id: shown(source.id),
        version_id: shown(version.id),
        ..CopyObjectOutput::default()
    })
}

/// Finds what is to be copied, if it is what the caller means.
pub(crate) fn source(
    store: &Store,
    source: &CopySource,
    (if_match, if_none_match): (Option<ETagCondition>, Option<ETagCondition>),
) -> S3Result<(Version, Content)> {
    let CopySource::Bucket { bucket, key, version_id } = source else {
        return Err(s3_error!(NotImplemented, "a copy's source is a bucket here"));
    };
    let (version, content) = find(store, bucket, key, version_id.as_deref())?;
    let condition = ReadCondition { if_match, if_none_match, ..ReadCondition::default() };
    // A copy answers 412 where a read would answer 304: API Reference, CopyObject.
    condition.check(&version, &content).map_err(|_| s3_error!(PreconditionFailed))?;
    Ok((version, content))
}
