//! The reader under a decompressed body: raw bytes counted, a codec chosen by the first of them,
//! and errors told apart: the network's, the object's.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_compression::tokio::bufread::{GzipDecoder, ZstdDecoder};
use async_compression::zstd::DParameter;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use landing::Compression;
use tokio::io::{AsyncBufRead, AsyncRead};
use tokio_util::io::StreamReader;

use crate::decode::announced;
use crate::{DecodeLimits, LakeError, Reading};

const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];
const ZSTD_MAGIC: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// An object's bytes on their way through a codec.
pub(crate) struct Inflating {
    pub(crate) reader: Pin<Box<dyn AsyncRead + Send>>,
    format: &'static str,
    raw_bytes: Arc<AtomicU64>,
}

impl std::fmt::Debug for Inflating {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inflating").field("format", &self.format).finish_non_exhaustive()
    }
}

/// Reads the first bytes and chooses the codec.
pub(crate) async fn open(
    mut reading: Reading,
    limits: &DecodeLimits,
) -> Result<Inflating, LakeError> {
    let announced = announced(&reading.name, reading.head.content_encoding.as_deref());
    let first = first_bytes(&mut reading).await?;
    let found = by_magic(&first);
    if found == Compression::None && announced != Compression::None && !first.is_empty() {
        return Err(LakeError::NotCompressed {
            object: reading.object,
            format: format_of(announced),
        });
    }
    let raw_bytes = Arc::new(AtomicU64::new(reading.raw_bytes()));
    let body = StreamReader::new(raw(reading, first, Arc::clone(&raw_bytes)));
    Ok(Inflating { reader: through(found, body, limits), format: format_of(found), raw_bytes })
}

/// Enough to tell the codec by.
async fn first_bytes(reading: &mut Reading) -> Result<Bytes, LakeError> {
    let mut first = Bytes::new();
    while first.len() < ZSTD_MAGIC.len() {
        match reading.raw_chunk().await? {
            Some(chunk) if first.is_empty() => first = chunk,
            Some(chunk) => first = [first, chunk].concat().into(),
            None => break,
        }
    }
    Ok(first)
}

fn by_magic(first: &[u8]) -> Compression {
    if first.starts_with(GZIP_MAGIC) {
        Compression::Gzip
    } else if first.starts_with(ZSTD_MAGIC) {
        Compression::Zstd
    } else {
        Compression::None
    }
}

fn format_of(compression: Compression) -> &'static str {
    match compression {
        Compression::None => "plain bytes",
        Compression::Gzip => "gzip",
        Compression::Zstd => "zstd",
    }
}

fn raw(
    reading: Reading,
    first: Bytes,
    raw_bytes: Arc<AtomicU64>,
) -> BoxStream<'static, io::Result<Bytes>> {
    let rest = stream::unfold(reading, move |mut reading| {
        let raw_bytes = Arc::clone(&raw_bytes);
        async move {
            let chunk = reading.raw_chunk().await.map_err(io::Error::other);
            raw_bytes.store(reading.raw_bytes(), Ordering::Relaxed);
            chunk.transpose().map(|chunk| (chunk, reading))
        }
    });
    stream::once(async move { Ok(first) }).chain(rest).boxed()
}

fn through(
    compression: Compression,
    body: impl AsyncBufRead + Send + 'static,
    limits: &DecodeLimits,
) -> Pin<Box<dyn AsyncRead + Send>> {
    match compression {
        Compression::None => Box::pin(body),
        Compression::Gzip => {
            let mut decoder = GzipDecoder::new(body);
            // Tools that append write one member after another.
            decoder.multiple_members(true);
            Box::pin(decoder)
        }
        Compression::Zstd => {
            let window = DParameter::window_log_max(limits.zstd_window_log_max);
            let mut decoder = ZstdDecoder::with_params(body, &[window]);
            decoder.multiple_members(true);
            Box::pin(decoder)
        }
    }
}

impl Inflating {
    /// Bytes read from S3 so far.
    pub(crate) fn raw_bytes(&self) -> u64 {
        self.raw_bytes.load(Ordering::Relaxed)
    }

    /// Lets the next read fail with this error.
    pub(crate) fn keep(&mut self, error: io::Error) {
        let failing = stream::once(async move { Err::<Bytes, _>(error) });
        self.reader = Box::pin(StreamReader::new(failing.boxed()));
    }

    /// Says whose error it is.
    pub(crate) fn failed(&self, error: io::Error, object: &str, byte_offset: u64) -> LakeError {
        let format = self.format;
        let object = object.to_owned();
        match error.kind() {
            io::ErrorKind::UnexpectedEof => LakeError::CutOff { object, format, byte_offset },
            _ => match error.downcast::<LakeError>() {
                Ok(lost) => lost,
                Err(error) => LakeError::BadCompression {
                    object,
                    format,
                    byte_offset,
                    reason: error.to_string(),
                },
            },
        }
    }
}
