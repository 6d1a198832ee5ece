//! One connection to the warehouse, re-made when it was lost, and what is remembered with it.

use std::time::Instant;

use landing::ErrorLog;

use crate::connection::Connection;
use crate::memory::Memory;
use crate::work::Work;
use crate::{
    Begun, DatabaseSettings, EndpointFacts, Ledger, ObjectFacts, Timeouts, WarehouseError, begin,
    failure, migrations,
};

/// One connection to the warehouse, re-made when it was lost.
#[derive(Debug)]
pub struct Warehouse {
    settings: DatabaseSettings,
    timeouts: Timeouts,
    /// When the work at hand must be over.
    end_by: Option<Instant>,
    connection: Connection,
    memory: Memory,
    /// Whether what stood in the database when the connection was made may be gone.
    is_suspect: bool,
}

impl Warehouse {
    /// Connects, and sets up schema `riacho` where it is not yet.
    pub async fn connect(
        settings: DatabaseSettings,
        timeouts: Timeouts,
    ) -> Result<Self, WarehouseError> {
        Self::connect_to(Ledger::default(), settings, timeouts).await
    }

    /// The same with a ledger of its own. That of a rebuild must have been set up.
    pub async fn connect_to(
        ledger: Ledger,
        settings: DatabaseSettings,
        timeouts: Timeouts,
    ) -> Result<Self, WarehouseError> {
        let mut connection = Connection::open(&settings, ledger).await?;
        migrations::migrate(&mut connection, timeouts).await?;
        Ok(Self {
            settings,
            timeouts,
            end_by: None,
            connection,
            memory: Memory::default(),
            is_suspect: false,
        })
    }

    /// Whether its connection was one of the last that the database gives: whoever rests with it keeps
    /// others out.
    pub fn is_crowded(&self) -> bool {
        self.connection.is_crowded
    }

    /// Says when the work at hand must be over, or that nobody waits for it: transactions that begin
    /// from now on have no longer than that, even where nobody is there any more to end them.
    pub fn end_by(&mut self, end_by: Option<Instant>) {
        self.end_by = end_by;
    }

    /// Claims the object in the ledger and makes room for its rows, in a new transaction.
    ///
    /// Where the error says `begin_again`, roll back, set `lock_schema_first`, and begin again.
    pub async fn begin(
        &mut self,
        object: &ObjectFacts,
        endpoint: &EndpointFacts,
    ) -> Result<Begun<'_>, WarehouseError> {
        self.revive().await?;
        let timeouts = self.timeouts.until(self.end_by);
        let Self { connection, memory, is_suspect, .. } = self;
        let work = Work::unopened(&mut connection.client, &connection.statements, timeouts);
        let begun = begin::begin(work, memory, object, endpoint).await;
        *is_suspect = begun.as_ref().is_err_and(WarehouseError::is_something_gone);
        begun
    }

    /// Writes down that the object failed, in a transaction of its own. A line that says the same
    /// bytes are loaded stays as it is.
    pub async fn record_failure(
        &mut self,
        object: &ObjectFacts,
        failure: &ErrorLog,
    ) -> Result<(), WarehouseError> {
        failure::record(self.work().await?, object, failure).await
    }

    /// A transaction on a connection that lives.
    pub(crate) async fn work(&mut self) -> Result<Work<'_>, WarehouseError> {
        self.work_within(|timeouts| timeouts).await
    }

    /// The same with other time-outs.
    pub(crate) async fn work_within(
        &mut self,
        timeouts: impl FnOnce(Timeouts) -> Timeouts,
    ) -> Result<Work<'_>, WarehouseError> {
        self.revive().await?;
        let timeouts = timeouts(self.timeouts).until(self.end_by);
        let Self { connection, .. } = self;
        Work::begin(&mut connection.client, &connection.statements, timeouts).await
    }

    /// Runs a statement that Postgres takes in no transaction, without a bound on its time.
    pub(crate) async fn run_alone(&mut self, doing: &str, sql: &str) -> Result<(), WarehouseError> {
        self.revive().await?;
        let answer = self.connection.client.batch_execute(sql).await;
        answer.map_err(|error| WarehouseError::database(doing, &error))
    }

    async fn revive(&mut self) -> Result<(), WarehouseError> {
        if !self.connection.is_alive().await {
            tracing::info!("connecting to the warehouse anew");
            let ledger = self.connection.statements.ledger().clone();
            self.connection = Connection::open(&self.settings, ledger).await?;
        }
        if self.is_suspect {
            migrations::migrate(&mut self.connection, self.timeouts).await?;
            self.memory.forget_all();
            self.is_suspect = false;
        }
        Ok(())
    }
}
