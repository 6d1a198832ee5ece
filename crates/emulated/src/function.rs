//! A Lambda function: a real binary, invoked as AWS invokes it. Environments are kept warm, scale to
//! the given concurrency, and are replaced when they die.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::destination;
use crate::runtime_api::{FunctionError, Invocation};
use crate::sandbox::{Log, Sandbox};

/// "Lambda quotas": the payload of a synchronous and of an asynchronous invocation.
const MAX_SYNCHRONOUS_BYTES: usize = 6 * 1024 * 1024;
const MAX_ASYNCHRONOUS_BYTES: usize = 1024 * 1024;

/// How a function is configured.
#[derive(Debug, Clone)]
pub struct FunctionOptions {
    /// The function's name.
    pub name: String,
    /// Its program.
    pub binary: PathBuf,
    /// How long an invocation may take.
    pub timeout: Duration,
    /// How much memory a process may hold before it is killed.
    pub memory_mb: u64,
    /// How many invocations run at once.
    pub concurrency: usize,
    /// The function's own environment variables. None of the test's own reach it.
    pub environment: BTreeMap<String, String>,
    /// The pauses between attempts at an asynchronous event; there is one attempt more than pauses.
    pub retry_after: Vec<Duration>,
}

impl FunctionOptions {
    /// Returns AWS's defaults, and the memory of the smallest function.
    pub fn new(name: &str, binary: PathBuf) -> Self {
        Self {
            name: name.to_owned(),
            binary,
            timeout: Duration::from_secs(60),
            memory_mb: 128,
            concurrency: 10,
            environment: BTreeMap::new(),
            retry_after: vec![Duration::from_secs(60), Duration::from_secs(120)],
        }
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.insert(name.to_owned(), value.into());
        self
    }

    /// Shortens the pauses between asynchronous attempts, which are minutes on AWS.
    #[must_use]
    pub fn retrying_after(mut self, pause: Duration) -> Self {
        self.retry_after = vec![pause; 2];
        self
    }
}

/// What became of an asynchronous event.
#[derive(Debug, Clone, PartialEq)]
pub enum AsyncOutcome {
    /// The function answered at last; Lambda throws the answer away.
    Succeeded {
        /// How many attempts it took.
        attempts: usize,
        /// The answer.
        response: Value,
    },
    /// All attempts failed: the record that goes to the on-failure destination.
    Failed(Value),
}

/// A deployed function.
#[derive(Debug, Clone)]
pub struct Function(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    options: FunctionOptions,
    idle: Mutex<Vec<Sandbox>>,
    room: Semaphore,
    requests: AtomicU64,
    cold_starts: AtomicUsize,
    processes: Mutex<Vec<u32>>,
    peak_memory_kb: AtomicU64,
    log: Log,
}

impl Function {
    /// Deploys the function. No process runs before the first event.
    pub fn deploy(options: FunctionOptions) -> Self {
        Self(Arc::new(Inner {
            room: Semaphore::new(options.concurrency),
            options,
            idle: Mutex::default(),
            requests: AtomicU64::default(),
            cold_starts: AtomicUsize::default(),
            processes: Mutex::default(),
            peak_memory_kb: AtomicU64::default(),
            log: Log::default(),
        }))
    }

    /// Invokes synchronously (`RequestResponse`) and gives the function's answer.
    pub async fn invoke(&self, event: &Value) -> Result<Value, FunctionError> {
        let payload = event.to_string();
        within(&payload, MAX_SYNCHRONOUS_BYTES)?;
        self.attempt(&self.request_id(), payload).await
    }

    /// Invokes asynchronously (`Event`): returns at once, tries again when the function fails, all
    /// attempts under one request id. Source: "How Lambda handles errors and retries with
    /// asynchronous invocation".
    pub fn invoke_async(&self, event: Value) -> JoinHandle<AsyncOutcome> {
        let function = self.clone();
        tokio::spawn(async move { function.attempts(event).await })
    }

    /// Everything that the function's processes printed so far.
    pub fn log(&self) -> String {
        lock(&self.0.log).clone()
    }

    /// How many processes were started.
    pub fn cold_starts(&self) -> usize {
        self.0.cold_starts.load(Ordering::Relaxed)
    }

    /// The processes started so far, those that have ended included.
    pub fn processes(&self) -> Vec<u32> {
        lock(&self.0.processes).clone()
    }

    /// The most memory that a process held, as it is printed in Lambda's report line.
    pub fn max_memory_used_mb(&self) -> u64 {
        self.0.peak_memory_kb.load(Ordering::Relaxed).div_ceil(1024)
    }

    async fn attempts(&self, event: Value) -> AsyncOutcome {
        let request_id = self.request_id();
        let payload = event.to_string();
        let mut pauses = self.0.options.retry_after.iter();
        let mut attempts = 0;
        loop {
            attempts += 1;
            let outcome = match within(&payload, MAX_ASYNCHRONOUS_BYTES) {
                Ok(()) => self.attempt(&request_id, payload.clone()).await,
                Err(error) => Err(error),
            };
            match (outcome, pauses.next()) {
                (Ok(response), _) => return AsyncOutcome::Succeeded { attempts, response },
                (Err(_), Some(pause)) => sleep(*pause).await,
                (Err(error), None) => {
                    return AsyncOutcome::Failed(destination::on_failure(
                        Timestamp::now(),
                        &request_id,
                        &self.arn(),
                        attempts,
                        &event,
                        &error,
                    ));
                }
            }
        }
    }

    async fn attempt(&self, request_id: &str, payload: String) -> Result<Value, FunctionError> {
        let inner = &self.0;
        // Closed never: a refused permit cannot happen, and would only mean more room.
        let _room = inner.room.acquire().await;
        let mut sandbox = self.sandbox(request_id).await?;
        let timeout = inner.options.timeout;
        let answer = sandbox.invoke(self.invocation(request_id, payload), timeout).await;
        inner.peak_memory_kb.fetch_max(sandbox.peak_memory_kb, Ordering::Relaxed);
        if sandbox.is_alive() {
            lock(&inner.idle).push(sandbox);
        }
        answer
    }

    async fn sandbox(&self, request_id: &str) -> Result<Sandbox, FunctionError> {
        loop {
            let Some(mut sandbox) = lock(&self.0.idle).pop() else {
                self.0.cold_starts.fetch_add(1, Ordering::Relaxed);
                let sandbox = Sandbox::start(&self.0.options, &self.0.log, request_id).await?;
                lock(&self.0.processes).extend(sandbox.process_id());
                return Ok(sandbox);
            };
            if sandbox.is_alive() {
                return Ok(sandbox);
            }
        }
    }

    fn invocation(&self, request_id: &str, payload: String) -> Invocation {
        let timeout = i64::try_from(self.0.options.timeout.as_millis()).unwrap_or(i64::MAX);
        let now = Timestamp::now();
        Invocation {
            request_id: request_id.to_owned(),
            function_arn: self.arn(),
            trace_id: format!(
                "Root=1-{:08x}-{:024x};Parent=53995c3f42cd8ad8;Sampled=0",
                now.as_second(),
                self.0.requests.load(Ordering::Relaxed)
            ),
            deadline_ms: now.as_millisecond().saturating_add(timeout),
            payload: payload.into(),
        }
    }

    fn arn(&self) -> String {
        format!("arn:aws:lambda:us-east-1:123456789012:function:{}", self.0.options.name)
    }

    fn request_id(&self) -> String {
        let number = self.0.requests.fetch_add(1, Ordering::Relaxed);
        format!("{:08x}-0000-4000-8000-{number:012x}", Timestamp::now().as_second())
    }
}

fn within(payload: &str, limit: usize) -> Result<(), FunctionError> {
    if payload.len() <= limit {
        return Ok(());
    }
    Err(FunctionError::new(
        "RequestTooLargeException",
        format!("{} byte payload is too large for the {limit} byte limit", payload.len()),
    ))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
