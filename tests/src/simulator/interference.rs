//! What others do to the database meanwhile, for real: lock tables and lines, make it read-only as a
//! standby is, take its last connections.

use std::time::Duration;

use fastrand::Rng;
use tokio::time::sleep;
use tokio_postgres::Client;

use super::endpoint::{ROOT, SCHEMA};
use super::world::World;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interference {
    /// The ledger's lines are locked for so many milliseconds.
    Lines(u64),
    /// The ledger as a whole is.
    Ledger(u64),
    /// The root table is, against reading even.
    Root(u64),
    /// New connections can only read.
    ReadOnly,
    /// There are no connections left but a superuser's.
    TooManyClients,
}

impl Interference {
    pub(super) fn draw(rng: &mut Rng) -> Option<Self> {
        let ms = rng.u64(30..600);
        Some(match rng.u8(..30) {
            0 => Self::Lines(ms),
            1 => Self::Ledger(ms),
            2 => Self::Root(ms),
            3 => Self::ReadOnly,
            4 => Self::TooManyClients,
            _ => return None,
        })
    }

    fn kind(self) -> &'static str {
        match self {
            Self::Lines(_) => "Postgres: ledger's lines locked by others",
            Self::Ledger(_) => "Postgres: ledger locked by others",
            Self::Root(_) => "Postgres: root table locked by others",
            Self::ReadOnly => "Postgres: read-only, as a standby",
            Self::TooManyClients => "Postgres: no connections left",
        }
    }

    /// Whether functions notice only where they connect anew.
    pub(super) fn is_at_connect(self) -> bool {
        matches!(self, Self::ReadOnly | Self::TooManyClients)
    }

    /// Begins; gives the session that must end with it.
    pub(super) async fn begin(self, world: &World) -> Client {
        let client = world.cluster.superuser(&world.database).await;
        let database = &world.database;
        let sql = match self {
            Self::Lines(_) => "BEGIN; SELECT FROM riacho.objects FOR UPDATE".to_owned(),
            Self::Ledger(_) => "BEGIN; LOCK TABLE riacho.objects IN EXCLUSIVE MODE".to_owned(),
            Self::Root(_) => {
                format!("BEGIN; LOCK TABLE {SCHEMA}.{ROOT} IN ACCESS EXCLUSIVE MODE")
            }
            Self::ReadOnly => {
                format!("ALTER DATABASE {database} SET default_transaction_read_only = on")
            }
            Self::TooManyClients => format!("ALTER DATABASE {database} CONNECTION LIMIT 0"),
        };
        // What is not there yet can't be locked.
        if client.batch_execute(&sql).await.is_ok() {
            world.tally.count(self.kind());
        }
        client
    }

    /// Waits out its time and undoes it.
    pub(super) async fn end(self, world: &World, client: Client) {
        if let Self::Lines(ms) | Self::Ledger(ms) | Self::Root(ms) = self {
            sleep(Duration::from_millis(ms)).await;
            drop(client);
            return;
        }
        let database = &world.database;
        world.ask(&format!("ALTER DATABASE {database} RESET default_transaction_read_only")).await;
        world.ask(&format!("ALTER DATABASE {database} CONNECTION LIMIT -1")).await;
    }
}
