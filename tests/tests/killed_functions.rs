//! Functions that die, or stand still, in the middle of a transaction, and databases that let them
//! wait until their time is over: what they held is free again soon, and what came of it is said.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use tests::{Function, FunctionOptions, Pipe, ask, connect, workspace_binary};
use tokio::net::TcpListener;

const CONFIGURATION: &str = r#"
[lake]
bucket = "${RIACHO_BUCKET}"

[load]
lock_timeout = "60s"

[sources.shop]
base_url = "http://127.0.0.1:9"

[sources.shop.partitions]
day = { kind = "list", values = ["1"] }

[sources.shop.endpoints.orders]
path = "/orders/{day}"
"#;
const OURS: &str = "select count(*) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and state = ";

fn key(hour: u32) -> String {
    format!("raw/source=shop/endpoint=orders/day=1/20261105T{hour:02}0000Z.json")
}

/// The function load as it is deployed, but for its time, and for what else its environment says.
fn load(pipe: &Pipe, seconds: u64, more: Option<(&str, String)>) -> Function {
    let mut options = FunctionOptions::new("load", workspace_binary("load").unwrap());
    options.environment.clone_from(pipe.environment());
    options.environment.extend(more.map(|(name, value)| (name.to_owned(), value)));
    options.timeout = Duration::from_secs(seconds);
    Function::deploy(options)
}

/// The address of an S3 that takes every request and answers none.
async fn silent_lake() -> (&'static str, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut taken = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            taken.push(stream);
        }
    });
    ("AWS_ENDPOINT_URL_S3", address)
}

/// Puts two objects of one scope; gives their events.
async fn two_objects(pipe: &Pipe) -> (Value, Value) {
    pipe.put(&key(6), r#"{"n":6}"#).await;
    pipe.put(&key(7), r#"{"n":7}"#).await;
    let mut events = Vec::new();
    while let Some(event) = pipe.next_event().await {
        events.push(event.notification());
    }
    (events.remove(0), events.remove(0))
}

async fn until(pipe: &Pipe, sql: &str, is: &str) {
    let started = Instant::now();
    loop {
        let found = pipe.one(sql).await;
        if found == is {
            return;
        }
        assert!(started.elapsed() < Duration::from_secs(10), "{sql}: {found}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn signal(name: &str, process: u32) {
    let sent = Command::new("kill").args([name, &process.to_string()]).status().unwrap();
    assert!(sent.success());
}

/// `T` is a process that was stopped; none is one that is gone.
fn state(process: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

/// Has a function hold the scope in an open transaction, and sends it a signal.
async fn hold(pipe: &Pipe, event: &Value, seconds: u64, name: &str) -> (Function, u32) {
    let function = load(pipe, seconds, Some(silent_lake().await));
    let (called, event) = (function.clone(), event.clone());
    tokio::spawn(async move { called.invoke(&event).await });
    // At its start it may set up the ledger, in a transaction too.
    while function.processes().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    until(pipe, &format!("{OURS} 'idle in transaction'"), "1").await;
    let process = function.processes()[0];
    signal(name, process);
    (function, process)
}

async fn loads(pipe: &Pipe, event: &Value) {
    let answer = pipe.load.invoke(event).await.unwrap();
    assert_eq!(answer["loaded"], 1, "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_function_held_is_free_at_once() {
    let pipe = Pipe::configured(CONFIGURATION).await;
    let (older, newer) = two_objects(&pipe).await;
    let (_function, _) = hold(&pipe, &older, 300, "-KILL").await;
    let started = Instant::now();
    loads(&pipe, &newer).await;
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    let answer = pipe.load.invoke(&older).await.unwrap();
    assert_eq!(answer["superseded"], 1, "{answer}");
    assert_eq!(pipe.one("select sum(n) from shop.orders").await, "7");
}

/// As good as a machine that is gone without a word: nobody ends the connection.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_function_held_that_stands_still_is_free_when_its_time_is_over() {
    let pipe = Pipe::configured(CONFIGURATION).await;
    let (older, newer) = two_objects(&pipe).await;
    // It stops working after twelve seconds, and would be killed after fifteen.
    let (_function, process) = hold(&pipe, &older, 15, "-STOP").await;
    loads(&pipe, &newer).await;
    assert_eq!(state(process), Some('T'), "it was killed first");
    assert_eq!(pipe.one("select sum(n) from shop.orders").await, "7");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_is_waited_for_no_longer_than_the_function_lives() {
    let pipe = Pipe::configured(CONFIGURATION).await;
    let (older, _) = two_objects(&pipe).await;
    pipe.load.invoke(&older).await.unwrap();
    let function = load(&pipe, 5, None);
    let holder = connect(&pipe.database.url).await;
    ask(&holder, "begin; lock table riacho.objects in exclusive mode").await;
    let error = function.invoke(&older).await.unwrap_err();
    assert_eq!(error.error_type, "out_of_time", "{error:?}");
    assert!(error.message.contains("canceling statement due to"), "{error:?}");
    assert_eq!(pipe.one(&format!("{OURS} 'active'")).await, "0", "somebody still waits");
    ask(&holder, "rollback").await;
    // The same process goes on.
    assert_eq!(function.invoke(&older).await.unwrap()["already_loaded"], 1);
    assert_eq!(function.cold_starts(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_runs_no_longer_than_the_function_lives() {
    let pipe = Pipe::configured(CONFIGURATION).await;
    let (older, newer) = two_objects(&pipe).await;
    loads(&pipe, &older).await;
    pipe.sql(
        "create function slow() returns trigger language plpgsql
         as $$ begin perform pg_sleep(30); return new; end $$;
         create trigger slow before insert on shop.orders for each row execute function slow()",
    )
    .await;
    let function = load(&pipe, 5, None);
    let error = function.invoke(&newer).await.unwrap_err();
    assert_eq!(error.error_type, "out_of_time", "{error:?}");
    assert!(error.message.contains("canceling statement due to"), "{error:?}");
    assert_eq!(pipe.one(&format!("{OURS} 'active'")).await, "0", "somebody still works");
    assert_eq!(pipe.one("select sum(n) from shop.orders").await, "6");
    pipe.sql("drop function slow cascade").await;
    loads(&pipe, &newer).await;
    assert_eq!(pipe.one("select sum(n) from shop.orders").await, "7");
}
