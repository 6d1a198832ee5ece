//! Many more events at once than the database has connections: they wait, a few fail and come again,
//! and nobody storms the database. Alone in its file, as tests of one file share a server.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use futures::future::join_all;
use load::{Deadline, Loader, Run, Unwatched};
use serde_json::{Value, json};
use tests::{BUCKET, Direct, Way, batch, failures};
use tokio::sync::Mutex;

const CONFIGURATION: &str =
    "[lake]\nbucket = \"${RIACHO_BUCKET}\"\n[load]\nlock_timeout = \"60s\"\n";

fn key(number: usize) -> String {
    format!("raw/source=shop/endpoint=orders/day={number:03}/20261130T000000Z.json")
}

fn body(number: usize) -> String {
    format!(r#"{{"n": {number}}}"#)
}

/// A queue with many functions at its end, as many as AWS would start.
struct Functions {
    queue: Mutex<VecDeque<(Value, u32)>>,
    handled: AtomicUsize,
    invocations: AtomicUsize,
    most_receives: AtomicUsize,
}

impl Functions {
    /// One of them: takes batches until all is handled, keeps what it has between two of them.
    async fn work(&self, loader: &Loader, total: usize, timeout: Duration) {
        while self.handled.load(Ordering::Relaxed) < total {
            let taken = {
                let mut queue = self.queue.lock().await;
                let most = queue.len().min(5);
                queue.drain(..most).collect::<Vec<_>>()
            };
            if taken.is_empty() {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
            self.invocations.fetch_add(1, Ordering::Relaxed);
            let messages = taken.iter().enumerate();
            let messages = messages.map(|(at, (event, _))| (at.to_string(), event.clone()));
            let now = SystemTime::now();
            let run = Run {
                deadline: Deadline::at(now + timeout, now),
                force: false,
                progress: &Unwatched,
            };
            let event = batch(&messages.collect::<BTreeMap<_, _>>());
            let answer = loader.handle(&event, run).await.unwrap();
            let failed = failures(&answer);
            self.handled.fetch_add(taken.len() - failed.len(), Ordering::Relaxed);
            for (at, (event, receives)) in taken.into_iter().enumerate() {
                let receives = receives + 1;
                self.most_receives.fetch_max(receives as usize, Ordering::Relaxed);
                if failed.contains(&at.to_string().as_str()) {
                    self.queue.lock().await.push_back((event, receives));
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_events_at_once_wait_for_twenty_connections_and_storm_nothing() {
    const EVENTS: usize = 500;
    const FUNCTIONS: usize = 100;
    let world = Direct::configured(CONFIGURATION).await;
    world.land("raw/source=shop/endpoint=orders/day=first/1.json", body(0)).await;
    let mut queue = VecDeque::new();
    for number in 1..=EVENTS {
        world.put(&key(number), body(number)).await;
        let event = json!({ "Records": [{ "eventName": "ObjectCreated:Put", "eventSource": "aws:s3",
            "s3": { "bucket": { "name": BUCKET }, "object": { "key": key(number) } } }] });
        queue.push_back((event, 0));
    }
    let name = &world.database.name;
    world.sql(&format!("alter database {name} connection limit 20")).await;
    let way = Way::to(&world.database.url).await;
    let functions = Functions {
        queue: Mutex::new(queue),
        handled: AtomicUsize::default(),
        invocations: AtomicUsize::default(),
        most_receives: AtomicUsize::default(),
    };
    let first = world.loader_at(&way.url, CONFIGURATION).await;
    let started = Instant::now();
    let timeout = Duration::from_secs(60);
    let all = (0..FUNCTIONS).map(|_| async {
        let loader = first.another();
        functions.work(&loader, EVENTS, timeout).await;
    });
    join_all(all).await;
    let elapsed = started.elapsed();

    let (asked, invocations) = (way.connections(), functions.invocations.into_inner());
    let receives = functions.most_receives.into_inner();
    println!(
        "{EVENTS} events, {FUNCTIONS} functions: {elapsed:?}, {invocations} invocations, a message \
         received {receives} times at most, a connection asked for {asked} times"
    );
    let loaded = "select count(*) || ' ' || sum(n) || ' ' || count(distinct n) from shop.orders";
    assert_eq!(world.one(loaded).await, format!("501 {} 501", EVENTS * (EVENTS + 1) / 2));
    let ledger = "select count(*) from riacho.objects where status = 'loaded'";
    assert_eq!(world.one(ledger).await, "501");
    assert!(world.keys("errors/").await.is_empty());
    // No message came near its last receive, and nobody asked more often than the pauses allow: a
    // function once for itself, once for its helper, and now and then while it waits.
    assert!(receives <= 3, "{receives}");
    assert!(asked <= 12 * invocations, "{asked} times in {invocations} invocations");
    assert!(elapsed < Duration::from_secs(120), "{elapsed:?}");
}
