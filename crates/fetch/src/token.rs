//! A bearer token by client credentials.
//!
//! Source: RFC 6749, sections 2.3.1, 4.4 and 5.

use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE};
use secrets::Secret;
use serde::Deserialize;
use url::{Url, form_urlencoded};

use crate::auth::{self, Authorisation};
use crate::failure::{Failure, causes};

/// A server that says nothing of a token's life is asked again soon.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(300);

/// What a token is asked for with.
pub(crate) struct Grant<'g> {
    pub(crate) token_url: &'g Url,
    pub(crate) client_id: Secret,
    pub(crate) client_secret: Secret,
    pub(crate) scope: Option<&'g str>,
}

#[derive(Deserialize)]
struct Answer {
    access_token: String,
    #[serde(default)]
    expires_in: Option<f64>,
}

/// Gets a token and how long it lives.
pub(crate) async fn get(
    http: &reqwest::Client,
    grant: &Grant<'_>,
    timeout: Duration,
) -> Result<(Secret, Duration), Failure> {
    let mut request = http
        .post(grant.token_url.clone())
        .timeout(timeout)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(ACCEPT, "application/json")
        .body(form(grant));
    // Section 2.3.1: each half is form-encoded before the two are joined.
    let half = |secret: &Secret| {
        Secret::new(form_urlencoded::byte_serialize(secret.expose().as_bytes()).collect::<String>())
    };
    let credentials = auth::basic(&half(&grant.client_id), &half(&grant.client_secret))?;
    if let Authorisation::Header(name, value) = credentials {
        request = request.header(name, value);
    }
    let lost = |error: reqwest::Error| {
        let causes = causes(&error.without_url());
        let message = format!("no token from `{}`: {causes}", grant.token_url);
        Failure::passing("token_unreachable", message)
    };
    let response = request.send().await.map_err(lost)?;
    let status = response.status();
    let body = response.bytes().await.map_err(lost)?;
    if !status.is_success() {
        return Err(refused(grant, status.as_u16(), &body));
    }
    let answer = serde_json::from_slice::<Answer>(&body).map_err(|_| {
        let message = format!("`{}` answered without an access_token", grant.token_url);
        Failure::passing("token_missing", message)
    })?;
    let lifetime = answer
        .expires_in
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .unwrap_or(DEFAULT_LIFETIME);
    Ok((Secret::new(answer.access_token), lifetime))
}

fn form(grant: &Grant<'_>) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "client_credentials");
    if let Some(scope) = grant.scope {
        form.append_pair("scope", scope);
    }
    form.finish()
}

fn refused(grant: &Grant<'_>, status: u16, body: &[u8]) -> Failure {
    let message = format!(
        "`{}` gave no token (status {status}); look at client_id and client_secret",
        grant.token_url
    );
    let failure = if status >= 500 || status == 429 {
        Failure::passing("token_refused", message)
    } else {
        Failure::standing("token_refused", message)
    };
    Failure { status: Some(status), ..failure.with_excerpt(body) }
}
