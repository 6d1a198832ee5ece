//! An object being read: what S3 says of it, and its bytes as they stand. Decompressing is in
//! `decode`.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::primitives::{ByteStream, DateTime};
use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use landing::ObjectKey;

use crate::decode::STALL_MAX;
use crate::translate::unquoted;
use crate::{DecodeLimits, DecodedBody, LakeError};

/// What S3 says of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The entity tag, without quotes.
    pub etag: String,
    /// Size in bytes, as stored.
    pub bytes: u64,
    /// The version, where the bucket keeps versions.
    pub version_id: Option<String>,
    /// When it was written.
    pub last_modified: Timestamp,
    /// User metadata, as stored.
    pub metadata: BTreeMap<String, String>,
    /// `gzip`, `zstd`.
    pub content_encoding: Option<String>,
    /// `application/json`.
    pub content_type: Option<String>,
}

impl Head {
    pub(crate) fn of_head(output: HeadObjectOutput) -> Self {
        Self {
            etag: unquoted(output.e_tag()),
            bytes: size(output.content_length),
            version_id: output.version_id.filter(|id| id != "null"),
            last_modified: timestamp(output.last_modified.as_ref()),
            metadata: output.metadata.unwrap_or_default().into_iter().collect(),
            content_encoding: output.content_encoding,
            content_type: output.content_type,
        }
    }

    fn of_get(output: GetObjectOutput) -> (Self, ByteStream) {
        let head = Self {
            etag: unquoted(output.e_tag()),
            bytes: size(output.content_length),
            version_id: output.version_id.filter(|id| id != "null"),
            last_modified: timestamp(output.last_modified.as_ref()),
            metadata: output.metadata.unwrap_or_default().into_iter().collect(),
            content_encoding: output.content_encoding,
            content_type: output.content_type,
        };
        (head, output.body)
    }
}

fn size(content_length: Option<i64>) -> u64 {
    content_length.and_then(|length| u64::try_from(length).ok()).unwrap_or_default()
}

/// S3 always says when; the epoch stands where a stand-in does not.
pub(crate) fn timestamp(at: Option<&DateTime>) -> Timestamp {
    at.and_then(|at| Timestamp::from_second(at.secs()).ok()).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// An open object.
#[derive(Debug)]
pub struct Reading {
    /// What S3 says of it.
    pub head: Head,
    pub(crate) object: String,
    pub(crate) name: String,
    pub(crate) body: ByteStream,
    raw_bytes: u64,
    stall_max: Duration,
}

impl Reading {
    pub(crate) fn new(object: String, key: &ObjectKey, output: GetObjectOutput) -> Self {
        let (head, body) = Head::of_get(output);
        let name = key.as_str().to_owned();
        Self { head, object, name, body, raw_bytes: 0, stall_max: STALL_MAX }
    }

    /// The next bytes as they stand in S3, or nothing at the end.
    pub async fn raw_chunk(&mut self) -> Result<Option<Bytes>, LakeError> {
        let lost = |source, raw_bytes| LakeError::BodyLost {
            object: self.object.clone(),
            raw_bytes,
            source,
        };
        let Ok(next) = tokio::time::timeout(self.stall_max, self.body.next()).await else {
            return Err(LakeError::Stalled {
                object: self.object.clone(),
                raw_bytes: self.raw_bytes,
                waited: self.stall_max,
            });
        };
        match next {
            Some(Ok(chunk)) => {
                self.raw_bytes += chunk.len() as u64;
                Ok(Some(chunk))
            }
            Some(Err(error)) => Err(lost(Box::new(error), self.raw_bytes)),
            None if self.raw_bytes < self.head.bytes => {
                let expected = format!("S3 had announced {} bytes", self.head.bytes);
                Err(lost(expected.into(), self.raw_bytes))
            }
            None => Ok(None),
        }
    }

    /// Bytes read so far, as they stand in S3.
    pub fn raw_bytes(&self) -> u64 {
        self.raw_bytes
    }

    /// The bytes decompressed, within the default limits.
    pub fn decoded(self) -> DecodedBody {
        self.decoded_within(DecodeLimits::default())
    }

    /// The bytes decompressed, within given limits.
    pub fn decoded_within(self, limits: DecodeLimits) -> DecodedBody {
        DecodedBody::new(Self { stall_max: limits.stall_max, ..self }, limits)
    }

    /// The raw bytes whole.
    pub(crate) async fn collect(mut self, bytes_max: u64) -> Result<Bytes, LakeError> {
        let mut whole = BytesMut::new();
        while let Some(chunk) = self.raw_chunk().await? {
            whole.extend_from_slice(&chunk);
            if self.raw_bytes > bytes_max {
                return Err(LakeError::TooLarge { object: self.object, bytes_max });
            }
        }
        Ok(whole.freeze())
    }
}
