//! The warehouse: everything that speaks to Postgres, and nothing else.

mod begin;
mod catalog;
mod change_log;
mod commit;
mod connection;
mod contest;
mod error;
mod facts;
mod failure;
mod ident;
mod keyed;
mod known;
mod ledger;
mod loading;
mod migrations;
mod question;
mod reinstate;
mod rejects;
mod repair;
mod rows;
mod schema_change;
mod settings;
mod shadows;
mod sqlstate;
mod tls;
mod values;
mod warehouse;
mod work;

pub use error::WarehouseError;
pub use facts::{EndpointFacts, Loaded, ObjectFacts, Outcome, Reinstatement, Vanished, Write};
pub use ident::schema_name;
pub use known::Known;
pub use loading::{Begun, Loading};
pub use question::Answer;
pub use settings::{DatabaseParts, DatabaseSettings, SettingsError, Trust};
pub use warehouse::{Timeouts, Warehouse};
