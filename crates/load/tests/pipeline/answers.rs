//! Events in, answers out, with what they did in between.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use load::{Deadline, Loader, Lookup, Run};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::kit::{BUCKET, Kit, RUN};

const GOOD: &str = "raw/source=shop/endpoint=orders/store=S%C3%A3o+1/20261102T060000Z.json";
const BAD: &str = "raw/source=shop/endpoint=orders/store=2/20261102T060000Z.json";

async fn kit() -> Kit {
    let kit = Kit::new().await;
    kit.put(GOOD, r#"{"id":1}"#).await;
    kit.put(BAD, "<html>").await;
    kit
}

fn notification(key: &str) -> Value {
    let key = landing::ObjectKey::new(key).to_notification();
    json!({ "Records": [{ "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
        "s3": { "bucket": { "name": BUCKET }, "object": { "key": key } } }] })
}

fn message(id: &str, body: &str) -> Value {
    json!({ "messageId": id, "eventSource": "aws:sqs", "body": body })
}

#[tokio::test]
async fn a_notification_is_answered_with_a_summary_failures_handled() {
    let kit = kit().await;
    let good = kit.handle(&notification(GOOD)).await;
    assert_eq!(good["loaded"], 1, "{good}");
    let bad = kit.handle(&notification(BAD)).await;
    assert_eq!((&bad["failed"], &bad["loaded"]), (&json!(1), &json!(0)));
    assert_eq!(bad["objects"][0]["error"]["kind"], "html");
    assert_eq!(kit.sql("select id, store from shop.orders").await, ["1 São+1"]);
}

#[tokio::test]
async fn a_batch_of_messages_names_only_those_that_a_retry_can_help() {
    let kit = kit().await;
    let event = json!({ "Records": [
        message("good", &notification(GOOD).to_string()),
        message("bad", &notification(BAD).to_string()),
        message("unreadable", "no JSON"),
        message("test", r#"{"Event":"s3:TestEvent"}"#),
        message("elsewhere", &notification("transformed/x.json").to_string()),
    ] });
    let answer = kit.handle(&event).await;
    assert_eq!(answer, json!({ "batchItemFailures": [{ "itemIdentifier": "unreadable" }] }));
    assert_eq!(kit.sql("select count(*) from shop.orders").await, ["1"]);
}

#[tokio::test]
async fn a_batch_job_learns_of_each_task() {
    let kit = kit().await;
    let task = |id: &str, key: &str| {
        let key = landing::ObjectKey::new(key).to_percent_encoded();
        json!({ "taskId": id, "s3Key": key, "s3BucketArn": format!("arn:aws:s3:::{BUCKET}") })
    };
    let event = json!({ "invocationSchemaVersion": "1.0", "invocationId": "i",
        "job": { "id": "j" }, "tasks": [task("a", GOOD), task("b", BAD)] });
    let answer = kit.handle(&event).await;
    assert_eq!(answer["results"][0]["resultCode"], "Succeeded", "{answer}");
    assert_eq!(answer["results"][1]["resultCode"], "PermanentFailure");
}

#[tokio::test]
async fn keys_stand_as_they_are() {
    let kit = kit().await;
    let answer = kit.handle(&json!({ "keys": [GOOD, GOOD] })).await;
    assert_eq!(answer["loaded"], 1, "{answer}");
    assert_eq!(answer["already_loaded"], 1);
}

#[tokio::test]
async fn what_is_none_of_loads_business_is_ignored() {
    let kit = kit().await;
    let mut removed = notification(GOOD);
    removed["Records"][0]["eventName"] = json!("ObjectRemoved:Delete");
    for event in [removed, notification("manifests/open.jsonl"), notification("raw/a/")] {
        let answer = kit.handle(&event).await;
        assert_eq!(answer["ignored"], 1, "{answer}");
    }
    let answer = kit.handle(&json!({ "Event": "s3:TestEvent" })).await;
    assert_eq!(answer["loaded"], 0);
}

#[tokio::test]
async fn a_database_that_gives_no_second_connection_does_not_hold_the_answer() {
    let kit = kit().await;
    // Takes connections, and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nowhere = format!("postgres://u@{}/d", silent.local_addr().unwrap());
    let is_silent = Arc::new(AtomicBool::new(false));
    let (switch, url) = (Arc::clone(&is_silent), kit.database_url.clone());
    let lookup: Lookup = Arc::new(move |name| match name {
        "DATABASE_URL" if switch.load(Ordering::Relaxed) => Some(nowhere.clone()),
        "DATABASE_URL" => Some(url.clone()),
        "RIACHO_BUCKET" => Some(BUCKET.to_owned()),
        _ => None,
    });
    let loader = Loader::from_lookup(kit.lake.clone(), lookup).await.unwrap();
    drop(loader.database().warehouse().await.unwrap());
    is_silent.store(true, Ordering::Relaxed);
    let now = SystemTime::now();
    let run = Run { deadline: Deadline::at(now + Duration::from_secs(5), now), ..RUN };
    let event = json!({ "keys": [GOOD, BAD] });
    let answer = tokio::time::timeout(Duration::from_secs(5), loader.handle(&event, run)).await;
    let answer = answer.unwrap().unwrap();
    assert_eq!((&answer["loaded"], &answer["failed"]), (&json!(1), &json!(1)), "{answer}");
}
