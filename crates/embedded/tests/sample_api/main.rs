//! What the sample API promises: the same bytes for the same question, sums that add up, and every
//! way to go wrong, seen through an HTTP client.
#![allow(clippy::unwrap_used)]

mod answers;
mod misbehaviour;
mod support;
