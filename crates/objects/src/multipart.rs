//! Large uploads: parts wait under `staging/`, and once the last is in, S3 itself copies the whole
//! to its key, with the metadata that only the end knows, on condition that nothing stands there.
//!
//! Source: Amazon S3 User Guide, "Amazon S3 multipart upload limits": 10,000 parts of 5 MB to 5 GB,
//! 5 TB an object; one CopyObject up to 5 GB.

use aws_sdk_s3::operation::copy_object::CopyObjectOutput;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart, MetadataDirective};
use bytes::Bytes;
use landing::ObjectKey;
use sha2::{Digest, Sha256};

use crate::client::patient;
use crate::metadata::fit_metadata;
use crate::translate::{Request, quoted, status_of, unquoted};
use crate::write::{CONFLICTS_MAX, is_conflict, pause};
use crate::{Lake, LakeError, Put, PutOptions, Written};

/// Where parts wait: outside `raw/`, so that no event tells of them.
const STAGING_PREFIX: &str = "staging/";
const PART_BYTES: usize = 8 << 20;
/// After so many parts their size doubles: 8 MB of memory up to 8 GB, and 10,000 parts hold 5 TB.
const PARTS_OF_ONE_SIZE: usize = 1000;
/// Above this, a copy goes in parts: one answer of S3 then takes seconds, not minutes.
const COPY_BYTES: u64 = 1 << 30;

/// How many bytes the next part shall have.
pub(crate) fn part_bytes(parts_sent: usize) -> usize {
    PART_BYTES << (parts_sent / PARTS_OF_ONE_SIZE).min(9)
}

/// A multipart upload under way.
pub(crate) struct Staging {
    lake: Lake,
    bucket: String,
    key: ObjectKey,
    upload_id: String,
    parts: Vec<CompletedPart>,
    bytes: u64,
}

impl Staging {
    pub(crate) async fn begin(
        lake: &Lake,
        bucket: &str,
        final_key: &ObjectKey,
        run_id: &str,
    ) -> Result<Self, LakeError> {
        let hash = hex::encode(Sha256::digest(final_key.as_str()));
        let key = ObjectKey::new(format!("{STAGING_PREFIX}{run_id}/{hash}"));
        let request = Request::new("CreateMultipartUpload", bucket, &key);
        let output = lake
            .client
            .create_multipart_upload()
            .bucket(bucket)
            .key(key.as_str())
            .send()
            .await
            .map_err(|error| request.failed(error))?;
        Ok(Self {
            lake: lake.clone(),
            bucket: bucket.to_owned(),
            key,
            upload_id: output.upload_id.unwrap_or_default(),
            parts: Vec::new(),
            bytes: 0,
        })
    }

    pub(crate) fn parts(&self) -> usize {
        self.parts.len()
    }

    pub(crate) async fn send(&mut self, part: Bytes) -> Result<(), LakeError> {
        let request = Request::new("UploadPart", &self.bucket, &self.key);
        let number = part_number(self.parts.len());
        let bytes = part.len() as u64;
        let output = self
            .lake
            .client
            .upload_part()
            .bucket(&self.bucket)
            .key(self.key.as_str())
            .upload_id(&self.upload_id)
            .part_number(number)
            .body(part.into())
            .send()
            .await
            .map_err(|error| request.failed(error))?;
        self.bytes += bytes;
        self.parts.push(completed(number, output.e_tag));
        Ok(())
    }

    pub(crate) async fn complete(&self) -> Result<Staged, LakeError> {
        let request = Request::new("CompleteMultipartUpload", &self.bucket, &self.key);
        let output = self
            .lake
            .client
            .complete_multipart_upload()
            .bucket(&self.bucket)
            .key(self.key.as_str())
            .upload_id(&self.upload_id)
            .multipart_upload(all_of(self.parts.clone()))
            .customize()
            .config_override(patient())
            .send()
            .await
            .map_err(|error| request.failed(error))?;
        Ok(Staged {
            etag: unquoted(output.e_tag()),
            version_id: output.version_id,
            lake: self.lake.clone(),
            bucket: self.bucket.clone(),
            key: self.key.clone(),
            bytes: self.bytes,
        })
    }

    pub(crate) async fn abort(self) {
        abort(&self.lake, &self.bucket, &self.key, &self.upload_id).await;
    }
}

/// A whole object under `staging/`.
pub(crate) struct Staged {
    lake: Lake,
    bucket: String,
    key: ObjectKey,
    etag: String,
    version_id: Option<String>,
    bytes: u64,
}

impl Staged {
    /// Copies it to its key, unless something stands there.
    pub(crate) async fn promote(
        &self,
        to: &ObjectKey,
        options: &PutOptions,
    ) -> Result<Put, LakeError> {
        if self.bytes <= COPY_BYTES {
            self.copy_whole(to, options).await
        } else {
            self.copy_in_parts(to, options, COPY_BYTES).await
        }
    }

    /// Best effort: the bucket's lifecycle rule clears away what stays.
    pub(crate) async fn delete(self) {
        let call = self
            .lake
            .client
            .delete_object()
            .bucket(&self.bucket)
            .key(self.key.as_str())
            .set_version_id(self.version_id);
        if let Err(error) = call.send().await {
            let error = Request::new("DeleteObject", &self.bucket, &self.key).failed(error);
            tracing::warn!(object.key = %self.key, %error, "left a staged object behind");
        }
    }

    async fn copy_whole(&self, to: &ObjectKey, options: &PutOptions) -> Result<Put, LakeError> {
        let request = Request::new("CopyObject", &self.bucket, to);
        let mut attempt = 1;
        loop {
            let call = self
                .lake
                .client
                .copy_object()
                .bucket(&self.bucket)
                .key(to.as_str())
                .copy_source(self.copy_source())
                .copy_source_if_match(quoted(&self.etag))
                .metadata_directive(MetadataDirective::Replace)
                .set_metadata(Some(fit_metadata(&options.metadata).into_iter().collect()))
                .content_type(content_type(options))
                .if_none_match("*")
                .customize()
                .config_override(patient());
            match call.send().await {
                Ok(output) => return Ok(Put::Written(copied(&output))),
                Err(error) if status_of(&error) == Some(412) => return Ok(Put::AlreadyThere),
                Err(error) if is_conflict(&error) && attempt < CONFLICTS_MAX => {
                    pause(attempt).await;
                    attempt += 1;
                }
                Err(error) => return Err(request.failed(error)),
            }
        }
    }

    async fn copy_in_parts(
        &self,
        to: &ObjectKey,
        options: &PutOptions,
        part_bytes: u64,
    ) -> Result<Put, LakeError> {
        let request = Request::new("CreateMultipartUpload", &self.bucket, to);
        let output = self
            .lake
            .client
            .create_multipart_upload()
            .bucket(&self.bucket)
            .key(to.as_str())
            .set_metadata(Some(fit_metadata(&options.metadata).into_iter().collect()))
            .content_type(content_type(options))
            .send()
            .await
            .map_err(|error| request.failed(error))?;
        let upload_id = output.upload_id.unwrap_or_default();
        let put = self.copy_all_parts(to, &upload_id, part_bytes).await;
        if !matches!(put, Ok(Put::Written(_))) {
            abort(&self.lake, &self.bucket, to, &upload_id).await;
        }
        put
    }

    async fn copy_all_parts(
        &self,
        to: &ObjectKey,
        upload_id: &str,
        part_bytes: u64,
    ) -> Result<Put, LakeError> {
        let mut parts = Vec::new();
        let mut start = 0;
        while start < self.bytes {
            let end = self.bytes.min(start + part_bytes);
            let number = part_number(parts.len());
            let range = format!("bytes={start}-{}", end - 1);
            parts.push(self.copy_part(to, upload_id, number, range).await?);
            start = end;
        }
        let request = Request::new("CompleteMultipartUpload", &self.bucket, to);
        let call = self
            .lake
            .client
            .complete_multipart_upload()
            .bucket(&self.bucket)
            .key(to.as_str())
            .upload_id(upload_id)
            .multipart_upload(all_of(parts))
            .if_none_match("*")
            .customize()
            .config_override(patient());
        match call.send().await {
            Ok(output) => Ok(Put::Written(Written {
                etag: unquoted(output.e_tag()),
                version_id: output.version_id,
            })),
            Err(error) if status_of(&error) == Some(412) => Ok(Put::AlreadyThere),
            Err(error) => Err(request.failed(error)),
        }
    }

    async fn copy_part(
        &self,
        to: &ObjectKey,
        upload_id: &str,
        number: i32,
        range: String,
    ) -> Result<CompletedPart, LakeError> {
        let request = Request::new("UploadPartCopy", &self.bucket, to);
        let output = self
            .lake
            .client
            .upload_part_copy()
            .bucket(&self.bucket)
            .key(to.as_str())
            .upload_id(upload_id)
            .part_number(number)
            .copy_source(self.copy_source())
            .copy_source_range(range)
            .copy_source_if_match(quoted(&self.etag))
            .customize()
            .config_override(patient())
            .send()
            .await
            .map_err(|error| request.failed(error))?;
        let etag = output.copy_part_result.and_then(|result| result.e_tag);
        Ok(completed(number, etag))
    }

    fn copy_source(&self) -> String {
        let key = self.key.to_percent_encoded();
        match &self.version_id {
            Some(version_id) => format!("{}/{key}?versionId={version_id}", self.bucket),
            None => format!("{}/{key}", self.bucket),
        }
    }
}

async fn abort(lake: &Lake, bucket: &str, key: &ObjectKey, upload_id: &str) {
    let call =
        lake.client.abort_multipart_upload().bucket(bucket).key(key.as_str()).upload_id(upload_id);
    if let Err(error) = call.send().await {
        let error = Request::new("AbortMultipartUpload", bucket, key).failed(error);
        tracing::warn!(object.key = %key, %error, "left an unfinished upload behind");
    }
}

/// S3 counts parts from 1.
fn part_number(parts_before: usize) -> i32 {
    i32::try_from(parts_before + 1).unwrap_or(i32::MAX)
}

fn completed(number: i32, etag: Option<String>) -> CompletedPart {
    CompletedPart::builder().part_number(number).set_e_tag(etag).build()
}

fn all_of(parts: Vec<CompletedPart>) -> CompletedMultipartUpload {
    CompletedMultipartUpload::builder().set_parts(Some(parts)).build()
}

fn content_type(options: &PutOptions) -> &str {
    options.content_type.as_deref().unwrap_or("application/json")
}

fn copied(output: &CopyObjectOutput) -> Written {
    let etag = output.copy_object_result().and_then(|result| result.e_tag());
    Written { etag: unquoted(etag), version_id: output.version_id().map(str::to_owned) }
}

#[cfg(test)]
mod tests {
    use embedded::s3::{S3Options, S3Server};

    use super::*;

    #[tokio::test]
    async fn what_is_too_large_for_one_copy_is_copied_in_parts() {
        let dir = tempfile::tempdir().unwrap();
        let options = S3Options::new(dir.path(), &[("lake", false)]);
        let server = S3Server::start(options).await.unwrap();
        let lake = Lake::at_endpoint(&server.endpoint(), "test", "test");
        let body = Bytes::from(vec![b'x'; (11 << 20) + 1]);
        let (from, to) = (ObjectKey::new("staging/é"), ObjectKey::new("raw/k"));
        let options = PutOptions {
            metadata: [("pages".to_owned(), "1".to_owned())].into(),
            content_type: None,
        };
        let put = lake.put("lake", &from, body.clone(), PutOptions::default());
        let staged = Staged {
            etag: put.await.unwrap().etag,
            version_id: None,
            lake: lake.clone(),
            bucket: "lake".to_owned(),
            key: from,
            bytes: body.len() as u64,
        };
        let copied = staged.copy_in_parts(&to, &options, 5 << 20).await.unwrap();
        assert!(matches!(copied, Put::Written(written) if written.etag.ends_with("-3")));
        let again = staged.copy_in_parts(&to, &options, 5 << 20).await.unwrap();
        assert_eq!(again, Put::AlreadyThere);
        let (copied, _) = lake.get_bytes("lake", &to, u64::MAX).await.unwrap().unwrap();
        assert!(copied == body);
        let head = lake.head("lake", &to).await.unwrap().unwrap();
        assert_eq!(head.metadata["pages"], "1");
        let uploads = lake.client.list_multipart_uploads().bucket("lake");
        assert!(uploads.send().await.unwrap().uploads().is_empty());
    }

    #[test]
    fn ten_thousand_parts_hold_five_terabytes() {
        let bytes = (0..10_000).map(|part| part_bytes(part) as u64).sum::<u64>();
        assert!(bytes > 5 << 40);
        assert!(part_bytes(9_999) < 5 << 30);
        assert_eq!(part_bytes(999), 8 << 20);
    }
}
