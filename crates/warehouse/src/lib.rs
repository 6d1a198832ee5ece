//! The warehouse: everything that speaks to Postgres, and nothing else.

mod error;
mod facts;
mod ident;
mod loading;
mod settings;
mod sqlstate;
mod warehouse;

pub use error::WarehouseError;
pub use facts::{EndpointFacts, Loaded, ObjectFacts, Outcome, Reinstatement, Vanished, Write};
pub use ident::schema_name;
pub use loading::{Begun, Loading};
pub use settings::{DatabaseParts, DatabaseSettings, SettingsError, Trust};
pub use warehouse::{Timeouts, Warehouse};
