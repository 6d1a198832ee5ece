//! Why a run could not begin, or asks to be run again.

use configuration::ConfigurationErrors;
use landing::{Classify, FailureKind};
use objects::AddressError;

use crate::event::EventError;
use crate::lists::ListError;
use crate::plan::PlanError;
use crate::report::FetchReport;

/// Why a run could not begin, or asks to be run again.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The configuration is wrong, or can't be read.
    #[error(transparent)]
    Configuration(#[from] configuration::LoadError<AddressError>),
    /// The event asks for nothing that can be understood.
    #[error(transparent)]
    Event(#[from] EventError),
    /// The request names what is not configured.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A list of partition values can't be read.
    #[error(transparent)]
    List(#[from] ListError),
    /// There is no lake.
    #[error(
        "no bucket to land objects in; set `lake.bucket` in the configuration, or RIACHO_BUCKET"
    )]
    NoBucket,
    /// There is no HTTP client.
    #[error("no HTTP client: {0}; look at the machine's certificates")]
    Client(#[source] reqwest::Error),
    /// Scopes failed that another run may fetch. What is there by then is skipped.
    #[error("{}\n{}", .0.summary(), report_json(.0))]
    Incomplete(Box<FetchReport>),
}

impl FetchError {
    /// The error's stable name, for alarms.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Configuration(_) => "ConfigurationError",
            Self::Event(_) => "EventError",
            Self::Plan(_) => "PlanError",
            Self::List(_) => "ListError",
            Self::NoBucket => "NoBucket",
            Self::Client(_) => "ClientError",
            Self::Incomplete(_) => "FetchIncomplete",
        }
    }
}

impl Classify for FetchError {
    /// A run condemns no object; whatever is wrong is late at worst.
    fn kind(&self) -> FailureKind {
        FailureKind::Transient
    }
}

impl From<ConfigurationErrors> for FetchError {
    fn from(errors: ConfigurationErrors) -> Self {
        Self::Configuration(errors.into())
    }
}

fn report_json(report: &FetchReport) -> String {
    serde_json::to_string(report).unwrap_or_default()
}
