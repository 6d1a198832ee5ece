//! A program as a whole process, from its start to its end: time on the clock, CPU, the most memory
//! it held.
//!
//! A small process of its own starts it. The kernel counts what a process held before `exec` as the
//! new program's, and the benchmark itself holds the rows of whole sets.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde::{Deserialize, Serialize};
use wait4::Wait4;

use crate::limit;
use crate::options::MeasureArguments;

/// What a process took.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Taken {
    pub(crate) wall: Duration,
    pub(crate) user: Duration,
    pub(crate) system: Duration,
    /// Resident, shared pages of its own program included.
    pub(crate) max_rss_kb: u64,
    /// How its memory was limited.
    pub(crate) limited_by: Option<String>,
    /// Its exit code; none where a signal ended it.
    pub(crate) code: Option<i32>,
    /// What it said on standard output.
    #[serde(skip)]
    pub(crate) said: String,
}

impl Taken {
    pub(crate) fn seconds(&self) -> f64 {
        self.wall.as_secs_f64()
    }

    pub(crate) fn cpu_seconds(&self) -> f64 {
        (self.user + self.system).as_secs_f64()
    }

    /// In millions of bytes, as sizes of objects are given.
    pub(crate) fn max_rss_mb(&self) -> f64 {
        crate::numbers::float(self.max_rss_kb) * 1024.0 / 1e6
    }
}

/// A command line with its environment; nothing else reaches the process but `PATH` and `HOME`.
#[derive(Debug, Clone)]
pub(crate) struct Program<'a> {
    pub(crate) command: Vec<String>,
    pub(crate) environment: &'a BTreeMap<String, String>,
    pub(crate) limit_mb: Option<u64>,
}

impl Program<'_> {
    /// Runs it to its end, which must be a good one.
    pub(crate) async fn run(&self, scratch: &Path) -> anyhow::Result<Taken> {
        let taken = self.run_whatever_comes(scratch).await?;
        ensure!(
            taken.code == Some(0),
            "`{}` ended with {}: {}",
            // Neither paths of this machine nor a database's password get into results.
            self.command.first().and_then(|it| it.rsplit('/').next()).unwrap_or_default(),
            taken.code.map_or("a signal".to_owned(), |code| format!("exit code {code}")),
            taken.said.trim()
        );
        Ok(taken)
    }

    /// Runs it to its end, good or bad.
    pub(crate) async fn run_whatever_comes(&self, scratch: &Path) -> anyhow::Result<Taken> {
        let report = scratch.join(format!("measured-{:08x}.json", next_number()));
        let mut command = tokio::process::Command::new(std::env::current_exe()?);
        command.arg("measure").arg("--report").arg(&report);
        if let Some(limit) = self.limit_mb {
            command.args(["--limit-mb", &limit.to_string()]);
        }
        command.arg("--").args(&self.command).env_clear().envs(self.environment);
        for kept in ["PATH", "HOME"] {
            command.env(kept, std::env::var_os(kept).unwrap_or_default());
        }
        let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await?;
        let text = std::fs::read_to_string(&report);
        let Ok(text) = text else {
            bail!("nothing measured: {}", String::from_utf8_lossy(&output.stderr));
        };
        // Only litter, should it stay.
        let _ = std::fs::remove_file(&report);
        let mut taken: Taken = serde_json::from_str(&text)?;
        taken.said = String::from_utf8_lossy(&output.stdout).into_owned();
        if taken.code != Some(0) {
            taken.said.push_str(&String::from_utf8_lossy(&output.stderr));
        }
        Ok(taken)
    }
}

fn next_number() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    (u64::from(std::process::id()) << 20) + NUMBER.fetch_add(1, Ordering::Relaxed)
}

/// The small process: runs the command, and writes down what it took.
pub(crate) fn measure(arguments: &MeasureArguments) -> anyhow::Result<()> {
    let mut line = arguments.command.clone();
    let confined = arguments.limit_mb.map(limit::Confined::within).transpose()?;
    if let Some(confined) = &confined {
        line = confined.wrap(line);
    }
    let (program, rest) = line.split_first().context("no command")?;
    let started = Instant::now();
    let child = Command::new(program)
        .args(rest)
        .spawn()
        .with_context(|| format!("`{program}` can't be started"))?;
    let ended = child.wait4()?;
    let taken = Taken {
        wall: started.elapsed(),
        user: ended.rusage.utime,
        system: ended.rusage.stime,
        // Linux counts kilobytes, macOS bytes; the crate gives bytes.
        max_rss_kb: ended.rusage.maxrss / 1024,
        limited_by: confined.as_ref().map(|confined| confined.name().to_owned()),
        code: ended.status.code(),
        said: String::new(),
    };
    std::fs::write(&arguments.report, serde_json::to_vec(&taken)?)?;
    Ok(())
}
