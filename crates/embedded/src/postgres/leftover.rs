//! Clears the way for a server on a data directory that an earlier one left without ado.
//!
//! Postgres itself passes over a `postmaster.pid` whose process is gone, but not one whose number
//! another program has got since, nor a server that nobody supervises any more.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use super::error::PostgresError;

const WAITS: u32 = 100;
const WAIT: Duration = Duration::from_millis(100);

/// Ends or waits out a server that still runs on the directory, whose lock we hold.
pub(crate) async fn clear(data: &Path) -> Result<(), PostgresError> {
    let path = data.join("postmaster.pid");
    for turn in 0..WAITS {
        let Some(pid) = read_pid(&path) else {
            return Ok(());
        };
        if !is_alive(pid) {
            return Ok(());
        }
        if !serves(pid, data) {
            return fs::remove_file(&path)
                .map_err(|error| PostgresError::io("remove", &path, error));
        }
        if turn == 0 {
            tracing::info!(
                postgres.pid = pid.as_raw_nonzero().get(),
                "ending a server left behind"
            );
            // It may have gone this moment; the next turn sees.
            let _ = kill_process(pid, Signal::INT);
        }
        tokio::time::sleep(WAIT).await;
    }
    match read_pid(&path) {
        Some(pid) => {
            Err(PostgresError::Leftover { dir: data.to_owned(), pid: pid.as_raw_nonzero().get() })
        }
        None => Ok(()),
    }
}

fn read_pid(path: &Path) -> Option<Pid> {
    let text = fs::read_to_string(path).ok()?;
    Pid::from_raw(text.lines().next()?.trim().parse().ok()?)
}

fn is_alive(pid: Pid) -> bool {
    !matches!(test_kill_process(pid), Err(Errno::SRCH))
}

/// Whether the process is a server on this very directory, by its command line.
fn serves(pid: Pid, data: &Path) -> bool {
    let number = pid.as_raw_nonzero().to_string();
    let line = fs::read(format!("/proc/{number}/cmdline"))
        .or_else(|_| {
            Command::new("ps")
                .args(["-o", "command=", "-p", &number])
                .output()
                .map(|output| output.stdout)
        })
        .unwrap_or_default();
    let line = String::from_utf8_lossy(&line).into_owned();
    line.contains("postgres") && line.contains(&*data.to_string_lossy())
}
