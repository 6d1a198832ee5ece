//! One HTTP request, filled in from its templates: address, headers, body. Pure; sending is
//! `client`'s.

use std::collections::HashMap;

use configuration::{Body, JsonTemplate, Method, SecretReference, Template};
use landing::Scope;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use secrets::Secret;
use url::Url;

use crate::auth::Authorisation;
use crate::failure::Failure;
use crate::plan::Task;

/// Everything but RFC 3986's unreserved characters: a value never changes an address's structure.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// One request, ready to be sent.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) url: Url,
    /// The address without secrets: for metadata, logs and reports.
    pub(crate) shown: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<String>,
}

/// What is filled in besides a task's scope.
#[derive(Default)]
pub(crate) struct Given {
    pub(crate) secrets: HashMap<SecretReference, Secret>,
    pub(crate) authorisation: Authorisation,
}

/// What a page adds to the request of the first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PageParameters {
    /// The whole address, where the API gave it.
    pub(crate) url: Option<Url>,
    /// Query parameters.
    pub(crate) query: Vec<(String, String)>,
    /// Members of the body: name and JSON.
    pub(crate) members: Vec<(String, String)>,
}

impl Call {
    pub(crate) fn build(
        task: &Task<'_>,
        given: &Given,
        page: &PageParameters,
    ) -> Result<Self, Failure> {
        let filling = Filling { scope: &task.scope, secrets: &given.secrets };
        let (mut url, mut shown) = match &page.url {
            Some(url) => (url.clone(), without_query(url)),
            None => address(task, &filling, page)?,
        };
        let mut headers = headers(task, &filling)?;
        match &given.authorisation {
            Authorisation::None => {}
            Authorisation::Header(name, value) => {
                headers.insert(name.clone(), value.clone());
            }
            Authorisation::Query(name, value) => {
                append_query(&mut url, name, value.expose());
                append_shown(&mut shown, name, "***");
            }
        }
        let body = task
            .endpoint
            .body
            .as_ref()
            .map(|body| filling.body(body, &page.members))
            .or_else(|| members_alone(&page.members));
        if let Some((_, content_type)) = &body {
            headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(content_type));
        }
        Ok(Self {
            method: task.endpoint.method,
            url,
            shown,
            headers,
            body: body.map(|(text, _)| text),
        })
    }
}

fn address(
    task: &Task<'_>,
    filling: &Filling<'_>,
    page: &PageParameters,
) -> Result<(Url, String), Failure> {
    let base = task.source.base_url.as_str().trim_end_matches('/');
    let join = |path: String| match path.strip_prefix('/') {
        Some(path) => format!("{base}/{path}"),
        None if path.is_empty() => base.to_owned(),
        None => format!("{base}/{path}"),
    };
    let path = &task.endpoint.path;
    for name in path.partitions() {
        if matches!(filling.value(name).as_str(), "." | "..") {
            let message = format!(
                "the value of partition `{name}` is a dot segment, which an address would swallow; \
                 send it in the query or the body"
            );
            return Err(Failure::permanent("bad_partition_value", message));
        }
    }
    let text = join(path.fill(|name| filling.encoded(name), |secret| filling.secret(secret)));
    let mut url = Url::parse(&text).map_err(|error| {
        let shown = join(path.fill_shown(|name| filling.encoded(name)));
        Failure::permanent("bad_address", format!("`{shown}` is no address: {error}"))
    })?;
    let mut shown = join(path.fill_shown(|name| filling.encoded(name)));
    let paged = |name: &str| page.query.iter().any(|(other, _)| other == name);
    for (name, template) in &task.endpoint.query {
        if !paged(name) {
            append_query(&mut url, name, &filling.text(template));
            append_shown(
                &mut shown,
                name,
                &template.fill_shown(|partition| filling.value(partition)),
            );
        }
    }
    for (name, value) in &page.query {
        append_query(&mut url, name, value);
    }
    Ok((url, shown))
}

fn headers(task: &Task<'_>, filling: &Filling<'_>) -> Result<HeaderMap, Failure> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    // The body is to be kept as it was sent, so it had better be sent as it is.
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    for (name, template) in task.source.headers.iter().chain(&task.endpoint.headers) {
        let parsed =
            HeaderName::try_from(name).ok().zip(HeaderValue::try_from(filling.text(template)).ok());
        let Some((header, mut value)) = parsed else {
            let message = format!(
                "header `{name}` can't be sent: its value holds a line break or another control \
                 character; look at the partition's value or the secret"
            );
            return Err(Failure::standing("bad_header", message));
        };
        value.set_sensitive(template.secrets().next().is_some());
        headers.insert(header, value);
    }
    Ok(headers)
}

/// What templates are filled in from.
struct Filling<'f> {
    scope: &'f Scope,
    secrets: &'f HashMap<SecretReference, Secret>,
}

impl Filling<'_> {
    fn value(&self, partition: &str) -> String {
        let found = self.scope.0.iter().find(|(name, _)| name == partition);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    }

    fn encoded(&self, partition: &str) -> String {
        utf8_percent_encode(&self.value(partition), COMPONENT).to_string()
    }

    fn secret(&self, reference: &SecretReference) -> String {
        let found = self.secrets.get(reference);
        found.map(|secret| secret.expose().to_owned()).unwrap_or_default()
    }

    fn text(&self, template: &Template) -> String {
        template.fill(|name| self.value(name), |secret| self.secret(secret))
    }

    fn body(&self, body: &Body, members: &[(String, String)]) -> (String, &'static str) {
        match body {
            Body::Text(template) => (self.text(template), "text/plain; charset=utf-8"),
            Body::Json(JsonTemplate::Object(own)) => {
                let own = own.iter().map(|(name, value)| (name, self.json(value)));
                (object_with(own, members), "application/json")
            }
            Body::Json(json) => (self.json(json), "application/json"),
        }
    }

    fn json(&self, json: &JsonTemplate) -> String {
        match json {
            JsonTemplate::Text(template) => quoted(&self.text(template)),
            JsonTemplate::Number(number) => number.clone(),
            JsonTemplate::Boolean(boolean) => boolean.to_string(),
            JsonTemplate::Array(items) => {
                let items = items.iter().map(|item| self.json(item));
                format!("[{}]", items.collect::<Vec<_>>().join(","))
            }
            JsonTemplate::Object(members) => {
                let members = members.iter().map(|(name, value)| (name, self.json(value)));
                object_with(members, &[])
            }
        }
    }
}

/// An object of its own members and those of a page, which come before own ones of the same name.
fn object_with<'m>(
    own: impl Iterator<Item = (&'m String, String)>,
    page: &[(String, String)],
) -> String {
    let paged = |name: &str| page.iter().any(|(other, _)| other == name);
    let members = own
        .filter(|(name, _)| !paged(name))
        .map(|(name, json)| format!("{}:{json}", quoted(name)))
        .chain(page.iter().map(|(name, json)| format!("{}:{json}", quoted(name))));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

fn members_alone(members: &[(String, String)]) -> Option<(String, &'static str)> {
    let text = (!members.is_empty()).then(|| object_with(std::iter::empty(), members))?;
    Some((text, "application/json"))
}

/// A text as JSON writes it.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Percent-encoded throughout: `%20` is a space to every reader, `+` only to some.
fn append_query(url: &mut Url, name: &str, value: &str) {
    let mut query = url.query().unwrap_or_default().to_owned();
    append(&mut query, name, value);
    url.set_query(Some(&query));
}

/// `*` stands as it is, so that `***` is seen for what it is.
fn append_shown(shown: &mut String, name: &str, value: &str) {
    shown.push(if shown.contains('?') { '&' } else { '?' });
    shown.push_str(&format!("{}=", encoded(name)));
    shown.push_str(&encoded(value).replace("%2A", "*"));
}

fn append(query: &mut String, name: &str, value: &str) {
    if !query.is_empty() {
        query.push('&');
    }
    query.push_str(&format!("{}={}", encoded(name), encoded(value)));
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, COMPONENT).to_string()
}

/// An address that the API gave may hold anything in its query.
fn without_query(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}
