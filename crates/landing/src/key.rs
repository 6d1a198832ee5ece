//! An object key, decoded once at the edge. Which envelope encodes it and which does not is said
//! here; what the folders of a key mean is said in `layout`.

use std::fmt;

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

/// The decoded, complete name of an object in its bucket.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ObjectKey(String);

/// A key that is not UTF-8 once its percent signs are undone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("object key `{0}` is not UTF-8 once decoded; S3 keys are UTF-8, so the event is damaged")]
pub struct UndecodableKey(pub String);

impl ObjectKey {
    /// Takes a key that stands as it is: from a listing, an EventBridge event, a person.
    pub fn new(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    /// Decodes a key as an S3 event notification writes it: form encoding, where a space is `+`.
    ///
    /// Source: Amazon S3 User Guide, "Event message structure" (`s3.object.key`).
    pub fn from_notification(encoded: &str) -> Result<Self, UndecodableKey> {
        Self::from_percent_encoded(&encoded.replace('+', " "))
            .map_err(|_| UndecodableKey(encoded.to_owned()))
    }

    /// Decodes a key as S3 Batch Operations and its CSV manifests write it: percent-encoded, where
    /// `+` is a plus.
    ///
    /// Source: Amazon S3 User Guide, "Specifying a manifest" and "Invoke AWS Lambda function".
    pub fn from_percent_encoded(encoded: &str) -> Result<Self, UndecodableKey> {
        percent_decode_str(encoded)
            .decode_utf8()
            .map(|key| Self(key.into_owned()))
            .map_err(|_| UndecodableKey(encoded.to_owned()))
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key as S3 writes it in an event notification.
    pub fn to_notification(&self) -> String {
        self.to_percent_encoded().replace("%20", "+")
    }

    /// The key percent-encoded as S3 Batch Operations takes it in a CSV manifest; `/` stays.
    pub fn to_percent_encoded(&self) -> String {
        crate::layout::encode_key(&self.0)
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plus_is_a_space_in_a_notification_and_a_plus_in_a_batch_manifest() {
        assert_eq!(ObjectKey::from_notification("a+b%2Bc").unwrap().as_str(), "a b+c");
        assert_eq!(ObjectKey::from_percent_encoded("a+b%2Bc%20d").unwrap().as_str(), "a+b+c d");
    }

    #[test]
    fn a_key_survives_both_encodings() {
        let key = ObjectKey::new("raw/source=s/endpoint=e/store=S%C3%A3o+1 %2F é/x.json");
        assert_eq!(ObjectKey::from_notification(&key.to_notification()).unwrap(), key);
        assert_eq!(ObjectKey::from_percent_encoded(&key.to_percent_encoded()).unwrap(), key);
    }

    #[test]
    fn bytes_that_are_not_utf8_are_named() {
        let error = ObjectKey::from_notification("raw/%FF").unwrap_err();
        assert_eq!(error, UndecodableKey("raw/%FF".to_owned()));
    }
}
