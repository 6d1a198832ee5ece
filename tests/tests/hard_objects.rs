//! Objects that are hard by their size, or that fail far inside: memory stays flat, nothing of what
//! fails is left, and it is said where. The sizes are small here; the bounds are set low instead.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use async_compression::tokio::write::GzipEncoder;
use serde_json::Value;
use tests::{Function, FunctionOptions, Pipe, workspace_binary};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

const KEY: &str = "raw/source=hard/endpoint=things/1.json";

/// A body of records of about 200 bytes, `records` of them.
fn body(records: usize) -> String {
    let mut text = String::from(r#"{"things":["#);
    for id in 0..records {
        let comma = if id == 0 { "" } else { ",\n" };
        write!(text, r#"{comma}{{"id":{id},"text":"{}"}}"#, "x".repeat(170)).unwrap();
    }
    text + "]}"
}

fn configuration(load: &str) -> String {
    let endpoints = ["things", "small", "large"].map(|name| {
        format!("[sources.hard.endpoints.{name}]\npath = \"/\"\nrecords = \"/things\"\nkey = [\"/id\"]\n")
    });
    format!(
        "[lake]\nbucket = \"${{RIACHO_BUCKET}}\"\n[load]\n{load}\n[sources.hard]\n\
         base_url = \"http://localhost:1\"\n{}",
        endpoints.concat()
    )
}

async fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzipEncoder::new(Vec::new());
    encoder.write_all(plain).await.unwrap();
    encoder.shutdown().await.unwrap();
    encoder.into_inner()
}

/// Lands the body and gives what the manifest says of it.
async fn fails(pipe: &Pipe, key: &str, body: impl Into<Vec<u8>>) -> Value {
    pipe.put(key, body).await;
    for answer in pipe.deliver().await {
        answer.unwrap();
    }
    let tables = "select 1 from pg_tables where schemaname = 'hard'";
    assert!(pipe.sql(tables).await.is_empty(), "a failed object leaves no table behind");
    let mut open = pipe.open().await;
    assert_eq!(open.len(), 1, "{open:?}");
    open.remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_fails_after_many_batches_leaves_nothing_and_says_where() {
    let pipe = Pipe::configured(&configuration("")).await;
    let sound = body(60_000);
    let place = sound.find("\"id\":59000,").unwrap() + 5;
    let mut broken = sound.into_bytes();
    broken[place] = b'x';
    let line = fails(&pipe, KEY, broken).await;
    assert_eq!(line["kind"], "not_json");
    assert_eq!(line["byte_offset"], place);
    let message = line["message"].as_str().unwrap();
    assert!(message.contains("line 59001, column 7"), "{message}");
    assert!(message.contains("`/things/59000/id`"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_string_without_end_is_refused_at_the_bound() {
    let pipe = Pipe::configured(&configuration("max_record_bytes = \"1MB\"")).await;
    let text = format!(r#"{{"things":[{{"id":1,"text":"{}"}}]}}"#, "x".repeat(64 << 20));
    let line = fails(&pipe, KEY, text).await;
    assert_eq!(line["kind"], "record_too_large", "{line}");
    let used = pipe.load.max_memory_used_mb();
    assert!(used < 64, "{used} MB");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bomb_is_refused_at_the_ratio_or_size_that_is_configured() {
    let bomb = gzip(&vec![b' '; 80 << 20]).await;
    for (bound, kind) in
        [("max_ratio = 50", "inflates"), ("max_decoded_bytes = \"1MB\"", "too_large")]
    {
        let pipe = Pipe::configured(&configuration(bound)).await;
        let line = fails(&pipe, "raw/source=hard/endpoint=things/1.json.gz", bomb.clone()).await;
        assert_eq!(line["kind"], kind, "{line}");
        let used = pipe.load.max_memory_used_mb();
        assert!(used < 64, "{used} MB");
    }
}

/// Lets what load sends to the database through at so many bytes a second.
async fn throttled(database_url: &str, bytes_per_second: usize) -> String {
    let (head, tail) = database_url.rsplit_once('@').unwrap();
    let (authority, rest) = tail.split_once('/').unwrap();
    let authority = authority.to_owned();
    let listener = TcpListener::bind("localhost:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let far = TcpStream::connect(&authority).await.unwrap();
            let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
            tokio::spawn(pass(near_in, far_out, Some(bytes_per_second)));
            tokio::spawn(pass(far_in, near_out, None));
        }
    });
    format!("{head}@localhost:{port}/{rest}")
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, bytes_per_second: Option<usize>) {
    let mut buffer = vec![0; 16 << 10];
    while let Ok(bytes @ 1..) = from.read(&mut buffer).await {
        if to.write_all(&buffer[..bytes]).await.is_err() {
            return;
        }
        if let Some(rate) = bytes_per_second {
            tokio::time::sleep(Duration::from_secs_f64(bytes as f64 / rate as f64)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_database_holds_the_lake_back_and_memory_stays_flat() {
    let pipe = Pipe::configured(&configuration("")).await;
    let url = throttled(&pipe.database.url, 16 << 20).await;
    let slow = |name: &str| {
        let mut options = FunctionOptions::new(name, workspace_binary("load").unwrap());
        options.environment.clone_from(pipe.environment());
        Function::deploy(options.with("DATABASE_URL", url.clone()))
    };
    let mut used = Vec::new();
    for (name, records) in [("small", 10_000), ("large", 200_000)] {
        let load = slow(name);
        let key = format!("raw/source=hard/endpoint={name}/1.json");
        pipe.put(&key, body(records)).await;
        let event = pipe.next_event().await.unwrap().notification();
        let started = Instant::now();
        load.invoke(&event).await.unwrap();
        assert!(records == 10_000 || started.elapsed() > Duration::from_secs(2), "throttled");
        used.push(load.max_memory_used_mb());
        let rows = pipe.one(&format!("select count(*) from hard.{name}")).await;
        assert_eq!(rows, records.to_string());
    }
    // The large object is 40 MB, its rows 42.
    assert!(used[1] < used[0] + 16, "{used:?} MB");
}
