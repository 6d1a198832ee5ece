//! The user that the server runs as: our own, or `nobody` where we are root, as Postgres refuses to
//! run as root (Postgres manual, "The PostgreSQL User Account").

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::error::PostgresError;

const UNPRIVILEGED: &str = "nobody";

/// Whose process the server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Account {
    /// Whoever runs us.
    Own,
    /// We are root and step down.
    Other { user: u32, group: u32 },
}

impl Account {
    /// Decides by who runs us.
    pub(crate) fn for_server() -> Result<Self, PostgresError> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self::Own);
        }
        let path = Path::new("/etc/passwd");
        let users =
            fs::read_to_string(path).map_err(|error| PostgresError::io("read", path, error))?;
        users
            .lines()
            .find_map(|line| entry(line, UNPRIVILEGED))
            .map(|(user, group)| Self::Other { user, group })
            .ok_or_else(|| {
                PostgresError::NotFound(format!(
                    "Postgres does not run as root, and there is no user `{UNPRIVILEGED}`"
                ))
            })
    }

    /// Gives a file or directory to the server.
    pub(crate) fn own(self, path: &Path) -> Result<(), PostgresError> {
        match self {
            Self::Own => Ok(()),
            Self::Other { user, group } => chown(path, Some(user), Some(group))
                .map_err(|error| PostgresError::io("change the owner of", path, error)),
        }
    }

    /// Makes a command run as the server's user. The groups of root are dropped with it.
    pub(crate) fn step_down(self, command: &mut Command) {
        if let Self::Other { user, group } = self {
            command.uid(user).gid(group);
        }
    }

    /// Whether the server's user can enter a directory, which every parent has a say in.
    pub(crate) fn can_enter(self, dir: &Path) -> bool {
        self.passes("cd \"$1\"", dir)
    }

    /// Whether the server's user can run a program.
    pub(crate) fn can_run(self, program: &Path) -> bool {
        self.passes("[ -f \"$1\" ] && [ -x \"$1\" ]", program)
    }

    fn passes(self, test: &str, path: &Path) -> bool {
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", test, "sh"])
            .arg(path)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        self.step_down(&mut command);
        command.status().is_ok_and(|status| status.success())
    }
}

/// Reads user and group off a line of the user database. macOS writes `nobody` as -2.
fn entry(line: &str, name: &str) -> Option<(u32, u32)> {
    let mut fields = line.split(':');
    if fields.next()? != name {
        return None;
    }
    let mut number = |skipped: usize| -> Option<u32> {
        let number = fields.nth(skipped)?.parse::<i64>().ok()?;
        u32::try_from(number.rem_euclid(1 << 32)).ok()
    };
    Some((number(1)?, number(0)?))
}

#[cfg(test)]
mod tests {
    use super::entry;

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        assert_eq!(
            entry("nobody:x:65534:65533:nobody:/:/bin/false", "nobody"),
            Some((65534, 65533))
        );
        assert_eq!(entry("nobody2:x:1:1::/:", "nobody"), None);
    }

    #[test]
    fn a_negative_number_wraps_as_the_kernel_reads_it() {
        assert_eq!(
            entry("nobody:*:-2:-2:Unprivileged User:/var/empty:/usr/bin/false", "nobody"),
            Some((u32::MAX - 1, u32::MAX - 1))
        );
    }
}
