//! Each form of event in the contract's table, as AWS sends it, to the work that it asks for.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail loudly")]

use landing::ObjectKey;
use manifest::event::{Replay, Request, Selection, SilentFailure, Task, decode};
use serde_json::{Value, json};

const FIRST: &str =
    "raw/source=pos/endpoint=getGuestChecks/busDt=2026-11-01/storeId=1/20261102T061500Z.json";
const SECOND: &str = "raw/source=pos/endpoint=getGuestChecks/busDt=2026-11-01/storeId=99%20CB%2FCB/20261102T061500Z.json";
const ERROR_LOG: &str = "errors/source=pos/endpoint=getGuestChecks/busDt=2026-11-01/storeId=99%20CB%2FCB/20261102T061500Z.json.error.json";

fn request(text: &str) -> Request {
    let event: Value = serde_json::from_str(text).unwrap();
    decode(&event, Some("riacho-lake")).unwrap()
}

fn tasks(text: &str) -> Vec<Task> {
    request(text).work.into_iter().map(|work| work.task).collect()
}

fn silent(task: &Task) -> &SilentFailure {
    match task {
        Task::Silent(failure) => failure,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_on_failure_record_names_the_object_and_the_functions_last_words() {
    let tasks = tasks(include_str!("../../../events/manifest/on-failure.json"));
    let failure = silent(&tasks[0]);
    assert_eq!(failure.object.key.as_str(), FIRST);
    assert_eq!(failure.object.version_id.as_deref(), Some("kf3yWnTqOw5n0jP8H1bqgM7vVqRkX2sL"));
    assert_eq!((failure.kind, failure.attempts), ("retries_exhausted", 3));
    assert!(failure.message.contains("Task timed out after 300.00 seconds"));
    assert_eq!(failure.at.unwrap().to_string(), "2026-11-02T06:19:31.417Z");
}

#[test]
fn in_sqs_it_is_answered_by_message_and_fetchs_names_no_object() {
    let request = request(include_str!("../../../events/manifest/on-failure-sqs.json"));
    assert!(request.is_batch);
    assert_eq!(silent(&request.work[0].task).object.key.as_str(), FIRST);
    assert_eq!(request.work[0].reply_to.as_deref(), Some("00000001-1f6a-4c1e-9a51-5b6d1c7e2a01"));
    let Task::Unlisted { message } = &request.work[1].task else {
        panic!("{request:?}");
    };
    assert!(message.contains("riacho-fetch") && message.contains("signal: killed"));
}

#[test]
fn it_may_come_by_event_bridge_or_never_have_run() {
    let detail = json!({ "requestContext": { "condition": "EventAgeExceeded" },
        "requestPayload": { "keys": [FIRST] } });
    let event = json!({ "source": "lambda", "detail-type": "Lambda Function Invocation Result - Failure",
        "detail": detail });
    let request = decode(&event, Some("riacho-lake")).unwrap();
    let failure = silent(&request.work[0].task);
    assert_eq!(failure.kind, "event_age_exceeded");
    assert!(failure.message.contains("no word of the function"));
}

#[test]
fn dead_letters_name_their_objects() {
    let tasks = tasks(include_str!("../../../events/manifest/dead-letter-sqs.json"));
    let keys: Vec<_> = tasks
        .iter()
        .map(|task| {
            assert_eq!(silent(task).kind, "dead_letter");
            silent(task).object.key.as_str()
        })
        .collect();
    assert_eq!(keys, [FIRST, SECOND]);
}

#[test]
fn error_logs_are_followed_as_they_come_and_go() {
    let expected =
        Task::Follow { bucket: "riacho-lake".to_owned(), error_log_key: ObjectKey::new(ERROR_LOG) };
    for text in [
        include_str!("../../../events/manifest/error-log-put.json"),
        include_str!("../../../events/manifest/error-log-removed.json"),
        include_str!("../../../events/manifest/error-log-sqs.json"),
    ] {
        let tasks = tasks(text);
        assert!(!tasks.is_empty());
        assert!(tasks.iter().all(|task| *task == expected), "{tasks:?}");
    }
}

#[test]
fn a_schedule_compacts() {
    let schedule = include_str!("../../../events/manifest/schedule.json");
    assert_eq!(tasks(schedule), [Task::Compact { after: None }]);
    assert_eq!(tasks("{}"), [Task::Compact { after: None }]);
    let on = json!({ "compact": true, "after": FIRST }).to_string();
    let after = Some(ObjectKey::new(FIRST));
    assert_eq!(tasks(&on), [Task::Compact { after }]);
}

#[test]
fn a_replay_selects() {
    let replay = |selection, force| Task::Replay(Replay { selection, force });
    let keys = Selection::Keys(vec![ObjectKey::new(FIRST), ObjectKey::new(SECOND)]);
    assert_eq!(tasks(include_str!("../../../events/manifest/replay.json")), [replay(keys, false)]);
    assert_eq!(tasks(r#"{"replay":{}}"#), [replay(Selection::Open, false)]);
    assert_eq!(
        tasks(r#"{"replay":{"kind":"vanished","force":true}}"#),
        [replay(Selection::Kind("vanished".to_owned()), true)]
    );
}

#[test]
fn one_bad_message_does_not_stop_the_others() {
    let mut event: Value =
        serde_json::from_str(include_str!("../../../events/manifest/on-failure-sqs.json")).unwrap();
    event["Records"][1]["body"] = json!("no JSON");
    let request = decode(&event, None).unwrap();
    assert_eq!(silent(&request.work[0].task).object.key.as_str(), FIRST);
    assert!(matches!(request.work[1].task, Task::Unlisted { .. }));
}

#[test]
fn what_is_nothing_of_it_says_so() {
    let error = decode(&json!({ "hello": 1 }), None).unwrap_err();
    assert!(error.to_string().contains("hello"), "{error}");
}
