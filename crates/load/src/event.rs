//! Every form in which a word of new objects arrives, decoded once into the objects it names.
//!
//! Lenient: a field that is not needed may be missing, unknown ones are passed over, and what can't
//! be decoded becomes an item of its own, so that one bad message never fails its neighbours. What
//! is done with an item is `handler`'s.

mod envelope;
mod record;

pub use envelope::decode;

use landing::{Classify, FailureKind, LandedObject};

/// What one invocation asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The form, which decides the form of the answer.
    pub form: Form,
    /// The objects named, in the order of the event.
    pub items: Vec<Item>,
    /// Whether guards are overridden: a person asked for it.
    pub force: bool,
}

/// The outermost envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// An S3 event notification.
    Notification,
    /// SQS messages; the answer is a partial batch response.
    Sqs,
    /// SNS messages.
    Sns,
    /// An EventBridge event.
    EventBridge,
    /// A task list of S3 Batch Operations; the answer is its result format.
    S3Batch {
        /// `1.0` or `2.0`, answered as it came.
        schema_version: String,
        /// Answered as it came.
        invocation_id: String,
    },
    /// `{"keys":[…]}`.
    Keys,
    /// `s3:TestEvent`, which S3 sends when a notification is configured.
    Test,
}

/// One object named, and whom to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What is said.
    pub subject: Subject,
    /// The SQS message or S3 Batch task that said it.
    pub reply_to: Option<String>,
}

/// What an event says of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// It was written.
    Created(LandedObject),
    /// It was removed.
    Removed(LandedObject),
    /// Something else happened to it: tags, a restore.
    Other {
        /// What, in S3's words.
        event_name: String,
        /// The object.
        object: LandedObject,
    },
    /// The event can't be read.
    Undecodable(Undecodable),
}

/// A part of an event that can't be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undecodable {
    /// The bucket, where it can be told.
    pub bucket: Option<String>,
    /// The key as it came, where there is one.
    pub key: Option<String>,
    /// What is amiss.
    pub reason: String,
}

/// An event that as a whole asks for nothing that could be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// Its form is none of those known.
    #[error(
        "event is of no known form ({0}); send an S3 notification (also in SQS or SNS), an EventBridge `Object Created`, an S3 Batch Operations task list, or `{{\"keys\":[…]}}`"
    )]
    UnknownForm(String),
    /// It names keys without a bucket, and there is no default.
    #[error(
        "event names key `{0}` without a bucket; add `bucket` to the event or set RIACHO_BUCKET"
    )]
    NoBucket(String),
}

impl EventError {
    /// The stable name that alarms count.
    pub fn name(&self) -> &'static str {
        match self {
            Self::UnknownForm(_) => "unknown_event",
            Self::NoBucket(_) => "no_bucket",
        }
    }
}

impl Classify for EventError {
    fn kind(&self) -> FailureKind {
        FailureKind::Permanent
    }
}
