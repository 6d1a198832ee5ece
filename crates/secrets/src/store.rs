//! Secrets as the functions ask for them: fetched when first used, kept for a few minutes.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::provider::ProvideCredentials;
use configuration::{SecretReference, SecretText};
use serde_json::Value;
use tokio::sync::{Mutex, OnceCell};

use crate::rds::{self, RdsSecret};
use crate::{Secret, SecretError, manager};

/// As long as AWS's own Parameters and Secrets extension keeps them: a rotated secret is noticed
/// within minutes.
const KEPT: Duration = Duration::from_secs(300);

/// What time it is; tests have their own.
pub type Clock = fn() -> Instant;

/// Secrets Manager and the function's own credentials.
#[derive(Debug)]
pub struct Secrets {
    given: Option<SdkConfig>,
    config: OnceCell<SdkConfig>,
    kept: Mutex<HashMap<String, (Instant, Secret)>>,
    clock: Clock,
}

impl Secrets {
    /// Secrets of the account that the standard AWS environment names.
    pub fn from_env() -> Self {
        Self::with(None, Instant::now)
    }

    /// Secrets behind a given AWS configuration.
    pub fn new(config: SdkConfig) -> Self {
        Self::with(Some(config), Instant::now)
    }

    /// The same with a clock of one's own.
    pub fn with(given: Option<SdkConfig>, clock: Clock) -> Self {
        Self { given, config: OnceCell::new(), kept: Mutex::default(), clock }
    }

    /// The value that a reference names: a field of a JSON secret, or the whole.
    pub async fn value(&self, reference: &SecretReference) -> Result<Secret, SecretError> {
        let whole = self.whole(&reference.name).await?;
        match &reference.field {
            Some(field) => field_of(&reference.name, &whole, field),
            None => Ok(whole),
        }
    }

    /// A text with its secrets in place.
    pub async fn resolve(&self, text: &SecretText) -> Result<Secret, SecretError> {
        let mut values = HashMap::new();
        for reference in text.secrets() {
            values.insert(reference.clone(), self.value(reference).await?);
        }
        let revealed = text.reveal(|reference| {
            let value = values.get(reference)?;
            Some(value.expose().to_owned())
        });
        revealed
            .map(Secret::new)
            .map_err(|reference| SecretError::NotFound { name: reference.name.clone() })
    }

    /// A database's address and credentials as RDS writes them.
    pub async fn database_secret(&self, name: &str) -> Result<RdsSecret, SecretError> {
        RdsSecret::parse(name, self.whole(name).await?.expose())
    }

    /// Forgets a secret, so that the next use reads it anew: its value turned out to be stale.
    pub async fn forget(&self, name: &str) {
        self.kept.lock().await.remove(name);
    }

    /// A token that stands in for the database user's password for 15 minutes; checked by the
    /// database at connecting only.
    ///
    /// Source: Amazon RDS User Guide, "IAM database authentication".
    pub async fn rds_token(
        &self,
        host: &str,
        port: u16,
        user: &str,
        region: Option<&str>,
    ) -> Result<Secret, SecretError> {
        let failed = |reason: String| SecretError::NoToken { host: host.to_owned(), reason };
        let config = self.config().await;
        let region = region
            .or(config.region().map(AsRef::as_ref))
            .ok_or_else(|| failed("no region; set AWS_REGION".to_owned()))?;
        let provider =
            config.credentials_provider().ok_or_else(|| failed("no AWS credentials".to_owned()))?;
        let credentials = provider.provide_credentials().await;
        let credentials = credentials.map_err(|error| failed(error.to_string()))?;
        let now = std::time::SystemTime::now();
        rds::token(host, port, user, region, credentials, now).map_err(failed)
    }

    async fn whole(&self, name: &str) -> Result<Secret, SecretError> {
        // The lock is held while AWS is asked, so that a burst of scopes asks once.
        let mut kept = self.kept.lock().await;
        let now = (self.clock)();
        if let Some((read_at, secret)) = kept.get(name)
            && now.saturating_duration_since(*read_at) < KEPT
        {
            return Ok(secret.clone());
        }
        let client = aws_sdk_secretsmanager::Client::new(self.config().await);
        let secret = manager::read(&client, name).await?;
        tracing::debug!(secret.name = name, "read secret `{name}`");
        kept.insert(name.to_owned(), (now, secret.clone()));
        Ok(secret)
    }

    async fn config(&self) -> &SdkConfig {
        let load = || async {
            match &self.given {
                Some(config) => config.clone(),
                None => aws_config::load_defaults(BehaviorVersion::latest()).await,
            }
        };
        self.config.get_or_init(load).await
    }
}

/// A field's text; a number or a boolean stands as JSON writes it.
fn field_of(name: &str, whole: &Secret, field: &str) -> Result<Secret, SecretError> {
    let (name, field) = (name.to_owned(), field.to_owned());
    let Ok(Value::Object(members)) = serde_json::from_str(whole.expose()) else {
        return Err(SecretError::NotAnObject { name, field });
    };
    match members.get(&field) {
        Some(Value::String(text)) => Ok(Secret::new(text.as_str())),
        Some(value) if !value.is_null() => Ok(Secret::new(value.to_string())),
        Some(_) | None => Err(SecretError::NoSuchField { name, field }),
    }
}
