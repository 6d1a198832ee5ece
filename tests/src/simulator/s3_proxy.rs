//! A way to S3 on which things happen. Requests go on as they came, `Host` included, so that their
//! signatures hold; answers come back as they are, but for the fault.
//!
//! Source of the answers: Amazon S3 API Reference, "Error responses".

use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONNECTION, CONTENT_LENGTH, IF_MATCH, IF_NONE_MATCH, TRANSFER_ENCODING};
use axum::http::{HeaderValue, Method, StatusCode, request::Parts};
use axum::response::{IntoResponse, Response};
use base64::prelude::{BASE64_STANDARD, Engine};
use futures::{StreamExt, stream};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::s3_fault::{Asked, Mishap, S3Fault};
use super::wires::Wires;

/// Far above what runs put.
const BODY_MAX: usize = 16 << 20;

/// Keeps no connections, as these would end with the runtime of one test.
static CLIENT: OnceLock<reqwest::Client> = OnceLock::new();

/// A listener before the S3 server. Dropped, it takes no more connections.
#[derive(Debug)]
pub(super) struct S3Proxy {
    pub(super) endpoint: String,
    inner: Arc<Inner>,
    serving: JoinHandle<()>,
}

#[derive(Debug)]
struct Inner {
    upstream: String,
    client: reqwest::Client,
    wires: Arc<Wires>,
    armed: Mutex<Vec<S3Fault>>,
}

/// An answer on its way back.
struct Answer {
    status: StatusCode,
    headers: axum::http::HeaderMap,
    body: Bytes,
}

impl S3Proxy {
    pub(super) async fn start(upstream: &str, wires: Arc<Wires>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let inner = Arc::new(Inner {
            upstream: upstream.to_owned(),
            client: CLIENT.get_or_init(client).clone(),
            wires,
            armed: Mutex::default(),
        });
        let routes = Router::new().fallback(pass).with_state(Arc::clone(&inner));
        let serving = tokio::spawn(async move {
            // An accept error ends the proxy; its function then finds S3 unreachable.
            let _ = axum::serve(listener, routes).await;
        });
        Ok(Self { endpoint, inner, serving })
    }

    /// Lays faults in wait, in place of those before.
    pub(super) fn arm(&self, faults: Vec<S3Fault>) {
        *self.inner.armed.lock().unwrap_or_else(PoisonError::into_inner) = faults;
    }
}

impl Drop for S3Proxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Inner {
    fn due(&self, request: &Parts) -> Option<S3Fault> {
        let mut armed = self.armed.lock().unwrap_or_else(PoisonError::into_inner);
        let at = armed.iter().position(|fault| {
            let has_body = request.method != Method::HEAD || !fault.what.is_of_body();
            has_body && is_asked(fault.asked, request)
        })?;
        let fault = armed.get_mut(at)?;
        if fault.skip > 0 {
            fault.skip -= 1;
            return None;
        }
        fault.times = fault.times.saturating_sub(1);
        let due = *fault;
        if due.times == 0 {
            armed.remove(at);
        }
        self.wires.tally.count(due.to_string());
        Some(due)
    }

    async fn forward(&self, parts: &Parts, body: Bytes) -> Result<Answer, reqwest::Error> {
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut headers = parts.headers.clone();
        headers.remove(CONNECTION);
        let request = self.client.request(parts.method.clone(), format!("{}{path}", self.upstream));
        let answer = request.headers(headers).body(body).send().await?;
        let status = answer.status();
        let mut headers = answer.headers().clone();
        headers.remove(CONNECTION);
        headers.remove(TRANSFER_ENCODING);
        Ok(Answer { status, headers, body: answer.bytes().await? })
    }
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap_or_default()
}

fn is_asked(asked: Asked, request: &Parts) -> bool {
    let is_read = matches!(request.method, Method::GET | Method::HEAD);
    let has = |name| request.headers.contains_key(name);
    match asked {
        Asked::RawObject => is_read && request.uri.path().contains("/raw/"),
        Asked::Write => request.method == Method::PUT,
        Asked::ConditionalWrite => {
            request.method == Method::PUT && (has(IF_MATCH) || has(IF_NONE_MATCH))
        }
        Asked::Listing => {
            is_read && request.uri.query().is_some_and(|query| query.contains("list-type"))
        }
        Asked::Anything => true,
    }
}

async fn pass(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_MAX).await else { return broken() };
    let mishap = inner.due(&parts).map(|fault| fault.what);
    match mishap {
        Some(Mishap::Answer(status, code)) => return refused(status, code),
        Some(Mishap::Cut) => return broken(),
        Some(Mishap::Kill) => {
            inner.wires.kill().await;
            return broken();
        }
        Some(Mishap::Delay(ms)) => sleep(Duration::from_millis(ms)).await,
        _ => {}
    }
    let Ok(answer) = inner.forward(&parts, body).await else { return broken() };
    match mishap {
        Some(Mishap::DoneThenAnswer(status, code)) => refused(status, code),
        Some(Mishap::CutBody) => announced(&answer, answer.body.len(), answer.body.len() / 2),
        Some(Mishap::TooFewBytes) => announced(&answer, answer.body.len() + 7, answer.body.len()),
        Some(Mishap::ShortLength) if answer.status.is_success() => {
            let kept = whole_lines(&answer.body);
            let mut response = announced(&answer, kept, kept);
            // S3 gives an object's checksum with it, and the SDK compares.
            let checksum = BASE64_STANDARD.encode(crc32(&answer.body).to_be_bytes());
            let checksum = HeaderValue::from_str(&checksum).unwrap();
            response.headers_mut().insert("x-amz-checksum-crc32", checksum);
            response
        }
        _ => (answer.status, answer.headers, answer.body).into_response(),
    }
}

/// How many bytes the lines have that end in the first two thirds; these, where none does.
fn whole_lines(body: &[u8]) -> usize {
    let most = body.len() * 2 / 3;
    body[..most].iter().rposition(|byte| *byte == b'\n').map_or(most, |at| at + 1)
}

/// Source: RFC 1952, "An Algorithm for the CRC".
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 * (crc & 1)))
    })
}

/// The answer with another length announced, and only so many bytes sent.
fn announced(answer: &Answer, announced: usize, sent: usize) -> Response {
    let body = answer.body.slice(..sent);
    let end = stream::iter((announced > sent).then(|| Err(reset())));
    let body = stream::iter([Ok(body)]).chain(end);
    let mut response = Response::new(Body::from_stream(body));
    *response.status_mut() = answer.status;
    response.headers_mut().extend(answer.headers.clone());
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(announced));
    response
}

fn reset() -> io::Error {
    io::ErrorKind::ConnectionReset.into()
}

/// S3's error.
fn refused(status: u16, code: &str) -> Response {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>simulated</Message></Error>"
    );
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [("content-type", "application/xml")], body).into_response()
}

/// An answer that ends before it has begun: the connection breaks. To HEAD, which has no body, it is
/// a mere 500.
fn broken() -> Response {
    let body = stream::iter([Err::<Bytes, _>(reset())]);
    let mut response = Response::new(Body::from_stream(body));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(1));
    response
}
