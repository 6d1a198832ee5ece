//! From samples of an API's answers to a proposed configuration, with the evidence for each line.
//!
//! The way is the layout: `json` reads, `shape` names scalars, `profile` counts them at every place;
//! `around` finds the records, `keys` and `version` what names them, `types` and `notes` what else is
//! to be said; `toml` writes it down. Pure: samples come as bytes, and nothing is asked of anyone.

mod around;
mod fields;
mod infer;
mod json;
mod keys;
mod names;
mod notes;
mod profile;
mod proposal;
mod shape;
mod toml;
mod types;
mod version;

pub use infer::{InferError, Sample, infer};
pub use proposal::{Finding, Proposal, TypeFinding};
pub use toml::Names;
