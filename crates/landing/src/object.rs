//! An object as an event or a listing names it.

use serde::{Deserialize, Serialize};

use crate::{ObjectKey, Sequencer};

/// What is known of an object before it is read. Only bucket and key are certain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LandedObject {
    /// The bucket's name.
    pub bucket: String,
    /// The decoded key.
    pub key: ObjectKey,
    /// The version, where the bucket keeps versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// The entity tag without quotes; an opaque version of the bytes, not always their MD5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// The order of this write among those of its key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequencer: Option<Sequencer>,
    /// Size in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}

impl LandedObject {
    /// An object of which no more is known than its name.
    pub fn named(bucket: impl Into<String>, key: ObjectKey) -> Self {
        Self {
            bucket: bucket.into(),
            key,
            version_id: None,
            etag: None,
            sequencer: None,
            bytes: None,
        }
    }
}
