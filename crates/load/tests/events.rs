//! Each form of event in the contract's table, as AWS sends it, to the objects it names.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail loudly")]

use landing::LandedObject;
use load::event::{EventError, Form, Item, Request, Subject, decode};
use serde_json::{Value, json};

const FIRST: &str =
    "raw/source=pos/endpoint=getGuestChecks/busDt=2026-11-01/storeId=1/20261102T061500Z.json";
const ENCODED: &str = "raw/source=pos/endpoint=getGuestChecks/busDt=2026-11-01/storeId=99%20CB%2FCB/20261102T061500Z.json";

fn request(text: &str) -> Request {
    let event: Value = serde_json::from_str(text).unwrap();
    decode(&event, Some("riacho-lake")).unwrap()
}

fn created(item: &Item) -> &LandedObject {
    match &item.subject {
        Subject::Created(object) => object,
        other => panic!("{other:?}"),
    }
}

fn keys(request: &Request) -> Vec<&str> {
    request
        .items
        .iter()
        .map(|item| {
            assert_eq!(created(item).bucket, "riacho-lake");
            created(item).key.as_str()
        })
        .collect()
}

#[test]
fn a_notification_names_its_object_with_all_that_s3_says() {
    let request = request(include_str!("../../../events/load/s3-put.json"));
    assert_eq!(request.form, Form::Notification);
    assert_eq!(keys(&request), [FIRST]);
    let object = created(&request.items[0]);
    assert_eq!(object.bytes, Some(41_873));
    assert_eq!(object.etag.as_deref(), Some("6287b259d5e78af75656c74e7aa30db0"));
    assert_eq!(object.version_id.as_deref(), Some("kf3yWnTqOw5n0jP8H1bqgM7vVqRkX2sL"));
    assert_eq!(object.sequencer.as_ref().unwrap().0, "0066F2A1C3D4E5F601");
}

#[test]
fn a_notification_key_is_form_decoded_once() {
    let request = request(include_str!("../../../events/load/s3-put-encoded-key.json"));
    assert_eq!(keys(&request), [ENCODED]);
}

#[test]
fn every_record_counts() {
    let request = request(include_str!("../../../events/load/s3-two-records.json"));
    assert_eq!(keys(&request), [FIRST, ENCODED]);
}

#[test]
fn messages_of_sqs_are_answered_by_their_ids() {
    let request = request(include_str!("../../../events/load/sqs.json"));
    assert_eq!(request.form, Form::Sqs);
    assert_eq!(keys(&request), [FIRST, ENCODED]);
    assert_eq!(request.items[1].reply_to.as_deref(), Some("00000002-1f6a-4c1e-9a51-5b6d1c7e2a02"));
}

#[test]
fn sns_is_unwrapped_directly_and_inside_sqs() {
    let direct = request(include_str!("../../../events/load/sns.json"));
    assert_eq!(direct.form, Form::Sns);
    assert_eq!(keys(&direct), [FIRST]);
    let inside = request(include_str!("../../../events/load/sns-in-sqs.json"));
    assert_eq!(inside.form, Form::Sqs);
    assert_eq!(keys(&inside), [FIRST, ENCODED]);
}

#[test]
fn an_event_bridge_key_stands_as_it_is() {
    let request = request(include_str!("../../../events/load/eventbridge.json"));
    assert_eq!(request.form, Form::EventBridge);
    assert_eq!(keys(&request), [ENCODED]);
    assert_eq!(
        created(&request.items[0]).etag.as_deref(),
        Some("8dcc5f2c627e4baa058ad5d6ea5561bc")
    );
}

#[test]
fn a_batch_task_names_its_bucket_by_arn_or_by_name() {
    let first = request(include_str!("../../../events/load/s3-batch.json"));
    assert_eq!(keys(&first), [ENCODED]);
    assert_eq!(first.items[0].reply_to.as_deref(), Some("dGFza2lkZ29lc2hlcmUK"));
    let second = json!({
        "invocationSchemaVersion": "2.0",
        "invocationId": "i",
        "job": { "id": "j", "userArguments": { "a": "b" } },
        "tasks": [{ "taskId": "t", "s3Key": "raw/a%2Bb", "s3VersionId": null, "s3Bucket": "riacho-lake" }],
    });
    let second = request(&second.to_string());
    assert_eq!(keys(&second), ["raw/a+b"]);
    let form = Form::S3Batch { schema_version: "2.0".to_owned(), invocation_id: "i".to_owned() };
    assert_eq!(second.form, form);
}

#[test]
fn a_key_list_names_keys_addresses_and_versions() {
    let plain = request(include_str!("../../../events/load/keys.json"));
    assert_eq!(plain.form, Form::Keys);
    assert_eq!(keys(&plain), [FIRST, ENCODED]);
    let event = json!({ "keys": ["s3://other/raw/a%20b", { "bucket": "third", "key": "raw/c", "version_id": "v" }], "force": true });
    let request = decode(&event, None).unwrap();
    assert!(request.force);
    let first = created(&request.items[0]);
    assert_eq!((first.bucket.as_str(), first.key.as_str()), ("other", "raw/a%20b"));
    let second = created(&request.items[1]);
    assert_eq!(second.bucket, "third");
    assert_eq!(second.version_id.as_deref(), Some("v"));
}

#[test]
fn keys_without_a_bucket_say_so() {
    let error = decode(&json!({ "keys": ["raw/a"] }), None).unwrap_err();
    assert_eq!(error, EventError::NoBucket("raw/a".to_owned()));
}

#[test]
fn a_test_event_asks_for_nothing() {
    let direct = request(include_str!("../../../events/load/test-event.json"));
    assert_eq!(direct.form, Form::Test);
    assert!(direct.items.is_empty());
    let queued = request(include_str!("../../../events/load/sqs-test-event.json"));
    assert_eq!(queued.form, Form::Sqs);
    assert!(queued.items.is_empty());
}

#[test]
fn one_bad_message_is_an_item_of_its_own() {
    let mut event: Value =
        serde_json::from_str(include_str!("../../../events/load/sqs.json")).unwrap();
    event["Records"][0]["body"] = json!("no JSON");
    let request = decode(&event, None).unwrap();
    assert!(matches!(request.items[0].subject, Subject::Undecodable(_)));
    assert_eq!(created(&request.items[1]).key.as_str(), ENCODED);
}

#[test]
fn records_that_leave_out_what_nothing_needs_are_read() {
    let event = json!({ "Records": [{ "eventSource": "aws:s3", "eventName": "s3:ObjectCreated:Put",
        "s3": { "bucket": { "name": "b" }, "object": { "key": "raw/red+flower.json" } } }] });
    let request = decode(&event, None).unwrap();
    assert_eq!(created(&request.items[0]).key.as_str(), "raw/red flower.json");
}

#[test]
fn a_removal_is_no_creation() {
    let event = json!({ "Records": [{ "eventSource": "aws:s3", "eventName": "ObjectRemoved:Delete",
        "s3": { "bucket": { "name": "b" }, "object": { "key": "raw/a" } } }] });
    let request = decode(&event, None).unwrap();
    assert!(matches!(request.items[0].subject, Subject::Removed(_)));
}

#[test]
fn a_key_that_is_not_utf8_is_named_as_it_came() {
    let event = json!({ "Records": [{ "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
        "s3": { "bucket": { "name": "b" }, "object": { "key": "raw/%FF" } } }] });
    let request = decode(&event, None).unwrap();
    let Subject::Undecodable(found) = &request.items[0].subject else {
        panic!("{request:?}");
    };
    assert_eq!(found.key.as_deref(), Some("raw/%FF"));
    assert_eq!(found.bucket.as_deref(), Some("b"));
}

#[test]
fn an_event_of_no_known_form_says_what_it_held() {
    let error = decode(&json!({ "hello": 1 }), None).unwrap_err();
    assert!(error.to_string().contains("hello"), "{error}");
    assert!(decode(&json!([]), None).is_err());
    assert!(decode(&json!({}), None).is_err());
}
