//! Events on their way to a function: filtered, at least once, retried, and never lost.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_s3::Client;
use embedded::s3::{Delivery, DeliveryOptions, S3Options, S3Server};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::place;

type Seen = Arc<Mutex<Vec<Value>>>;

async fn start() -> (TempDir, S3Server, Client) {
    let dir = tempfile::tempdir().unwrap();
    let options = S3Options::new(dir.path(), &[("lake", false)]);
    let server = S3Server::start(options).await.unwrap();
    let client = place::client(&server.endpoint(), "test");
    (dir, server, client)
}

fn quick(duplicate_every: Option<u32>) -> DeliveryOptions {
    DeliveryOptions {
        duplicate_every,
        retry_delays: vec![Duration::from_millis(5); 2],
        ..DeliveryOptions::default()
    }
}

async fn put(client: &Client, key: &str) {
    let put = client.put_object().bucket("lake").key(key);
    put.send().await.unwrap();
}

fn keys(seen: &Seen) -> Vec<String> {
    let seen = seen.lock().unwrap();
    let keys = seen.iter().map(|event| {
        let key = &event["Records"][0]["s3"]["object"]["key"];
        key.as_str().unwrap_or_default().to_owned()
    });
    let mut keys = keys.collect::<Vec<_>>();
    keys.sort();
    keys
}

fn note(seen: &Seen, value: Value) {
    seen.lock().unwrap().push(value);
}

fn recorded(seen: &Seen) -> impl Fn(Value) -> std::future::Ready<()> + Send + Sync + 'static {
    let seen = Arc::clone(seen);
    move |record| {
        note(&seen, record);
        std::future::ready(())
    }
}

#[tokio::test]
async fn created_objects_under_the_prefix_arrive_and_some_twice() {
    let (_dir, server, client) = start().await;
    let (seen, failed) = (Seen::default(), Seen::default());
    let noted = Arc::clone(&seen);
    let delivery = Delivery::start(
        server.events(),
        quick(Some(3)),
        move |event| {
            note(&noted, event);
            async { Ok(()) }
        },
        recorded(&failed),
    );
    for key in ["raw/1", "errors/x", "raw/2", "raw/3", "raw/4"] {
        put(&client, key).await;
    }
    let delete = client.delete_object().bucket("lake").key("raw/1");
    delete.send().await.unwrap();
    delivery.idle().await;
    assert_eq!(keys(&seen), ["raw/1", "raw/2", "raw/3", "raw/3", "raw/4"]);
    assert!(failed.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_failing_event_is_tried_three_times_then_recorded() {
    let (_dir, server, client) = start().await;
    let failed = Seen::default();
    let attempts = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&attempts);
    let delivery = Delivery::start(
        server.events(),
        quick(None),
        move |event| {
            let attempt = counted.fetch_add(1, Ordering::SeqCst);
            async move {
                let key = event["Records"][0]["s3"]["object"]["key"].clone();
                assert_ne!(attempt, 1, "a panic is a failure like another");
                Err(format!("cannot load {key}"))
            }
        },
        recorded(&failed),
    );
    put(&client, "raw/bad").await;
    delivery.idle().await;
    assert_eq!(attempts.load(Ordering::SeqCst), 3);
    let failed = failed.lock().unwrap();
    let record = &failed[0];
    assert_eq!(record["requestContext"]["condition"], "RetriesExhausted");
    assert_eq!(record["requestContext"]["approximateInvokeCount"], 3);
    assert_eq!(record["responsePayload"]["errorMessage"], "cannot load \"raw/bad\"");
    let object = &record["requestPayload"]["Records"][0]["s3"]["object"];
    assert_eq!(object["key"], "raw/bad");
}

#[tokio::test]
async fn idle_waits_for_what_handlers_write() {
    let (_dir, server, client) = start().await;
    let seen = Seen::default();
    let noted = Arc::clone(&seen);
    let writer = client.clone();
    let delivery = Delivery::start(
        server.events(),
        quick(None),
        move |event| {
            let key = event["Records"][0]["s3"]["object"]["key"].clone();
            let next = key.as_str().map(|key| format!("{key}x")).unwrap();
            note(&noted, event);
            let writer = writer.clone();
            async move {
                if next.len() < "raw/xxxx".len() {
                    put(&writer, &next).await;
                }
                Ok(())
            }
        },
        |_| async {},
    );
    put(&client, "raw/x").await;
    delivery.idle().await;
    assert_eq!(keys(&seen), ["raw/x", "raw/xx", "raw/xxx"]);
    delivery.stop().await;
}

#[tokio::test]
async fn any_payload_can_be_invoked() {
    let (_dir, server, _client) = start().await;
    let seen = Seen::default();
    let noted = Arc::clone(&seen);
    let delivery = Delivery::start(
        server.events(),
        quick(None),
        move |event| {
            note(&noted, event);
            async { Ok(()) }
        },
        |_| async {},
    );
    delivery.invoke(json!({ "keys": ["raw/1"] }));
    delivery.idle().await;
    assert_eq!(*seen.lock().unwrap(), [json!({ "keys": ["raw/1"] })]);
}
