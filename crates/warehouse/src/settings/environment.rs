//! libpq's variables fill in what the connection string does not say.

use std::time::Duration;

use tokio_postgres::Config;

use super::{Lookup, SettingsError, invalid};

/// Takes from `PG*` what `config` has not.
pub(super) fn fill_from_environment(
    config: &mut Config,
    lookup: Lookup<'_>,
) -> Result<(), SettingsError> {
    let number = |name: &'static str| match set(lookup, name) {
        Some(text) => text.parse::<u16>().map(Some).map_err(|_| invalid(name, "use a number")),
        None => Ok(None),
    };
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        config.host(set(lookup, "PGHOST").unwrap_or_else(|| "localhost".to_owned()));
    }
    if config.get_ports().is_empty()
        && let Some(port) = number("PGPORT")?
    {
        config.port(port);
    }
    if config.get_user().is_none()
        && let Some(user) = set(lookup, "PGUSER").or_else(|| set(lookup, "USER"))
    {
        config.user(user);
    }
    if config.get_password().is_none()
        && let Some(password) = set(lookup, "PGPASSWORD")
    {
        config.password(password);
    }
    if config.get_dbname().is_none()
        && let Some(dbname) = set(lookup, "PGDATABASE")
    {
        config.dbname(dbname);
    }
    if config.get_connect_timeout().is_none()
        && let Some(seconds) = number("PGCONNECT_TIMEOUT")?
    {
        config.connect_timeout(Duration::from_secs(u64::from(seconds)));
    }
    if config.get_application_name().is_none() {
        config.application_name(set(lookup, "PGAPPNAME").unwrap_or_else(|| "riacho".to_owned()));
    }
    if config.get_options().is_none()
        && let Some(options) = set(lookup, "PGOPTIONS")
    {
        config.options(options);
    }
    Ok(())
}

/// libpq treats an empty variable as one that is not set.
pub(super) fn set(lookup: Lookup<'_>, name: &str) -> Option<String> {
    lookup(name).filter(|value| !value.is_empty())
}
