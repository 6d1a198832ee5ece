//! Sends an answer over HTTP, as it should be or as it was told to go wrong.

use std::io;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures::stream;
use http::{StatusCode, header};
use jiff::{SignedDuration, Timestamp};

use super::json::Json;
use super::misbehaviour::Fault;

const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";
const PARTS: usize = 10;
const PAGE: &str = "<!DOCTYPE html>\n<html lang=\"pt-BR\"><head><title>Manutenção</title></head>\
<body><h1>Sistema em manutenção</h1><p>Voltamos já.</p></body></html>\n";

/// Answers with a document, or with what the first fault of the wire makes of it.
pub(crate) async fn send(document: &Json, faults: &[Fault]) -> Response {
    let body = Bytes::from(document.write());
    for fault in faults {
        match fault {
            Fault::TooManyRequests { retry_after_s, as_date } => {
                return too_many_requests(*retry_after_s, *as_date);
            }
            Fault::ServerError { status } => {
                let status = StatusCode::from_u16(*status);
                let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                return problem(status, "the server met with an unexpected condition");
            }
            Fault::Slow { first_byte_ms, dribble_ms } => {
                tokio::time::sleep(Duration::from_millis(*first_byte_ms)).await;
                return dribble(body, Duration::from_millis(*dribble_ms));
            }
            Fault::CutOff => return cut_off(&body),
            Fault::HtmlPage => return answer("text/html; charset=utf-8", PAGE.into()),
            Fault::TruncatedJson => return answer(JSON, body.slice(..body.len() / 2)),
            Fault::EmptyBody => return answer(JSON, Bytes::new()),
            Fault::WrongEncoding => return answer(JSON, latin_1(&document.write())),
            Fault::RenamedTaxes
            | Fault::UnknownField
            | Fault::MissingFields
            | Fault::NumericFlags
            | Fault::NotANumber
            | Fault::ExplicitNull
            | Fault::ObjectForArray => {}
        }
    }
    answer(JSON, body)
}

/// Writes a text in ISO 8859-1, whose bytes are Unicode's first 256 characters.
fn latin_1(text: &str) -> Bytes {
    let byte = |character| u8::try_from(u32::from(character)).unwrap_or(b'?');
    text.chars().map(byte).collect::<Vec<_>>().into()
}

/// Refuses with a problem document (RFC 9457).
pub(crate) fn problem(status: StatusCode, detail: &str) -> Response {
    let document = Json::object([
        ("type", "about:blank".into()),
        ("title", status.canonical_reason().unwrap_or("Error").into()),
        ("status", i64::from(status.as_u16()).into()),
        ("detail", detail.into()),
    ]);
    let mut response = answer(PROBLEM, document.write().into());
    *response.status_mut() = status;
    response
}

/// Answers with status 200.
pub(crate) fn answer(content_type: &'static str, body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    let content_type = header::HeaderValue::from_static(content_type);
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}

fn too_many_requests(retry_after_s: u32, as_date: bool) -> Response {
    let mut response = problem(StatusCode::TOO_MANY_REQUESTS, "too many requests: slow down");
    let value = if as_date {
        let at = Timestamp::now().saturating_add(SignedDuration::from_secs(retry_after_s.into()));
        at.map_or_else(|_| String::new(), |at| at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
    } else {
        retry_after_s.to_string()
    };
    if let Ok(value) = value.parse() {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    response
}

/// Sends a body in parts, each after a pause.
fn dribble(body: Bytes, pause: Duration) -> Response {
    if pause.is_zero() {
        return answer(JSON, body);
    }
    let part = body.len().div_ceil(PARTS).max(1);
    let parts = stream::unfold(body, move |mut rest| async move {
        if rest.is_empty() {
            return None;
        }
        tokio::time::sleep(pause).await;
        let next = rest.split_to(part.min(rest.len()));
        Some((Ok::<_, io::Error>(next), rest))
    });
    let mut response = answer(JSON, Bytes::new());
    *response.body_mut() = Body::from_stream(parts);
    response
}

/// Promises the whole body, sends half, and breaks the connection.
fn cut_off(body: &Bytes) -> Response {
    let half = body.slice(..body.len() / 2);
    let parts = stream::unfold(Some(half), |half| async move {
        match half {
            Some(half) => Some((Ok(half), None)),
            None => {
                // Lets the half reach the wire before the error breaks it off.
                tokio::time::sleep(Duration::from_millis(50)).await;
                Some((Err(io::Error::other("cut off on command")), None))
            }
        }
    });
    let mut response = answer(JSON, Bytes::new());
    *response.body_mut() = Body::from_stream(parts);
    response.headers_mut().insert(header::CONTENT_LENGTH, body.len().into());
    response
}
