//! What the process's environment says, read once: the variables, the lake, the configuration, the
//! bucket.

use std::collections::BTreeMap;
use std::sync::Arc;

use configuration::Configuration;
use load::{Loader, Lookup, read_configuration};
use objects::Lake;

use crate::exit::Usage;

/// Everything that the commands take from outside.
#[derive(Clone)]
pub(crate) struct Environment {
    pub(crate) lookup: Lookup,
    pub(crate) lake: Lake,
    pub(crate) configuration: Arc<Configuration>,
}

impl Environment {
    /// Reads the process's own environment and the configuration that it names.
    pub(crate) async fn read() -> anyhow::Result<Self> {
        let lookup: Lookup = Arc::new(|name: &str| std::env::var(name).ok());
        Self::with(lookup, Lake::from_env().await).await
    }

    /// An environment of given variables and lake: that of embedded parts.
    pub(crate) async fn with(lookup: Lookup, lake: Lake) -> anyhow::Result<Self> {
        let configuration = Arc::new(read_configuration(&lake, &lookup).await?);
        Ok(Self { lookup, lake, configuration })
    }

    /// The bucket of the lake.
    pub(crate) fn bucket(&self) -> anyhow::Result<&str> {
        let missing =
            "no bucket is named; set RIACHO_BUCKET, or [lake] bucket in the configuration";
        Ok(self.configuration.bucket().ok_or_else(|| Usage(missing.to_owned()))?)
    }

    /// A loader with a connection of its own.
    pub(crate) async fn loader(&self) -> anyhow::Result<Loader> {
        Ok(Loader::from_lookup(self.lake.clone(), Arc::clone(&self.lookup)).await?)
    }
}

/// Variables that stand before those of the process.
pub(crate) fn overlay(variables: BTreeMap<String, String>) -> Lookup {
    Arc::new(move |name: &str| variables.get(name).cloned().or_else(|| std::env::var(name).ok()))
}
