//! Fetch against a real HTTP server and a real S3 protocol server, both on loopback.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail loudly")]

mod api;
mod auth;
mod failing;
mod ground;
mod landing_of;
mod paging;
mod sample;
