//! The sample events are what they claim to be: AWS's own types take them, and the keys in them are
//! encoded as AWS encodes them.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use aws_lambda_events::event::eventbridge::EventBridgeEvent;
use aws_lambda_events::event::s3::S3Event;
use aws_lambda_events::event::s3::batch_job::S3BatchJobEvent;
use aws_lambda_events::event::sns::SnsEvent;
use aws_lambda_events::event::sqs::SqsEvent;
use landing::{ObjectKey, RawLocation};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tests::SAMPLE_EVENTS;

const PLAIN: &str =
    "raw/source=pos/endpoint=getGuestChecks/busDt=2026-11-01/storeId=1/20261102T061500Z.json";
const SLASH: &str = "raw/source=pos/endpoint=getGuestChecks/busDt=2026-11-01/storeId=99%20CB%2FCB/20261102T061500Z.json";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../events")
}

fn read<T: DeserializeOwned>(file: &str) -> T {
    let text = std::fs::read_to_string(folder().join(file)).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn notified(event: &S3Event) -> Vec<String> {
    let key = |record: &aws_lambda_events::event::s3::S3EventRecord| {
        ObjectKey::from_notification(record.s3.object.key.as_deref().unwrap()).unwrap().to_string()
    };
    event.records.iter().map(key).collect()
}

fn bodies<T: DeserializeOwned>(file: &str) -> Vec<T> {
    let body = |message: &aws_lambda_events::event::sqs::SqsMessage| {
        serde_json::from_str(message.body.as_deref().unwrap()).unwrap()
    };
    read::<SqsEvent>(file).records.iter().map(body).collect()
}

fn notified_by_sqs(file: &str) -> Vec<String> {
    bodies::<S3Event>(file).iter().flat_map(notified).collect()
}

#[test]
fn keys_in_notifications_are_form_encoded_once() {
    assert_eq!(notified(&read("load/s3-put.json")), [PLAIN]);
    assert_eq!(notified(&read("load/s3-put-encoded-key.json")), [SLASH]);
    assert_eq!(notified(&read("load/s3-two-records.json")), [PLAIN, SLASH]);
    assert_eq!(notified_by_sqs("load/sqs.json"), [PLAIN, SLASH]);
    assert_eq!(notified_by_sqs("manifest/dead-letter-sqs.json"), [PLAIN, SLASH]);
}

#[test]
fn notifications_by_sns_hold_the_event_as_text() {
    let direct = read::<SnsEvent>("load/sns.json");
    let event = serde_json::from_str(&direct.records[0].sns.message).unwrap();
    assert_eq!(notified(&event), [PLAIN]);

    let keys = bodies::<Value>("load/sns-in-sqs.json")
        .iter()
        .map(|notification| notification["Message"].as_str().unwrap())
        .flat_map(|message| notified(&serde_json::from_str(message).unwrap()))
        .collect::<Vec<_>>();
    assert_eq!(keys, [PLAIN, SLASH]);
}

#[test]
fn a_key_in_an_eventbridge_event_stands_as_it_is() {
    let event = read::<EventBridgeEvent<Value>>("load/eventbridge.json");
    assert_eq!(event.detail["object"]["key"], SLASH);
}

#[test]
fn a_key_in_a_batch_task_is_percent_encoded() {
    let event = read::<S3BatchJobEvent>("load/s3-batch.json");
    let encoded = event.tasks[0].s3_key.as_deref().unwrap();
    let key = ObjectKey::from_percent_encoded(encoded).unwrap();
    assert_eq!(key.as_str(), SLASH);
}

#[test]
fn scheduled_events_tell_their_time() {
    for file in ["fetch/eventbridge-rule.json", "manifest/schedule.json"] {
        let event = read::<EventBridgeEvent<Value>>(file);
        assert_eq!(event.detail_type, "Scheduled Event", "{file}");
        assert!(event.time.is_some(), "{file}");
    }
}

#[test]
fn events_of_error_logs_name_the_log_of_the_object() {
    let log = RawLocation::error_log_key(&ObjectKey::new(SLASH)).to_string();
    for file in ["manifest/error-log-put.json", "manifest/error-log-removed.json"] {
        assert_eq!(notified(&read(file)), [log.as_str()], "{file}");
    }
    assert_eq!(notified_by_sqs("manifest/error-log-sqs.json"), [log.as_str(), log.as_str()]);
}

#[test]
fn a_failed_invocation_carries_the_event_that_failed() {
    let record = read::<Value>("manifest/on-failure.json");
    let event = serde_json::from_value(record["requestPayload"].clone()).unwrap();
    assert_eq!(notified(&event), [PLAIN]);
    assert_eq!(bodies::<Value>("manifest/on-failure-sqs.json")[0], record);
}

#[test]
fn every_file_is_in_the_readme_and_is_sent_to_its_function() {
    let readme = std::fs::read_to_string(folder().join("README.md")).unwrap();
    let listed = readme
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(file, _)| file.to_owned())
        .collect::<BTreeSet<_>>();
    let there = ["fetch", "load", "manifest"]
        .into_iter()
        .flat_map(|function| {
            let files = std::fs::read_dir(folder().join(function)).unwrap();
            files.map(move |file| {
                format!("{function}/{}", file.unwrap().file_name().to_string_lossy())
            })
        })
        .collect::<BTreeSet<_>>();
    assert_eq!(listed, there);
    let sent = SAMPLE_EVENTS.map(|(function, file)| format!("{function}/{file}"));
    assert_eq!(BTreeSet::from(sent), there);
}
