//! What a fresh connection asks of its server, once.

use tokio_postgres::{Client, SimpleQueryMessage};

use crate::WarehouseError;

/// What was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Server {
    /// Whether it can be told to check, while a statement runs, that its client is still there: since
    /// version 14, and everywhere on Linux alone.
    pub(crate) checks_clients: bool,
    /// Whether of the connections that server, database and role allow less than a third was left.
    pub(crate) is_crowded: bool,
}

/// Of others' connections nothing can be seen but the database.
///
/// Sources: PostgreSQL documentation, "The Cumulative Statistics System", `pg_stat_activity`; "System
/// Catalogs", `pg_database` and `pg_roles`, whose limits are -1 where there is none.
const ASK: &str = "
    SELECT current_setting('client_connection_check_interval', true) IS NOT NULL
            AND version() ~* 'linux',
        EXISTS (
            SELECT FROM (
                SELECT count(*) FILTER (WHERE a.datid IS NOT NULL) AS everywhere,
                    count(*) FILTER (WHERE a.datname = current_database()) AS here,
                    count(*) FILTER (WHERE a.usename = session_user) AS ours
                FROM pg_stat_activity a
            ) taken, pg_database d, pg_roles r
            WHERE d.datname = current_database() AND r.rolname = session_user AND (
                3 * everywhere > 2 * (current_setting('max_connections')::integer
                    - current_setting('superuser_reserved_connections')::integer)
                OR (d.datconnlimit >= 0 AND 3 * here > 2 * d.datconnlimit)
                OR (r.rolconnlimit >= 0 AND 3 * ours > 2 * r.rolconnlimit)
            )
        )";

impl Server {
    pub(crate) async fn ask(client: &Client) -> Result<Self, WarehouseError> {
        let answer = client.simple_query(ASK).await;
        let answer =
            answer.map_err(|error| WarehouseError::database("look at the server", &error))?;
        let row = answer.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        let is_true = |at| row.is_some_and(|row| row.get(at) == Some("t"));
        Ok(Self { checks_clients: is_true(0), is_crowded: is_true(1) })
    }
}
