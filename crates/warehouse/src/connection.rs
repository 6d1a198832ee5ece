//! Opens a connection and keeps its driver running. A lost one is noticed here and replaced.

use std::fmt;
use std::time::{Duration, Instant};

use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, NoTls, Socket};

use crate::server::Server;
use crate::work::Statements;
use crate::{DatabaseSettings, Ledger, Trust, WarehouseError, tls};

/// A connection that rested longer is asked whether it still lives: a function that was frozen
/// between two events, a server that was restarted.
const MAX_REST: Duration = Duration::from_secs(15);
/// How long the answer to that may take.
const MAX_ANSWER: Duration = Duration::from_secs(3);

/// One connection.
pub(crate) struct Connection {
    pub(crate) client: Client,
    pub(crate) statements: Statements,
    /// Whether it was one of the last that were to be had.
    pub(crate) is_crowded: bool,
    used_at: Instant,
}

impl Connection {
    pub(crate) async fn open(
        settings: &DatabaseSettings,
        ledger: Ledger,
    ) -> Result<Self, WarehouseError> {
        let client = match settings.trust() {
            Trust::Disable => connect(settings, NoTls).await?,
            _ => connect(settings, tls::connector(settings)?).await?,
        };
        let Server { checks_clients, is_crowded } = Server::ask(&client).await?;
        let statements = Statements::new(ledger, checks_clients);
        Ok(Self { client, statements, is_crowded, used_at: Instant::now() })
    }

    /// Whether it can be used; marks it used.
    pub(crate) async fn is_alive(&mut self) -> bool {
        let rested = self.used_at.elapsed() > MAX_REST;
        self.used_at = Instant::now();
        if self.client.is_closed() {
            return false;
        }
        // A server that says goodbye is gone only when it hangs up, a moment later.
        if !rested && !self.statements.is_unfinished() {
            return true;
        }
        let answer = tokio::time::timeout(MAX_ANSWER, self.client.check_connection()).await;
        matches!(answer, Ok(Ok(())))
    }
}

/// Connects, and keeps the connection going in a task of its own. It ends with the client, or when
/// the other end has been silent for too long.
async fn connect<T>(settings: &DatabaseSettings, tls: T) -> Result<Client, WarehouseError>
where
    T: MakeTlsConnect<Socket>,
    T::Stream: Send + 'static,
{
    let connected = settings.config.connect(tls).await;
    let (client, connection) =
        connected.map_err(|error| WarehouseError::connect(settings.address(), &error))?;
    tokio::spawn(async move {
        // The statement in flight gets the same error; this line is for what comes between.
        if let Err(error) = connection.await {
            tracing::warn!(error = %error, "lost the connection to the warehouse");
        }
    });
    Ok(client)
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}
