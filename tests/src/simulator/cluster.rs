//! The Postgres of all runs: a database for each, and what only its superuser may do.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use embedded::postgres::Postgres;
use tokio::sync::{OnceCell, RwLock};
use tokio::time::{Instant, sleep};
use tokio_postgres::{Client, NoTls};

/// How long Postgres may take to come back after a crash.
const RECOVERY_MAX: Duration = Duration::from_secs(60);

static CLUSTER: OnceCell<Arc<Cluster>> = OnceCell::const_new();

/// A throwaway cluster that ends with the process.
#[derive(Debug)]
pub(super) struct Cluster {
    postgres: Postgres,
    databases: AtomicU32,
    /// Held for writing by a run that lets the whole server crash, for reading by the others.
    pub(super) is_calm: RwLock<()>,
}

impl Cluster {
    /// The process's own cluster, started when it is first asked for.
    pub(super) async fn get() -> Arc<Self> {
        let start = async || {
            let postgres = Postgres::start_throwaway(&|_| ()).await.unwrap();
            Arc::new(Self { postgres, databases: AtomicU32::default(), is_calm: RwLock::default() })
        };
        Arc::clone(CLUSTER.get_or_init(start).await)
    }

    /// A new database, owned by the role that loads come as.
    pub(super) async fn create_database(&self) -> String {
        let name = format!("run_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.postgres.create_database(&name).await.unwrap();
        // A throwaway cluster forgets what it committed last when it crashes: no fault of load's.
        let durable = format!("ALTER DATABASE {name} SET synchronous_commit = on");
        self.superuser("postgres").await.batch_execute(&durable).await.unwrap();
        name
    }

    pub(super) async fn drop_database(&self, name: &str) {
        self.postgres.drop_database(name).await.unwrap();
    }

    /// The address of a database by way of a proxy.
    pub(super) fn url(&self, database: &str, port: u16) -> String {
        let (user, password) = (self.postgres.user(), self.postgres.password());
        format!("postgres://{user}:{password}@127.0.0.1:{port}/{database}?sslmode=disable")
    }

    /// Where Postgres listens without TLS: a throwaway cluster's socket stands beside its directory.
    pub(super) fn socket(&self) -> PathBuf {
        self.socket_directory().join(format!(".s.PGSQL.{}", self.postgres.port()))
    }

    fn socket_directory(&self) -> PathBuf {
        self.postgres.dir().parent().unwrap().to_owned()
    }

    /// A superuser's connection, once the server answers: it may be recovering.
    pub(super) async fn superuser(&self, database: &str) -> Client {
        let give_up = Instant::now() + RECOVERY_MAX;
        loop {
            let mut config = tokio_postgres::Config::new();
            config
                .host_path(self.socket_directory())
                .port(self.postgres.port())
                .user("postgres")
                .password(self.postgres.password())
                .dbname(database)
                // Whatever a run has made of its database for others.
                .options("-c default_transaction_read_only=off");
            match config.connect(NoTls).await {
                Ok((client, connection)) => {
                    tokio::spawn(connection);
                    return client;
                }
                Err(error) => assert!(Instant::now() < give_up, "no Postgres: {error}"),
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Ends a backend the way an administrator does.
    pub(super) async fn terminate(&self, backend: i32) {
        let client = self.superuser("postgres").await;
        let _ = client.execute("SELECT pg_terminate_backend($1)", &[&backend]).await;
    }
}
