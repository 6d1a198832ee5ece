//! The warehouse against a real Postgres.

mod concurrency;
mod connection;
mod keyed;
mod ledger;
mod scopes;
mod shapes;
mod support;
