//! Why the manifest could not be kept, or a replay not be made.

use landing::{Classify, FailureKind};
use load::{DatabaseError, LoadError};
use objects::LakeError;
use warehouse::WarehouseError;

use crate::event::EventError;

/// Why an invocation failed. All that it did stands; a retry does the rest.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The event asks for nothing that could be done.
    #[error(transparent)]
    Event(#[from] EventError),
    /// The lake failed.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// There is no database to compare with.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The warehouse failed.
    #[error(transparent)]
    Warehouse(#[from] WarehouseError),
    /// A failure could not be written down.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// Too many functions write the list at once.
    #[error(
        "manifests/open.jsonl was changed by others {attempts} times in a row; lower the manifest's concurrency"
    )]
    Contended {
        /// How often.
        attempts: u32,
    },
    /// Nothing names the lake.
    #[error("no bucket is known; set RIACHO_BUCKET, or `lake.bucket` in the configuration")]
    NoBucket,
}

impl ManifestError {
    /// The stable name that alarms count: `error_type` of the function's error.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Event(EventError::UnknownForm(_)) => "unknown_event",
            Self::Event(EventError::BadReplay(_)) => "bad_replay",
            Self::Lake(error) => error.name(),
            Self::Database(error) => error.name(),
            Self::Warehouse(error) => error.name(),
            Self::Load(error) => error.name(),
            Self::Contended { .. } => "contended",
            Self::NoBucket => "no_bucket",
        }
    }
}

impl Classify for ManifestError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Event(_) => FailureKind::Permanent,
            Self::Lake(error) => error.kind(),
            Self::Warehouse(error) => error.kind(),
            Self::Load(error) => error.kind(),
            Self::Database(_) | Self::Contended { .. } | Self::NoBucket => FailureKind::Transient,
        }
    }
}

impl From<ManifestError> for lambda_runtime::Diagnostic {
    fn from(error: ManifestError) -> Self {
        Self { error_type: error.name().to_owned(), error_message: error.to_string() }
    }
}
