//! Each file in `events/` by `cargo lambda invoke`, against `cargo lambda watch`: what the README
//! tells people to type. Run by `tests/tools/cargo-lambda.sh`, which brings cargo-lambda.
//!
//! Its emulation is not AWS: a function that dies is never answered for, and the deadline is a
//! duration in place of an instant. What AWS does is tested in `functions_on_lambda.rs`.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use embedded::sample_api::{SAMPLE_CONFIGURATION, SampleApi, SampleOptions};
use serde_json::Value;
use tests::{Pipe, SAMPLE_EVENTS, assert_success, sample_event};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

/// The first event of each function waits for the compiler.
const PATIENCE: Duration = Duration::from_secs(600);

struct Emulator {
    process: Child,
    port: String,
    log: PathBuf,
}

impl Emulator {
    async fn start(pipe: &Pipe, log: PathBuf) -> Self {
        let port = free_port().to_string();
        let file = File::create(&log).unwrap();
        let process = cargo_lambda("watch", &port)
            .args(["--ignore-changes", "--quiet", "--timeout", "600"])
            .envs(pipe.environment())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .spawn()
            .unwrap();
        for _ in 0..100 {
            let address = format!("127.0.0.1:{port}");
            if tokio::net::TcpStream::connect(&address).await.is_ok() {
                return Self { process, port, log };
            }
            sleep(Duration::from_millis(100)).await;
        }
        panic!("cargo lambda watch does not listen");
    }

    async fn invoke(&self, function: &str, event: &Path) -> Result<Value, String> {
        let output = cargo_lambda("invoke", &self.port)
            .arg(function)
            .arg("--data-file")
            .arg(event)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .output();
        let output = timeout(PATIENCE, output).await.map_err(|_| "no answer".to_owned())?.unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if !output.status.success() {
            return Err(text(&output.stderr));
        }
        serde_json::from_slice(&output.stdout).map_err(|_| text(&output.stdout))
    }

    fn last_lines(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap();
        let lines = log.lines().collect::<Vec<_>>();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }

    /// On an interrupt it ends the functions that it started, as on Ctrl-C.
    async fn stop(mut self) {
        let id = self.process.id().unwrap().to_string();
        let interrupted = Command::new("kill").args(["-INT", &id]).status().await.unwrap();
        assert!(interrupted.success());
        timeout(Duration::from_secs(10), self.process.wait()).await.unwrap().unwrap();
    }
}

fn cargo_lambda(command: &str, port: &str) -> Command {
    let program = std::env::var_os("RIACHO_CARGO_LAMBDA")
        .unwrap_or_else(|| panic!("run this by tests/tools/cargo-lambda.sh"));
    let mut process = Command::new(program);
    process
        .args(["lambda", command, "--invoke-address", "127.0.0.1", "--invoke-port", port])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .kill_on_drop(true);
    process
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by tests/tools/cargo-lambda.sh, which brings cargo-lambda"]
async fn every_sample_event_can_be_invoked_by_cargo_lambda() {
    let api = SampleApi::start(SampleOptions::default()).await.unwrap();
    let configuration = SAMPLE_CONFIGURATION
        .replace("${POS_API_URL}", api.base_url())
        .replace("${POS_API_TOKEN}", api.token());
    let pipe = Pipe::configured(&configuration).await;
    let directory = tempfile::tempdir().unwrap();
    let emulator = Emulator::start(&pipe, directory.path().join("watch.log")).await;

    for (function, file) in SAMPLE_EVENTS {
        let event = sample_event(function, file);
        let path = directory.path().join(file);
        std::fs::write(&path, event.to_string()).unwrap();
        let answer = emulator.invoke(function, &path).await;
        let answer = answer.unwrap_or_else(|error| {
            panic!("{function}/{file}: {error}\n{}", emulator.last_lines());
        });
        assert_success(function, file, &event, &answer);
        // The rest of what fetch landed, so that reconciling finds nothing amiss.
        for loaded in pipe.deliver().await {
            loaded.unwrap();
        }
    }
    emulator.stop().await;

    assert!(pipe.open().await.is_empty(), "{:?}", pipe.open().await);
    let rows = pipe.one("select count(*) > 0 from pos.guest_checks where store_id = '1'").await;
    assert_eq!(rows, "t");
}
