//! Every form in which a run is asked for, decoded once: an explicit request, a rule's scheduled
//! event, a schedule's input, and messages of a queue.

use aws_lambda_events::sqs::SqsEvent;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::request::{FetchRequest, Written, timestamp};

/// What an invocation asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// One run.
    Run(FetchRequest),
    /// One run for each message, answered one by one.
    Messages(Vec<Message>),
}

/// A message of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What a partial batch response calls it.
    pub id: String,
    /// The run it asks for.
    pub request: Result<FetchRequest, EventError>,
}

/// An event that asks for nothing that can be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the event is no request to fetch: {reason}")]
pub struct EventError {
    /// What is wrong and what to send instead.
    pub reason: String,
}

/// Decodes an event. `now` stands in for the time of an event that has none.
pub fn decode(event: &Value, now: Timestamp) -> Result<Event, EventError> {
    match event {
        Value::Null => Ok(Event::Run(FetchRequest::everything(now))),
        Value::Object(members) if members.contains_key("Records") => messages(event, now),
        Value::Object(members) if members.contains_key("detail-type") => {
            scheduled(event, now).map(Event::Run)
        }
        other => explicit(other, now).map(Event::Run),
    }
}

fn explicit(request: &Value, time: Timestamp) -> Result<FetchRequest, EventError> {
    if !request.is_object() {
        // A struct would also be read from an array, and an empty one would mean everything.
        let reason = "it is no JSON object; send `{}` for everything".to_owned();
        return Err(EventError { reason });
    }
    let written = Written::deserialize(request).map_err(|error| EventError {
        reason: format!(
            "{error}; send `{{}}`, or `{{\"source\": …, \"endpoints\": […], \"partitions\": {{…}}, \"time\": …}}`"
        ),
    })?;
    written.at(time).map_err(|reason| EventError { reason })
}

/// A rule's event carries the scheduled time outside and may carry a request in its `detail`.
///
/// Source: Amazon EventBridge User Guide, "Events" (`detail-type`, `time`, `detail`).
fn scheduled(event: &Value, now: Timestamp) -> Result<FetchRequest, EventError> {
    let time = match event.get("time").and_then(Value::as_str) {
        Some(text) => timestamp(text).map_err(|reason| EventError { reason })?,
        None => now,
    };
    match event.get("detail") {
        Some(detail @ Value::Object(_)) => explicit(detail, time),
        Some(_) | None => Ok(FetchRequest::everything(time)),
    }
}

/// One bad message must not fail its neighbours, so that each body is decoded by itself.
fn messages(event: &Value, now: Timestamp) -> Result<Event, EventError> {
    let batch = SqsEvent::deserialize(event).map_err(|error| EventError {
        reason: format!("its `Records` are no SQS messages: {error}"),
    })?;
    let from_elsewhere =
        batch.records.iter().find(|record| record.event_source.as_deref() != Some("aws:sqs"));
    if let Some(record) = from_elsewhere {
        let source = record.event_source.as_deref().unwrap_or("nowhere");
        let reason = format!("its `Records` come from `{source}`; fetch takes messages of SQS");
        return Err(EventError { reason });
    }
    let message = |record: aws_lambda_events::sqs::SqsMessage| Message {
        id: record.message_id.unwrap_or_default(),
        request: body(&record.body.unwrap_or_default(), now),
    };
    Ok(Event::Messages(batch.records.into_iter().map(message).collect()))
}

fn body(text: &str, now: Timestamp) -> Result<FetchRequest, EventError> {
    let value = serde_json::from_str::<Value>(text).map_err(|error| EventError {
        reason: format!("the message's body is not JSON: {error}"),
    })?;
    match decode(&value, now)? {
        Event::Run(request) => Ok(request),
        Event::Messages(_) => Err(EventError { reason: "a message holds messages".to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Selection;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn now() -> Timestamp {
        at("2026-11-05T01:02:03Z")
    }

    fn run(event: Value) -> FetchRequest {
        match decode(&event, now()).unwrap() {
            Event::Run(request) => request,
            Event::Messages(_) => panic!("messages"),
        }
    }

    #[test]
    fn nothing_said_is_everything_as_of_now() {
        assert_eq!(run(json!({})), FetchRequest::everything(now()));
        assert_eq!(run(Value::Null), FetchRequest::everything(now()));
    }

    #[test]
    fn an_explicit_request_is_taken_at_its_word() {
        let request = run(json!({
            "source": "pos",
            "endpoints": ["getGuestChecks"],
            "partitions": {"busDt": {"from": "2026-11-01", "to": "2026-11-03"}, "storeId": ["1", 2]},
            "time": "2026-11-04T06:00:00Z"
        }));
        assert_eq!(request.source.as_deref(), Some("pos"));
        assert_eq!(request.time, at("2026-11-04T06:00:00Z"));
        let values = Selection::Values(vec!["1".to_owned(), "2".to_owned()]);
        assert_eq!(request.partitions["storeId"], values);
    }

    #[test]
    fn a_rule_and_a_schedule_give_their_scheduled_time() {
        let rule = json!({
            "version": "0", "id": "x", "detail-type": "Scheduled Event", "source": "aws.events",
            "account": "1", "time": "2026-11-04T06:00:00Z", "region": "sa-east-1",
            "resources": ["arn:aws:events:sa-east-1:1:rule/r"], "detail": {}
        });
        assert_eq!(run(rule).time, at("2026-11-04T06:00:00Z"));
        let schedule = json!({"time": "2026-11-04T06:00:00Z"});
        assert_eq!(run(schedule).time, at("2026-11-04T06:00:00Z"));
        let of_one_source = json!({
            "detail-type": "Fetch", "source": "us", "time": "2026-11-04T06:00:00Z",
            "detail": {"source": "pos"}
        });
        let request = run(of_one_source);
        assert_eq!(request.source.as_deref(), Some("pos"));
        assert_eq!(request.time, at("2026-11-04T06:00:00Z"));
    }

    #[test]
    fn a_placeholder_that_nobody_filled_in_is_explained() {
        let error = decode(&json!({"time": "<aws.scheduler.scheduled-time>"}), now()).unwrap_err();
        assert!(error.reason.contains("only EventBridge Scheduler"), "{error}");
    }

    #[test]
    fn a_mistyped_member_is_an_error_and_never_everything() {
        for event in [
            json!({"sources": "pos"}),
            json!({"endpoint": ["x"]}),
            json!({"partitions": {"busDt": {"from": "2026-11-01"}}}),
            json!([]),
            json!("pos"),
            json!({"time": "yesterday"}),
        ] {
            assert!(decode(&event, now()).is_err(), "{event}");
        }
    }

    #[test]
    fn each_message_of_a_queue_is_decoded_by_itself() {
        let message = |id: &str, body: &str| json!({"messageId": id, "body": body, "eventSource": "aws:sqs", "attributes": {}});
        let event = json!({"Records": [message("a", "{\"source\":\"pos\"}"), message("b", "{")]});
        let Event::Messages(messages) = decode(&event, now()).unwrap() else {
            panic!("no messages")
        };
        assert!(messages[0].request.is_ok());
        assert_eq!(messages[1].id, "b");
        assert!(messages[1].request.is_err());
        let other = json!({"Records": [{"eventSource": "aws:s3", "s3": {}}]});
        assert!(decode(&other, now()).is_err());
    }
}
