//! The warehouse against a real Postgres.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends in a panic")]

mod by_hand;
mod concurrency;
mod connection;
mod drift;
mod keyed;
mod late_keys;
mod ledger;
mod likely_renames;
mod model;
mod renamed_views;
mod renames;
mod scopes;
mod scripts;
mod shapes;
mod support;
mod views;
