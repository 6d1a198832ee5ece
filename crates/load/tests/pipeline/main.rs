//! Objects in a real lake to rows in a real Postgres.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail loudly")]

mod answers;
mod bounds;
mod failures;
mod kit;
mod large_records;
mod maps;
mod objects_in;
