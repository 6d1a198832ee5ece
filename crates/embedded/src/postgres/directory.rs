//! Makes directories that the server's user can enter and nobody else can look into.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::account::Account;
use super::error::PostgresError;

/// What the names of the runs' directories begin with.
pub(crate) const RUN_PREFIX: &str = "riacho-postgres-";
const LONGEST_TEMPORARY_PATH: usize = 60;

/// Takes the directory asked for, or one that the server's user can get at.
pub(crate) fn reachable(
    wanted: PathBuf,
    account: Account,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<PathBuf, PostgresError> {
    make_dir(&wanted, account)?;
    if account.can_enter(&wanted) {
        return Ok(wanted);
    }
    // The same directory for the same wish, on every run.
    let digest = Sha256::digest(wanted.as_os_str().as_encoded_bytes());
    let name = format!("riacho-{}", &hex::encode(digest)[..16]);
    let instead = Path::new("/var/tmp").join(name);
    progress(&format!(
        "the Postgres server does not run as root, and its user cannot enter {}; using {} instead…",
        wanted.display(),
        instead.display()
    ));
    make_dir(&instead, account)?;
    Ok(instead)
}

/// Makes a directory that only the server's user, and root, can look into. One that stands there
/// already must be theirs: in a temporary directory, anybody may have put it there.
pub(crate) fn make_dir(dir: &Path, account: Account) -> Result<(), PostgresError> {
    let fail = |error| PostgresError::io("make the directory", dir, error);
    if let Some(parent) = dir.parent() {
        fs::create_dir_all(parent).map_err(fail)?;
    }
    match DirBuilder::new().mode(0o700).create(dir) {
        Ok(()) => account.own(dir),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let metadata = fs::symlink_metadata(dir).map_err(fail)?;
            let ours = match account {
                Account::Own => metadata.uid() == rustix::process::geteuid().as_raw(),
                Account::Other { user, .. } => metadata.uid() == user || metadata.uid() == 0,
            };
            if !metadata.is_dir() || !ours {
                let foreign = std::io::Error::other("something of another user's stands there");
                return Err(fail(foreign));
            }
            account.own(dir)?;
            fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).map_err(fail)
        }
        Err(error) => Err(fail(error)),
    }
}

pub(crate) fn run_dir(account: Account) -> Result<TempDir, PostgresError> {
    let own = std::env::temp_dir();
    let base = match account {
        Account::Own if own.as_os_str().len() <= LONGEST_TEMPORARY_PATH => own,
        Account::Own | Account::Other { .. } => PathBuf::from("/tmp"),
    };
    let dir = tempfile::Builder::new()
        .prefix(RUN_PREFIX)
        .tempdir_in(&base)
        .map_err(|error| PostgresError::io("make a directory in", &base, error))?;
    account.own(dir.path())?;
    Ok(dir)
}
