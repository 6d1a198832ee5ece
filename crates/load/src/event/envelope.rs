//! From the outermost envelope inwards: which form it is, and what is wrapped in it.

use aws_lambda_events::event::sqs::{SqsEvent, SqsMessage};
use serde::Deserialize;
use serde_json::Value;

use super::{EventError, Form, Item, Request, Subject, Undecodable, record};

/// How deep an S3 event can be wrapped: SQS around SNS around it, and one more for a redriven one.
const MAX_WRAPS: usize = 3;

/// Decodes an event of any form in the contract. `default_bucket` serves key lists that name none.
pub fn decode(event: &Value, default_bucket: Option<&str>) -> Result<Request, EventError> {
    let source = first_source(event);
    let (form, items) = match source {
        Some("aws:sqs") => (Form::Sqs, messages(event, default_bucket)?),
        Some("aws:sns") => {
            let subjects = unwrapped(event, default_bucket, MAX_WRAPS)?;
            (Form::Sns, without_reply(subjects))
        }
        Some(_) | None if event.get("tasks").is_some() => (batch_form(event), tasks(event)),
        Some(_) | None => {
            let subjects = unwrapped(event, default_bucket, MAX_WRAPS)?;
            (plain_form(event), without_reply(subjects))
        }
    };
    Ok(Request { form, items, force: event.get("force").and_then(Value::as_bool).unwrap_or(false) })
}

fn plain_form(event: &Value) -> Form {
    if event.get("Records").is_some() {
        Form::Notification
    } else if event.get("detail-type").is_some() {
        Form::EventBridge
    } else if event.get("keys").is_some() {
        Form::Keys
    } else {
        Form::Test
    }
}

fn batch_form(event: &Value) -> Form {
    let text = |name: &str| {
        let value = event.get(name).and_then(Value::as_str);
        value.unwrap_or_default().to_owned()
    };
    Form::S3Batch {
        schema_version: text("invocationSchemaVersion"),
        invocation_id: text("invocationId"),
    }
}

fn tasks(event: &Value) -> Vec<Item> {
    let tasks = event.get("tasks").and_then(Value::as_array);
    tasks
        .into_iter()
        .flatten()
        .map(|task| Item {
            subject: record::batch_task(task),
            reply_to: task.get("taskId").and_then(Value::as_str).map(str::to_owned),
        })
        .collect()
}

/// Each message is decoded by itself: a bad body is an item that fails, not a batch that does.
fn messages(event: &Value, default_bucket: Option<&str>) -> Result<Vec<Item>, EventError> {
    let event =
        SqsEvent::deserialize(event).map_err(|error| EventError::UnknownForm(error.to_string()))?;
    let items =
        event.records.into_iter().flat_map(|message| items_of(message, default_bucket)).collect();
    Ok(items)
}

fn items_of(message: SqsMessage, default_bucket: Option<&str>) -> Vec<Item> {
    let reply_to = message.message_id;
    let subjects = text(message.body.as_deref(), default_bucket, MAX_WRAPS)
        .unwrap_or_else(|reason| vec![unreadable(reason)]);
    let item = |subject| Item { subject, reply_to: reply_to.clone() };
    subjects.into_iter().map(item).collect()
}

fn without_reply(subjects: Vec<Subject>) -> Vec<Item> {
    let item = |subject| Item { subject, reply_to: None };
    subjects.into_iter().map(item).collect()
}

/// What an event that is not SQS's own says, through SNS where it is wrapped in it.
fn unwrapped(
    event: &Value,
    default_bucket: Option<&str>,
    wraps: usize,
) -> Result<Vec<Subject>, EventError> {
    if event.get("Event").and_then(Value::as_str) == Some("s3:TestEvent") {
        return Ok(Vec::new());
    }
    if event.get("Type").and_then(Value::as_str) == Some("Notification") {
        return Ok(message(event.get("Message"), default_bucket, wraps));
    }
    if let Some(records) = event.get("Records").and_then(Value::as_array) {
        let subjects = records.iter().flat_map(|record| match record.get("Sns") {
            Some(sns) => message(sns.get("Message"), default_bucket, wraps),
            None => vec![record::notification(record)],
        });
        return Ok(subjects.collect());
    }
    if let Some(keys) = event.get("keys").and_then(Value::as_array) {
        let bucket = event.get("bucket").and_then(Value::as_str);
        return keys
            .iter()
            .map(|entry| record::key_entry(entry, bucket.or(default_bucket)))
            .collect();
    }
    if event.get("source").and_then(Value::as_str) == Some("aws.s3") {
        return Ok(vec![record::event_bridge(event)]);
    }
    Err(EventError::UnknownForm(outline(event)))
}

fn message(text_value: Option<&Value>, bucket: Option<&str>, wraps: usize) -> Vec<Subject> {
    text(text_value.and_then(Value::as_str), bucket, wraps)
        .unwrap_or_else(|reason| vec![unreadable(reason)])
}

fn text(body: Option<&str>, bucket: Option<&str>, wraps: usize) -> Result<Vec<Subject>, String> {
    let Some(wraps) = wraps.checked_sub(1) else {
        return Err("message is wrapped too often".to_owned());
    };
    let body = body.ok_or_else(|| "message has no text".to_owned())?;
    let event: Value =
        serde_json::from_str(body).map_err(|error| format!("message is not JSON: {error}"))?;
    if first_source(&event) == Some("aws:sqs") {
        return Err("message holds SQS messages itself".to_owned());
    }
    unwrapped(&event, bucket, wraps).map_err(|error| error.to_string())
}

fn unreadable(reason: String) -> Subject {
    Subject::Undecodable(Undecodable { bucket: None, key: None, reason })
}

/// SQS and S3 write `eventSource`, SNS writes `EventSource`.
fn first_source(event: &Value) -> Option<&str> {
    let first = event.get("Records")?.as_array()?.first()?;
    first.get("eventSource").or_else(|| first.get("EventSource"))?.as_str()
}

/// The names at the top of an event, which say what it is without saying what it holds.
fn outline(event: &Value) -> String {
    match event.as_object() {
        Some(members) => {
            let names: Vec<_> = members.keys().take(8).map(String::as_str).collect();
            format!("its members are: {}", names.join(", "))
        }
        None => "it is no object".to_owned(),
    }
}
