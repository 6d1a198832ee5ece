//! Delivers events to a handler the way S3 and Lambda do: asynchronously, in no certain order, at
//! least once; a failed one again, and in the end to the on-failure destination.
//!
//! Source: AWS Lambda Developer Guide, "Invoking a function asynchronously", its error handling and
//! its records.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::event::ObjectEvent;

type Handled = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;
type Handler = Arc<dyn Fn(Value) -> Handled + Send + Sync>;
type Told = Pin<Box<dyn Future<Output = ()> + Send>>;
type OnFailure = Arc<dyn Fn(Value) -> Told + Send + Sync>;

/// How events are delivered.
#[derive(Debug, Clone)]
pub struct DeliveryOptions {
    /// Only objects whose keys begin so: the notification's filter.
    pub prefix: String,
    /// Whether removed objects are told of as well as created ones.
    pub removals: bool,
    /// Every so many events, one is delivered twice.
    pub duplicate_every: Option<u32>,
    /// How many handlers run at once: the function's concurrency.
    pub concurrency: usize,
    /// How long to wait before each further attempt. AWS: one minute, two minutes.
    pub retry_delays: Vec<Duration>,
    /// The function's name, for the on-failure record.
    pub function: String,
}

impl Default for DeliveryOptions {
    fn default() -> Self {
        Self {
            prefix: landing::RAW_PREFIX.to_owned(),
            removals: false,
            duplicate_every: None,
            concurrency: 4,
            retry_delays: vec![Duration::from_secs(60), Duration::from_secs(120)],
            function: "load".to_owned(),
        }
    }
}

impl DeliveryOptions {
    fn takes(&self, event: &ObjectEvent) -> bool {
        (self.removals || event.event_name.is_created())
            && event.key.as_str().starts_with(&self.prefix)
    }
}

/// A delivery under way. Dropped, it delivers what it has taken and takes no more.
#[derive(Debug)]
pub struct Delivery {
    commands: mpsc::UnboundedSender<Command>,
    outstanding: watch::Receiver<usize>,
    dispatcher: JoinHandle<()>,
}

enum Command {
    /// Invoke with this payload, as an event would.
    Invoke(Value),
    /// Answer once everything that came before is taken.
    Barrier(oneshot::Sender<()>),
}

impl Delivery {
    /// Begins to deliver `events` to `handler`; an event that fails to the end goes to
    /// `on_failure`, in the form of AWS's destination record.
    pub fn start<H, R, F, T>(
        events: mpsc::UnboundedReceiver<ObjectEvent>,
        options: DeliveryOptions,
        handler: H,
        on_failure: F,
    ) -> Self
    where
        H: Fn(Value) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), String>> + Send + 'static,
        F: Fn(Value) -> T + Send + Sync + 'static,
        T: Future<Output = ()> + Send + 'static,
    {
        let (commands, receiver) = mpsc::unbounded_channel();
        let (count, outstanding) = watch::channel(0);
        let invoker = Invoker {
            handler: Arc::new(move |payload| Box::pin(handler(payload))),
            on_failure: Arc::new(move |record| Box::pin(on_failure(record))),
            free: Arc::new(Semaphore::new(options.concurrency.max(1))),
            retry_delays: options.retry_delays.clone().into(),
            function: options.function.as_str().into(),
            count: Arc::new(count),
        };
        let dispatcher = tokio::spawn(dispatch(events, receiver, options, invoker));
        Self { commands, outstanding, dispatcher }
    }

    /// Invokes the handler asynchronously with any payload: a replay, a schedule.
    pub fn invoke(&self, payload: Value) {
        // The dispatcher ends only with this handle.
        let _ = self.commands.send(Command::Invoke(payload));
    }

    /// Waits until nothing is queued, running or waiting for another attempt; what handlers write
    /// meanwhile is waited for too.
    pub async fn idle(&self) {
        let mut outstanding = self.outstanding.clone();
        loop {
            self.taken().await;
            if *outstanding.borrow() == 0 {
                return;
            }
            if outstanding.wait_for(|count| *count == 0).await.is_err() {
                return;
            }
        }
    }

    /// Ends; events not yet delivered are dropped.
    pub async fn stop(self) {
        self.dispatcher.abort();
        let _ = self.dispatcher.await;
    }

    async fn taken(&self) {
        let (sender, receiver) = oneshot::channel();
        if self.commands.send(Command::Barrier(sender)).is_ok() {
            let _ = receiver.await;
        }
    }
}

async fn dispatch(
    mut events: mpsc::UnboundedReceiver<ObjectEvent>,
    mut commands: mpsc::UnboundedReceiver<Command>,
    options: DeliveryOptions,
    invoker: Invoker,
) {
    let mut delivered = 0_u32;
    loop {
        // Events first: a barrier is answered when none is left.
        tokio::select! {
            biased;
            Some(event) = events.recv() => {
                if !options.takes(&event) {
                    continue;
                }
                delivered = delivered.wrapping_add(1);
                let notification = event.notification();
                let every = options.duplicate_every.filter(|every| *every > 0);
                if every.is_some_and(|every| delivered.is_multiple_of(every)) {
                    invoker.spawn(notification.clone());
                }
                invoker.spawn(notification);
            }
            command = commands.recv() => match command {
                Some(Command::Invoke(payload)) => invoker.spawn(payload),
                Some(Command::Barrier(answer)) => drop(answer.send(())),
                None => return,
            },
        }
    }
}

/// Stands for Lambda's side of an asynchronous invocation.
#[derive(Clone)]
struct Invoker {
    handler: Handler,
    on_failure: OnFailure,
    free: Arc<Semaphore>,
    retry_delays: Arc<[Duration]>,
    function: Arc<str>,
    count: Arc<watch::Sender<usize>>,
}

impl Invoker {
    fn spawn(&self, payload: Value) {
        self.count.send_modify(|count| *count += 1);
        let counted = Counted(Arc::clone(&self.count));
        let invoker = self.clone();
        tokio::spawn(async move {
            invoker.deliver(payload).await;
            drop(counted);
        });
    }

    async fn deliver(&self, payload: Value) {
        let mut message = String::new();
        let waits = std::iter::once(Duration::ZERO).chain(self.retry_delays.iter().copied());
        for wait in waits {
            tokio::time::sleep(wait).await;
            match self.attempt(payload.clone()).await {
                Ok(()) => return,
                Err(error) => message = error,
            }
        }
        (self.on_failure)(self.record(payload, &message)).await;
    }

    /// A handler that panics is a function that crashed.
    async fn attempt(&self, payload: Value) -> Result<(), String> {
        let Ok(_permit) = self.free.acquire().await else {
            return Err("the function takes no more events".to_owned());
        };
        let running = tokio::spawn((self.handler)(payload));
        running.await.unwrap_or_else(|error| Err(error.to_string()))
    }

    fn record(&self, payload: Value, message: &str) -> Value {
        let region_and_account = "us-east-1:000000000000";
        json!({
            "version": "1.0",
            "timestamp": format!("{:.3}", Timestamp::now()),
            "requestContext": {
                "requestId": request_id(),
                "functionArn": format!(
                    "arn:aws:lambda:{region_and_account}:function:{}:$LATEST",
                    self.function
                ),
                "condition": "RetriesExhausted",
                "approximateInvokeCount": self.retry_delays.len() + 1,
            },
            "requestPayload": payload,
            "responseContext": {
                "statusCode": 200,
                "executedVersion": "$LATEST",
                "functionError": "Unhandled",
            },
            "responsePayload": { "errorType": "Error", "errorMessage": message },
        })
    }
}

/// Counts down even where a task is aborted.
struct Counted(Arc<watch::Sender<usize>>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count = count.saturating_sub(1));
    }
}

/// A version 4 UUID.
fn request_id() -> String {
    let bits = fastrand::u128(..) & !(0xf << 76) | (0x4 << 76);
    let bits = bits & !(0x3 << 62) | (0x2 << 62);
    let text = format!("{bits:032x}");
    let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default().to_owned();
    [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-")
}
