//! Proves to a source who asks. Tokens that a source gives are kept until shortly before they end.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use configuration::{ApiKeyPlace, Auth, SecretReference, SecretText, Source};
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use secrets::{Secret, Secrets};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::failure::Failure;
use crate::token::{self, Grant};

/// What a request carries to prove who sends it.
#[derive(Debug, Clone, Default)]
pub(crate) enum Authorisation {
    /// Nothing.
    #[default]
    None,
    /// A header.
    Header(HeaderName, HeaderValue),
    /// A query parameter.
    Query(String, Secret),
}

/// Gets what requests carry.
#[derive(Debug)]
pub(crate) struct Authoriser {
    secrets: Secrets,
    tokens: Mutex<HashMap<String, (Instant, Secret)>>,
}

impl Authoriser {
    pub(crate) fn new(secrets: Secrets) -> Self {
        Self { secrets, tokens: Mutex::default() }
    }

    /// What a request to this source carries.
    pub(crate) async fn authorisation(
        &self,
        http: &reqwest::Client,
        source: &Source,
    ) -> Result<Authorisation, Failure> {
        match &source.auth {
            Auth::None => Ok(Authorisation::None),
            Auth::Bearer { token } => bearer(&self.secrets.resolve(token).await?),
            Auth::Basic { username, password } => {
                let username = self.secrets.resolve(username).await?;
                let password = self.secrets.resolve(password).await?;
                basic(&username, &password)
            }
            Auth::ApiKey { place, value } => {
                let value = self.secrets.resolve(value).await?;
                match place {
                    ApiKeyPlace::Query(name) => Ok(Authorisation::Query(name.clone(), value)),
                    ApiKeyPlace::Header(name) => {
                        let name = HeaderName::try_from(name).map_err(|_| not_sendable())?;
                        header(name, value.expose())
                    }
                }
            }
            Auth::Oauth2 { .. } => bearer(&self.token(http, source).await?),
        }
    }

    /// The values of secrets that stand in templates.
    pub(crate) async fn values<'r>(
        &self,
        references: impl Iterator<Item = &'r SecretReference>,
    ) -> Result<HashMap<SecretReference, Secret>, Failure> {
        let mut values = HashMap::new();
        for reference in references {
            values.insert(reference.clone(), self.secrets.value(reference).await?);
        }
        Ok(values)
    }

    /// Forgets what a source refused, and the secrets of its templates: they may have been changed
    /// since they were read.
    pub(crate) async fn forget<'r>(
        &self,
        source: &'r Source,
        others: impl Iterator<Item = &'r SecretReference>,
    ) {
        self.tokens.lock().await.remove(&source.name);
        let of_auth = texts(&source.auth).into_iter().flat_map(SecretText::secrets);
        for reference in of_auth.chain(others) {
            self.secrets.forget(&reference.name).await;
        }
    }

    async fn token(&self, http: &reqwest::Client, source: &Source) -> Result<Secret, Failure> {
        let Auth::Oauth2 { token_url, client_id, client_secret, scope } = &source.auth else {
            return Err(Failure::standing("no_token", "the source gives no tokens"));
        };
        // Held while the token is got, so that all scopes wait for one instead of getting their own.
        let mut tokens = self.tokens.lock().await;
        if let Some((until, token)) = tokens.get(&source.name)
            && Instant::now() < *until
        {
            return Ok(token.clone());
        }
        let grant = Grant {
            token_url,
            client_id: self.secrets.resolve(client_id).await?,
            client_secret: self.secrets.resolve(client_secret).await?,
            scope: scope.as_deref(),
        };
        let (token, lifetime) = token::get(http, &grant, source.limits.timeout).await?;
        // A minute early, or half-way through a short life, so that none ends under way.
        let early = Duration::from_secs(60).min(lifetime / 2);
        let until = Instant::now() + lifetime.saturating_sub(early);
        tokens.insert(source.name.clone(), (until, token.clone()));
        Ok(token)
    }
}

fn texts(auth: &Auth) -> Vec<&SecretText> {
    match auth {
        Auth::None => Vec::new(),
        Auth::Bearer { token } => vec![token],
        Auth::Basic { username, password } => vec![username, password],
        Auth::ApiKey { value, .. } => vec![value],
        Auth::Oauth2 { client_id, client_secret, .. } => vec![client_id, client_secret],
    }
}

fn bearer(token: &Secret) -> Result<Authorisation, Failure> {
    header(AUTHORIZATION, &format!("Bearer {}", token.expose().trim()))
}

/// Source: RFC 7617.
pub(crate) fn basic(username: &Secret, password: &Secret) -> Result<Authorisation, Failure> {
    let pair = format!("{}:{}", username.expose(), password.expose());
    header(AUTHORIZATION, &format!("Basic {}", STANDARD.encode(pair)))
}

fn header(name: HeaderName, value: &str) -> Result<Authorisation, Failure> {
    let mut value = HeaderValue::try_from(value).map_err(|_| not_sendable())?;
    value.set_sensitive(true);
    Ok(Authorisation::Header(name, value))
}

fn not_sendable() -> Failure {
    Failure::standing(
        "bad_credentials",
        "the source's credentials hold characters that no header may; look at the secret for a \
         line break",
    )
}
