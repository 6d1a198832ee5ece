//! The record that Lambda sends to an on-failure destination.
//!
//! Source: AWS Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations".

use jiff::Timestamp;
use serde_json::Value;

/// What Lambda says of an invocation that failed for the last time.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Destination<'a> {
    /// The event that the function was given.
    pub(super) payload: &'a Value,
    /// The function's ARN.
    pub(super) function: &'a str,
    /// The stable name of what happened.
    pub(super) kind: &'static str,
    /// What happened, for people.
    pub(super) message: String,
    /// How often the function was tried.
    pub(super) attempts: u32,
    /// When it was given up.
    pub(super) at: Option<Timestamp>,
}

impl<'a> Destination<'a> {
    /// Reads a record; none if the event is something else. EventBridge carries it as `detail`.
    pub(super) fn read(event: &'a Value) -> Option<Self> {
        let event = match event.get("source").and_then(Value::as_str) {
            Some("lambda") => event.get("detail")?,
            Some(_) | None => event,
        };
        let payload = event.get("requestPayload")?;
        let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str);
        let condition = text("/requestContext/condition").unwrap_or("RetriesExhausted");
        let attempts = event
            .pointer("/requestContext/approximateInvokeCount")
            .and_then(Value::as_u64)
            .and_then(|count| u32::try_from(count).ok())
            .unwrap_or(1);
        Some(Self {
            payload,
            function: text("/requestContext/functionArn").unwrap_or_default(),
            kind: kind(condition),
            message: format!(
                "Lambda gave the event up ({condition}) after {attempts} attempts; the last ended in: {}; mend the cause, then replay",
                last_words(event)
            ),
            attempts,
            at: text("/timestamp").and_then(|text| text.parse().ok()),
        })
    }
}

/// Both parts are missing where the function never ran.
fn last_words(event: &Value) -> String {
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str);
    let kind = text("/responsePayload/errorType");
    match (kind, text("/responsePayload/errorMessage")) {
        (Some(kind), Some(message)) => format!("{kind}: {message}"),
        (Some(said), None) | (None, Some(said)) => said.to_owned(),
        (None, None) => "no word of the function".to_owned(),
    }
}

fn kind(condition: &str) -> &'static str {
    match condition {
        "EventAgeExceeded" => "event_age_exceeded",
        _ => "retries_exhausted",
    }
}
