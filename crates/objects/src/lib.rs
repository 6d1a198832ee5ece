//! The lake: everything that speaks to S3, and nothing else.
//!
//! [`Lake`] reads, writes and lists objects; [`Reading`] and [`DecodedBody`] give an object's bytes
//! in constant memory; [`Upload`] writes one of unknown length that appears only when it is whole.
//! What the bytes mean is `normalise`'s.

mod address;
mod client;
mod decode;
mod error;
mod inflate;
mod lake;
mod listing;
mod metadata;
mod multipart;
mod reading;
mod s3_codes;
mod translate;
mod upload;
mod write;

pub use address::AddressError;
pub use decode::{DecodeLimits, DecodedBody};
pub use error::LakeError;
pub use lake::Lake;
pub use listing::{Listed, Listing};
pub use metadata::{METADATA_BYTES_MAX, fit_metadata};
pub use reading::{Head, Reading};
pub use upload::{Upload, UploadOptions, Uploaded};
pub use write::{ConditionalPut, Put, PutOptions, Written};
