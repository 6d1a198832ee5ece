//! The way to the warehouse: which database, with whose password, and the one connection that is
//! made when it is first needed.

use std::fmt;
use std::sync::Arc;

use secrets::{SecretError, Secrets};
use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard};
use warehouse::{
    DatabaseParts, DatabaseSettings, Ledger, SettingsError, Timeouts, Warehouse, WarehouseError,
};

use crate::patience::Patience;

/// Names a secret of Secrets Manager, in the JSON that RDS writes.
const SECRET_VARIABLE: &str = "RIACHO_DB_SECRET";
/// `iam`: the password is a token that the function's role signs.
const AUTH_VARIABLE: &str = "RIACHO_DB_AUTH";
const POSTGRES_PORT: u16 = 5432;

/// Reads an environment variable, or what stands in for one.
pub type Lookup = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Why there is no database to be had. Never an object's fault.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The settings name none.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// Its password can't be had.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// It can't be connected to.
    #[error(transparent)]
    Warehouse(#[from] WarehouseError),
}

impl DatabaseError {
    /// Whether all connections that the database gives are taken.
    pub(crate) fn is_full(&self) -> bool {
        matches!(self, Self::Warehouse(error) if error.is_full())
    }

    /// The stable name that alarms count.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Settings(_) => "database_settings",
            Self::Secret(error) => error.name(),
            Self::Warehouse(error) => error.name(),
        }
    }
}

/// The database and, once it was needed, the connection to it.
pub struct Database {
    lookup: Lookup,
    secrets: Arc<Secrets>,
    timeouts: Timeouts,
    ledger: Ledger,
    connection: Mutex<Option<Warehouse>>,
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("timeouts", &self.timeouts).finish_non_exhaustive()
    }
}

impl Database {
    /// The database that the environment names: `DATABASE_URL`; or `RIACHO_DB_SECRET`, with `PG*`
    /// for what the secret does not hold; or `PG*` alone, with a token for a password where
    /// `RIACHO_DB_AUTH` is `iam`. Nothing is asked of anyone before the first object.
    pub fn new(lookup: Lookup, secrets: Arc<Secrets>, timeouts: Timeouts) -> Self {
        let (ledger, connection) = (Ledger::default(), Mutex::new(None));
        Self { lookup, secrets, timeouts, ledger, connection }
    }

    /// The same database with a connection of its own.
    pub fn another(&self) -> Self {
        self.with_ledger(self.ledger.clone())
    }

    /// The same database under another ledger, with a connection of its own.
    pub fn with_ledger(&self, ledger: Ledger) -> Self {
        let (lookup, secrets) = (Arc::clone(&self.lookup), Arc::clone(&self.secrets));
        Self { ledger, ..Self::new(lookup, secrets, self.timeouts) }
    }

    /// Whether anything names a database.
    pub fn is_named(&self) -> bool {
        ["DATABASE_URL", SECRET_VARIABLE, "PGHOST"]
            .into_iter()
            .any(|name| self.variable(name).is_some())
    }

    /// The connection, made now if there is none; where the database has none to spare, waits for one.
    pub async fn warehouse(&self) -> Result<MappedMutexGuard<'_, Warehouse>, DatabaseError> {
        self.warehouse_within(Patience::within(None)).await
    }

    /// The connection, made now if there is none and one is to be had at once.
    pub async fn try_warehouse(&self) -> Result<MappedMutexGuard<'_, Warehouse>, DatabaseError> {
        let mut connection = self.connection.lock().await;
        loop {
            match MutexGuard::try_map(connection, Option::as_mut) {
                Ok(warehouse) => return Ok(warehouse),
                Err(empty) => connection = empty,
            }
            *connection = Some(self.connect().await?);
        }
    }

    /// The same as `warehouse`, but waits no longer than that.
    pub(crate) async fn warehouse_within(
        &self,
        mut patience: Patience,
    ) -> Result<MappedMutexGuard<'_, Warehouse>, DatabaseError> {
        loop {
            let error = match self.try_warehouse().await {
                Ok(warehouse) => return Ok(warehouse),
                Err(error) => error,
            };
            let pause = patience.pause().filter(|_| error.is_full());
            let Some(pause) = pause else { return Err(error) };
            tracing::debug!(error = %error, pause_ms = pause.as_millis(), "waiting for a connection");
            tokio::time::sleep(pause).await;
        }
    }

    /// Whether there is a connection, whatever became of it since.
    pub(crate) async fn is_connected(&self) -> bool {
        self.connection.lock().await.is_some()
    }

    /// Gives the connection back where it is one of the last that the database gives, so that others
    /// have their turn; says whether it was.
    pub(crate) async fn make_room(&self) -> bool {
        let mut connection = self.connection.lock().await;
        connection.take_if(|warehouse| warehouse.is_crowded()).is_some()
    }

    /// Drops the connection, and with it whatever transaction is open.
    pub async fn disconnect(&self) {
        self.connection.lock().await.take();
    }

    /// Drops the connection and what is remembered of the password, which may have been rotated.
    pub async fn forget_password(&self) {
        if let Some(name) = self.variable(SECRET_VARIABLE) {
            self.secrets.forget(&name).await;
        }
        self.disconnect().await;
    }

    async fn connect(&self) -> Result<Warehouse, DatabaseError> {
        let connect = async |settings| {
            Warehouse::connect_to(self.ledger.clone(), settings, self.timeouts).await
        };
        match connect(self.settings().await?).await {
            Err(error) if error.is_authentication() => {
                let Some(name) = self.variable(SECRET_VARIABLE) else {
                    return Err(error.into());
                };
                self.secrets.forget(&name).await;
                Ok(connect(self.settings().await?).await?)
            }
            settled => Ok(settled?),
        }
    }

    async fn settings(&self) -> Result<DatabaseSettings, DatabaseError> {
        let lookup = |name: &str| (self.lookup)(name);
        if self.variable("DATABASE_URL").is_some() {
            return Ok(DatabaseSettings::from_lookup(&lookup)?);
        }
        if let Some(name) = self.variable(SECRET_VARIABLE) {
            let parts = self.parts_of_secret(&name).await?;
            return Ok(DatabaseSettings::from_parts(parts, &lookup)?);
        }
        let settings = DatabaseSettings::from_lookup(&lookup)?;
        match self.variable(AUTH_VARIABLE).as_deref() {
            Some("iam") => Ok(settings.with_password(&self.token().await?)),
            Some(_) | None => Ok(settings),
        }
    }

    async fn parts_of_secret(&self, name: &str) -> Result<DatabaseParts, DatabaseError> {
        let secret = self.secrets.database_secret(name).await?;
        let host =
            secret.host.or_else(|| self.variable("PGHOST")).ok_or(SettingsError::NotNamed)?;
        Ok(DatabaseParts {
            host,
            port: Some(secret.port),
            user: secret.username,
            password: Some(secret.password.expose().to_owned()),
            dbname: secret.dbname,
        })
    }

    async fn token(&self) -> Result<String, DatabaseError> {
        let needed = |name| self.variable(name).ok_or(SettingsError::NotNamed);
        let port = self.variable("PGPORT").and_then(|port| port.parse().ok());
        let (host, user) = (needed("PGHOST")?, needed("PGUSER")?);
        let port = port.unwrap_or(POSTGRES_PORT);
        let region = self.variable("AWS_REGION");
        let token = self.secrets.rds_token(&host, port, &user, region.as_deref());
        Ok(token.await?.expose().to_owned())
    }

    fn variable(&self, name: &str) -> Option<String> {
        (self.lookup)(name).filter(|value| !value.is_empty())
    }
}
