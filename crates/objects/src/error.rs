//! What can go wrong between the lake and us. One variant for each thing that a caller or an
//! operator does differently; how S3's answers become these is said in `translate`.

use landing::{Classify, FailureKind, Position};

/// An object as errors name it: `bucket/key`.
type Object = String;

/// A failure to read, write or list.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// No object of that key.
    #[error("object `{object}` does not exist; it was deleted, or never written")]
    NoSuchKey {
        /// The object.
        object: Object,
    },
    /// The key's version is gone, or is a delete marker.
    #[error("object `{object}` has no readable version `{version_id}`; it was deleted since")]
    NoSuchVersion {
        /// The object.
        object: Object,
        /// The version asked for.
        version_id: String,
    },
    /// The bucket does not exist: ours to mend, so the object is not condemned.
    #[error("bucket of `{object}` does not exist; check the bucket's name and region")]
    NoSuchBucket {
        /// The object.
        object: Object,
    },
    /// In a storage class that cannot be read.
    #[error("object `{object}` is archived; restore it from Glacier, then replay")]
    Archived {
        /// The object.
        object: Object,
    },
    /// S3 takes keys of 1,024 bytes.
    #[error("key of `{object}` is longer than the 1024 bytes that S3 takes")]
    KeyTooLong {
        /// The object.
        object: Object,
    },
    /// Overwritten between the event and the read; the newer write has an event of its own.
    #[error("object `{object}` changed since its event: entity tag `{etag}` is no longer current")]
    Changed {
        /// The object.
        object: Object,
        /// The entity tag expected.
        etag: String,
    },
    /// A missing grant, a wrong key, an expired token: ours to mend.
    #[error(
        "S3 denied {operation} of `{object}` ({code}); check the role's policy and credentials"
    )]
    Denied {
        /// What was asked.
        operation: &'static str,
        /// The object.
        object: Object,
        /// S3's error code.
        code: String,
    },
    /// Too many requests.
    #[error("S3 throttled {operation} of `{object}` ({code})")]
    Throttled {
        /// What was asked.
        operation: &'static str,
        /// The object.
        object: Object,
        /// S3's error code.
        code: String,
    },
    /// Anything else that S3 answered.
    #[error("S3 answered {operation} of `{object}` with {status} {code}: {message}")]
    Refused {
        /// What was asked.
        operation: &'static str,
        /// The object.
        object: Object,
        /// The HTTP status.
        status: u16,
        /// S3's error code.
        code: String,
        /// S3's words.
        message: String,
    },
    /// No answer: no connection, a time-out, no credentials.
    #[error("{operation} of `{object}` got no answer from S3")]
    Unreachable {
        /// What was asked.
        operation: &'static str,
        /// The object.
        object: Object,
        /// The reason.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The body ended, or the connection broke, before the length that S3 had announced.
    #[error("body of `{object}` broke off after {raw_bytes} bytes")]
    BodyLost {
        /// The object.
        object: Object,
        /// Bytes received.
        raw_bytes: u64,
        /// The reason.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// S3 began the body and then sent nothing for too long.
    #[error("body of `{object}` stalled: nothing came for {waited:?} after {raw_bytes} bytes")]
    Stalled {
        /// The object.
        object: Object,
        /// Bytes received.
        raw_bytes: u64,
        /// How long it was waited.
        waited: std::time::Duration,
    },
    /// The compressed stream ends early, though the object is whole.
    #[error(
        "{format} of `{object}` is cut off: it ends after {byte_offset} decompressed bytes; fetch it again"
    )]
    CutOff {
        /// The object.
        object: Object,
        /// `gzip` or `zstd`.
        format: &'static str,
        /// Decompressed bytes until there.
        byte_offset: u64,
    },
    /// Name or header say compressed, the bytes say not.
    #[error(
        "`{object}` is called {format} but its bytes are not; rename it, or mend its content-encoding"
    )]
    NotCompressed {
        /// The object.
        object: Object,
        /// `gzip` or `zstd`.
        format: &'static str,
    },
    /// Damaged inside.
    #[error("{format} of `{object}` is damaged after {byte_offset} decompressed bytes: {reason}")]
    BadCompression {
        /// The object.
        object: Object,
        /// `gzip` or `zstd`.
        format: &'static str,
        /// Decompressed bytes until there.
        byte_offset: u64,
        /// The decoder's words.
        reason: String,
    },
    /// Over the bound for the decompressed size.
    #[error("`{object}` is larger than the bound of {bytes_max} bytes")]
    TooLarge {
        /// The object.
        object: Object,
        /// The bound.
        bytes_max: u64,
    },
    /// Over the bound for the ratio: a decompression bomb.
    #[error(
        "`{object}` inflates to more than {ratio_max} times its size, after {byte_offset} decompressed bytes; raise the bound if it is genuine"
    )]
    Inflates {
        /// The object.
        object: Object,
        /// The bound.
        ratio_max: u64,
        /// Decompressed bytes until there.
        byte_offset: u64,
    },
}

impl LakeError {
    /// The failure's name, stable, for programs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NoSuchKey { .. } => "no_such_key",
            Self::NoSuchVersion { .. } => "no_such_version",
            Self::NoSuchBucket { .. } => "no_such_bucket",
            Self::Archived { .. } => "archived",
            Self::KeyTooLong { .. } => "key_too_long",
            Self::Changed { .. } => "changed",
            Self::Denied { .. } => "access_denied",
            Self::Throttled { .. } => "throttled",
            Self::Refused { .. } => "s3_refused",
            Self::Unreachable { .. } => "s3_unreachable",
            Self::BodyLost { .. } => "body_lost",
            Self::Stalled { .. } => "body_stalled",
            Self::CutOff { .. } => "cut_off",
            Self::NotCompressed { .. } => "not_compressed",
            Self::BadCompression { .. } => "bad_compression",
            Self::TooLarge { .. } => "too_large",
            Self::Inflates { .. } => "inflates",
        }
    }

    /// Where in the decompressed object, where that is known.
    pub fn position(&self) -> Position {
        let byte_offset = match self {
            Self::CutOff { byte_offset, .. }
            | Self::BadCompression { byte_offset, .. }
            | Self::Inflates { byte_offset, .. } => Some(*byte_offset),
            Self::NotCompressed { .. } => Some(0),
            Self::TooLarge { bytes_max, .. } => Some(*bytes_max),
            Self::NoSuchKey { .. }
            | Self::NoSuchVersion { .. }
            | Self::NoSuchBucket { .. }
            | Self::Archived { .. }
            | Self::KeyTooLong { .. }
            | Self::Changed { .. }
            | Self::Denied { .. }
            | Self::Throttled { .. }
            | Self::Refused { .. }
            | Self::Unreachable { .. }
            | Self::BodyLost { .. }
            | Self::Stalled { .. } => None,
        };
        Position { byte_offset, ..Position::default() }
    }
}

impl Classify for LakeError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::NoSuchKey { .. }
            | Self::NoSuchVersion { .. }
            | Self::Archived { .. }
            | Self::KeyTooLong { .. }
            | Self::CutOff { .. }
            | Self::NotCompressed { .. }
            | Self::BadCompression { .. }
            | Self::TooLarge { .. }
            | Self::Inflates { .. } => FailureKind::Permanent,
            Self::NoSuchBucket { .. }
            | Self::Changed { .. }
            | Self::Denied { .. }
            | Self::Throttled { .. }
            | Self::Refused { .. }
            | Self::Unreachable { .. }
            | Self::BodyLost { .. }
            | Self::Stalled { .. } => FailureKind::Transient,
        }
    }
}
