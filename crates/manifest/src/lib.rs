//! From failures to the error manifest, and from the manifest back into the tables.
//!
//! Whatever tells of a failure (`event`) ends as an error log under `errors/` (load writes most of
//! them, `silent` the rest); the list under `manifests/` is brought up to date with these (`open`);
//! `reconcile` finds what no event told; `replay` loads again.

mod answer;
mod error;
pub mod event;
mod history;
mod ledger;
mod manifest;
mod open;
mod reconcile;
mod replay;
mod silent;

pub use error::ManifestError;
pub use manifest::Manifest;
pub use open::{Changed, Lines, OpenList};
pub use replay::Replayed;
