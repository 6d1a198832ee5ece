//! A small HTTP API on loopback that records what it is asked and answers as the test says.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, Response, Uri};
use tokio::net::TcpListener;

/// One request as it came in.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(crate) fn query(&self) -> &str {
        self.uri.query().unwrap_or("")
    }
}

/// What the API does with a request; the number counts from 0 over all requests.
type Script = dyn Fn(&Asked, usize) -> Response<Body> + Send + Sync;

pub(crate) struct Api {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    most_at_once: Arc<AtomicUsize>,
}

impl Api {
    pub(crate) async fn start(
        script: impl Fn(&Asked, usize) -> Response<Body> + Send + Sync + 'static,
    ) -> Self {
        Self::start_slow(Duration::ZERO, script).await
    }

    /// Thinks for this long before each answer.
    pub(crate) async fn start_slow(
        pause: Duration,
        script: impl Fn(&Asked, usize) -> Response<Body> + Send + Sync + 'static,
    ) -> Self {
        let script: Arc<Script> = Arc::new(script);
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (at_once, most_at_once) = (Arc::new(AtomicUsize::new(0)), Arc::default());
        let (record, most): (_, Arc<AtomicUsize>) = (asked.clone(), Arc::clone(&most_at_once));
        let answer = move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
            let (script, record) = (script.clone(), record.clone());
            let (at_once, most) = (at_once.clone(), most.clone());
            async move {
                let now = at_once.fetch_add(1, Ordering::SeqCst) + 1;
                most.fetch_max(now, Ordering::SeqCst);
                let body = String::from_utf8_lossy(&body).into_owned();
                let asked = Asked { method, uri, headers, body };
                let number = {
                    let mut record: std::sync::MutexGuard<'_, Vec<Asked>> = record.lock().unwrap();
                    record.push(asked.clone());
                    record.len() - 1
                };
                tokio::time::sleep(pause).await;
                let response = script(&asked, number);
                at_once.fetch_sub(1, Ordering::SeqCst);
                response
            }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(answer);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, asked, most_at_once }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn most_at_once(&self) -> usize {
        self.most_at_once.load(Ordering::SeqCst)
    }
}

pub(crate) fn ok(body: impl Into<Body>) -> Response<Body> {
    status(200, body)
}

pub(crate) fn status(status: u16, body: impl Into<Body>) -> Response<Body> {
    let response = Response::builder().status(status);
    response.body(body.into()).unwrap()
}

pub(crate) fn with_header(name: &str, value: &str, mut response: Response<Body>) -> Response<Body> {
    let name = axum::http::HeaderName::try_from(name).unwrap();
    response.headers_mut().insert(name, value.parse().unwrap());
    response
}

/// An answer that breaks off in the middle, once its beginning is on its way.
pub(crate) fn broken(beginning: &'static str) -> Response<Body> {
    let pieces = futures::stream::unfold(0, move |piece| async move {
        let bytes = match piece {
            0 => Ok(Bytes::from_static(beginning.as_bytes())),
            _ => {
                tokio::time::sleep(Duration::from_millis(50)).await;
                Err(std::io::Error::other("the plug was pulled"))
            }
        };
        Some((bytes, piece + 1))
    });
    ok(Body::from_stream(pieces))
}
