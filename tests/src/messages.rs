//! SQS messages as a function gets them, for tests that look at one batch; `Queue` is the whole way.
#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

/// SQS messages, by id, as one batch.
///
/// Source: AWS Lambda Developer Guide, "Using Lambda with Amazon SQS".
pub fn batch<'m>(messages: impl IntoIterator<Item = (&'m String, &'m Value)>) -> Value {
    let records = messages.into_iter().map(|(id, notification)| {
        json!({
            "messageId": id, "receiptHandle": id, "body": notification.to_string(),
            "attributes": { "ApproximateReceiveCount": "1" }, "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:load", "awsRegion": "us-east-1",
        })
    });
    json!({ "Records": records.collect::<Vec<_>>() })
}

/// The messages that an answer names.
///
/// # Panics
/// Where it is no answer to a batch.
pub fn failures(answer: &Value) -> Vec<&str> {
    let failures = answer["batchItemFailures"].as_array().unwrap();
    failures.iter().map(|failure| failure["itemIdentifier"].as_str().unwrap()).collect()
}
