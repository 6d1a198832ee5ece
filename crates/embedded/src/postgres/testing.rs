//! A fresh database for each test: one throwaway server a test process, started by the first test
//! that asks, gone with the process.

use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::OnceCell;

use super::{Postgres, PostgresError};

/// An empty database of a test's own.
#[derive(Debug, Clone)]
pub struct TestDatabase {
    /// Its address, for an owner who is no superuser.
    pub url: String,
    /// Its name.
    pub name: String,
}

static SERVER: OnceCell<Postgres> = OnceCell::const_new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// Creates a database on the test process's server.
///
/// # Panics
/// Where no server can be had: a test without its database has nothing to say.
#[expect(clippy::panic, reason = "called by tests only, which end in panics")]
pub async fn test_database() -> TestDatabase {
    create().await.unwrap_or_else(|error| panic!("no test database: {error} ({error:?})"))
}

async fn create() -> Result<TestDatabase, PostgresError> {
    let server = SERVER.get_or_try_init(|| Postgres::start_throwaway(&|_| ())).await?;
    let name = format!("test_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    server.create_database(&name).await?;
    Ok(TestDatabase { url: server.url(&name), name })
}
