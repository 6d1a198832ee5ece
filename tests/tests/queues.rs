//! The queues of `infra/template.yaml` with the real functions at their ends: what S3 says of `raw/`
//! goes to load, what load can't handle becomes a dead letter, and manifest lists it.
#![allow(clippy::unwrap_used, clippy::panic)]

use tests::{Function, FunctionOptions, Pipe, Queue, workspace_binary};

/// As in the template.
const MAX_RECEIVE_COUNT: u32 = 5;
const BATCH_SIZE: usize = 10;

struct Queues {
    load: Queue,
    failures: Queue,
    dead_letters: Queue,
}

impl Queues {
    fn new() -> Self {
        let dead_letters = Queue::new("load-dead-letters");
        let load = Queue::with_dead_letters("load", &dead_letters, MAX_RECEIVE_COUNT);
        Self { load, failures: Queue::new("failures"), dead_letters }
    }

    /// What the bucket's notifications do.
    async fn notify(&self, pipe: &Pipe) {
        while let Some(event) = pipe.next_event().await {
            match event.key.as_str().split('/').next() {
                Some("raw") => self.load.send(&event.notification()),
                Some("errors") => self.failures.send(&event.notification()),
                _ => {}
            }
        }
    }
}

fn key(number: usize) -> String {
    format!("raw/source=shop/endpoint=orders/day=2026-11-{number:02}/20261130T000000Z.json")
}

/// The function load, whose database does not answer.
fn load_without_database(pipe: &Pipe) -> Function {
    let mut options = FunctionOptions::new("load", workspace_binary("load").unwrap());
    options.environment.clone_from(pipe.environment());
    let nowhere = "postgres://riacho@127.0.0.1:1/lake?sslmode=disable&connect_timeout=1";
    Function::deploy(options.with("DATABASE_URL", nowhere))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_object_among_good_ones_is_listed_and_nothing_comes_again() {
    let (pipe, queues) = (Pipe::start().await, Queues::new());
    for number in 1..=11 {
        pipe.put(&key(number), format!(r#"{{"order": {number}}}"#)).await;
    }
    pipe.put(&key(12), "<html>down for maintenance</html>").await;
    queues.notify(&pipe).await;
    assert_eq!(queues.load.len(), 12);

    assert!(queues.load.poll(&pipe.load, BATCH_SIZE).await.is_empty());
    assert!(queues.load.is_empty() && queues.dead_letters.is_empty());
    assert_eq!(pipe.one("select sum(\"order\") from shop.orders").await, "66");

    queues.notify(&pipe).await;
    assert!(queues.failures.poll(&pipe.manifest, 100).await.is_empty());
    let open = pipe.open().await;
    assert_eq!(open.len(), 1, "{open:?}");
    assert_eq!(open[0]["key"], key(12));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_database_events_end_as_dead_letters_and_a_replay_loads_them() {
    let (pipe, queues) = (Pipe::start().await, Queues::new());
    for number in 1..=3 {
        pipe.put(&key(number), format!(r#"{{"order": {number}}}"#)).await;
    }
    queues.notify(&pipe).await;

    let broken = load_without_database(&pipe);
    for _ in 0..MAX_RECEIVE_COUNT {
        queues.load.poll(&broken, BATCH_SIZE).await;
        assert_eq!(queues.load.len(), 3, "an event was given up too early");
    }
    queues.load.poll(&broken, BATCH_SIZE).await;
    assert_eq!((queues.load.len(), queues.dead_letters.len()), (0, 3));
    assert!(pipe.keys("errors/").await.is_empty(), "the objects were blamed");

    assert!(queues.dead_letters.poll(&pipe.manifest, 100).await.is_empty());
    assert!(queues.dead_letters.is_empty());
    let open = pipe.open().await;
    assert_eq!(open.len(), 3, "{open:?}");
    // SQS counts receives across all queues, so that manifest's own is among them
    // (Amazon SQS API Reference, ReceiveMessage, `ApproximateReceiveCount`).
    assert!(open.iter().all(|line| line["attempts"] == MAX_RECEIVE_COUNT + 1), "{open:?}");

    let replay = serde_json::json!({ "replay": {} });
    let answer = pipe.manifest.invoke(&replay).await.unwrap();
    assert_eq!(answer["replayed"]["loaded"], 3, "{answer}");
    assert_eq!(pipe.one("select sum(\"order\") from shop.orders").await, "6");
    queues.notify(&pipe).await;
    queues.failures.poll(&pipe.manifest, 100).await;
    assert!(pipe.open().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_delivered_twice_and_late_changes_nothing() {
    let (pipe, queues) = (Pipe::start().await, Queues::new());
    pipe.put(&key(1), r#"{"order": 1}"#).await;
    let event = pipe.next_event().await.unwrap().notification();
    for _ in 0..3 {
        queues.load.send(&event);
    }
    assert!(queues.load.poll(&pipe.load, BATCH_SIZE).await.is_empty());
    queues.load.send(&event);
    assert!(queues.load.poll(&pipe.load, BATCH_SIZE).await.is_empty());
    assert!(queues.load.is_empty());
    assert_eq!(pipe.one("select count(*) from shop.orders").await, "1");
}
