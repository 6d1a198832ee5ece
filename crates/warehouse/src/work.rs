//! A transaction, and the statements that are prepared once for each connection. The one place
//! where statements meet `tokio-postgres`.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Waker};

use bytes::Bytes;
use futures::SinkExt;
use futures::future::join_all;
use tokio_postgres::types::{FromSql, ToSql};
use tokio_postgres::{Client, Row, SimpleQueryMessage, Statement};

use crate::{Ledger, Timeouts, WarehouseError};

/// Parameters of a statement.
pub(crate) type Parameters<'a> = &'a [&'a (dyn ToSql + Sync)];

/// Bytes of the texts of statements kept prepared; beyond it all are let go, as a warehouse of
/// thousands of tables would else fill the server's memory, where a plan takes some thirty times that.
const MAX_STATEMENTS_BYTES: usize = 2 << 20;

/// Takes an advisory lock by name.
pub(crate) const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtextextended('riacho ' || $1, 0))";

/// The statements that a connection has prepared, by their text, the ledger that they are for, and
/// what is known of it.
pub(crate) struct Statements {
    ledger: Ledger,
    checks_clients: bool,
    prepared: Mutex<HashMap<String, Statement>>,
    /// Whether the last transaction has neither committed nor rolled back.
    is_unfinished: AtomicBool,
}

impl Statements {
    /// Of a fresh connection to a server that can be told to check, while a statement runs, whether
    /// its client is still there; or not.
    pub(crate) fn new(ledger: Ledger, checks_clients: bool) -> Self {
        Self {
            ledger,
            checks_clients,
            prepared: Mutex::default(),
            is_unfinished: AtomicBool::default(),
        }
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Whether the last transaction ended in no known way, so that the connection may be lost.
    pub(crate) fn is_unfinished(&self) -> bool {
        self.is_unfinished.load(Ordering::Relaxed)
    }

    fn set_unfinished(&self, is_unfinished: bool) {
        self.is_unfinished.store(is_unfinished, Ordering::Relaxed);
    }

    async fn prepare(
        &self,
        client: &Client,
        sql: &str,
    ) -> Result<Statement, tokio_postgres::Error> {
        let known = self.with(|prepared| prepared.get(sql).cloned());
        if let Some(statement) = known {
            return Ok(statement);
        }
        let statement = client.prepare(&self.ledger.statement(sql)).await?;
        self.with(|prepared| {
            if prepared.keys().map(String::len).sum::<usize>() > MAX_STATEMENTS_BYTES {
                prepared.clear();
            }
            prepared.insert(sql.to_owned(), statement.clone())
        });
        Ok(statement)
    }

    fn with<T>(&self, act: impl FnOnce(&mut HashMap<String, Statement>) -> T) -> T {
        act(&mut self.prepared.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Statements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Statements").finish_non_exhaustive()
    }
}

/// A column of an answer.
pub(crate) fn field<'a, T: FromSql<'a>>(row: &'a Row, name: &str) -> Result<T, WarehouseError> {
    row.try_get(name).map_err(|error| WarehouseError::Mismatch(format!("column `{name}`: {error}")))
}

/// A transaction. Dropped without `commit`, it is rolled back.
///
/// Statements are sent in the order in which their futures are first polled, without a wait for one
/// another: what is joined (`futures::join!`) takes one journey to the server and back. Where an
/// earlier one fails, Postgres refuses all that follow until the transaction ends, `COMMIT`
/// included.
/// Source: PostgreSQL documentation, "Message Flow", "Pipelining".
pub(crate) struct Work<'a> {
    client: &'a mut Client,
    statements: &'a Statements,
    timeouts: Timeouts,
}

impl<'a> Work<'a> {
    /// Begins, with time-outs and the forms of dates that the rest of the crate counts on.
    pub(crate) async fn begin(
        client: &'a mut Client,
        statements: &'a Statements,
        timeouts: Timeouts,
    ) -> Result<Self, WarehouseError> {
        let work = Self::unopened(client, statements, timeouts);
        work.open().await?;
        Ok(work)
    }

    /// A transaction whose beginning is still to be sent: `open`, before all else.
    pub(crate) fn unopened(
        client: &'a mut Client,
        statements: &'a Statements,
        timeouts: Timeouts,
    ) -> Self {
        Self { client, statements, timeouts }
    }

    /// Sends the beginning of the transaction.
    pub(crate) async fn open(&self) -> Result<(), WarehouseError> {
        self.statements.set_unfinished(true);
        let begin = self.timeouts.begin(self.statements.checks_clients);
        self.run("begin a transaction", &begin).await.map_err(WarehouseError::not_begun)
    }

    /// The ledger that `riacho.` stands for.
    pub(crate) fn ledger(&self) -> &'a Ledger {
        self.statements.ledger()
    }

    /// How long may be waited for what.
    pub(crate) fn timeouts(&self) -> Timeouts {
        self.timeouts
    }

    /// Whether all of these are prepared already.
    pub(crate) fn has_prepared(&self, statements: &[&str]) -> bool {
        self.statements.with(|prepared| statements.iter().all(|sql| prepared.contains_key(*sql)))
    }

    /// Prepares statements that are about to be joined: one that had still to be prepared would
    /// fall behind its neighbours.
    pub(crate) async fn prepare(
        &self,
        doing: &str,
        statements: &[&str],
    ) -> Result<Vec<Statement>, WarehouseError> {
        let all = statements.iter().map(|sql| self.statements.prepare(self.client, sql));
        let prepared = join_all(all).await.into_iter().collect::<Result<_, _>>();
        prepared.map_err(|error| WarehouseError::database(doing, &error))
    }

    /// Runs a prepared statement.
    pub(crate) async fn answer(
        &self,
        doing: &str,
        statement: &Statement,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, WarehouseError> {
        let answer = self.client.query(statement, parameters).await;
        answer.map_err(|error| WarehouseError::database(doing, &error))
    }

    pub(crate) async fn query(
        &self,
        doing: &str,
        sql: &str,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, WarehouseError> {
        let prepared = self.statements.prepare(self.client, sql).await;
        let statement = prepared.map_err(|error| WarehouseError::database(doing, &error))?;
        self.answer(doing, &statement, parameters).await
    }

    pub(crate) async fn query_opt(
        &self,
        doing: &str,
        sql: &str,
        parameters: Parameters<'_>,
    ) -> Result<Option<Row>, WarehouseError> {
        Ok(self.query(doing, sql, parameters).await?.into_iter().next())
    }

    pub(crate) async fn query_one(
        &self,
        doing: &str,
        sql: &str,
        parameters: Parameters<'_>,
    ) -> Result<Row, WarehouseError> {
        let row = self.query_opt(doing, sql, parameters).await?;
        row.ok_or_else(|| WarehouseError::Mismatch(format!("{doing}: no row came back")))
    }

    /// Gives how many rows were touched.
    pub(crate) async fn execute(
        &self,
        doing: &str,
        sql: &str,
        parameters: Parameters<'_>,
    ) -> Result<u64, WarehouseError> {
        let answer = async {
            let statement = self.statements.prepare(self.client, sql).await?;
            self.client.execute(&statement, parameters).await
        };
        answer.await.map_err(|error| WarehouseError::database(doing, &error))
    }

    /// Runs the same kind of statement on several tables in one journey to the server and back.
    pub(crate) async fn execute_each(
        &self,
        doing: &str,
        statements: &[String],
        parameters: Parameters<'_>,
    ) -> Result<u64, WarehouseError> {
        let all = statements.iter().map(|sql| self.execute(doing, sql, parameters));
        join_all(all).await.into_iter().sum()
    }

    /// Runs statements that are not worth preparing, separated by semicolons.
    pub(crate) async fn run(&self, doing: &str, sql: &str) -> Result<(), WarehouseError> {
        let answer = self.client.batch_execute(&self.ledger().statement(sql)).await;
        answer.map_err(|error| WarehouseError::database(doing, &error))
    }

    /// Runs a statement that is not worth preparing; all values come as text.
    pub(crate) async fn ask(
        &self,
        doing: &str,
        sql: &str,
    ) -> Result<Vec<SimpleQueryMessage>, WarehouseError> {
        let answer = self.client.simple_query(&self.ledger().statement(sql)).await;
        answer.map_err(|error| WarehouseError::database(doing, &error))
    }

    /// Waits for something else than Postgres, and has it know meanwhile that somebody is still there.
    pub(crate) async fn wait_for<T>(
        &self,
        other: impl Future<Output = T>,
    ) -> Result<T, WarehouseError> {
        let every = self.timeouts.sign_of_life();
        let mut other = std::pin::pin!(other);
        loop {
            match tokio::time::timeout(every, &mut other).await {
                Ok(come) => return Ok(come),
                Err(_) => self.run("say that somebody is still there", "SELECT 1").await?,
            }
        }
    }

    /// Takes the advisory lock called `name` until the transaction ends.
    pub(crate) async fn lock(&self, doing: &str, name: &str) -> Result<(), WarehouseError> {
        let name = self.ledger().lock(name);
        self.query(doing, LOCK, &[&name.as_ref()]).await.map(|_| ())
    }

    /// Sends a binary COPY stream, a piece when the one before is on its way.
    pub(crate) async fn copy(
        &self,
        doing: &str,
        sql: &str,
        pieces: impl Iterator<Item = Bytes>,
    ) -> Result<u64, WarehouseError> {
        let answer = async {
            let statement = self.statements.prepare(self.client, sql).await?;
            let sink = self.client.copy_in::<_, Bytes>(&statement).await?;
            let mut sink = std::pin::pin!(sink);
            for piece in pieces {
                sink.send(piece).await?;
            }
            sink.finish().await
        };
        answer.await.map_err(|error| WarehouseError::database(doing, &error))
    }

    /// Gives up what was done, and all locks. Nothing may be asked before `open`.
    pub(crate) async fn abandon(&self) -> Result<(), WarehouseError> {
        self.run("roll back", "ROLLBACK").await
    }

    /// Commits, after whatever was joined with it before.
    pub(crate) async fn commit(&self) -> Result<(), WarehouseError> {
        self.run("commit", "COMMIT").await?;
        self.statements.set_unfinished(false);
        Ok(())
    }

    pub(crate) async fn rollback(self) -> Result<(), WarehouseError> {
        self.run("roll back", "ROLLBACK").await?;
        self.statements.set_unfinished(false);
        Ok(())
    }
}

impl Drop for Work<'_> {
    /// Sends a rollback where the end is unknown, and does not wait for it.
    fn drop(&mut self) {
        if self.statements.is_unfinished() {
            let mut rollback = std::pin::pin!(self.client.batch_execute("ROLLBACK"));
            let _ = rollback.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        }
    }
}

impl fmt::Debug for Work<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Work").finish_non_exhaustive()
    }
}
