//! A small text by its address: a path on this machine, or an `s3://` address.

use landing::{Classify, FailureKind, ObjectKey};

use crate::{Lake, LakeError};

/// A configuration or a list of values; more is a mistake.
const BYTES_MAX: u64 = 64 << 20;

/// Why the text at an address can't be had.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// No such form.
    #[error("`{0}` is no address of an object; write it like `s3://bucket/key`")]
    Malformed(String),
    /// No such object.
    #[error("nothing stands at `{0}`; put the file there, or correct the address")]
    Nothing(String),
    /// Not UTF-8.
    #[error("the text at `{0}` is not UTF-8")]
    NotUtf8(String),
    /// The lake failed.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// The file system failed.
    #[error("file `{path}` can't be read: {source}")]
    File {
        /// The path.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl Classify for AddressError {
    /// What an operator wrote is no object's fault.
    fn kind(&self) -> FailureKind {
        FailureKind::Transient
    }
}

impl Lake {
    /// The whole text at a path or an `s3://` address.
    pub async fn read_text_address(&self, address: &str) -> Result<String, AddressError> {
        let Some(rest) = address.strip_prefix("s3://") else {
            let text = tokio::fs::read_to_string(address).await;
            return text.map_err(|source| AddressError::File { path: address.to_owned(), source });
        };
        let (bucket, key) = rest
            .split_once('/')
            .filter(|(bucket, key)| !bucket.is_empty() && !key.is_empty())
            .ok_or_else(|| AddressError::Malformed(address.to_owned()))?;
        let found = self.get_bytes(bucket, &ObjectKey::new(key), BYTES_MAX).await?;
        let (bytes, _) = found.ok_or_else(|| AddressError::Nothing(address.to_owned()))?;
        String::from_utf8(bytes.to_vec()).map_err(|_| AddressError::NotUtf8(address.to_owned()))
    }
}
