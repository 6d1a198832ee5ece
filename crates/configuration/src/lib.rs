//! What the one TOML file says, checked, with errors that name file, line and cure.
//!
//! Pure: the text and the environment are parameters. Where the text comes from is said by
//! `RIACHO_CONFIG` and read by the lake's adapter; secrets stay references until `secrets` resolves
//! them.

mod auth;
mod bounds;
mod check;
mod configuration;
mod endpoint;
mod endpoint_reading;
mod fields;
mod pages;
mod partition;
mod parts;
mod pointer;
mod problem;
mod quantity;
mod reader;
mod source;
mod suggest;
mod template;

pub use auth::{ApiKeyPlace, Auth};
pub use bounds::{Bounds, Dropped, LoadSettings};
pub use configuration::{Configuration, LoadError, VARIABLE};
pub use endpoint::{Body, Endpoint, JsonTemplate, Method, WriteMode};
pub use fields::{SchemaPolicy, SchemaRule, SchemaRules, TypeRule};
pub use pages::{Pages, ParameterPlace};
pub use partition::{DateWindow, ListValues, Partition, PartitionKind};
pub use problem::{ConfigurationErrors, Problem};
pub use source::{RequestLimits, Source};
pub use template::{SecretReference, SecretText, Template};
