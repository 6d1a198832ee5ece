//! What a command's end says to scripts.

use std::process::ExitCode;

use fetch::FetchError;
use landing::{Classify, FailureKind};
use load::{ConfigurationError, DatabaseError};
use manifest::ManifestError;
use objects::{AddressError, LakeError};
use warehouse::WarehouseError;

/// The exit codes, as `--help` lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// All is well.
    Well,
    /// Something failed, or failures are open.
    Failures,
    /// The command line or the configuration can't be used.
    Usage,
    /// Something outside failed; the same command may succeed later.
    Transient,
}

/// A mistake that whoever typed the command can mend.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) String);

impl Exit {
    /// The code that an error deserves.
    pub(crate) fn of(error: &anyhow::Error) -> Self {
        error.chain().find_map(Self::of_cause).unwrap_or(Self::Failures)
    }

    fn of_cause(cause: &(dyn std::error::Error + 'static)) -> Option<Self> {
        if cause.is::<Usage>() || cause.is::<configuration::ConfigurationErrors>() {
            return Some(Self::Usage);
        }
        if let Some(error) = cause.downcast_ref::<ConfigurationError>() {
            return Some(match error {
                ConfigurationError::Unreadable { source: AddressError::Lake(source), .. } => {
                    Self::of_kind(source.kind())
                }
                ConfigurationError::Unreadable { .. } | ConfigurationError::Wrong(_) => Self::Usage,
            });
        }
        if let Some(error) = cause.downcast_ref::<DatabaseError>() {
            return Some(Self::of_database(error));
        }
        if let Some(error) = cause.downcast_ref::<ManifestError>() {
            return Some(match error {
                ManifestError::Event(_) | ManifestError::NoBucket => Self::Usage,
                ManifestError::Database(error) => Self::of_database(error),
                _ => Self::of_kind(error.kind()),
            });
        }
        if let Some(error) = cause.downcast_ref::<FetchError>() {
            return Some(match error {
                FetchError::Configuration(_)
                | FetchError::Event(_)
                | FetchError::Plan(_)
                | FetchError::NoBucket => Self::Usage,
                FetchError::Client(_) => Self::Failures,
                FetchError::List(_) | FetchError::Incomplete(_) => Self::Transient,
            });
        }
        let lake = cause.downcast_ref::<LakeError>().map(Classify::kind);
        let warehouse = || cause.downcast_ref::<WarehouseError>().map(Classify::kind);
        lake.or_else(warehouse).map(Self::of_kind)
    }

    fn of_database(error: &DatabaseError) -> Self {
        match error {
            DatabaseError::Settings(_) => Self::Usage,
            DatabaseError::Secret(error) => Self::of_kind(error.kind()),
            DatabaseError::Warehouse(error) => Self::of_kind(error.kind()),
        }
    }

    fn of_kind(kind: FailureKind) -> Self {
        match kind {
            FailureKind::Transient => Self::Transient,
            FailureKind::Permanent => Self::Failures,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Well => 0,
            Exit::Failures => 1,
            Exit::Usage => 2,
            Exit::Transient => 3,
        })
    }
}
