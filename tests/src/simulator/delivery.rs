//! What S3 said of objects, in the forms in which it comes to a function, and what its answer says
//! of each.
//!
//! Sources: Amazon S3 User Guide, "Event message structure"; AWS Lambda Developer Guide,
//! "Implementing partial batch responses", "Capturing records of Lambda asynchronous invocations".

use std::collections::BTreeSet;

use embedded::s3::ObjectEvent;
use fastrand::Rng;
use serde_json::{Value, json};

use super::actor::Answer;
use crate::messages::{batch, failures};

/// How events are wrapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Notification,
    EventBridge,
    Queue,
}

impl Form {
    pub(super) fn draw(rng: &mut Rng, events: usize) -> Self {
        match rng.u8(..3) {
            0 if events == 1 => Self::EventBridge,
            0 | 1 => Self::Queue,
            _ => Self::Notification,
        }
    }

    /// The payload of an invocation.
    pub(super) fn wrap(self, events: &[ObjectEvent]) -> Value {
        match self {
            Self::EventBridge => events.first().map_or(Value::Null, ObjectEvent::event_bridge),
            Self::Notification => {
                let records = events.iter().map(|event| event.notification()["Records"][0].take());
                json!({ "Records": records.collect::<Vec<_>>() })
            }
            Self::Queue => {
                let messages = events.iter().enumerate();
                let messages = messages.map(|(at, event)| (at.to_string(), event.notification()));
                let messages = messages.collect::<Vec<_>>();
                batch(messages.iter().map(|(id, notification)| (id, notification)))
            }
        }
    }
}

/// Which of so many events are to come again, by their places.
pub(super) fn to_come_again(form: Form, answer: &Answer, events: usize) -> BTreeSet<usize> {
    match (form, answer) {
        (_, Answer::Failed(_) | Answer::Killed) => (0..events).collect(),
        (Form::Notification | Form::EventBridge, Answer::Given(_)) => BTreeSet::new(),
        (Form::Queue, Answer::Given(answer)) => {
            failures(answer).into_iter().map(|id| id.parse().unwrap()).collect()
        }
    }
}

/// The keys of which a summary says one of these outcomes.
pub(super) fn said(answer: &Answer, outcomes: &[&str]) -> Vec<String> {
    let Answer::Given(answer) = answer else { return Vec::new() };
    let objects = answer["objects"].as_array().into_iter().flatten();
    let told = objects.filter(|object| {
        object["outcome"].as_str().is_some_and(|outcome| outcomes.contains(&outcome))
    });
    told.filter_map(|object| object["key"].as_str().map(str::to_owned)).collect()
}

/// The record that goes to the on-failure destination once Lambda has given an event up.
pub(super) fn given_up(event: &ObjectEvent, message: &str) -> Value {
    json!({
        "version": "1.0",
        "timestamp": "2026-11-06T00:00:00.000Z",
        "requestContext": {
            "requestId": event.sequencer,
            "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:load:$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 3,
        },
        "requestPayload": event.notification(),
        "responseContext": {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": "Unhandled",
        },
        "responsePayload": { "errorType": "Runtime.ExitError", "errorMessage": message },
    })
}
