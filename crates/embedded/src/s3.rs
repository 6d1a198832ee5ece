//! An S3 server inside the process: the protocol is the `s3s` crate's, the store is ours and does
//! what S3 does where it matters to a pipeline: conditional writes that hold under a race, versions,
//! events of each write.
//!
//! What it holds stands in one directory and survives a restart. One server at a time has it.

mod bodies;
mod conditions;
mod copying;
mod delivery;
mod error;
mod event;
mod integrity;
mod journal;
mod listing;
mod multipart;
mod reading;
mod server;
mod service;
mod state;
mod store;
mod versions;
mod writing;

pub use delivery::{Delivery, DeliveryOptions};
pub use error::S3Error;
pub use event::{EventName, ObjectEvent};
pub use server::{S3Options, S3Server};
