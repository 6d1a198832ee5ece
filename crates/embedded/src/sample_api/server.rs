//! The HTTP side of the API: who may ask, what a question must hold, and where commands come in.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use jiff::civil::Date;

use super::day::{Day, World};
use super::endpoint::Endpoint;
use super::misbehaviour::{Command, Misbehaviour};
use super::wire::{answer, problem, send};
use super::{documents, drift, stores};

const LONGEST_STORE_ID: usize = 99;

/// What all requests share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) world: World,
    pub(crate) token: String,
    pub(crate) misbehaviour: Misbehaviour,
    pub(crate) served: AtomicU64,
}

/// The routes.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    let commands = post(misbehave).get(list_misbehaviour).delete(mend);
    let mut router =
        Router::new().route("/stores.csv", get(list_stores)).route("/_misbehave", commands);
    for endpoint in Endpoint::ALL {
        let ask = move |State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes| async move {
            ask(&shared, endpoint, &headers, &body).await
        };
        router = router.route(endpoint.path(), post(ask));
    }
    router.fallback(unknown).with_state(shared)
}

async fn ask(shared: &Shared, endpoint: Endpoint, headers: &HeaderMap, body: &[u8]) -> Response {
    shared.served.fetch_add(1, Ordering::Relaxed);
    if !is_authorised(headers, &shared.token) {
        let mut response = problem(StatusCode::UNAUTHORIZED, "a valid bearer token is required");
        let challenge = header::HeaderValue::from_static("Bearer");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        return response;
    }
    let (date, store) = match question(body) {
        Ok(question) => question,
        Err(detail) => return problem(StatusCode::BAD_REQUEST, &detail),
    };
    let faults = shared.misbehaviour.meet(endpoint, &store, &date.to_string());
    let day = Day { world: shared.world, store: &store, date };
    let mut document = documents::answer(endpoint, &day);
    for fault in &faults {
        drift::apply(fault, &mut document);
    }
    send(&document, &faults).await
}

fn is_authorised(headers: &HeaderMap, token: &str) -> bool {
    headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .is_some_and(|(scheme, given)| scheme.eq_ignore_ascii_case("bearer") && given == token)
}

/// Reads business date and store.
fn question(body: &[u8]) -> Result<(Date, String), String> {
    let read = serde_json::from_slice::<serde_json::Value>(body)
        .map_err(|error| format!("the body is not JSON: {error}"))?;
    let text = |name: &str| {
        read.get(name)
            .and_then(serde_json::Value::as_str)
            .filter(|text| !text.is_empty())
            .ok_or_else(|| format!("`{name}` is required, as a string"))
    };
    let bus_dt = text("busDt")?;
    let store = text("storeId")?;
    // jiff reads more than one form; the API knows this one.
    let date = bus_dt.parse::<Date>().ok().filter(|date| date.to_string() == bus_dt);
    let date = date.ok_or_else(|| format!("`busDt` is `{bus_dt}`, which is no date YYYY-MM-DD"))?;
    if store.chars().count() > LONGEST_STORE_ID {
        return Err(format!("`storeId` has more than {LONGEST_STORE_ID} characters"));
    }
    Ok((date, store.to_owned()))
}

async fn list_stores() -> Response {
    answer("text/csv; charset=utf-8", stores::csv().into())
}

async fn misbehave(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    match serde_json::from_slice::<Command>(&body) {
        Ok(command) => {
            shared.misbehaviour.add(command.fault, command.when);
            list_misbehaviour(State(shared)).await
        }
        Err(error) => problem(StatusCode::BAD_REQUEST, &format!("no such command: {error}")),
    }
}

async fn list_misbehaviour(State(shared): State<Arc<Shared>>) -> Response {
    axum::Json(shared.misbehaviour.commands()).into_response()
}

async fn mend(State(shared): State<Arc<Shared>>) -> Response {
    shared.misbehaviour.mend();
    StatusCode::NO_CONTENT.into_response()
}

async fn unknown(request: Request) -> Response {
    let detail = format!("there is no {}", request.uri().path());
    problem(StatusCode::NOT_FOUND, &detail)
}
