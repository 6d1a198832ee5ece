//! The lake against a server that does what S3 does.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail loudly")]

mod decoding;
mod environment;
mod place;
mod reading;
mod stalling;
mod uploading;
mod writing;
