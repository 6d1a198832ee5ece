//! The Lambda emulation does what AWS's documents say, so that what the pipe shows on it counts.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tests::{AsyncOutcome, Function, FunctionOptions};

fn options() -> FunctionOptions {
    let binary = PathBuf::from(env!("CARGO_BIN_EXE_misbehaving"));
    FunctionOptions::new("misbehaving", binary).retrying_after(Duration::from_millis(10))
}

#[tokio::test]
async fn an_event_arrives_and_its_answer_returns() {
    let function = Function::deploy(options());
    let answer = function.invoke(&json!({"a": [1, "é"]})).await.unwrap();
    assert_eq!(answer["event"], json!({"a": [1, "é"]}));
    assert_eq!(
        answer["function_arn"],
        "arn:aws:lambda:us-east-1:123456789012:function:misbehaving"
    );
}

#[tokio::test]
async fn the_deadline_is_an_instant_and_lies_one_timeout_ahead() {
    let mut options = options();
    options.timeout = Duration::from_secs(30);
    let answer = Function::deploy(options).invoke(&json!({})).await.unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let deadline = Duration::from_millis(answer["deadline_ms"].as_u64().unwrap());
    let left = deadline.checked_sub(now).unwrap();
    assert!(left > Duration::from_secs(20) && left <= Duration::from_secs(30));
}

#[tokio::test]
async fn a_warm_process_is_used_again_and_concurrent_events_get_processes_of_their_own() {
    let function = Function::deploy(options());
    let first = function.invoke(&json!({})).await.unwrap();
    let second = function.invoke(&json!({})).await.unwrap();
    assert_eq!(first["process"], second["process"]);
    assert_ne!(first["request_id"], second["request_id"]);

    let sleep = json!({"do": "sleep", "ms": 300});
    let (a, b) = tokio::join!(function.invoke(&sleep), function.invoke(&sleep));
    assert_ne!(a.unwrap()["process"], b.unwrap()["process"]);
    assert_eq!(function.cold_starts(), 2);
}

#[tokio::test]
async fn nothing_of_the_tests_environment_reaches_the_function() {
    let function = Function::deploy(options().with("RIACHO_BUCKET", "riacho-lake"));
    let answer = function.invoke(&json!({})).await.unwrap();
    let variables = answer["variables"].as_array().unwrap();
    let has = |name: &str| variables.contains(&Value::from(name));
    assert!(has("RIACHO_BUCKET") && has("AWS_LAMBDA_FUNCTION_NAME") && has("_HANDLER"));
    assert!(!has("CARGO_MANIFEST_DIR") && !has("HOME"));
}

#[tokio::test]
async fn an_error_of_the_function_is_a_function_error() {
    let function = Function::deploy(options());
    let error = function.invoke(&json!({"do": "fail"})).await.unwrap_err();
    assert!(error.message.contains("it was to fail"), "{error}");
    function.invoke(&json!({})).await.unwrap();
    assert_eq!(function.cold_starts(), 1);
}

#[tokio::test]
async fn a_function_past_its_deadline_is_killed_and_started_anew() {
    let mut options = options();
    options.timeout = Duration::from_millis(400);
    let function = Function::deploy(options);
    let event = json!({"do": "sleep", "ms": 60_000});
    let error = function.invoke(&event).await.unwrap_err();
    assert_eq!(error.error_type, "Sandbox.Timedout");
    assert!(error.message.ends_with("Task timed out after 0.40 seconds"));
    function.invoke(&json!({})).await.unwrap();
    assert_eq!(function.cold_starts(), 2);
}

#[tokio::test]
async fn a_function_that_exits_is_an_exit_error_and_started_anew() {
    let function = Function::deploy(options());
    let event = json!({"do": "exit", "code": 3});
    let error = function.invoke(&event).await.unwrap_err();
    assert_eq!(error.error_type, "Runtime.ExitError");
    assert!(error.message.ends_with("exited with error: exit status 3"));
    function.invoke(&json!({})).await.unwrap();
    assert_eq!(function.cold_starts(), 2);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_function_that_takes_more_memory_than_it_has_is_killed() {
    let function = Function::deploy(options());
    function.invoke(&json!({"do": "hold", "mb": 60})).await.unwrap();
    assert!((60..100).contains(&function.max_memory_used_mb()));
    let event = json!({"do": "hold", "mb": 200});
    let error = function.invoke(&event).await.unwrap_err();
    assert_eq!(error.error_type, "Runtime.ExitError");
    assert!(error.message.ends_with("signal: killed"));
}

#[tokio::test]
async fn a_function_that_cannot_start_fails_its_invocation() {
    let function = Function::deploy(options().with("DIES_AT_START", "1"));
    let error = function.invoke(&json!({})).await.unwrap_err();
    assert_eq!(error.error_type, "Runtime.ExitError");

    let mut missing = options();
    missing.binary = PathBuf::from("no/such/bootstrap");
    let error = Function::deploy(missing).invoke(&json!({})).await.unwrap_err();
    assert_eq!(error.error_type, "Runtime.InvalidEntrypoint");
}

#[tokio::test]
async fn answers_and_events_beyond_lambdas_limits_are_refused() {
    let function = Function::deploy(options());
    let error = function.invoke(&json!({"do": "grow"})).await.unwrap_err();
    assert_eq!(error.error_type, "Function.ResponseSizeTooLarge");

    let event = json!({"text": "x".repeat(2 * 1024 * 1024)});
    function.invoke(&event).await.unwrap();
    let AsyncOutcome::Failed(record) = function.invoke_async(event).await.unwrap() else {
        panic!("an asynchronous event of 2 MB was taken");
    };
    assert_eq!(record["responsePayload"]["errorType"], "RequestTooLargeException");
}

#[tokio::test]
async fn an_asynchronous_event_is_tried_three_times_and_then_sent_to_the_destination() {
    let function = Function::deploy(options());
    let event = json!({"do": "fail"});
    let AsyncOutcome::Failed(record) = function.invoke_async(event.clone()).await.unwrap() else {
        panic!("it was to fail");
    };
    assert_eq!(record["requestContext"]["approximateInvokeCount"], 3);
    assert_eq!(record["requestContext"]["condition"], "RetriesExhausted");
    assert_eq!(record["requestPayload"], event);
    assert_eq!(record["responseContext"]["functionError"], "Unhandled");
    assert!(record["responsePayload"]["errorMessage"].as_str().unwrap().contains("it was to fail"));
}

#[tokio::test]
async fn an_asynchronous_event_that_succeeds_is_not_tried_again() {
    let function = Function::deploy(options());
    let outcome = function.invoke_async(json!({"n": 1})).await.unwrap();
    let AsyncOutcome::Succeeded { attempts, response } = outcome else {
        panic!("it was to succeed");
    };
    assert_eq!(attempts, 1);
    assert_eq!(response["event"], json!({"n": 1}));
}
