//! A raw object of unknown length on its way to the lake: nothing is visible until its last byte
//! is in, and memory holds one part. Where parts wait and how they become the object is in
//! `multipart`.

use std::collections::BTreeMap;

use async_compression::tokio::write::{GzipEncoder, ZstdEncoder};
use bytes::Bytes;
use landing::{Compression, ObjectKey};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

use crate::multipart::{Staging, part_bytes};
use crate::translate::Request;
use crate::{Lake, LakeError, Put, PutOptions};

/// The metadata that an upload adds: the SHA-256 of the body before compression, in hexadecimal.
const SHA256: &str = "sha256";

/// A piece goes through the codec at once, and a part is full when the next piece might not fit:
/// a buffer that outgrows a part doubles, and many uploads share a small function's memory.
const PIECE_BYTES: usize = 64 * 1024;
const MARGIN_BYTES: usize = 256 * 1024;

/// How an object is uploaded.
#[derive(Debug, Clone)]
pub struct UploadOptions {
    /// Names the folder under `staging/` where a large object's parts wait.
    pub run_id: String,
    /// How bytes are compressed on their way; the key's ending should say the same.
    pub compression: Compression,
    /// `application/json` where nothing is said.
    pub content_type: Option<String>,
}

/// What was uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uploaded {
    /// Whether the object was written, or stood there already.
    pub put: Put,
    /// Bytes pushed, before compression.
    pub bytes: u64,
    /// Bytes stored.
    pub stored_bytes: u64,
    /// SHA-256 of the bytes pushed, in hexadecimal.
    pub sha256: String,
}

/// An upload under way. [`Upload::finish`] makes the object appear; [`Upload::abort`] clears away.
/// One that is dropped leaves parts that the bucket's lifecycle rule clears away.
pub struct Upload {
    lake: Lake,
    bucket: String,
    key: ObjectKey,
    options: UploadOptions,
    hash: Sha256,
    bytes: u64,
    stored_bytes: u64,
    encoder: Encoder,
    staging: Option<Staging>,
}

impl std::fmt::Debug for Upload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upload")
            .field("bucket", &self.bucket)
            .field("key", &self.key)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

impl Lake {
    /// Begins to upload an object; speaks to S3 only once a part is full.
    pub fn uploader(&self, bucket: &str, key: &ObjectKey, options: UploadOptions) -> Upload {
        Upload {
            lake: self.clone(),
            bucket: bucket.to_owned(),
            key: key.clone(),
            encoder: Encoder::new(options.compression),
            options,
            hash: Sha256::new(),
            bytes: 0,
            stored_bytes: 0,
            staging: None,
        }
    }
}

impl Upload {
    /// Bytes pushed so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Adds bytes.
    pub async fn push(&mut self, chunk: &[u8]) -> Result<(), LakeError> {
        self.hash.update(chunk);
        self.bytes += chunk.len() as u64;
        for piece in chunk.chunks(PIECE_BYTES) {
            let buffered = self.encoder.write(piece).await;
            let buffered = buffered.map_err(|error| self.not_encoded(error))?;
            let parts = self.staging.as_ref().map_or(0, Staging::parts);
            if buffered + MARGIN_BYTES > part_bytes(parts) {
                let part = self.encoder.take();
                self.stage(part).await?;
            }
        }
        Ok(())
    }

    /// Makes the object appear with this metadata, unless one stands there.
    pub async fn finish(
        mut self,
        mut metadata: BTreeMap<String, String>,
    ) -> Result<Uploaded, LakeError> {
        let rest = self.encoder.finish().await;
        let rest = rest.map_err(|error| self.not_encoded(error))?;
        let sha256 = hex::encode(self.hash.finalize_reset());
        metadata.insert(SHA256.to_owned(), sha256.clone());
        let options = PutOptions { metadata, content_type: self.options.content_type.clone() };
        let put = if self.staging.is_some() {
            self.promote(rest, options).await?
        } else {
            self.stored_bytes = rest.len() as u64;
            let (bucket, key) = (&self.bucket, &self.key);
            self.lake.put_new(bucket, key, rest, options).await?
        };
        Ok(Uploaded { put, bytes: self.bytes, stored_bytes: self.stored_bytes, sha256 })
    }

    /// Clears away what was uploaded; the object never appears.
    pub async fn abort(self) {
        if let Some(staging) = self.staging {
            staging.abort().await;
        }
    }

    async fn stage(&mut self, part: Bytes) -> Result<(), LakeError> {
        if part.is_empty() {
            return Ok(());
        }
        let mut staging = match self.staging.take() {
            Some(staging) => staging,
            None => {
                Staging::begin(&self.lake, &self.bucket, &self.key, &self.options.run_id).await?
            }
        };
        self.stored_bytes += part.len() as u64;
        let sent = staging.send(part).await;
        self.staging = Some(staging);
        sent
    }

    /// Sends the last part, and lets S3 copy the whole to its key. Nothing stays under `staging/`.
    async fn promote(&mut self, rest: Bytes, options: PutOptions) -> Result<Put, LakeError> {
        let sent = self.stage(rest).await;
        let Some(staging) = self.staging.take() else {
            return sent.map(|()| Put::AlreadyThere);
        };
        let whole = match sent {
            Ok(()) => staging.complete().await,
            Err(error) => Err(error),
        };
        match whole {
            Ok(staged) => {
                let put = staged.promote(&self.key, &options).await;
                staged.delete().await;
                put
            }
            Err(error) => {
                staging.abort().await;
                Err(error)
            }
        }
    }

    /// Writing to memory does not fail but where the codec is out of memory.
    fn not_encoded(&self, error: std::io::Error) -> LakeError {
        let request = Request::new("compression", &self.bucket, &self.key);
        LakeError::Unreachable {
            operation: request.operation,
            object: request.object,
            source: Box::new(error),
        }
    }
}

/// Compresses into memory.
enum Encoder {
    Plain(Vec<u8>),
    Gzip(GzipEncoder<Vec<u8>>),
    Zstd(ZstdEncoder<Vec<u8>>),
}

impl Encoder {
    fn new(compression: Compression) -> Self {
        match compression {
            Compression::None => Self::Plain(Vec::with_capacity(PIECE_BYTES)),
            Compression::Gzip => Self::Gzip(GzipEncoder::new(Vec::new())),
            Compression::Zstd => Self::Zstd(ZstdEncoder::new(Vec::new())),
        }
    }

    /// Returns how many compressed bytes wait.
    async fn write(&mut self, chunk: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain(buffer) => buffer.extend_from_slice(chunk),
            Self::Gzip(encoder) => encoder.write_all(chunk).await?,
            Self::Zstd(encoder) => encoder.write_all(chunk).await?,
        }
        Ok(self.buffer().len())
    }

    async fn finish(&mut self) -> std::io::Result<Bytes> {
        match self {
            Self::Plain(_) => {}
            Self::Gzip(encoder) => encoder.shutdown().await?,
            Self::Zstd(encoder) => encoder.shutdown().await?,
        }
        Ok(self.take())
    }

    fn take(&mut self) -> Bytes {
        let fresh = Vec::with_capacity(PIECE_BYTES);
        std::mem::replace(self.buffer(), fresh).into()
    }

    fn buffer(&mut self) -> &mut Vec<u8> {
        match self {
            Self::Plain(buffer) => buffer,
            Self::Gzip(encoder) => encoder.get_mut(),
            Self::Zstd(encoder) => encoder.get_mut(),
        }
    }
}
