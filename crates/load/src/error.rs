//! What can go wrong with one object, and what a whole invocation says when something did.

use landing::{Classify, FailureKind, NotARawObject, Position, Violation};
use normalise::NormaliseError;
use objects::LakeError;
use warehouse::WarehouseError;

use crate::database::DatabaseError;
use crate::event::EventError;

/// Why an object is not in the tables.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The key names no raw object.
    #[error(transparent)]
    Layout(#[from] NotARawObject),
    /// The event names it in a way that can't be read.
    #[error("{0}; the object itself is untouched, so list its key and load it by `keys`")]
    Undecodable(String),
    /// It can't be read.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// Its bytes can't become rows.
    #[error(transparent)]
    Normalise(#[from] NormaliseError),
    /// Postgres would not take its rows.
    #[error(transparent)]
    Warehouse(#[from] WarehouseError),
    /// There is no database to be had.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The configuration of its endpoint can't be used.
    #[error(
        "configuration of endpoint `{endpoint}` of source `{source_name}` can't be used: {message}"
    )]
    Rules {
        /// The source.
        source_name: String,
        /// The endpoint.
        endpoint: String,
        /// What is amiss.
        message: String,
    },
    /// Other loads changed the endpoint's tables again and again.
    #[error(
        "load of the object began again {rounds} times, as others changed the same tables; the last time: {last}"
    )]
    CatalogBusy {
        /// How often.
        rounds: u32,
        /// Why it began again the last time.
        last: String,
    },
    /// The invocation's time is up.
    #[error("time of the invocation is up; give the function more, or fewer objects at a time")]
    OutOfTime,
    /// The same, and Postgres has ended what it was doing for us.
    #[error("time of the invocation is up; give the function more, or fewer objects at a time")]
    OutOfTimeThere(#[source] WarehouseError),
    /// It failed for good, and even that could not be recorded.
    #[error("object failed ({kind}: {message}) and its error log could not be written")]
    Unrecorded {
        /// The failure's name.
        kind: &'static str,
        /// The failure.
        message: String,
        /// Why it could not be recorded.
        #[source]
        source: Box<LoadError>,
    },
}

impl LoadError {
    /// The failure's name, stable, for programs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Layout(_) => "unknown_layout",
            Self::Undecodable(_) => "undecodable_event",
            Self::Lake(error) => error.name(),
            Self::Normalise(error) => error.kind.name(),
            Self::Warehouse(error) => error.name(),
            Self::Database(error) => error.name(),
            Self::Rules { .. } => "bad_configuration",
            Self::CatalogBusy { .. } => "catalog_busy",
            Self::OutOfTime | Self::OutOfTimeThere(_) => "out_of_time",
            Self::Unrecorded { .. } => "unrecorded",
        }
    }

    /// Where in the object, as far as that is known.
    pub fn position(&self) -> Position {
        match self {
            Self::Normalise(error) => error.position.clone(),
            Self::Lake(error) => error.position(),
            Self::Layout(_)
            | Self::Undecodable(_)
            | Self::Warehouse(_)
            | Self::Database(_)
            | Self::Rules { .. }
            | Self::CatalogBusy { .. }
            | Self::OutOfTime
            | Self::OutOfTimeThere(_)
            | Self::Unrecorded { .. } => Position::default(),
        }
    }

    /// What stands at that place.
    pub fn excerpt(&self) -> Option<String> {
        match self {
            Self::Normalise(error) => error.excerpt.clone(),
            Self::Layout(_)
            | Self::Undecodable(_)
            | Self::Lake(_)
            | Self::Warehouse(_)
            | Self::Database(_)
            | Self::Rules { .. }
            | Self::CatalogBusy { .. }
            | Self::OutOfTime
            | Self::OutOfTimeThere(_)
            | Self::Unrecorded { .. } => None,
        }
    }

    /// The rule of the configuration that a value goes against, and the value.
    pub fn violation(&self) -> Option<Violation> {
        match self {
            Self::Normalise(error) => error.violation.as_deref().cloned(),
            _ => None,
        }
    }

    /// The message with all its causes, for the log and the error log.
    pub fn with_causes(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            let words = error.to_string();
            if !text.contains(&words) {
                text.push_str(": ");
                text.push_str(&words);
            }
            cause = error.source();
        }
        text
    }
}

impl Classify for LoadError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Layout(_) | Self::Undecodable(_) => FailureKind::Permanent,
            Self::Lake(error) => error.kind(),
            Self::Normalise(error) => error.kind(),
            Self::Warehouse(error) => error.kind(),
            Self::Database(_)
            | Self::Rules { .. }
            | Self::CatalogBusy { .. }
            | Self::OutOfTime
            | Self::OutOfTimeThere(_)
            | Self::Unrecorded { .. } => FailureKind::Transient,
        }
    }
}

/// Why an invocation fails as a whole: the platform is to try again, or a person to look.
#[derive(Debug, thiserror::Error)]
pub enum LoadFailure {
    /// The event asks for nothing that could be done.
    #[error(transparent)]
    Event(#[from] EventError),
    /// Some objects failed in a way that a retry can help; all others are done.
    #[error(
        "{count} of {total} objects to be tried again; the first, `{key}`, failed with {kind}: {message}"
    )]
    Transient {
        /// How many.
        count: u64,
        /// Of how many.
        total: u64,
        /// The first of them.
        key: String,
        /// Its failure's name.
        kind: String,
        /// Its failure.
        message: String,
    },
}

impl LoadFailure {
    /// The stable name that alarms count: `error_type` of the function's error.
    pub fn name(&self) -> &str {
        match self {
            Self::Event(error) => error.name(),
            Self::Transient { kind, .. } => kind,
        }
    }
}

impl From<LoadFailure> for lambda_runtime::Diagnostic {
    fn from(failure: LoadFailure) -> Self {
        Self { error_type: failure.name().to_owned(), error_message: failure.to_string() }
    }
}
