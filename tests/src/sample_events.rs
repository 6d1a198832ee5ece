//! The files in `events/`, in the order in which they make sense: what fetch has landed, load loads;
//! what load is said to have failed at, manifest lists, and replays last.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;

use serde_json::Value;

/// What names one version of an object, in each of the forms.
const VERSIONS: [&str; 5] = ["versionId", "version-id", "s3VersionId", "eTag", "etag"];

/// Every file with the function that it is for.
pub const SAMPLE_EVENTS: [(&str, &str); 24] = [
    ("fetch", "one-scope.json"),
    ("fetch", "sqs-task.json"),
    ("fetch", "eventbridge-rule.json"),
    ("fetch", "scheduler.json"),
    ("fetch", "all.json"),
    ("load", "s3-put.json"),
    ("load", "s3-put-encoded-key.json"),
    ("load", "s3-two-records.json"),
    ("load", "sqs.json"),
    ("load", "sns.json"),
    ("load", "sns-in-sqs.json"),
    ("load", "eventbridge.json"),
    ("load", "s3-batch.json"),
    ("load", "keys.json"),
    ("load", "test-event.json"),
    ("load", "sqs-test-event.json"),
    ("manifest", "on-failure.json"),
    ("manifest", "on-failure-sqs.json"),
    ("manifest", "dead-letter-sqs.json"),
    ("manifest", "error-log-put.json"),
    ("manifest", "error-log-removed.json"),
    ("manifest", "error-log-sqs.json"),
    ("manifest", "schedule.json"),
    ("manifest", "replay.json"),
];

/// Reads a sample event without the example's versions: those of this lake are others.
pub fn sample_event(function: &str, file: &str) -> Value {
    let events = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events");
    let text = std::fs::read_to_string(events.join(function).join(file)).unwrap();
    let mut event = serde_json::from_str(&text).unwrap();
    forget_versions(&mut event);
    event
}

/// An event within an event is a text in SQS and SNS.
fn forget_versions(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !VERSIONS.contains(&name.as_str()));
            members.values_mut().for_each(forget_versions);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_versions),
        Value::String(text) if text.starts_with('{') => {
            if let Ok(mut inner) = serde_json::from_str::<Value>(text) {
                forget_versions(&mut inner);
                *text = inner.to_string();
            }
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Asserts that an answer says success in the form that AWS reads it in.
pub fn assert_success(function: &str, file: &str, event: &Value, answer: &Value) {
    let is_batch = event.pointer("/Records/0/eventSource").is_some_and(|it| it == "aws:sqs");
    if is_batch {
        let failures = answer["batchItemFailures"].as_array();
        assert!(failures.is_some_and(Vec::is_empty), "{function}/{file}: {answer}");
        return;
    }
    let nothing = |name: &str| answer[name] == 0;
    let is_success = match function {
        "fetch" => nothing("failed_count") && nothing("left"),
        "load" if event.get("tasks").is_some() => answer["results"][0]["resultCode"] == "Succeeded",
        "load" => nothing("failed") && nothing("retry"),
        _ => answer.is_object(),
    };
    assert!(is_success, "{function}/{file}: {answer}");
}
