//! The Postgres that everything is measured on: the embedded one with its default settings, a fresh
//! database a round.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use embedded::postgres::{Postgres, PostgresOptions};
use tokio_postgres::{Client, NoTls};

use crate::progress::say;
use crate::proxy::Proxy;
use crate::serving::{ACCESS_KEY, BUCKET, SECRET_KEY};

const CONFIGURATION: &str = include_str!("riacho.toml");
/// What the results name: whatever decides how fast Postgres is.
const SETTINGS: [&str; 7] = [
    "server_version",
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "shared_buffers",
    "max_wal_size",
    "wal_compression",
];

/// The server, and a superuser's connection to it.
#[derive(Debug)]
pub(crate) struct Ground {
    postgres: Postgres,
    superuser: Client,
    configuration: PathBuf,
}

/// A database.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    pub(crate) name: String,
    /// Without TLS: the way over loopback, for all who are compared.
    pub(crate) url: String,
    /// With the server's certificate checked, as on AWS.
    pub(crate) tls_url: String,
}

impl Database {
    /// Where it is, by way of a proxy where there is one.
    pub(crate) fn url_by(&self, proxy: Option<&Proxy>) -> String {
        proxy.map_or_else(|| self.url.clone(), |proxy| proxy.way_to(&self.url))
    }
}

impl Ground {
    /// Starts the server on a cluster under `dir`.
    pub(crate) async fn start(dir: &Path) -> anyhow::Result<Self> {
        let options = PostgresOptions { dir: dir.join("postgres"), port: 0, durable: true };
        let postgres = Postgres::start(options, &say).await?;
        let superuser = superuser(&postgres).await?;
        let configuration = std::path::absolute(dir)?.join("riacho.toml");
        std::fs::write(&configuration, CONFIGURATION)?;
        let ground = Self { postgres, superuser, configuration };
        // As a run that was stopped may have left it otherwise.
        ground.delay_commits(Duration::ZERO).await?;
        Ok(ground)
    }

    /// A database with nothing in it, and nothing dirty besides.
    pub(crate) async fn fresh(&self, name: &str) -> anyhow::Result<Database> {
        self.postgres.drop_database(name).await?;
        let database = self.kept(name).await?;
        self.checkpoint().await?;
        Ok(database)
    }

    /// A database as an earlier run left it.
    pub(crate) async fn kept(&self, name: &str) -> anyhow::Result<Database> {
        self.postgres.create_database(name).await?;
        Ok(self.database(name))
    }

    pub(crate) async fn drop(&self, database: &Database) -> anyhow::Result<()> {
        Ok(self.postgres.drop_database(&database.name).await?)
    }

    fn database(&self, name: &str) -> Database {
        let (user, password) = (self.postgres.user(), self.postgres.password());
        let port = self.postgres.port();
        Database {
            name: name.to_owned(),
            url: format!("postgres://{user}:{password}@127.0.0.1:{port}/{name}?sslmode=disable"),
            tls_url: self.postgres.url(name),
        }
    }

    /// Writes out all that is dirty, so that what is timed next starts like what was timed before.
    pub(crate) async fn checkpoint(&self) -> anyhow::Result<()> {
        Ok(self.superuser.batch_execute("CHECKPOINT").await?)
    }

    /// Has every commit wait so long before it lasts, beside what the disk takes.
    ///
    /// Source: PostgreSQL documentation, "Write Ahead Log", `commit_delay` and `commit_siblings`.
    pub(crate) async fn delay_commits(&self, wait: Duration) -> anyhow::Result<()> {
        for sql in [
            "ALTER SYSTEM SET commit_siblings = 0",
            &format!("ALTER SYSTEM SET commit_delay = {}", wait.as_micros()),
            "SELECT pg_reload_conf()",
        ] {
            self.superuser.batch_execute(sql).await?;
        }
        // Backends read it before their next statement, once the signal is there.
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok(())
    }

    /// Bytes of write-ahead log since the cluster was made.
    pub(crate) async fn wal_bytes(&self) -> anyhow::Result<i64> {
        let sql = "SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint";
        Ok(self.superuser.query_one(sql, &[]).await?.get(0))
    }

    /// Seconds of CPU that the server has taken so far, with all its processes.
    pub(crate) fn cpu_seconds(&self) -> f64 {
        let file = self.postgres.dir().join("data/postmaster.pid");
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let postmaster = text.lines().next().and_then(|line| line.trim().parse().ok());
        postmaster.map(crate::machine::cpu_seconds_of_family).unwrap_or_default()
    }

    /// What the environment of a program says to reach a lake and a database.
    pub(crate) fn environment(&self, s3: &str, database_url: &str) -> BTreeMap<String, String> {
        let variables = [
            ("AWS_ENDPOINT_URL", s3.to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", SECRET_KEY.to_owned()),
            ("DATABASE_URL", database_url.to_owned()),
            ("RIACHO_BUCKET", BUCKET.to_owned()),
            ("RIACHO_CONFIG", self.configuration.to_string_lossy().into_owned()),
            // Named by the configuration; nothing here asks it.
            ("POS_API_URL", "http://127.0.0.1:9".to_owned()),
            ("POS_API_TOKEN", "none".to_owned()),
        ];
        variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// The settings that decide how fast the server is.
    pub(crate) async fn settings(&self) -> anyhow::Result<Vec<(String, String)>> {
        let sql = "SELECT name, current_setting(name) FROM unnest($1::text[]) AS name";
        let rows = self.superuser.query(sql, &[&SETTINGS.as_slice()]).await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.postgres.port()))
    }

    pub(crate) fn version(&self) -> &str {
        self.postgres.version()
    }

    pub(crate) async fn stop(self) {
        self.postgres.stop().await;
    }
}

/// Connects through the socket in the cluster's own directory, and opens the loopback address to
/// clients without TLS, which the embedded server refuses by itself.
async fn superuser(postgres: &Postgres) -> anyhow::Result<Client> {
    let access = postgres.dir().join("pg_hba.conf");
    let known = std::fs::read_to_string(&access).context("who may connect can't be read")?;
    std::fs::write(&access, format!("{known}host all all 127.0.0.1/32 scram-sha-256\n"))?;
    let socket = std::fs::read_to_string(postgres.dir().join("run"))?;
    let (client, connection) = tokio_postgres::Config::new()
        .host_path(socket.trim())
        .port(postgres.port())
        .user("postgres")
        .password(postgres.password())
        .dbname("postgres")
        .connect(NoTls)
        .await?;
    tokio::spawn(connection);
    client.batch_execute("SELECT pg_reload_conf()").await?;
    Ok(client)
}

/// Connects to a database as the loader does.
pub(crate) async fn connect(database: &Database) -> anyhow::Result<Client> {
    let (client, connection) = tokio_postgres::connect(&database.url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}
