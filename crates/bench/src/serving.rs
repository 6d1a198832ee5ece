//! The S3 server as a process of its own: what it costs is not counted as the loader's, and it ends
//! when whoever started it does.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use anyhow::Context;
use embedded::s3::{S3Options, S3Server};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// The bucket of every lake.
pub(crate) const BUCKET: &str = "riacho-lake";
pub(crate) const ACCESS_KEY: &str = "test";
pub(crate) const SECRET_KEY: &str = "test";

/// Serves `dir`: says the address, then each write's notification, a line each.
pub(crate) async fn serve(dir: &Path) -> anyhow::Result<()> {
    let server = S3Server::start(S3Options::new(dir, &[(BUCKET, false)])).await?;
    let mut events = server.events();
    say(&json!(server.endpoint()))?;
    let (ended, mut end) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        // Nothing is ever sent: its end is the message.
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        let _ = ended.send(());
    });
    loop {
        tokio::select! {
            _ = &mut end => break,
            Some(event) = events.recv() => say(&event.notification())?,
        }
    }
    server.stop().await;
    Ok(())
}

fn say(line: &serde_json::Value) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) endpoint: String,
    lines: Lines<BufReader<ChildStdout>>,
    /// Closed, it ends the process.
    _lifeline: ChildStdin,
    _process: Child,
}

impl Server {
    /// Starts this very program as a server of `dir`.
    pub(crate) async fn start(dir: &Path) -> anyhow::Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg("serve")
            .arg(dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("the S3 server can't be started")?;
        let lifeline = process.stdin.take().context("the S3 server has no input")?;
        let output = process.stdout.take().context("the S3 server has no output")?;
        let mut lines = BufReader::new(output).lines();
        let first = lines.next_line().await?;
        let first = first.with_context(|| format!("no S3 server on {}", dir.display()))?;
        let endpoint = serde_json::from_str(&first)?;
        Ok(Self { endpoint, lines, _lifeline: lifeline, _process: process })
    }

    /// The notification of the next write.
    pub(crate) async fn notification(&mut self) -> anyhow::Result<serde_json::Value> {
        let line = self.lines.next_line().await?.context("the S3 server has ended")?;
        Ok(serde_json::from_str(&line)?)
    }
}
