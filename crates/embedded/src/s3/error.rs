//! Why the server does not start. What a request does wrong is S3's own error, said by the protocol.

use std::path::PathBuf;

/// A failure to start.
#[derive(Debug, thiserror::Error)]
pub enum S3Error {
    /// Another server has the directory.
    #[error("directory `{0}` belongs to another running S3 server; stop that one first")]
    InUse(PathBuf),
    /// The directory cannot be read or written.
    #[error("cannot keep objects in directory `{path}`")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// The reason.
        #[source]
        source: std::io::Error,
    },
    /// A line of the journal that is neither a change nor the torn end of one.
    #[error("journal `{path}` is damaged at line {line}; restore or delete the directory")]
    Damaged {
        /// The journal.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The reason.
        #[source]
        source: serde_json::Error,
    },
    /// The port is taken.
    #[error("cannot listen on 127.0.0.1 port {port}; choose another port, or 0 for any")]
    Listen {
        /// The port asked for.
        port: u16,
        /// The reason.
        #[source]
        source: std::io::Error,
    },
    /// A bucket's name is none that S3 takes.
    #[error("`{0}` is no bucket name: 3 to 63 lower-case letters, digits, hyphens and dots")]
    BucketName(String),
}
