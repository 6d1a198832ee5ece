//! Secrets Manager and IAM tokens: values that are never logged.
//!
//! Nothing is asked of AWS before a secret is used, so whoever uses none needs no AWS at all.

mod error;
mod manager;
mod rds;
mod secret;
mod store;

pub use error::SecretError;
pub use rds::RdsSecret;
pub use secret::Secret;
pub use store::{Clock, Secrets};
