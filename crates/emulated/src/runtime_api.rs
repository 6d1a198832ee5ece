//! The HTTP interface between Lambda and one running copy of a function. It hands over invocations
//! and takes answers; starting, timing and ending the process is `sandbox`.
//!
//! Source: AWS Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes".

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex as StdMutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header::CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;

/// Lambda's limit on a response, "Lambda quotas".
const MAX_RESPONSE_BYTES: usize = 6_291_556;
/// What is read of an answer before it is refused.
const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;

/// What `Invoke` gives as payload when `FunctionError` is set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error_type}: {message}")]
pub struct FunctionError {
    /// `errorType`: the function's own, or Lambda's (`Sandbox.Timedout`, `Runtime.ExitError`).
    pub error_type: String,
    /// `errorMessage`.
    pub message: String,
}

impl FunctionError {
    pub(crate) fn new(error_type: &str, message: impl Into<String>) -> Self {
        Self { error_type: error_type.to_owned(), message: message.into() }
    }
}

/// One event on its way to a function.
#[derive(Debug, Clone)]
pub(crate) struct Invocation {
    pub(crate) request_id: String,
    pub(crate) function_arn: String,
    pub(crate) trace_id: String,
    pub(crate) deadline_ms: i64,
    pub(crate) payload: Bytes,
}

/// What the process tells Lambda.
#[derive(Debug)]
pub(crate) enum Signal {
    /// It asked for the next invocation: started, or done with the one before.
    Waiting,
    /// It could not start.
    InitFailed(FunctionError),
    /// It answered the current invocation.
    Answered(Result<Value, FunctionError>),
}

/// The interface as Lambda's side holds it.
#[derive(Debug)]
pub(crate) struct RuntimeApi {
    pub(crate) address: SocketAddr,
    pub(crate) invocations: mpsc::Sender<Invocation>,
    pub(crate) signals: mpsc::UnboundedReceiver<Signal>,
    server: JoinHandle<()>,
}

struct Desk {
    invocations: Mutex<mpsc::Receiver<Invocation>>,
    signals: mpsc::UnboundedSender<Signal>,
    current: StdMutex<Option<String>>,
}

impl RuntimeApi {
    /// Listens on a free port of the loopback interface.
    pub(crate) async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (invocations, taken) = mpsc::channel(1);
        let (told, signals) = mpsc::unbounded_channel();
        let routes = routes(Desk {
            invocations: Mutex::new(taken),
            signals: told,
            current: StdMutex::new(None),
        });
        let server = tokio::spawn(async move {
            // An accept error ends the server; the sandbox then sees its process give up.
            let _ = axum::serve(listener, routes).await;
        });
        Ok(Self { address, invocations, signals, server })
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn routes(desk: Desk) -> Router {
    let runtime = Router::new()
        .route("/invocation/next", get(next))
        .route("/invocation/{request_id}/response", post(response))
        .route("/invocation/{request_id}/error", post(error))
        .route("/init/error", post(init_error));
    Router::new()
        .nest("/2018-06-01/runtime", runtime)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(Arc::new(desk))
}

async fn next(State(desk): State<Arc<Desk>>) -> Response {
    // A closed channel means that the sandbox is gone, and the process with it in a moment.
    let _ = desk.signals.send(Signal::Waiting);
    let Some(invocation) = desk.invocations.lock().await.recv().await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let headers = headers(&invocation);
    desk.set_current(Some(invocation.request_id));
    (headers, invocation.payload).into_response()
}

fn headers(invocation: &Invocation) -> HeaderMap {
    let deadline = invocation.deadline_ms.to_string();
    let pairs = [
        ("lambda-runtime-aws-request-id", &invocation.request_id),
        ("lambda-runtime-deadline-ms", &deadline),
        ("lambda-runtime-invoked-function-arn", &invocation.function_arn),
        ("lambda-runtime-trace-id", &invocation.trace_id),
    ];
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in pairs {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    headers
}

async fn response(
    State(desk): State<Arc<Desk>>,
    Path(request_id): Path<String>,
    body: Bytes,
) -> Response {
    if !desk.take_current(&request_id) {
        return refused("InvalidRequestID", StatusCode::BAD_REQUEST);
    }
    if body.len() > MAX_RESPONSE_BYTES {
        desk.answered(Err(FunctionError::new(
            "Function.ResponseSizeTooLarge",
            format!("Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes)."),
        )));
        return refused("RequestEntityTooLarge", StatusCode::PAYLOAD_TOO_LARGE);
    }
    desk.answered(serde_json::from_slice(&body).map_err(|error| {
        FunctionError::new("Runtime.InvalidResponse", format!("the response is no JSON: {error}"))
    }));
    accepted()
}

async fn error(
    State(desk): State<Arc<Desk>>,
    Path(request_id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !desk.take_current(&request_id) {
        return refused("InvalidRequestID", StatusCode::BAD_REQUEST);
    }
    desk.answered(Err(reported(&headers, &body)));
    accepted()
}

async fn init_error(State(desk): State<Arc<Desk>>, headers: HeaderMap, body: Bytes) -> Response {
    let _ = desk.signals.send(Signal::InitFailed(reported(&headers, &body)));
    accepted()
}

/// The error as its body says it; the header stands in where the body is no JSON.
fn reported(headers: &HeaderMap, body: &[u8]) -> FunctionError {
    let report = serde_json::from_slice::<Value>(body).unwrap_or_default();
    let text = |name: &str| report.get(name).and_then(Value::as_str);
    let header =
        headers.get("lambda-runtime-function-error-type").and_then(|value| value.to_str().ok());
    FunctionError::new(
        text("errorType").or(header).unwrap_or("Runtime.Unknown"),
        text("errorMessage").unwrap_or_default(),
    )
}

fn accepted() -> Response {
    (StatusCode::ACCEPTED, axum::Json(json!({"status": "OK"}))).into_response()
}

fn refused(error_type: &str, status: StatusCode) -> Response {
    let body = json!({"errorType": error_type, "errorMessage": error_type});
    (status, axum::Json(body)).into_response()
}

impl Desk {
    fn answered(&self, answer: Result<Value, FunctionError>) {
        let _ = self.signals.send(Signal::Answered(answer));
    }

    fn set_current(&self, request_id: Option<String>) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = request_id;
    }

    /// Each invocation is answered once, and only the current one.
    fn take_current(&self, request_id: &str) -> bool {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.take_if(|current| current == request_id).is_some()
    }
}
