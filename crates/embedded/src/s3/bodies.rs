//! The bytes of objects, a file for each body, written once and never changed: under `incoming/`
//! while they come, under `bodies/` once they are whole.

use std::collections::HashSet;
use std::io::{Error, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures::future::Either;
use futures::{Stream, StreamExt, stream};
use md5::{Digest, Md5};
use s3s::{S3Result, StdError, s3_error};
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt, BufWriter};
use tokio_util::io::ReaderStream;

use super::integrity::Integrity;

const INCOMING: &str = "incoming";
const BODIES: &str = "bodies";
/// Bytes are written to disk in pieces of this size.
const BUFFER_BYTES: usize = 256 * 1024;

#[derive(Debug, Clone)]
pub(crate) struct Bodies {
    dir: PathBuf,
}

/// A body that came whole.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) body: String,
    pub(crate) bytes: u64,
    pub(crate) md5: [u8; 16],
}

impl Received {
    /// The entity tag of an object that came in one piece.
    pub(crate) fn etag(&self) -> String {
        hex::encode(self.md5)
    }
}

impl Bodies {
    /// Makes the folders, and removes what no one refers to: what a crash left half-way.
    pub(crate) fn open(dir: &Path, referred: &HashSet<String>) -> std::io::Result<Self> {
        let incoming = dir.join(INCOMING);
        if incoming.exists() {
            std::fs::remove_dir_all(&incoming)?;
        }
        std::fs::create_dir_all(&incoming)?;
        let bodies = dir.join(BODIES);
        std::fs::create_dir_all(&bodies)?;
        for entry in std::fs::read_dir(&bodies)? {
            let entry = entry?;
            if !referred.contains(entry.file_name().to_string_lossy().as_ref()) {
                std::fs::remove_file(entry.path())?;
            }
        }
        Ok(Self { dir: dir.to_owned() })
    }

    /// Writes a body as it comes, in constant memory.
    pub(crate) async fn receive<S>(&self, stream: S, integrity: Integrity) -> S3Result<Received>
    where
        S: Stream<Item = Result<Bytes, StdError>> + Unpin,
    {
        let body = fresh_name();
        let incoming = self.dir.join(INCOMING).join(&body);
        match write(&incoming, stream, integrity).await {
            Ok((bytes, md5)) => {
                tokio::fs::rename(&incoming, self.path(&body)).await.map_err(disk)?;
                Ok(Received { body, bytes, md5 })
            }
            Err(error) => {
                remove(&incoming);
                Err(error)
            }
        }
    }

    /// Joins bodies into a new one.
    pub(crate) async fn join(&self, bodies: &[String]) -> S3Result<String> {
        let joined = fresh_name();
        let incoming = self.dir.join(INCOMING).join(&joined);
        let mut file = tokio::fs::File::create(&incoming).await.map_err(disk)?;
        for body in bodies {
            let mut part = tokio::fs::File::open(self.path(body)).await.map_err(disk)?;
            tokio::io::copy(&mut part, &mut file).await.map_err(disk)?;
        }
        file.flush().await.map_err(disk)?;
        tokio::fs::rename(&incoming, self.path(&joined)).await.map_err(disk)?;
        Ok(joined)
    }

    /// A second name for the same bytes, which live until both are gone.
    pub(crate) async fn link(&self, body: &str) -> S3Result<String> {
        let linked = fresh_name();
        tokio::fs::hard_link(self.path(body), self.path(&linked)).await.map_err(disk)?;
        Ok(linked)
    }

    /// The bytes of a range.
    pub(crate) async fn read(
        &self,
        body: &str,
        range: std::ops::Range<u64>,
    ) -> std::io::Result<impl Stream<Item = std::io::Result<Bytes>> + Send + Sync + use<>> {
        let path = self.path(body);
        let length = range.end.saturating_sub(range.start);
        if let Some(length) = usize::try_from(length).ok().filter(|it| *it <= BUFFER_BYTES) {
            let reading = move || read_exactly(&path, range.start, length);
            let bytes = tokio::task::spawn_blocking(reading).await.map_err(Error::other)??;
            let bytes = (!bytes.is_empty()).then_some(Ok(bytes));
            return Ok(Either::Left(stream::iter(bytes)));
        }
        let mut file = tokio::fs::File::open(path).await?;
        if range.start > 0 {
            file.seek(SeekFrom::Start(range.start)).await?;
        }
        Ok(Either::Right(ReaderStream::with_capacity(file.take(length), BUFFER_BYTES)))
    }

    pub(crate) fn remove(&self, body: &str) {
        remove(&self.path(body));
    }

    fn path(&self, body: &str) -> PathBuf {
        self.dir.join(BODIES).join(body)
    }
}

/// A small range in one go: each step of a file that is read asynchronously is a thread's turn.
fn read_exactly(path: &Path, start: u64, length: usize) -> std::io::Result<Bytes> {
    let mut file = std::fs::File::open(path)?;
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = vec![0; length];
    file.read_exact(&mut bytes)?;
    Ok(Bytes::from(bytes))
}

async fn write<S>(path: &Path, mut stream: S, mut integrity: Integrity) -> S3Result<(u64, [u8; 16])>
where
    S: Stream<Item = Result<Bytes, StdError>> + Unpin,
{
    let file = tokio::fs::File::create(path).await.map_err(disk)?;
    let mut file = BufWriter::with_capacity(BUFFER_BYTES, file);
    let mut hash = Md5::new();
    let mut bytes = 0;
    while let Some(chunk) = stream.next().await {
        // The client went away, or a chunk's signature or checksum is wrong.
        let chunk = chunk.map_err(|error| s3_error!(IncompleteBody, "{error}"))?;
        hash.update(&chunk);
        integrity.update(&chunk);
        bytes += chunk.len() as u64;
        file.write_all(&chunk).await.map_err(disk)?;
    }
    file.flush().await.map_err(disk)?;
    let md5 = hash.finalize().into();
    integrity.check(md5)?;
    Ok((bytes, md5))
}

fn remove(path: &Path) {
    if let Err(error) = std::fs::remove_file(path)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(path = %path.display(), %error, "left a body behind");
    }
}

fn disk(error: std::io::Error) -> s3s::S3Error {
    s3s::S3Error::internal_error(error)
}

/// 160 bits of chance: no two are alike.
pub(crate) fn fresh_name() -> String {
    std::iter::repeat_with(fastrand::alphanumeric).take(32).collect()
}
