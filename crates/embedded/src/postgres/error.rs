//! Why no Postgres runs, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

/// What kept the server from starting or answering.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// No programs, and no way to get them.
    #[error(
        "found no Postgres server: install postgresql (13 or later) or npm, or set RIACHO_POSTGRES_BIN to the directory of `initdb` and `postgres` ({0})"
    )]
    NotFound(String),
    /// `RIACHO_POSTGRES_BIN` names a directory without the programs.
    #[error("RIACHO_POSTGRES_BIN is `{0}`, which holds no runnable `initdb` and `postgres`")]
    NoBinaries(PathBuf),
    /// `RIACHO_POSTGRES` has a value that we do not know.
    #[error("RIACHO_POSTGRES is `{0}`: set it to `package`, `system`, or leave it unset")]
    UnknownChoice(String),
    /// The package can't be fetched.
    #[error(
        "npm could not fetch the package {package}, which holds a Postgres server; install postgresql instead, or cure npm: {output}"
    )]
    Package {
        /// Name and version.
        package: String,
        /// What npm said.
        output: String,
    },
    /// The directory belongs to a server of another major version.
    #[error(
        "the cluster in `{dir}` is of Postgres {found}, the server found is {server}: set RIACHO_POSTGRES_BIN to the former's programs, or remove the directory"
    )]
    OtherVersion {
        /// The cluster.
        dir: PathBuf,
        /// Its version.
        found: String,
        /// The server's version.
        server: String,
    },
    /// Another process has the directory.
    #[error(
        "the cluster in `{0}` is in use by another process: end that one, or use another directory"
    )]
    InUse(PathBuf),
    /// A server that nobody supervises does not go away.
    #[error("process {pid} still serves the cluster in `{dir}`: end it")]
    Leftover {
        /// The cluster's data directory.
        dir: PathBuf,
        /// The server's process.
        pid: i32,
    },
    /// The server ended before it answered.
    #[error("the Postgres server ended before it answered; the end of its log: {log}")]
    Ended {
        /// The last lines of its log.
        log: String,
    },
    /// A connection or a statement failed.
    #[error("the embedded Postgres refused")]
    Refused(#[from] tokio_postgres::Error),
    /// Certificates could not be made.
    #[error("could not make certificates for the embedded Postgres")]
    Certificates(#[from] rcgen::Error),
    /// The file system refused.
    #[error("could not {action} `{path}`")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl PostgresError {
    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { action, path: path.to_owned(), source }
    }
}
