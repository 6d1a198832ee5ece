//! Runs the binary, alone or against the parts of `riacho dev`.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use landing::ObjectKey;
use objects::{Lake, PutOptions};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

pub const PATIENCE: Duration = Duration::from_secs(90);

/// The binary in an environment that names nothing.
pub fn riacho(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_riacho"));
    command.args(arguments);
    for (name, _) in std::env::vars() {
        let ours = ["RIACHO_", "AWS_", "PG", "POS_"].iter().any(|start| name.starts_with(start));
        // Which Postgres is to be tested with stands outside of what is tested.
        if (ours && !name.starts_with("RIACHO_POSTGRES"))
            || ["DATABASE_URL", "RUST_LOG"].contains(&name.as_str())
        {
            command.env_remove(name);
        }
    }
    command
}

/// What a command came to.
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The one document on stdout.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl std::fmt::Debug for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "exit {}\n{}\n{}", self.code, self.out, self.err)
    }
}

pub fn run(arguments: &[&str]) -> Ran {
    Ran::of(riacho(arguments).output().unwrap())
}

/// A directory that a database server of another user may enter.
pub fn directory() -> TempDir {
    let everybody = std::fs::Permissions::from_mode(0o755);
    tempfile::Builder::new().prefix("riacho-cli-").permissions(everybody).tempdir().unwrap()
}

/// `riacho dev`, running.
pub struct Dev {
    child: Child,
    environment: BTreeMap<String, String>,
    pub dir: TempDir,
}

impl Dev {
    pub fn start(more: &[&str]) -> Self {
        let dir = directory();
        let (child, environment) = Self::launch(&dir, more);
        Self { child, environment, dir }
    }

    /// Ends it, and starts it on the same directory.
    pub fn restart(&mut self, more: &[&str]) {
        assert_eq!(self.end_by(Signal::TERM), Some(0));
        (self.child, self.environment) = Self::launch(&self.dir, more);
    }

    fn launch(dir: &TempDir, more: &[&str]) -> (Child, BTreeMap<String, String>) {
        let mut command = riacho(&["--json", "dev", "--any-port", "--checks", "4", "--dir"]);
        command.arg(dir.path()).args(more).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let document = first_document(child.stdout.take().unwrap());
        let environment = document["environment"].as_object().unwrap().iter();
        let environment = environment
            .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
            .collect();
        (child, environment)
    }

    /// A command against the parts.
    pub fn riacho(&self, arguments: &[&str]) -> Ran {
        Ran::of(riacho(arguments).envs(&self.environment).output().unwrap())
    }

    /// The text of an object.
    pub fn object(&self, key: &str) -> String {
        let key = ObjectKey::new(key);
        self.in_lake(async |lake, bucket| {
            lake.get_text(bucket, &key, 1 << 24).await.unwrap().unwrap().0
        })
    }

    /// Puts an object, whatever stands there.
    pub fn put(&self, key: &str, text: &str) {
        let (key, body) = (ObjectKey::new(key), text.as_bytes().to_vec());
        self.in_lake(async |lake, bucket| {
            lake.put(bucket, &key, body.into(), PutOptions::default()).await.unwrap();
        });
    }

    /// Removes an object.
    pub fn remove(&self, key: &str) {
        let key = ObjectKey::new(key);
        self.in_lake(async |lake, bucket| lake.delete(bucket, &key).await.unwrap());
    }

    fn in_lake<T>(&self, act: impl AsyncFnOnce(&Lake, &str) -> T) -> T {
        let set = |name: &str| self.environment[name].as_str();
        let (access, secret) = (set("AWS_ACCESS_KEY_ID"), set("AWS_SECRET_ACCESS_KEY"));
        let lake = Lake::at_endpoint(set("AWS_ENDPOINT_URL"), access, secret);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(act(&lake, set("RIACHO_BUCKET")))
    }

    /// The address of the sample API.
    pub fn api(&self) -> &str {
        self.environment["POS_API_URL"].trim_start_matches("http://")
    }

    /// Sends a signal and gives the exit code, if it ended by itself.
    pub fn end_by(&mut self, signal: Signal) -> Option<i32> {
        send(&self.child, signal);
        wait(&mut self.child)
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        self.end_by(Signal::TERM);
        wait_until_nothing_names(self.dir.path());
    }
}

/// One command to the sample API; a whole HTTP client would be more than it takes.
pub fn tell_api(dev: &Dev, method: &str, body: &Value) {
    let mut stream = TcpStream::connect(dev.api()).unwrap();
    let body = body.to_string();
    let request = format!(
        "{method} /_misbehave HTTP/1.1\r\nHost: api\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 2"), "{answer}");
}

pub fn send(child: &Child, signal: Signal) {
    // One that has ended already needs no signal.
    let _ = kill_process(Pid::from_child(child), signal);
}

/// Waits for the end of a process, and kills it rather than wait for ever.
pub fn wait(child: &mut Child) -> Option<i32> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!("the process did not end");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Waits until no process has the directory in its command line.
pub fn wait_until_nothing_names(dir: &Path) {
    let deadline = Instant::now() + Duration::from_secs(20);
    let name = dir.to_str().unwrap();
    loop {
        let listed = Command::new("ps").args(["-A", "-ww", "-o", "args"]).output().unwrap();
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        let left: Vec<_> = listed.lines().filter(|line| line.contains(name)).collect();
        if left.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "left behind: {left:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// A pretty document ends with the first brace at the start of a line.
fn first_document(stdout: impl Read) -> Value {
    let mut text = String::new();
    for line in BufReader::new(stdout).lines() {
        let line = line.unwrap();
        text.push_str(&line);
        text.push('\n');
        if line == "}" {
            break;
        }
    }
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}
