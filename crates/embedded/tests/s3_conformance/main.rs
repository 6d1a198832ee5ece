//! The embedded S3 server, asked by an ordinary client.

#![allow(clippy::unwrap_used)]

mod delivery;
mod embedded_only;
mod place;
mod suite;
