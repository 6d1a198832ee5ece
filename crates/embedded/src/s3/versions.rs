//! ListObjectVersions, and the buckets themselves.

use s3s::dto::{
    Bucket as ListedBucket, BucketVersioningStatus, DeleteMarkerEntry, ETag,
    GetBucketVersioningOutput, ListBucketsOutput, ListObjectVersionsInput,
    ListObjectVersionsOutput, ObjectVersion, Owner, PutBucketVersioningInput,
};
use s3s::{S3Result, s3_error};

use super::listing::{is_url, text};
use super::reading::{last_modified, signed};
use super::state::Versioning;
use super::store::Store;

/// Lists all versions in one page: what is embedded is small, and clients that page stop at one.
pub(crate) fn list(
    store: &Store,
    input: ListObjectVersionsInput,
) -> S3Result<ListObjectVersionsOutput> {
    let encoded = is_url(input.encoding_type.as_ref());
    let prefix = input.prefix.clone().unwrap_or_default();
    let (mut versions, mut markers) = (Vec::new(), Vec::new());
    store.bucket(&input.bucket, |bucket| {
        let objects = bucket.objects.range(prefix.clone()..);
        for (key, held) in objects.take_while(|(key, _)| key.starts_with(&prefix)) {
            for (age, version) in held.iter().rev().enumerate() {
                let key = Some(text(key.clone(), encoded));
                let last_modified = Some(last_modified(version.at));
                let version_id = Some(version.id.clone());
                let is_latest = Some(age == 0);
                match &version.content {
                    Some(content) => versions.push(ObjectVersion {
                        e_tag: Some(ETag::Strong(content.etag.clone())),
                        size: Some(signed(content.bytes)),
                        key,
                        last_modified,
                        version_id,
                        is_latest,
                        ..ObjectVersion::default()
                    }),
                    None => markers.push(DeleteMarkerEntry {
                        key,
                        last_modified,
                        version_id,
                        is_latest,
                        ..DeleteMarkerEntry::default()
                    }),
                }
            }
        }
        Ok(())
    })?;
    Ok(ListObjectVersionsOutput {
        versions: Some(versions),
        delete_markers: Some(markers),
        is_truncated: Some(false),
        name: Some(input.bucket),
        prefix: input.prefix.map(|it| text(it, encoded)),
        encoding_type: input.encoding_type,
        ..ListObjectVersionsOutput::default()
    })
}

pub(crate) fn buckets(store: &Store) -> ListBucketsOutput {
    let buckets = store.buckets().into_iter();
    let buckets = buckets.map(|(name, created_at)| ListedBucket {
        creation_date: Some(last_modified(created_at)),
        name: Some(name),
        ..ListedBucket::default()
    });
    ListBucketsOutput {
        buckets: Some(buckets.collect()),
        owner: Some(Owner::default()),
        ..ListBucketsOutput::default()
    }
}

pub(crate) fn versioning(store: &Store, bucket: &str) -> S3Result<GetBucketVersioningOutput> {
    let versioning = store.bucket(bucket, |bucket| Ok(bucket.versioning))?;
    let status = match versioning {
        Versioning::Never => None,
        Versioning::Enabled => Some(BucketVersioningStatus::ENABLED),
        Versioning::Suspended => Some(BucketVersioningStatus::SUSPENDED),
    };
    Ok(GetBucketVersioningOutput {
        status: status.map(BucketVersioningStatus::from_static),
        ..GetBucketVersioningOutput::default()
    })
}

pub(crate) fn set_versioning(store: &Store, input: &PutBucketVersioningInput) -> S3Result<()> {
    let status = input.versioning_configuration.status.as_ref();
    let versioning = match status.map(BucketVersioningStatus::as_str) {
        Some(BucketVersioningStatus::ENABLED) => Versioning::Enabled,
        Some(BucketVersioningStatus::SUSPENDED) => Versioning::Suspended,
        Some(_) | None => return Err(s3_error!(MalformedXML)),
    };
    store.set_versioning(&input.bucket, versioning)
}
