//! What every end-to-end test stands on: a lake and a database of its own.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use embedded::postgres::{TestDatabase, test_database};
use embedded::s3::{S3Options, S3Server};
use tempfile::TempDir;

use crate::BUCKET;

/// A folder that goes with the test, an S3 server that keeps its objects there, and a database.
pub(crate) async fn ground() -> (TempDir, S3Server, TestDatabase) {
    let directory = tempfile::tempdir().unwrap();
    let options = S3Options::new(directory.path().join("s3"), &[(BUCKET, false)]);
    let server = S3Server::start(options).await.unwrap();
    (directory, server, test_database().await)
}

/// Writes a configuration, for `RIACHO_CONFIG` to name; the next one takes its place.
pub(crate) fn write_configuration(directory: &Path, text: &str) -> String {
    let path = directory.join("riacho.toml");
    std::fs::write(&path, text).unwrap();
    path.to_string_lossy().into_owned()
}
