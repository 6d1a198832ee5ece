//! The vocabulary of the landing zone: object keys and their layout, times, failures and the error
//! log. Pure values that every other crate speaks in; nothing here does I/O.

mod error_log;
mod failure;
mod fields;
mod key;
mod layout;
mod object;
mod sequencer;
mod time;

pub use error_log::{ErrorLog, Position, Violation};
pub use failure::{Classify, FailureKind};
pub use fields::{
    REST, deciding, is_at_or_under, last_name, name_matches, parent_path, unescape_token,
};
pub use key::{ObjectKey, UndecodableKey};
pub use layout::{
    Compression, ERRORS_PREFIX, MANIFESTS_PREFIX, NotARawObject, RAW_PREFIX, RawLocation, Scope,
    endpoint_prefix, source_prefix,
};
pub use object::LandedObject;
pub use sequencer::Sequencer;
pub use time::{InvalidObjectTime, ObjectTime};
