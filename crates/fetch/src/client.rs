//! Sends a request, follows redirects, and tells an answer from a refusal. How often it is tried is
//! `retry`'s.

use std::time::Duration;

use bytes::Bytes;
use configuration::Method;
use jiff::Timestamp;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, HeaderMap, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Response, StatusCode};
use tokio::time::timeout;
use url::Url;

use crate::call::Call;
use crate::failure::{Failure, Retry, causes};
use crate::retry::retry_after;

const REDIRECTS_MAX: u32 = 5;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How much of a refusal is read for its excerpt.
const REFUSAL_BYTES: usize = 4096;

/// An answer whose head is in and whose body is on its way.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// Where it came from in the end.
    pub(crate) url: Url,
    response: Response,
    patience: Duration,
}

/// A client that follows no redirect by itself and decodes no body.
pub(crate) fn http() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .user_agent(concat!("riacho/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(Policy::none())
        .build()
}

/// Sends a request; an answer other than 2xx is a failure.
pub(crate) async fn send(
    http: &reqwest::Client,
    call: &Call,
    patience: Duration,
) -> Result<Answer, Failure> {
    let mut call = call.clone();
    for _ in 0..=REDIRECTS_MAX {
        let response = send_once(http, &call, patience).await?;
        if !is_redirect(response.status()) {
            return answer(response, &call, patience).await;
        }
        follow(&mut call, &response)?;
    }
    let message = format!("{} redirects more than {REDIRECTS_MAX} times", call.shown);
    Err(Failure::standing("redirects", message))
}

impl Answer {
    /// The next piece of the body; `None` after the last.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        match timeout(self.patience, self.response.chunk()).await {
            Ok(Ok(chunk)) => Ok(chunk),
            Ok(Err(error)) => {
                let causes = causes(&error.without_url());
                let message = format!("the answer broke off: {causes}");
                Err(Failure::passing("cut_off", message))
            }
            Err(_) => Err(Failure::passing(
                "timeout",
                format!("nothing more came for {:?} in the middle of the answer", self.patience),
            )),
        }
    }
}

async fn send_once(
    http: &reqwest::Client,
    call: &Call,
    patience: Duration,
) -> Result<Response, Failure> {
    let method = match call.method {
        Method::Get => reqwest::Method::GET,
        Method::Post => reqwest::Method::POST,
    };
    let mut request = http.request(method, call.url.clone()).headers(call.headers.clone());
    if let Some(body) = &call.body {
        request = request.body(body.clone());
    }
    match timeout(patience, request.send()).await {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(error)) => {
            let reason = if error.is_connect() { "unreachable" } else { "connection_lost" };
            // The error's own address may hold an API key.
            let causes = causes(&error.without_url());
            Err(Failure::passing(reason, format!("{}: {causes}", call.shown)))
        }
        Err(_) => Err(Failure::passing(
            "timeout",
            format!("{} did not answer within {patience:?}", call.shown),
        )),
    }
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Points the call at where the answer says. Credentials stay with the host they are for; a body is
/// never sent elsewhere, nor left out on the way.
fn follow(call: &mut Call, response: &Response) -> Result<(), Failure> {
    let status = response.status().as_u16();
    let refuse = |why: &str| {
        let failure = Failure::standing("redirect", format!("{} redirects {why}", call.shown));
        Err(Failure { status: Some(status), ..failure })
    };
    let location = response.headers().get(LOCATION);
    let target = location
        .and_then(|location| location.to_str().ok())
        .and_then(|location| call.url.join(location).ok());
    let Some(target) = target.filter(|target| matches!(target.scheme(), "http" | "https")) else {
        return refuse("to nowhere");
    };
    if call.method == Method::Post && !matches!(status, 307 | 308) {
        return refuse("a POST to a GET, which would lose its body; correct `base_url` or `path`");
    }
    if call.url.scheme() == "https" && target.scheme() == "http" {
        return refuse("from https to http; correct `base_url`");
    }
    if target.origin() != call.url.origin() {
        if call.body.is_some() {
            return refuse("a request with a body to another host; correct `base_url`");
        }
        // The source's own headers may be credentials under any name.
        let mut kept = HeaderMap::new();
        for name in [ACCEPT, ACCEPT_ENCODING] {
            if let Some(value) = call.headers.remove(&name) {
                kept.insert(name, value);
            }
        }
        call.headers = kept;
    }
    call.url = target;
    Ok(())
}

async fn answer(response: Response, call: &Call, patience: Duration) -> Result<Answer, Failure> {
    let status = response.status();
    let mut answer = Answer {
        status: status.as_u16(),
        headers: response.headers().clone(),
        url: response.url().clone(),
        response,
        patience,
    };
    if !status.is_success() {
        let body = beginning(&mut answer).await;
        return Err(refusal(&answer, call, Timestamp::now()).with_excerpt(&body));
    }
    Ok(answer)
}

/// The first bytes of a body, as far as they come.
async fn beginning(answer: &mut Answer) -> Vec<u8> {
    let mut body = Vec::new();
    while body.len() < REFUSAL_BYTES {
        match answer.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) | Err(_) => break,
        }
    }
    body
}

/// What a status means for another attempt, and for another run.
fn refusal(answer: &Answer, call: &Call, now: Timestamp) -> Failure {
    let status = answer.status;
    let rest = retry_after(&answer.headers, now);
    let method = call.method.as_str();
    let said = format!("{method} {} answered {status}", call.shown);
    let failure = match status {
        401 => Failure {
            retry: Retry::WithFreshSecrets,
            ..Failure::standing(
                "unauthorised",
                format!("{said}; look at the source's `auth` and its secret"),
            )
        },
        // Some APIs limit with 403, and then say when to return.
        403 if rest.is_none() => Failure {
            retry: Retry::WithFreshSecrets,
            ..Failure::standing(
                "forbidden",
                format!("{said}; the credentials are not allowed to read this"),
            )
        },
        403 | 429 => {
            Failure::passing("rate_limited", format!("{said}; lower the source's `limits`"))
        }
        408 | 425 => Failure::passing("timeout", said),
        500.. => Failure::passing("server_error", said),
        _ => Failure::permanent(
            "refused",
            format!("{said}; correct the endpoint's path, query or body, or the partition values"),
        ),
    };
    let retry = match (failure.retry, rest) {
        (Retry::Backoff, Some(rest)) => Retry::After(rest),
        (retry, _) => retry,
    };
    Failure { retry, status: Some(status), ..failure }
}
