//! How a source wants to know who asks. What is done with it is `fetch`'s.

use serde::Serialize;
use url::Url;

use crate::reader::{Node, Table};
use crate::template::SecretText;

/// How requests to a source prove who they come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Auth {
    /// They don't.
    None,
    /// `Authorization: Bearer …`.
    Bearer {
        /// The token.
        token: SecretText,
    },
    /// `Authorization: Basic …` (RFC 7617).
    Basic {
        /// The user.
        username: SecretText,
        /// The password.
        password: SecretText,
    },
    /// A key in a header or in the query.
    ApiKey {
        /// Where it goes.
        place: ApiKeyPlace,
        /// The key.
        value: SecretText,
    },
    /// A bearer token got by client credentials (RFC 6749, section 4.4).
    Oauth2 {
        /// Where the token is got.
        token_url: Url,
        /// The client.
        client_id: SecretText,
        /// Its secret.
        client_secret: SecretText,
        /// The scope to ask for, where the server wants one.
        scope: Option<String>,
    },
}

/// Where an API key goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ApiKeyPlace {
    /// The header of this name.
    Header(String),
    /// The query parameter of this name.
    Query(String),
}

#[derive(Clone, Copy)]
enum Kind {
    None,
    Bearer,
    Basic,
    ApiKey,
    Oauth2,
}

const KINDS: [(&str, Kind); 5] = [
    ("none", Kind::None),
    ("bearer", Kind::Bearer),
    ("basic", Kind::Basic),
    ("api_key", Kind::ApiKey),
    ("oauth2", Kind::Oauth2),
];

impl Auth {
    pub(crate) fn read(node: &Node<'_, '_>) -> Option<Self> {
        let table = node.map()?;
        match table.need("kind")?.choice(&KINDS)? {
            Kind::None => {
                table.only(&["kind"]);
                Some(Self::None)
            }
            Kind::Bearer => {
                table.only(&["kind", "token"]);
                let token = secret(&table, "token")?;
                Some(Self::Bearer { token })
            }
            Kind::Basic => {
                table.only(&["kind", "username", "password"]);
                let (username, password) = (secret(&table, "username"), secret(&table, "password"));
                Some(Self::Basic { username: username?, password: password? })
            }
            Kind::ApiKey => read_api_key(&table),
            Kind::Oauth2 => read_oauth2(&table),
        }
    }
}

fn read_api_key(table: &Table<'_, '_>) -> Option<Auth> {
    table.only(&["kind", "header", "query", "value"]);
    let value = secret(table, "value");
    let place = match (table.get("header"), table.get("query")) {
        (Some(header), None) => header.filled_string().map(ApiKeyPlace::Header),
        (None, Some(query)) => query.filled_string().map(ApiKeyPlace::Query),
        (None, None) | (Some(_), Some(_)) => table
            .node
            .report("an API key goes either into a `header` or into the `query`; name one of them"),
    };
    Some(Auth::ApiKey { place: place?, value: value? })
}

fn read_oauth2(table: &Table<'_, '_>) -> Option<Auth> {
    table.only(&["kind", "token_url", "client_id", "client_secret", "scope"]);
    let token_url = table.need("token_url").and_then(|node| read_url(&node));
    let (id, secret) = (secret(table, "client_id"), secret(table, "client_secret"));
    let scope = table.get("scope").and_then(|node| node.filled_string());
    Some(Auth::Oauth2 { token_url: token_url?, client_id: id?, client_secret: secret?, scope })
}

fn secret(table: &Table<'_, '_>, key: &str) -> Option<SecretText> {
    SecretText::read(&table.need(key)?)
}

/// Reads an address that requests can be sent to.
pub(crate) fn read_url(node: &Node<'_, '_>) -> Option<Url> {
    let text = node.filled_string()?;
    let url = match Url::parse(&text) {
        Ok(url) => url,
        Err(error) => return node.report(format!("`{text}` is no address: {error}")),
    };
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return node.report(format!("`{text}` is no http:// or https:// address"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        // The text is not shown: there is a password in it.
        return node.report("a user and password stand in the address; put them into `auth`");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return node.report(format!(
            "`{text}` has a query or a fragment; put them into the endpoints' `query`"
        ));
    }
    Some(url)
}
