//! One execution environment: a function's process, and what Lambda does when it does not answer,
//! ends, or takes more memory than it has.
//!
//! Source: AWS Lambda Developer Guide, "Understanding the Lambda execution environment lifecycle".

use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{Instant, interval, sleep_until};

use crate::function::FunctionOptions;
use crate::process_memory::held_kb;
use crate::runtime_api::{FunctionError, Invocation, RuntimeApi, Signal};

/// How long a function may take to ask for its first event.
const INIT_LIMIT: Duration = Duration::from_secs(10);
/// How often memory is looked at.
const MEMORY_EVERY: Duration = Duration::from_millis(20);

/// What the processes of a function printed.
pub(crate) type Log = Arc<Mutex<String>>;

#[derive(Debug)]
pub(crate) struct Sandbox {
    api: RuntimeApi,
    process: Child,
    memory_limit_kb: u64,
    pub(crate) peak_memory_kb: u64,
}

/// Why waiting ended without an answer.
enum Ended {
    Exited(ExitStatus),
    OutOfMemory,
    TimedOut,
}

impl Sandbox {
    /// Starts the process and waits until it asks for work.
    ///
    /// A start that fails is tried once more, as Lambda does with the first invocation.
    pub(crate) async fn start(
        options: &FunctionOptions,
        log: &Log,
        request_id: &str,
    ) -> Result<Self, FunctionError> {
        let first = Self::try_start(options, log, request_id, INIT_LIMIT).await;
        match first {
            Ok(sandbox) => Ok(sandbox),
            Err(_) => Self::try_start(options, log, request_id, options.timeout).await,
        }
    }

    async fn try_start(
        options: &FunctionOptions,
        log: &Log,
        request_id: &str,
        limit: Duration,
    ) -> Result<Self, FunctionError> {
        let invalid = |error: std::io::Error| {
            let message = format!("RequestId: {request_id} Error: {error}");
            FunctionError::new("Runtime.InvalidEntrypoint", message)
        };
        let api = RuntimeApi::start().await.map_err(invalid)?;
        let mut process = command(options, &api).spawn().map_err(invalid)?;
        keep(process.stdout.take(), log);
        keep(process.stderr.take(), log);
        let mut sandbox =
            Self { api, process, memory_limit_kb: options.memory_mb * 1024, peak_memory_kb: 0 };
        match sandbox.signal(Instant::now() + limit).await {
            Ok(Signal::InitFailed(error)) => Err(error),
            Ok(Signal::Waiting | Signal::Answered(_)) => Ok(sandbox),
            Err(ended) => Err(explain(&ended, request_id, limit)),
        }
    }

    /// The process's number, as long as it runs.
    pub(crate) fn process_id(&self) -> Option<u32> {
        self.process.id()
    }

    /// Whether the process still runs.
    pub(crate) fn is_alive(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }

    /// Hands one invocation over and waits for its end. After an error of Lambda's own the process is
    /// killed, and the sandbox is to be thrown away.
    pub(crate) async fn invoke(
        &mut self,
        invocation: Invocation,
        timeout: Duration,
    ) -> Result<Value, FunctionError> {
        let request_id = invocation.request_id.clone();
        let deadline = Instant::now() + timeout;
        // The channel holds one: the process may still be on its way back to `next`.
        let _ = self.api.invocations.send(invocation).await;
        loop {
            match self.signal(deadline).await {
                Ok(Signal::Answered(answer)) => return answer,
                Ok(Signal::Waiting) => {}
                Ok(Signal::InitFailed(error)) => return Err(error),
                Err(ended) => {
                    let _ = self.process.kill().await;
                    return Err(explain(&ended, &request_id, timeout));
                }
            }
        }
    }

    async fn signal(&mut self, deadline: Instant) -> Result<Signal, Ended> {
        let mut memory = interval(MEMORY_EVERY);
        loop {
            tokio::select! {
                // An answer that was given counts, even if the process ends right after it.
                biased;
                Some(signal) = self.api.signals.recv() => return Ok(signal),
                status = self.process.wait() => return Err(Ended::Exited(status.unwrap_or_default())),
                () = sleep_until(deadline) => return Err(Ended::TimedOut),
                _ = memory.tick() => {
                    let held = self.process.id().and_then(held_kb).unwrap_or_default();
                    self.peak_memory_kb = self.peak_memory_kb.max(held);
                    if held > self.memory_limit_kb {
                        return Err(Ended::OutOfMemory);
                    }
                }
            }
        }
    }
}

/// The function with nothing in its environment but what Lambda and its configuration put there.
///
/// Source: AWS Lambda Developer Guide, "Defined runtime environment variables".
fn command(options: &FunctionOptions, api: &RuntimeApi) -> Command {
    let root = options.binary.parent().unwrap_or(&options.binary);
    let mut command = Command::new(&options.binary);
    command
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin:/opt/bin")
        .env("LANG", "en_US.UTF-8")
        .env("TZ", ":UTC")
        .env("_HANDLER", "bootstrap")
        .env("LAMBDA_TASK_ROOT", root)
        .env("LAMBDA_RUNTIME_DIR", "/var/runtime")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("AWS_LAMBDA_FUNCTION_NAME", &options.name)
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", options.memory_mb.to_string())
        .env("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", options.name))
        .env("AWS_LAMBDA_LOG_STREAM_NAME", format!("[$LATEST]{}", options.name))
        .env("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
        .env("AWS_LAMBDA_RUNTIME_API", api.address.to_string())
        .envs(&options.environment)
        .current_dir(root)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

fn keep(stream: Option<impl AsyncRead + Unpin + Send + 'static>, log: &Log) {
    let Some(stream) = stream else { return };
    let log = Arc::clone(log);
    tokio::spawn(async move {
        let mut lines = BufReader::new(stream).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
            log.push_str(&line);
            log.push('\n');
        }
    });
}

/// The words that Lambda uses, so that what reads them is tested on them.
fn explain(ended: &Ended, request_id: &str, timeout: Duration) -> FunctionError {
    let (error_type, what) = match ended {
        Ended::TimedOut => (
            "Sandbox.Timedout",
            format!("Task timed out after {:.2} seconds", timeout.as_secs_f64()),
        ),
        Ended::OutOfMemory => {
            ("Runtime.ExitError", "Runtime exited with error: signal: killed".to_owned())
        }
        Ended::Exited(status) if status.success() => {
            ("Runtime.ExitError", "Runtime exited without providing a reason".to_owned())
        }
        Ended::Exited(status) => {
            ("Runtime.ExitError", format!("Runtime exited with error: {}", said(*status)))
        }
    };
    FunctionError::new(error_type, format!("RequestId: {request_id} Error: {what}"))
}

fn said(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("exit status {code}"),
        None => "signal: killed".to_owned(),
    }
}
