//! Every form in which a failure, or a wish, reaches the manifest.
//!
//! What a failure record wraps is an event of load's; it is decoded by load's own decoder, so that
//! both agree on which object is meant.

mod destination;
mod work;

pub use work::decode;

use jiff::Timestamp;
use landing::{LandedObject, ObjectKey, RAW_PREFIX};
use serde::Deserialize;
use serde_json::Value;

/// What one invocation asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Whether the answer is a partial batch response as well.
    pub is_batch: bool,
    /// The work, in the order of the event.
    pub work: Vec<Work>,
}

/// One piece of work, and the SQS message that asks for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Work {
    /// What is to be done.
    pub task: Task,
    /// The message to name if it can't be done now.
    pub reply_to: Option<String>,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Task {
    /// An error log came or went: bring its line in the list up to date.
    Follow {
        /// The bucket.
        bucket: String,
        /// The error log's key.
        error_log_key: ObjectKey,
    },
    /// An object was given up without a word from load.
    Silent(Box<SilentFailure>),
    /// Compare everything with everything.
    Compact {
        /// Where in `raw/` to go on, as an earlier answer said.
        after: Option<ObjectKey>,
    },
    /// Load again.
    Replay(Replay),
    /// A failure that names no object: fetch's, or an event that can't be read.
    Unlisted {
        /// What is known of it.
        message: String,
    },
    /// None of the manifest's business.
    Ignore {
        /// What it was.
        what: String,
    },
}

/// An object that was given up without a word from load.
#[derive(Debug, Clone, PartialEq)]
pub struct SilentFailure {
    /// The object.
    pub object: LandedObject,
    /// `retries_exhausted`, `event_age_exceeded`, `dead_letter`.
    pub kind: &'static str,
    /// What happened.
    pub message: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was given up.
    pub at: Option<Timestamp>,
}

/// What to load again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// Which objects.
    pub selection: Selection,
    /// Whether guards are overridden.
    pub force: bool,
}

/// Which objects to load again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// All that is open.
    Open,
    /// What is open under a failure's name.
    Kind(String),
    /// These, open or not.
    Keys(Vec<ObjectKey>),
    /// Everything in the lake under a prefix, open or not.
    Prefix(String),
}

/// An event that asks for nothing that could be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// Its form is none of those known.
    #[error(
        "event is of no known form; send an on-failure record, a dead-lettered or `errors/` S3 event (also in SQS), a schedule, or `{{\"replay\":{{…}}}}`: {0}"
    )]
    UnknownForm(String),
    /// A replay that can't be understood.
    #[error(
        "replay can't be understood: {0}; give `keys`, `prefix`, `kind`, or nothing for all that is open"
    )]
    BadReplay(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReplayFields {
    keys: Option<Vec<String>>,
    prefix: Option<String>,
    kind: Option<String>,
    #[serde(default)]
    force: bool,
}

impl Replay {
    /// Reads `{"keys":[…]}`, `{"prefix":"raw/…"}`, `{"kind":"…"}` or `{}`, each with `force` if a
    /// person wants it. A misspelt field would mean everything, so it is an error.
    pub fn read(value: &Value) -> Result<Self, EventError> {
        let bad = |reason: &str| EventError::BadReplay(reason.to_owned());
        let fields = ReplayFields::deserialize(value).map_err(|error| bad(&error.to_string()))?;
        let selection = match (fields.keys, fields.prefix, fields.kind) {
            (None, None, None) => Selection::Open,
            (Some(keys), None, None) => {
                Selection::Keys(keys.into_iter().map(ObjectKey::new).collect())
            }
            (None, Some(prefix), None) if prefix.starts_with(RAW_PREFIX) => {
                Selection::Prefix(prefix)
            }
            (None, Some(_), None) => return Err(bad("`prefix` does not start with `raw/`")),
            (None, None, Some(kind)) => Selection::Kind(kind),
            _ => return Err(bad("more than one of `keys`, `prefix`, `kind` is given")),
        };
        Ok(Self { selection, force: fields.force })
    }
}
