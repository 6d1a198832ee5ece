//! A transaction, and the statements that are prepared once for each connection. The one place
//! where statements meet `tokio-postgres`.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::SinkExt;
use futures::future::join_all;
use tokio_postgres::types::{FromSql, ToSql};
use tokio_postgres::{Client, GenericClient, Row, SimpleQueryMessage, Statement, Transaction};

use crate::{Timeouts, WarehouseError};

/// Parameters of a statement.
pub(crate) type Parameters<'a> = &'a [&'a (dyn ToSql + Sync)];

/// Statements kept prepared; beyond it all are let go, as a warehouse of thousands of tables would
/// else fill the server's memory.
const MAX_STATEMENTS: usize = 2_000;
/// COPY data goes out in pieces of this size.
const PIECE: usize = 256 << 10;

/// The statements that a connection has prepared, by their text.
#[derive(Default)]
pub(crate) struct Statements {
    prepared: Mutex<HashMap<String, Statement>>,
    /// Whether the last transaction has neither committed nor rolled back.
    is_unfinished: AtomicBool,
}

impl Statements {
    /// Whether the last transaction ended in no known way, so that the connection may be lost.
    pub(crate) fn is_unfinished(&self) -> bool {
        self.is_unfinished.load(Ordering::Relaxed)
    }

    fn set_unfinished(&self, is_unfinished: bool) {
        self.is_unfinished.store(is_unfinished, Ordering::Relaxed);
    }

    async fn prepare(
        &self,
        client: &impl GenericClient,
        sql: &str,
    ) -> Result<Statement, tokio_postgres::Error> {
        let known = self.with(|prepared| prepared.get(sql).cloned());
        if let Some(statement) = known {
            return Ok(statement);
        }
        let statement = client.prepare(sql).await?;
        self.with(|prepared| {
            if prepared.len() >= MAX_STATEMENTS {
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
pub(crate) struct Work<'a> {
    transaction: Transaction<'a>,
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
        statements.set_unfinished(true);
        let begun = client.transaction().await;
        let transaction = begun.map_err(|e| WarehouseError::database("begin a transaction", &e))?;
        let work = Self { transaction, statements, timeouts };
        work.set_local(timeouts).await?;
        Ok(work)
    }

    /// How long may be waited for what.
    pub(crate) fn timeouts(&self) -> Timeouts {
        self.timeouts
    }

    async fn set_local(&self, timeouts: Timeouts) -> Result<(), WarehouseError> {
        const SET: &str = "SELECT set_config('lock_timeout', $1, true),
                                  set_config('statement_timeout', $2, true),
                                  set_config('idle_in_transaction_session_timeout', $3, true),
                                  set_config('TimeZone', 'UTC', true),
                                  set_config('DateStyle', 'ISO, YMD', true)";
        let text = |time: Duration| time.as_millis().to_string();
        let statement = timeouts.statement.map_or_else(|| "0".to_owned(), text);
        let (lock, idle) = (text(timeouts.lock), text(timeouts.idle_in_transaction));
        self.query("set the transaction's time-outs", SET, &[&lock, &statement, &idle]).await?;
        Ok(())
    }

    pub(crate) async fn query(
        &self,
        doing: &str,
        sql: &str,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, WarehouseError> {
        let answer = async {
            let statement = self.statements.prepare(&self.transaction, sql).await?;
            self.transaction.query(&statement, parameters).await
        };
        answer.await.map_err(|error| WarehouseError::database(doing, &error))
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
            let statement = self.statements.prepare(&self.transaction, sql).await?;
            self.transaction.execute(&statement, parameters).await
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
        let answer = self.transaction.batch_execute(sql).await;
        answer.map_err(|error| WarehouseError::database(doing, &error))
    }

    /// Runs a statement that is not worth preparing; all values come as text.
    pub(crate) async fn ask(
        &self,
        doing: &str,
        sql: &str,
    ) -> Result<Vec<SimpleQueryMessage>, WarehouseError> {
        let answer = self.transaction.simple_query(sql).await;
        answer.map_err(|error| WarehouseError::database(doing, &error))
    }

    /// Takes the advisory lock called `name` until the transaction ends.
    pub(crate) async fn lock(&self, doing: &str, name: &str) -> Result<(), WarehouseError> {
        const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtextextended('riacho ' || $1, 0))";
        self.query(doing, LOCK, &[&name]).await.map(|_| ())
    }

    /// Sends a whole binary COPY stream.
    pub(crate) async fn copy(
        &self,
        doing: &str,
        sql: &str,
        mut stream: Bytes,
    ) -> Result<u64, WarehouseError> {
        let answer = async {
            let statement = self.statements.prepare(&self.transaction, sql).await?;
            let sink = self.transaction.copy_in::<_, Bytes>(&statement).await?;
            let mut sink = std::pin::pin!(sink);
            while !stream.is_empty() {
                let piece = stream.split_to(stream.len().min(PIECE));
                sink.send(piece).await?;
            }
            sink.finish().await
        };
        answer.await.map_err(|error| WarehouseError::database(doing, &error))
    }

    /// Gives up what was done, and all locks. Nothing may be asked before `restart`.
    pub(crate) async fn abandon(&self) -> Result<(), WarehouseError> {
        self.run("roll back", "ROLLBACK").await
    }

    /// Begins anew after `abandon`.
    pub(crate) async fn restart(&self) -> Result<(), WarehouseError> {
        self.run("begin a transaction", "BEGIN").await?;
        self.set_local(self.timeouts).await
    }

    pub(crate) async fn commit(self) -> Result<(), WarehouseError> {
        let answer = self.transaction.commit().await;
        answer.map_err(|error| WarehouseError::database("commit", &error))?;
        self.statements.set_unfinished(false);
        Ok(())
    }

    pub(crate) async fn rollback(self) -> Result<(), WarehouseError> {
        let answer = self.transaction.rollback().await;
        answer.map_err(|error| WarehouseError::database("roll back", &error))?;
        self.statements.set_unfinished(false);
        Ok(())
    }
}

impl fmt::Debug for Work<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Work").finish_non_exhaustive()
    }
}
