//! The directories of a cluster: one for its data, certificates and password, one for its socket.
//!
//! A socket's path may have no more than about a hundred bytes, so that it stands in a short
//! temporary directory of each run; a throwaway cluster stands there as a whole.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::account::Account;
use super::binaries::Binaries;
use super::certificates::{self, ROOT_CERTIFICATE, write_file};
use super::directory::{RUN_PREFIX, make_dir, reachable, run_dir};
use super::error::PostgresError;

/// Passwords by the socket too; over TCP nothing without TLS.
const ACCESS: &str = "local all all scram-sha-256
hostssl all all 127.0.0.1/32 scram-sha-256
hostssl all all ::1/128 scram-sha-256
";

/// A prepared cluster directory, locked for as long as this value lives.
#[derive(Debug)]
pub(crate) struct Home {
    dir: PathBuf,
    run_dir: PathBuf,
    /// Removes the run's directory, until the supervisor has taken that over.
    unclaimed: Option<TempDir>,
    throwaway: bool,
    root_certificate: PathBuf,
    password: String,
    /// Held, never read: the kernel lets go of it with the process.
    _lock: File,
}

impl Home {
    /// Prepares a directory that stays.
    pub(crate) fn kept(
        wanted: &Path,
        account: Account,
        progress: &(dyn Fn(&str) + Sync),
    ) -> Result<Self, PostgresError> {
        let wanted = std::path::absolute(wanted)
            .map_err(|error| PostgresError::io("resolve", wanted, error))?;
        let dir = reachable(wanted, account, progress)?;
        let run = run_dir(account)?;
        let home = Self::prepare(dir, run, false, account)?;
        home.replace_run_dir(account)?;
        Ok(home)
    }

    /// Prepares a directory that goes with the server.
    pub(crate) fn throwaway(account: Account) -> Result<Self, PostgresError> {
        let run = run_dir(account)?;
        let dir = run.path().join("cluster");
        make_dir(&dir, account)?;
        Self::prepare(dir, run, true, account)
    }

    /// Prepares for another try, after a server ended and its supervisor tidied up.
    pub(crate) fn again(self, account: Account) -> Result<Self, PostgresError> {
        if self.throwaway {
            return Self::throwaway(account);
        }
        let run = run_dir(account)?;
        let home = Self { run_dir: run.path().to_owned(), unclaimed: Some(run), ..self };
        home.replace_run_dir(account)?;
        Ok(home)
    }

    fn prepare(
        dir: PathBuf,
        run: TempDir,
        throwaway: bool,
        account: Account,
    ) -> Result<Self, PostgresError> {
        let lock = lock(&dir)?;
        certificates::write(&dir, account)?;
        write_file(&dir.join("pg_hba.conf"), 0o600, ACCESS, account)?;
        let password = password(&dir.join("password"), account)?;
        Ok(Self {
            root_certificate: dir.join(ROOT_CERTIFICATE),
            run_dir: run.path().to_owned(),
            unclaimed: Some(run),
            dir,
            throwaway,
            password,
            _lock: lock,
        })
    }

    /// Writes down the run's directory, and removes the one before, should its supervisor not have
    /// lived to do so.
    fn replace_run_dir(&self, account: Account) -> Result<(), PostgresError> {
        let note = self.dir.join("run");
        if let Ok(before) = fs::read_to_string(&note) {
            let before = Path::new(before.trim());
            let name = before.file_name().map(|name| name.to_string_lossy().into_owned());
            if name.is_some_and(|name| name.starts_with(RUN_PREFIX)) {
                // Usually it is long gone.
                let _ = fs::remove_dir_all(before);
            }
        }
        write_file(&note, 0o600, &self.run_dir.to_string_lossy(), account)
    }

    /// Leaves the run's directory to the supervisor, which removes it at its end.
    pub(crate) fn hand_over(&mut self) {
        if let Some(run) = self.unclaimed.take() {
            let _ = run.keep();
        }
    }

    /// A server opens only what its own major version made.
    pub(crate) fn refuse_other_version(&self, binaries: &Binaries) -> Result<(), PostgresError> {
        let Ok(found) = fs::read_to_string(self.data().join("PG_VERSION")) else {
            return Ok(());
        };
        if found.trim() == binaries.major.to_string() {
            return Ok(());
        }
        Err(PostgresError::OtherVersion {
            dir: self.dir.clone(),
            found: found.trim().to_owned(),
            server: binaries.version.clone(),
        })
    }

    pub(crate) fn is_new(&self) -> bool {
        !self.data().join("PG_VERSION").exists()
    }

    pub(crate) fn is_throwaway(&self) -> bool {
        self.throwaway
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    pub(crate) fn socket_dir(&self) -> &Path {
        &self.run_dir
    }

    pub(crate) fn access_file(&self) -> PathBuf {
        self.dir.join("pg_hba.conf")
    }

    pub(crate) fn password_file(&self) -> PathBuf {
        self.dir.join("password")
    }

    pub(crate) fn password(&self) -> &str {
        &self.password
    }

    pub(crate) fn root_certificate(&self) -> &Path {
        &self.root_certificate
    }
}

fn lock(dir: &Path) -> Result<File, PostgresError> {
    let path = dir.join("lock");
    let fail = |error| PostgresError::io("lock", &path, error);
    let file = File::create(&path).map_err(fail)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(PostgresError::InUse(dir.to_owned())),
        Err(TryLockError::Error(error)) => Err(fail(error)),
    }
}

/// Reads the password of an earlier run, or draws one.
fn password(path: &Path, account: Account) -> Result<String, PostgresError> {
    match fs::read_to_string(path) {
        Ok(known) if !known.trim().is_empty() => Ok(known.trim().to_owned()),
        Ok(_) | Err(_) => {
            let mut random = [0_u8; 24];
            rustix::rand::getrandom(&mut random, rustix::rand::GetRandomFlags::empty())
                .map_err(|error| PostgresError::io("draw a password for", path, error.into()))?;
            let drawn = hex::encode(random);
            write_file(path, 0o600, &format!("{drawn}\n"), account)?;
            Ok(drawn)
        }
    }
}
