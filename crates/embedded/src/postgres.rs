//! A real Postgres with TLS on, in a cluster of our own that ends when this process ends, however it ends.
//!
//! Finds the server's programs, prepares a directory, hands both to a supervisor and waits until the
//! server answers. What stands in the databases is others' business.

mod account;
mod binaries;
mod certificates;
mod directory;
mod error;
mod home;
mod leftover;
mod package;
mod supervisor;
mod testing;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tokio_postgres::NoTls;
use tokio_postgres::error::SqlState;

use account::Account;
use binaries::Binaries;
pub use error::PostgresError;
use home::Home;
use supervisor::{Launch, Supervisor};
pub use testing::{TestDatabase, test_database};

/// The role that clients log in as: may create databases and roles, and is no superuser, like the
/// master user of a managed Postgres.
const ROLE: &str = "riacho";
const SUPERUSER: &str = "postgres";
/// Another process may take a free port before the server does.
const ATTEMPTS: u32 = 3;
/// Making a cluster takes a few seconds; on a loaded machine, many.
const PATIENCE: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(40);

/// Where and how the server runs.
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    /// The cluster's directory: made if missing, taken up again if it is there.
    pub dir: PathBuf,
    /// The TCP port; 0 takes a free one.
    pub port: u16,
    /// Whether a crash of the machine may lose nothing (`fsync`).
    pub durable: bool,
}

/// A running server. It stops when this value, or the process, is gone.
#[derive(Debug)]
pub struct Postgres {
    home: Home,
    supervisor: Supervisor,
    port: u16,
    version: String,
}

impl Postgres {
    /// Starts a server on a directory that stays.
    pub async fn start(
        options: PostgresOptions,
        progress: &(dyn Fn(&str) + Sync),
    ) -> Result<Self, PostgresError> {
        let account = Account::for_server()?;
        let binaries = Binaries::find(account, progress).await?;
        let home = Home::kept(&options.dir, account, progress)?;
        Self::run(home, binaries, account, &options, progress).await
    }

    /// Starts a server on a temporary directory that goes when the server does. Nothing in it
    /// survives a crash of the machine.
    pub async fn start_throwaway(progress: &(dyn Fn(&str) + Sync)) -> Result<Self, PostgresError> {
        let account = Account::for_server()?;
        let binaries = Binaries::find(account, progress).await?;
        let home = Home::throwaway(account)?;
        let options = PostgresOptions { dir: home.dir().to_owned(), port: 0, durable: false };
        Self::run(home, binaries, account, &options, progress).await
    }

    async fn run(
        mut home: Home,
        binaries: Binaries,
        account: Account,
        options: &PostgresOptions,
        progress: &(dyn Fn(&str) + Sync),
    ) -> Result<Self, PostgresError> {
        home.refuse_other_version(&binaries)?;
        leftover::clear(&home.data()).await?;
        if home.is_new() {
            progress(&format!("initialising a cluster ({})…", binaries.version));
        } else {
            progress(&format!("starting {}…", binaries.version));
        }
        let mut attempt = 1;
        loop {
            let port = match options.port {
                0 => free_port()?,
                fixed => fixed,
            };
            let supervisor = Supervisor::launch(&Launch {
                binaries: &binaries,
                home: &home,
                account,
                port,
                durable: options.durable,
            })?;
            home.hand_over();
            let mut postgres = Self { home, supervisor, port, version: binaries.version.clone() };
            match postgres.ready().await {
                Ok(()) => return Ok(postgres),
                Err(PostgresError::Ended { .. }) if options.port == 0 && attempt < ATTEMPTS => {
                    attempt += 1;
                    home = postgres.home.again(account)?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Waits until the server answers, and sees to the role.
    async fn ready(&mut self) -> Result<(), PostgresError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if self.supervisor.has_ended() {
                return Err(PostgresError::Ended { log: self.supervisor.log_tail() });
            }
            match self.ensure_role().await {
                Ok(()) => return Ok(()),
                Err(_) if Instant::now() < deadline => tokio::time::sleep(POLL).await,
                Err(error) => return Err(error),
            }
        }
    }

    async fn ensure_role(&self) -> Result<(), PostgresError> {
        let client = self.connect_as_superuser().await?;
        let password = self.password();
        let known = client.query_opt("SELECT 1 FROM pg_roles WHERE rolname = $1", &[&ROLE]).await?;
        if known.is_none() {
            // The password is hexadecimal, so that it needs no quoting.
            client
                .batch_execute(&format!(
                    "CREATE ROLE {ROLE} LOGIN CREATEDB CREATEROLE PASSWORD '{password}'"
                ))
                .await?;
        }
        Ok(())
    }

    /// Creates a database that the role of [`Postgres::url`] owns; one that exists stays as it is.
    pub async fn create_database(&self, name: &str) -> Result<(), PostgresError> {
        let client = self.connect_as_superuser().await?;
        let quoted = name.replace('"', "\"\"");
        let statement = format!("CREATE DATABASE \"{quoted}\" OWNER {ROLE}");
        match client.batch_execute(&statement).await {
            Err(error) if error.code() == Some(&SqlState::DUPLICATE_DATABASE) => Ok(()),
            outcome => Ok(outcome?),
        }
    }

    /// Drops a database and whoever uses it; one that does not exist is dropped already.
    pub async fn drop_database(&self, name: &str) -> Result<(), PostgresError> {
        let client = self.connect_as_superuser().await?;
        let quoted = name.replace('"', "\"\"");
        let statement = format!("DROP DATABASE IF EXISTS \"{quoted}\" WITH (FORCE)");
        Ok(client.batch_execute(&statement).await?)
    }

    /// Goes through the Unix socket in our own directory: whoever answers there is our server.
    async fn connect_as_superuser(&self) -> Result<tokio_postgres::Client, PostgresError> {
        let (client, connection) = tokio_postgres::Config::new()
            .host_path(self.home.socket_dir())
            .port(self.port)
            .user(SUPERUSER)
            .password(self.password())
            .dbname("postgres")
            .connect(NoTls)
            .await?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// The address of a database, with everything that a client needs to check the server by.
    pub fn url(&self, database: &str) -> String {
        let root = self.root_certificate_path().to_string_lossy().into_owned();
        format!(
            "postgres://{ROLE}:{}@localhost:{}/{}?sslmode=verify-full&sslrootcert={}",
            self.password(),
            self.port,
            utf8_percent_encode(database, NON_ALPHANUMERIC),
            utf8_percent_encode(&root, NON_ALPHANUMERIC),
        )
    }

    /// The TCP port on the loopback addresses.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The password of the role.
    pub fn password(&self) -> &str {
        self.home.password()
    }

    /// The role that [`Postgres::url`] logs in as.
    pub fn user(&self) -> &'static str {
        ROLE
    }

    /// The certificate (PEM) that vouches for the server's.
    pub fn root_certificate_path(&self) -> &Path {
        self.home.root_certificate()
    }

    /// Where the cluster stands; not always the directory asked for, see [`PostgresOptions::dir`].
    pub fn dir(&self) -> &Path {
        self.home.dir()
    }

    /// The server's name and version, `Postgres 15.13`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Stops the server and waits for its end.
    pub async fn stop(mut self) {
        self.supervisor.let_go();
        while !self.supervisor.has_ended() {
            tokio::time::sleep(POLL).await;
        }
    }
}

fn free_port() -> Result<u16, PostgresError> {
    TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| PostgresError::io("find a free port", Path::new("127.0.0.1"), error))
}
