//! Reads samples, from files or from S3, decompressed and within bounds.

use anyhow::Context;
use async_compression::tokio::bufread::{GzipDecoder, ZstdDecoder};
use landing::ObjectKey;
use objects::{DecodeLimits, Lake, LakeError};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::environment::Environment;
use crate::exit::Usage;

const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];
const ZSTD_MAGIC: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// How much is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) objects: usize,
    pub(super) bytes: u64,
}

/// One sample.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) name: String,
    /// Of an object.
    pub(super) key: Option<ObjectKey>,
    pub(super) json: Vec<u8>,
}

/// What was read, and which bound was met.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) given: Vec<Given>,
    pub(super) notes: Vec<String>,
}

/// Reads files and prefixes in the order in which they were named.
pub(super) async fn read(
    samples: &[String],
    prefix: Option<&str>,
    bounds: Bounds,
) -> anyhow::Result<Read> {
    let mut read = Read::default();
    for sample in samples {
        match sample.strip_prefix("s3://") {
            Some(address) => {
                let (bucket, prefix) = address.split_once('/').unwrap_or((address, ""));
                read.objects(&Lake::from_env().await, bucket, prefix, bounds).await?;
            }
            None => read.file(sample, bounds).await?,
        }
    }
    if let Some(prefix) = prefix {
        let environment = Environment::read().await?;
        read.objects(&environment.lake, environment.bucket()?, prefix, bounds).await?;
    }
    Ok(read)
}

impl Read {
    fn room(&self, bounds: Bounds) -> u64 {
        bounds.bytes.saturating_sub(self.given.iter().map(|one| one.json.len() as u64).sum())
    }

    async fn file(&mut self, path: &str, bounds: Bounds) -> anyhow::Result<()> {
        let unreadable = |error: std::io::Error| Usage(format!("{path} can't be read: {error}"));
        let raw = tokio::fs::read(path).await.map_err(unreadable)?;
        let room = self.room(bounds);
        let mut json = Vec::new();
        // One more than fits tells that it does not.
        let decoded = decoder(&raw).take(room.saturating_add(1)).read_to_end(&mut json).await;
        decoded.map_err(unreadable)?;
        if json.len() as u64 <= room {
            self.given.push(Given { name: path.to_owned(), key: None, json });
            return Ok(());
        }
        self.too_much(path, bounds)
    }

    async fn objects(
        &mut self,
        lake: &Lake,
        bucket: &str,
        prefix: &str,
        bounds: Bounds,
    ) -> anyhow::Result<()> {
        let mut listing = lake.list(bucket, prefix);
        let mut read = 0;
        while let Some(listed) = listing.next().await? {
            if listed.bytes == 0 || listed.key.as_str().ends_with('/') {
                continue;
            }
            let name = format!("s3://{bucket}/{}", listed.key.as_str());
            if read == bounds.objects {
                let bound = bounds.objects;
                self.notes.push(format!(
                    "only the first {bound} objects were read, those before {name}; --max-objects \
                     reads more"
                ));
                return Ok(());
            }
            let reading = lake.read(&listed.landed(bucket)).await?;
            let body = reading.decoded_within(DecodeLimits::default());
            match body.collect(self.room(bounds)).await {
                Ok(json) => {
                    let (key, json) = (Some(listed.key), json.to_vec());
                    self.given.push(Given { name, key, json });
                }
                Err(LakeError::TooLarge { .. }) => return self.too_much(&name, bounds),
                Err(error) => return Err(error).with_context(|| format!("{name} can't be read")),
            }
            read += 1;
        }
        if read == 0 {
            let message = format!("there are no objects under s3://{bucket}/{prefix}");
            return Err(Usage(message).into());
        }
        Ok(())
    }

    /// What was read before is enough to go on with.
    fn too_much(&mut self, name: &str, bounds: Bounds) -> anyhow::Result<()> {
        let bytes = bounds.bytes;
        let message = format!(
            "{name} would exceed {bytes} bytes of samples and was not read; --max-bytes reads more"
        );
        if self.given.is_empty() {
            return Err(Usage(message).into());
        }
        self.notes.push(message);
        Ok(())
    }
}

fn decoder(raw: &[u8]) -> Box<dyn AsyncRead + Send + Unpin + '_> {
    if raw.starts_with(GZIP_MAGIC) {
        let mut decoder = GzipDecoder::new(raw);
        decoder.multiple_members(true);
        Box::new(decoder)
    } else if raw.starts_with(ZSTD_MAGIC) {
        let mut decoder = ZstdDecoder::new(raw);
        decoder.multiple_members(true);
        Box::new(decoder)
    } else {
        Box::new(raw)
    }
}
