//! A lake for one test, and the few words that tests of it are written in.

use std::collections::BTreeMap;

use async_compression::tokio::write::{GzipEncoder, ZstdEncoder};
use bytes::Bytes;
use embedded::s3::{S3Options, S3Server};
use landing::{LandedObject, ObjectKey};
use objects::{Lake, LakeError, PutOptions};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;

/// The bucket that keeps no versions.
pub(crate) const LAKE: &str = "lake";
/// The bucket that does.
pub(crate) const VERSIONED: &str = "versioned-lake";

pub(crate) struct Place {
    pub(crate) lake: Lake,
    pub(crate) server: S3Server,
    pub(crate) dir: TempDir,
}

pub(crate) async fn start() -> Place {
    let dir = tempfile::tempdir().unwrap();
    let options = S3Options::new(dir.path(), &[(LAKE, false), (VERSIONED, true)]);
    let server = S3Server::start(options).await.unwrap();
    let lake = Lake::at_endpoint(&server.endpoint(), "test", "test");
    Place { lake, server, dir }
}

pub(crate) fn key(text: &str) -> ObjectKey {
    ObjectKey::new(text)
}

impl Place {
    /// Writes an object as any tool might.
    pub(crate) async fn put(&self, name: &str, body: impl Into<Bytes>) -> LandedObject {
        let options = PutOptions::default();
        let object = LandedObject::named(LAKE, key(name));
        let put = self.lake.put(LAKE, &object.key, body.into(), options);
        put.await.unwrap();
        object
    }

    /// Reads it back, decompressed.
    pub(crate) async fn decoded(&self, object: &LandedObject) -> Result<Bytes, LakeError> {
        let reading = self.lake.read(object).await?;
        reading.decoded().collect(u64::MAX).await
    }

    pub(crate) async fn metadata(&self, name: &str) -> BTreeMap<String, String> {
        let head = self.lake.head(LAKE, &key(name)).await.unwrap();
        head.unwrap().metadata
    }

    /// The keys that stand under a prefix.
    pub(crate) async fn keys(&self, prefix: &str) -> Vec<String> {
        let mut listing = self.lake.list(LAKE, prefix);
        let mut keys = Vec::new();
        while let Some(listed) = listing.next().await.unwrap() {
            keys.push(listed.key.as_str().to_owned());
        }
        keys
    }
}

pub(crate) async fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzipEncoder::new(Vec::new());
    encoder.write_all(plain).await.unwrap();
    encoder.shutdown().await.unwrap();
    encoder.into_inner()
}

pub(crate) async fn zstd(plain: &[u8]) -> Vec<u8> {
    let mut encoder = ZstdEncoder::new(Vec::new());
    encoder.write_all(plain).await.unwrap();
    encoder.shutdown().await.unwrap();
    encoder.into_inner()
}

/// Bytes that do not compress, the same for each seed.
pub(crate) fn noise(seed: u64, bytes: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    std::iter::repeat_with(|| random.u8(..)).take(bytes).collect()
}
