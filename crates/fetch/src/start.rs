//! Builds the fetcher from the environment, once for all invocations.

use configuration::Configuration;
use objects::Lake;
use secrets::Secrets;

use crate::error::FetchError;
use crate::fetcher::Fetcher;

impl Fetcher {
    /// The fetcher that `RIACHO_CONFIG` and the standard AWS environment describe.
    pub async fn from_env() -> Result<Self, FetchError> {
        let lake = Lake::from_env().await;
        let lookup = |name: &str| std::env::var(name).ok();
        let read = async |address: &str| lake.read_text_address(address).await;
        let configuration = Configuration::from_environment(lookup, read).await?;
        Self::new(configuration, lake, Secrets::from_env())
    }
}
