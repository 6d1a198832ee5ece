//! A bad object among a hundred, objects that can't be loaded just now, and people who load what the
//! functions load.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::join_all;
use serde_json::Value;
use tests::{Pipe, ask, batch, connect, failures};

const CONFIGURATION: &str =
    "[lake]\nbucket = \"${RIACHO_BUCKET}\"\n[load]\nlock_timeout = \"60s\"\n";
const IMPATIENT: &str = "[lake]\nbucket = \"${RIACHO_BUCKET}\"\n[load]\nlock_timeout = \"1s\"\n";

fn key(number: usize) -> String {
    format!("raw/source=shop/endpoint=orders/day={number:03}/20261130T000000Z.json")
}

fn body(number: usize) -> String {
    format!(r#"{{"n": {number}}}"#)
}

/// The events of all that was put, each in a message.
async fn messages(pipe: &Pipe) -> BTreeMap<String, Value> {
    let mut messages = BTreeMap::new();
    while let Some(event) = pipe.next_event().await {
        messages.insert(format!("message-{:03}", messages.len()), event.notification());
    }
    messages
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_hundred_messages_those_alone_are_named_that_a_retry_can_help() {
    let pipe = Pipe::configured(IMPATIENT).await;
    let busy = [7, 42, 99];
    for number in busy {
        pipe.put(&key(number), "{}").await;
    }
    let first = messages(&pipe).await;
    assert!(failures(&pipe.load.invoke(&batch(&first)).await.unwrap()).is_empty());

    for number in 0..100 {
        let body = if number == 50 { "<html>sorry</html>".to_owned() } else { body(number) };
        pipe.put(&key(number), body).await;
    }
    let hundred = messages(&pipe).await;
    assert_eq!(hundred.len(), 100);
    // Somebody holds three of the objects' lines.
    let holder = connect(&pipe.database.url).await;
    ask(&holder, "begin; select from riacho.objects for update").await;
    let answer = pipe.load.invoke(&batch(&hundred)).await.unwrap();
    assert_eq!(failures(&answer), ["message-007", "message-042", "message-099"]);
    let sum = |numbers: &[usize]| numbers.iter().sum::<usize>();
    let loaded = 4_950 - 50 - sum(&busy);
    assert_eq!(pipe.one("select sum(n) from shop.orders").await, loaded.to_string());
    assert_eq!(pipe.keys("errors/").await.len(), 1);

    ask(&holder, "rollback").await;
    let failed = hundred.iter().filter(|(id, _)| failures(&answer).contains(&id.as_str()));
    assert!(failures(&pipe.load.invoke(&batch(failed)).await.unwrap()).is_empty());
    // The whole batch again, as SQS may deliver it.
    assert!(failures(&pipe.load.invoke(&batch(&hundred)).await.unwrap()).is_empty());
    assert_eq!(pipe.one("select sum(n) from shop.orders").await, "4900");
    let ledger = "select string_agg(status || ' ' || count, ', ' order by status) from
        (select status, count(*) from riacho.objects group by status) counted";
    assert_eq!(pipe.one(ledger).await, "failed 1, loaded 99");
}

#[tokio::test(flavor = "multi_thread")]
async fn people_and_functions_may_load_the_same_objects_at_once() {
    let pipe = Arc::new(Pipe::configured(CONFIGURATION).await);
    for number in 1..=60 {
        // Each brings a column that some others bring too.
        let body = format!(r#"{{"n": {number}, "c{}": true, "l": [{{"x": 1}}]}}"#, number % 7);
        pipe.put(&key(number), body).await;
    }
    let messages = messages(&pipe).await.into_iter().collect::<Vec<_>>();
    let functions = messages.chunks(6).map(|chunk| {
        let (pipe, event) = (Arc::clone(&pipe), batch(chunk.iter().map(|(id, event)| (id, event))));
        async move {
            let answer = pipe.load.invoke(&event).await.unwrap();
            assert_eq!(failures(&answer), Vec::<&str>::new());
        }
    });
    let people = (0..2).map(|_| async {
        let (code, said) = pipe.riacho(&["load", "--prefix", "raw/"]).await;
        assert_eq!(code, 0, "{said}");
        said
    });
    let (people, _) = tokio::join!(join_all(people), join_all(functions));
    for said in &people {
        let [loaded, before] = ["loaded", "already_loaded"].map(|what| &said["summary"][what]);
        assert_eq!(loaded.as_u64().unwrap() + before.as_u64().unwrap(), 60, "{said}");
    }
    let rows = "select count(*) || ' ' || sum(n) from shop.orders";
    assert_eq!(pipe.one(rows).await, "60 1830");
    assert_eq!(pipe.one("select count(*) from shop.orders__l").await, "60");
    assert_eq!(pipe.one("select count(*) from riacho.objects where status = 'loaded'").await, "60");
    assert!(pipe.keys("errors/").await.is_empty());
    let deadlocks = "select deadlocks from pg_stat_database where datname = current_database()";
    assert_eq!(pipe.one(deadlocks).await, "0");
}
