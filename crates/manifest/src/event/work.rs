//! From an event to the work that it asks for.

use std::collections::BTreeSet;

use aws_lambda_events::event::sqs::{SqsEvent, SqsMessage};
use jiff::Timestamp;
use landing::{ERRORS_PREFIX, LandedObject, ObjectKey, RAW_PREFIX};
use load::event::Subject;
use serde::Deserialize;
use serde_json::Value;

use super::destination::Destination;
use super::{EventError, Replay, Request, SilentFailure, Task, Work};

/// Decodes an event of any form in the contract.
pub fn decode(event: &Value, default_bucket: Option<&str>) -> Result<Request, EventError> {
    let source = event.pointer("/Records/0/eventSource");
    if source.and_then(Value::as_str) == Some("aws:sqs") {
        return messages(event, default_bucket);
    }
    let tasks = tasks(event, default_bucket, None)?;
    let work = tasks.into_iter().map(|task| Work { task, reply_to: None });
    Ok(Request { is_batch: false, work: work.collect() })
}

fn messages(event: &Value, default_bucket: Option<&str>) -> Result<Request, EventError> {
    let event =
        SqsEvent::deserialize(event).map_err(|error| EventError::UnknownForm(error.to_string()))?;
    let mut work = Vec::new();
    for message in event.records {
        let tasks = message_tasks(&message, default_bucket);
        work.extend(
            tasks.into_iter().map(|task| Work { task, reply_to: message.message_id.clone() }),
        );
    }
    Ok(Request { is_batch: true, work })
}

/// A message that can't be read is said in the log and goes: given back, it would come again until
/// it expires, as behind the manifest's own queues there is nothing that could read it better.
fn message_tasks(message: &SqsMessage, default_bucket: Option<&str>) -> Vec<Task> {
    let body = message.body.as_deref().unwrap_or_default();
    let decoded =
        serde_json::from_str::<Value>(body).map_err(|error| error.to_string()).and_then(|event| {
            tasks(&event, default_bucket, Some(message)).map_err(|error| error.to_string())
        });
    decoded.unwrap_or_else(|reason| {
        let id = message.message_id.as_deref().unwrap_or_default();
        vec![Task::Unlisted { message: format!("message {id} can't be read: {reason}") }]
    })
}

/// What an event asks for; `message` is the SQS message that it came in, if it came in one.
fn tasks(
    event: &Value,
    default_bucket: Option<&str>,
    message: Option<&SqsMessage>,
) -> Result<Vec<Task>, EventError> {
    if let Some(destination) = Destination::read(event) {
        return Ok(given_up(&destination, default_bucket));
    }
    if let Some(replay) = event.get("replay") {
        return Ok(vec![Task::Replay(Replay::read(replay)?)]);
    }
    if is_schedule(event) {
        let after = event.get("after").and_then(Value::as_str);
        return Ok(vec![Task::Compact { after: after.map(ObjectKey::new) }]);
    }
    let request = load::event::decode(event, default_bucket)
        .map_err(|error| EventError::UnknownForm(error.to_string()))?;
    let subjects = request.items.into_iter().map(|item| item.subject);
    Ok(subjects.map(|subject| noticed(subject, message)).collect())
}

fn is_schedule(event: &Value) -> bool {
    let asks = event.get("compact").and_then(Value::as_bool) == Some(true);
    let empty = event.as_object().is_some_and(serde_json::Map::is_empty);
    let source = event.get("source").and_then(Value::as_str);
    asks || empty || matches!(source, Some("aws.events" | "aws.scheduler"))
}

/// An S3 event that came to the manifest itself: of an error log, or a dead letter of load's.
fn noticed(subject: Subject, message: Option<&SqsMessage>) -> Task {
    let (object, is_created) = match subject {
        Subject::Created(object) => (object, true),
        Subject::Removed(object) => (object, false),
        Subject::Other { event_name, object } => {
            return Task::Ignore { what: format!("{event_name} of `{}`", object.key) };
        }
        Subject::Undecodable(found) => {
            return Task::Unlisted { message: format!("event can't be read: {}", found.reason) };
        }
    };
    if object.key.as_str().starts_with(ERRORS_PREFIX) {
        return Task::Follow { bucket: object.bucket, error_log_key: object.key };
    }
    match message {
        Some(message) if is_created && is_raw(&object.key) => {
            Task::Silent(Box::new(dead_letter(object, message)))
        }
        Some(_) | None => Task::Ignore { what: format!("event of `{}`", object.key) },
    }
}

/// A dead letter says nothing of why.
fn dead_letter(object: LandedObject, message: &SqsMessage) -> SilentFailure {
    let attribute = |name: &str| message.attributes.get(name);
    let attempts = attribute("ApproximateReceiveCount").and_then(|count| count.parse().ok());
    let sent = attribute("SentTimestamp").and_then(|text| text.parse().ok());
    SilentFailure {
        object,
        kind: "dead_letter",
        message: "the object's event was received again and again and never handled; load's log says why; mend the cause, then replay".to_owned(),
        attempts: attempts.unwrap_or(1),
        at: sent.and_then(|sent| Timestamp::from_millisecond(sent).ok()),
    }
}

/// What a function was given and gave up on: load's objects, or something without one.
fn given_up(destination: &Destination<'_>, default_bucket: Option<&str>) -> Vec<Task> {
    let unlisted = |what: &str| Task::Unlisted {
        message: format!("{}: {what}: {}", destination.function, destination.message),
    };
    let Ok(request) = load::event::decode(destination.payload, default_bucket) else {
        return vec![unlisted("the event names no object")];
    };
    let mut named = BTreeSet::new();
    let mut tasks = Vec::new();
    for item in request.items {
        match item.subject {
            Subject::Created(object) if is_raw(&object.key) => {
                if named.insert((object.bucket.clone(), object.key.clone())) {
                    tasks.push(Task::Silent(Box::new(silent(object, destination))));
                }
            }
            Subject::Created(object) | Subject::Removed(object) | Subject::Other { object, .. } => {
                tasks.push(Task::Ignore { what: format!("failed event of `{}`", object.key) })
            }
            Subject::Undecodable(found) => tasks.push(unlisted(&found.reason)),
        }
    }
    tasks
}

fn silent(object: LandedObject, destination: &Destination<'_>) -> SilentFailure {
    SilentFailure {
        object,
        kind: destination.kind,
        message: destination.message.clone(),
        attempts: destination.attempts,
        at: destination.at,
    }
}

fn is_raw(key: &ObjectKey) -> bool {
    key.as_str().starts_with(RAW_PREFIX)
}
