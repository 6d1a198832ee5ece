//! Multipart uploads: parts in any order, any of them again, the object only when all are named.

use futures::TryStreamExt;
use jiff::Timestamp;
use md5::{Digest, Md5};
use s3s::dto::{
    AbortMultipartUploadInput, CompleteMultipartUploadInput, CompleteMultipartUploadOutput,
    CompletedPart, CopyPartResult, CreateMultipartUploadInput, CreateMultipartUploadOutput, ETag,
    ListMultipartUploadsInput, ListMultipartUploadsOutput, ListPartsInput, ListPartsOutput,
    MultipartUpload, Part as ListedPart, Range, UploadPartCopyInput, UploadPartCopyOutput,
    UploadPartInput, UploadPartOutput,
};
use s3s::{S3Result, StdError, s3_error};

use super::bodies::Received;
use super::conditions::WriteCondition;
use super::copying;
use super::event::EventName;
use super::integrity::Integrity;
use super::reading::{last_modified, shown, signed};
use super::state::{Content, Headers, Part, PendingUpload};
use super::store::Store;
use super::writing::{receive, without_transfer};

/// All parts but the last: Amazon S3 User Guide, "Amazon S3 multipart upload limits".
const PART_BYTES_MIN: u64 = 5 << 20;
const PART_NUMBERS: std::ops::RangeInclusive<i32> = 1..=10_000;

pub(crate) fn create(
    store: &Store,
    input: CreateMultipartUploadInput,
) -> S3Result<CreateMultipartUploadOutput> {
    let upload_id = store.begin_upload(PendingUpload {
        bucket: input.bucket.clone(),
        key: input.key.clone(),
        at: Timestamp::now(),
        headers: Headers {
            content_type: input.content_type,
            content_encoding: input.content_encoding.and_then(without_transfer),
            content_disposition: input.content_disposition,
            content_language: input.content_language,
            cache_control: input.cache_control,
            metadata: input.metadata.unwrap_or_default().into_iter().collect(),
        },
        parts: std::collections::BTreeMap::new(),
    })?;
    Ok(CreateMultipartUploadOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(upload_id),
        ..CreateMultipartUploadOutput::default()
    })
}

pub(crate) async fn upload_part(
    store: &Store,
    input: UploadPartInput,
    integrity: Integrity,
) -> S3Result<UploadPartOutput> {
    store.upload(&input.bucket, &input.key, &input.upload_id)?;
    let received = receive(&store.bodies, input.body, input.content_length, integrity).await?;
    let etag = received.etag();
    add(store, &input.upload_id, input.part_number, received)?;
    Ok(UploadPartOutput { e_tag: Some(ETag::Strong(etag)), ..UploadPartOutput::default() })
}

pub(crate) async fn copy_part(
    store: &Store,
    input: UploadPartCopyInput,
) -> S3Result<UploadPartCopyOutput> {
    store.upload(&input.bucket, &input.key, &input.upload_id)?;
    let asked = (input.copy_source_if_match, input.copy_source_if_none_match);
    let (source, content) = copying::source(store, &input.copy_source, asked)?;
    let range = match input.copy_source_range.as_deref() {
        Some(range) => Range::parse(range)
            .map_err(|error| s3_error!(error, InvalidArgument))?
            .check(content.bytes)?,
        None => 0..content.bytes,
    };
    let bytes = store.bodies.read(&content.body, range).await;
    let bytes = bytes.map_err(s3s::S3Error::internal_error)?;
    let received = store
        .bodies
        .receive(Box::pin(bytes.map_err(|error| Box::new(error) as StdError)), Integrity::default())
        .await?;
    let etag = received.etag();
    add(store, &input.upload_id, input.part_number, received)?;
    Ok(UploadPartCopyOutput {
        copy_part_result: Some(CopyPartResult {
            e_tag: Some(ETag::Strong(etag)),
            last_modified: Some(last_modified(Timestamp::now())),
            ..CopyPartResult::default()
        }),
        copy_source_version_id: shown(source.id),
        ..UploadPartCopyOutput::default()
    })
}

fn add(store: &Store, upload_id: &str, number: i32, received: Received) -> S3Result<()> {
    if !PART_NUMBERS.contains(&number) {
        store.bodies.remove(&received.body);
        return Err(s3_error!(InvalidArgument, "part numbers are 1 to 10000"));
    }
    let part = Part {
        etag: received.etag(),
        bytes: received.bytes,
        body: received.body,
        at: Timestamp::now(),
    };
    store.add_part(upload_id, number, part)
}

pub(crate) async fn complete(
    store: &Store,
    input: CompleteMultipartUploadInput,
) -> S3Result<CompleteMultipartUploadOutput> {
    let (bucket, key) = (input.bucket, input.key);
    let pending = store.upload(&bucket, &key, &input.upload_id)?;
    let named = input.multipart_upload.and_then(|upload| upload.parts);
    let parts = chosen(&pending, named.unwrap_or_default())?;
    let bodies = parts.iter().map(|part| part.body.clone());
    let content = Content {
        etag: etag_of(&parts),
        bytes: parts.iter().map(|part| part.bytes).sum(),
        body: store.bodies.join(&bodies.collect::<Vec<_>>()).await?,
        headers: pending.headers,
    };
    let condition = WriteCondition { if_match: input.if_match, if_none_match: input.if_none_match };
    let etag = content.etag.clone();
    let version = store.put(
        (&bucket, &key),
        &condition,
        content,
        EventName::CompleteMultipartUpload,
        Some(input.upload_id),
    )?;
    Ok(CompleteMultipartUploadOutput {
        location: Some(format!("/{bucket}/{key}")),
        bucket: Some(bucket),
        key: Some(key),
        e_tag: Some(ETag::Strong(etag)),
        version_id: shown(version.id),
        ..CompleteMultipartUploadOutput::default()
    })
}

/// The parts that the caller names, if they are the ones that came.
fn chosen(pending: &PendingUpload, named: Vec<CompletedPart>) -> S3Result<Vec<&Part>> {
    if named.is_empty() {
        return Err(s3_error!(MalformedXML, "name at least one part"));
    }
    let mut last_number = 0;
    let mut parts = Vec::with_capacity(named.len());
    for named in named {
        let number = named.part_number.unwrap_or_default();
        if number <= last_number {
            return Err(s3_error!(InvalidPartOrder));
        }
        last_number = number;
        let part = pending
            .parts
            .get(&number)
            .ok_or_else(|| s3_error!(InvalidPart, "part {number} was not uploaded"))?;
        if named.e_tag.is_some_and(|etag| etag.value() != part.etag) {
            return Err(s3_error!(InvalidPart, "part {number} has another ETag"));
        }
        parts.push(part);
    }
    let all_but_last = parts.split_last().map_or(&[][..], |(_, others)| others);
    if all_but_last.iter().any(|part| part.bytes < PART_BYTES_MIN) {
        return Err(s3_error!(EntityTooSmall));
    }
    Ok(parts)
}

/// The MD5 of the parts' MD5s, and how many they are.
fn etag_of(parts: &[&Part]) -> String {
    let mut hash = Md5::new();
    for part in parts {
        hash.update(hex::decode(&part.etag).unwrap_or_default());
    }
    format!("{}-{}", hex::encode(hash.finalize()), parts.len())
}

pub(crate) fn abort(store: &Store, input: &AbortMultipartUploadInput) -> S3Result<()> {
    store.upload(&input.bucket, &input.key, &input.upload_id)?;
    store.abort_upload(&input.upload_id)
}

pub(crate) fn list_parts(store: &Store, input: ListPartsInput) -> S3Result<ListPartsOutput> {
    let upload = store.upload(&input.bucket, &input.key, &input.upload_id)?;
    let parts = upload.parts.into_iter().map(|(number, part)| ListedPart {
        e_tag: Some(ETag::Strong(part.etag)),
        last_modified: Some(last_modified(part.at)),
        part_number: Some(number),
        size: Some(signed(part.bytes)),
        ..ListedPart::default()
    });
    Ok(ListPartsOutput {
        parts: Some(parts.collect()),
        is_truncated: Some(false),
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(input.upload_id),
        ..ListPartsOutput::default()
    })
}

pub(crate) fn list_uploads(
    store: &Store,
    input: ListMultipartUploadsInput,
) -> S3Result<ListMultipartUploadsOutput> {
    let prefix = input.prefix.clone().unwrap_or_default();
    let uploads = store.uploads(&input.bucket)?;
    let uploads = uploads.into_iter().filter(|(_, upload)| upload.key.starts_with(&prefix)).map(
        |(id, upload)| MultipartUpload {
            initiated: Some(last_modified(upload.at)),
            key: Some(upload.key),
            upload_id: Some(id),
            ..MultipartUpload::default()
        },
    );
    Ok(ListMultipartUploadsOutput {
        uploads: Some(uploads.collect()),
        is_truncated: Some(false),
        bucket: Some(input.bucket),
        prefix: input.prefix,
        ..ListMultipartUploadsOutput::default()
    })
}
