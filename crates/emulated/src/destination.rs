//! The record that Lambda sends to an on-failure destination once it has given up on an event.
//!
//! Source: AWS Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations".

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::runtime_api::FunctionError;

pub(crate) fn on_failure(
    at: Timestamp,
    request_id: &str,
    function_arn: &str,
    attempts: usize,
    event: &Value,
    error: &FunctionError,
) -> Value {
    json!({
        "version": "1.0",
        "timestamp": at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
        "requestContext": {
            "requestId": request_id,
            "functionArn": format!("{function_arn}:$LATEST"),
            "condition": "RetriesExhausted",
            "approximateInvokeCount": attempts,
        },
        "requestPayload": event,
        "responseContext": {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": "Unhandled",
        },
        "responsePayload": {
            "errorType": error.error_type,
            "errorMessage": error.message,
        },
    })
}
