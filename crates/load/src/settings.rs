//! The environment, read once: which configuration, which bucket, which database.

use std::sync::Arc;

use configuration::{Configuration, LoadError, LoadSettings};
use objects::{AddressError, Lake};
use secrets::Secrets;
use warehouse::Timeouts;

use crate::{Database, Loader, Lookup};

/// Why there is no configuration. It fails the cold start: no object is touched.
pub type ConfigurationError = LoadError<AddressError>;

/// Reads what `RIACHO_CONFIG` names; without it no source is configured.
pub async fn read_configuration(
    lake: &Lake,
    lookup: &Lookup,
) -> Result<Configuration, ConfigurationError> {
    let lookup = |name: &str| lookup(name);
    let read = async |address: &str| lake.read_text_address(address).await;
    Configuration::from_environment(lookup, read).await
}

impl Loader {
    /// The loader that the process's environment describes.
    pub async fn from_env() -> Result<Self, ConfigurationError> {
        let lookup: Lookup = Arc::new(|name: &str| std::env::var(name).ok());
        Self::from_lookup(Lake::from_env().await, lookup).await
    }

    /// The loader that `lookup` describes, on a given lake.
    pub async fn from_lookup(lake: Lake, lookup: Lookup) -> Result<Self, ConfigurationError> {
        let configuration = read_configuration(&lake, &lookup).await?;
        let timeouts = timeouts(configuration.load());
        let database = Database::new(lookup, Arc::new(Secrets::from_env()), timeouts);
        Ok(Self::new(lake, Arc::new(configuration), database))
    }
}

fn timeouts(settings: &LoadSettings) -> Timeouts {
    let default = Timeouts::default();
    Timeouts {
        lock: settings.lock_timeout.unwrap_or(default.lock),
        statement: settings.statement_timeout.or(default.statement),
        ..default
    }
}
