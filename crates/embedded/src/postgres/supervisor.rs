//! The server's supervisor: a small shell script that outlives us by the moment it takes to stop
//! the server and tidy up.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};

use super::account::Account;
use super::binaries::Binaries;
use super::certificates::{SERVER_CERTIFICATE, SERVER_KEY};
use super::error::PostgresError;
use super::home::Home;

const SCRIPT: &str = include_str!("supervisor.sh");
const LOG_TAIL_BYTES: u64 = 2_000;

/// What a server is started with.
pub(crate) struct Launch<'a> {
    pub(crate) binaries: &'a Binaries,
    pub(crate) home: &'a Home,
    pub(crate) account: Account,
    pub(crate) port: u16,
    pub(crate) durable: bool,
}

/// The running script. It works on for as long as `lifeline` is open.
#[derive(Debug)]
pub(crate) struct Supervisor {
    child: Child,
    lifeline: Option<ChildStdin>,
    /// Kept open, as the file itself may be gone when we want to read why the server ended.
    log: File,
}

impl Supervisor {
    /// Starts script and server, as the server's user and in a process group of their own.
    pub(crate) fn launch(launch: &Launch<'_>) -> Result<Self, PostgresError> {
        let home = &launch.home;
        let path = home.dir().join("postgres.log");
        let fail = |error| PostgresError::io("open", &path, error);
        let log = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&path)
            .map_err(fail)?;
        launch.account.own(&path)?;
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", SCRIPT, "riacho-postgres"])
            .arg(&launch.binaries.dir)
            .arg(home.data())
            .arg(home.socket_dir())
            .arg(if home.is_throwaway() { "QUIT" } else { "INT" })
            .arg(home.password_file())
            .args(server_options(launch))
            .current_dir(home.dir())
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(log.try_clone().map_err(fail)?)
            .stderr(log.try_clone().map_err(fail)?);
        launch.binaries.set_environment(&mut command);
        launch.account.step_down(&mut command);
        let mut child =
            command.spawn().map_err(|error| PostgresError::io("run", "/bin/sh".as_ref(), error))?;
        let lifeline = child.stdin.take();
        Ok(Self { child, lifeline, log })
    }

    /// Closes the pipe, whereupon the server stops by itself.
    pub(crate) fn let_go(&mut self) {
        self.lifeline = None;
    }

    /// Whether server and script are gone.
    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// The last lines that initdb or the server wrote.
    pub(crate) fn log_tail(&self) -> String {
        let size = self.log.metadata().map_or(0, |metadata| metadata.len());
        let start = size.saturating_sub(LOG_TAIL_BYTES);
        let mut bytes = vec![0; usize::try_from(size - start).unwrap_or_default()];
        let read = self.log.read_at(&mut bytes, start).unwrap_or_default();
        bytes.truncate(read);
        String::from_utf8_lossy(&bytes).trim().to_owned()
    }
}

fn server_options(launch: &Launch<'_>) -> Vec<String> {
    let file = |name: &str| launch.home.dir().join(name).to_string_lossy().into_owned();
    let socket_dir = launch.home.socket_dir().to_string_lossy().into_owned();
    let mut settings = vec![
        format!("port={}", launch.port),
        "listen_addresses=127.0.0.1,::1".to_owned(),
        format!("unix_socket_directories={socket_dir}"),
        format!("hba_file={}", launch.home.access_file().to_string_lossy()),
        "ssl=on".to_owned(),
        format!("ssl_cert_file={}", file(SERVER_CERTIFICATE)),
        format!("ssl_key_file={}", file(SERVER_KEY)),
        "timezone=UTC".to_owned(),
        "log_timezone=UTC".to_owned(),
    ];
    if !launch.durable {
        let hasty = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"];
        settings.extend(hasty.map(str::to_owned));
    }
    settings.into_iter().flat_map(|setting| ["-c".to_owned(), setting]).collect()
}
