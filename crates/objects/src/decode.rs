//! An object's bytes decompressed, in chunks of one size and in constant memory. Which codec: the
//! first bytes say, and where they contradict name and header, that is an error.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use landing::Compression;
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::inflate::{self, Inflating};
use crate::{Head, LakeError, Reading};

/// What an object may take once it is decompressed, and how long its bytes may stay away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeLimits {
    /// The most decompressed bytes.
    pub decoded_bytes_max: u64,
    /// The most decompressed bytes for one byte in S3, once `ratio_from_bytes` are exceeded.
    pub ratio_max: u64,
    /// Below this size no ratio matters.
    pub ratio_from_bytes: u64,
    /// The largest window of zstd, as a power of two: what the decoder keeps in memory. 23 (8 MB)
    /// is what RFC 8878 asks every decoder to support.
    pub zstd_window_log_max: u32,
    /// How long S3 may send nothing of a body that it has begun.
    pub stall_max: Duration,
}

impl Default for DecodeLimits {
    fn default() -> Self {
        Self {
            decoded_bytes_max: 1 << 40,
            ratio_max: 500,
            ratio_from_bytes: 64 << 20,
            zstd_window_log_max: 23,
            stall_max: STALL_MAX,
        }
    }
}

/// S3 sends in milliseconds; a body that stays away for longer comes no more.
pub(crate) const STALL_MAX: Duration = Duration::from_secs(30);
/// What a chunk holds at most.
const CHUNK_BYTES: usize = 256 * 1024;

/// A reader wants room to say that there is nothing more.
const END_BYTES: u64 = 64;

/// An object being read and decompressed.
#[derive(Debug)]
pub struct DecodedBody {
    /// What S3 says of the object.
    pub head: Head,
    limits: DecodeLimits,
    object: String,
    stage: Stage,
    decoded_bytes: u64,
}

#[derive(Debug)]
enum Stage {
    /// Nothing was read yet.
    Unopened(Box<Reading>),
    Open(Inflating),
    Finished,
}

impl DecodedBody {
    pub(crate) fn new(reading: Reading, limits: DecodeLimits) -> Self {
        Self {
            head: reading.head.clone(),
            limits,
            object: reading.object.clone(),
            stage: Stage::Unopened(Box::new(reading)),
            decoded_bytes: 0,
        }
    }

    /// Decompressed bytes given out so far.
    pub fn decoded_bytes(&self) -> u64 {
        self.decoded_bytes
    }

    /// The next up to 256 KB, or nothing at the end. After an error there is nothing more.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, LakeError> {
        let mut inflating = match std::mem::replace(&mut self.stage, Stage::Finished) {
            Stage::Unopened(reading) => inflate::open(*reading, &self.limits).await?,
            Stage::Open(inflating) => inflating,
            Stage::Finished => return Ok(None),
        };
        let mut chunk = BytesMut::with_capacity(self.room());
        let ended = fill(&mut inflating.reader, &mut chunk).await;
        self.decoded_bytes += chunk.len() as u64;
        let is_over = match ended {
            // What was decompressed before the damage goes out first: it places the error exactly.
            Err(error) if chunk.is_empty() => {
                return Err(inflating.failed(error, &self.object, self.decoded_bytes));
            }
            Err(error) => {
                inflating.keep(error);
                false
            }
            Ok(is_over) => is_over,
        };
        self.check_limits(inflating.raw_bytes())?;
        if !is_over {
            self.stage = Stage::Open(inflating);
        }
        Ok(Some(chunk.freeze()).filter(|chunk| !chunk.is_empty()))
    }

    /// What a chunk makes room for: a small object has it all at once, should it not be compressed,
    /// and some bytes in which to find its end.
    fn room(&self) -> usize {
        usize::try_from(self.head.bytes + END_BYTES).unwrap_or(CHUNK_BYTES).min(CHUNK_BYTES)
    }

    /// The decompressed bytes whole, if they are no more than `bytes_max`.
    pub async fn collect(mut self, bytes_max: u64) -> Result<Bytes, LakeError> {
        self.limits.decoded_bytes_max = self.limits.decoded_bytes_max.min(bytes_max);
        let mut whole = BytesMut::new();
        while let Some(chunk) = self.chunk().await? {
            whole.extend_from_slice(&chunk);
        }
        Ok(whole.freeze())
    }

    fn check_limits(&self, raw_bytes: u64) -> Result<(), LakeError> {
        let limits = &self.limits;
        if self.decoded_bytes > limits.decoded_bytes_max {
            return Err(LakeError::TooLarge {
                object: self.object.clone(),
                bytes_max: limits.decoded_bytes_max,
            });
        }
        let ratio_holds = self.decoded_bytes <= limits.ratio_from_bytes
            || self.decoded_bytes / limits.ratio_max.max(1) <= raw_bytes;
        if ratio_holds {
            return Ok(());
        }
        Err(LakeError::Inflates {
            object: self.object.clone(),
            ratio_max: limits.ratio_max,
            byte_offset: self.decoded_bytes,
        })
    }
}

/// Reads until the chunk is full; true at the end.
async fn fill(
    reader: &mut (impl AsyncRead + Unpin + ?Sized),
    chunk: &mut BytesMut,
) -> std::io::Result<bool> {
    while chunk.len() < CHUNK_BYTES {
        let mut rest = (&mut *reader).take((CHUNK_BYTES - chunk.len()) as u64);
        if rest.read_buf(chunk).await? == 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What name and header say of the compression; the header is the last word on how the bytes
/// stand, but tools that compress often set the name alone.
pub(crate) fn announced(name: &str, content_encoding: Option<&str>) -> Compression {
    let encodings = content_encoding.unwrap_or_default().split(',');
    let mut known = encodings.filter_map(|encoding| match encoding.trim() {
        "gzip" | "x-gzip" => Some(Compression::Gzip),
        "zstd" => Some(Compression::Zstd),
        _ => None,
    });
    known.next_back().unwrap_or_else(|| Compression::of(name))
}
