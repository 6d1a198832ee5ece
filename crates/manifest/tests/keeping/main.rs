//! The manifest over a real lake and a real Postgres.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail loudly")]

#[path = "../../../load/tests/pipeline/kit.rs"]
#[allow(dead_code, reason = "load's tests use all of it")]
mod kit;
mod open_list;
mod reconciling;
mod replaying;
mod silent;

use jiff::{SignedDuration, Timestamp};
use kit::{BUCKET, Kit, RUN};
use landing::ObjectKey;
use load::{Loader, Lookup};
use manifest::Manifest;
use serde_json::{Value, json};

/// A raw object's key.
fn key(store: u32) -> String {
    format!("raw/source=shop/endpoint=orders/store={store}/20261102T060000Z.json")
}

fn error_log_key(store: u32) -> String {
    format!("errors/source=shop/endpoint=orders/store={store}/20261102T060000Z.json.error.json")
}

fn s3_event(event_name: &str, key: &str) -> Value {
    let key = ObjectKey::new(key).to_notification();
    json!({ "Records": [{ "eventSource": "aws:s3", "eventName": event_name,
        "s3": { "bucket": { "name": BUCKET }, "object": { "key": key } } }] })
}

fn messages(bodies: &[Value]) -> Value {
    let records: Vec<_> = bodies
        .iter()
        .enumerate()
        .map(|(number, body)| {
            json!({ "messageId": number.to_string(), "eventSource": "aws:sqs", "body": body.to_string(),
                "attributes": { "ApproximateReceiveCount": "5", "SentTimestamp": "1793600104912" } })
        })
        .collect();
    json!({ "Records": records })
}

fn manifest(kit: &Kit) -> Manifest {
    Manifest::new(kit.loader.another())
}

/// A manifest without a database.
async fn without_database(kit: &Kit) -> Manifest {
    let lookup: Lookup =
        std::sync::Arc::new(|name| (name == "RIACHO_BUCKET").then(|| BUCKET.to_owned()));
    let loader = Loader::from_lookup(kit.lake.clone(), lookup).await.unwrap();
    Manifest::new(loader)
}

async fn handle(manifest: &Manifest, event: &Value) -> Value {
    manifest.handle(event, RUN).await.unwrap()
}

/// The keys that the list names, in its order.
async fn open(kit: &Kit) -> Vec<String> {
    let text = kit.text("manifests/open.jsonl").await.unwrap_or_default();
    text.lines()
        .map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            line["key"].as_str().unwrap().to_owned()
        })
        .collect()
}

fn long_ago() -> Timestamp {
    Timestamp::now() - SignedDuration::from_hours(1)
}
