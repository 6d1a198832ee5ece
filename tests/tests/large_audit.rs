//! `riacho audit` on a lake of many objects: its memory does not grow with them. With
//! RIACHO_AUDIT_OBJECTS=1000000 it is the measurement of docs/cli.md, and prints what it measured.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fmt::Write as _;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use embedded::postgres::test_database;
use embedded::s3::{S3Options, S3Server};
use serde_json::Value;
use tests::{BUCKET, ask, connect, workspace_binary};
use tokio::io::AsyncReadExt;
use tokio::process::Command;

const OBJECTS: u32 = 40_000;
/// Objects that lake, ledger and tables do not agree on, of each kind.
const EACH: u32 = 3;
const STORES: u32 = 100;
const MEMORY_MAX_KB: u64 = 96 << 10;

const CONFIGURATION: &str = r#"
[lake]
bucket = "${RIACHO_BUCKET}"

[sources.pos]
base_url = "http://127.0.0.1:9"

[sources.pos.partitions]
busDt = { kind = "list", values = ["00001"] }
storeId = { kind = "list", values = ["0001"] }

[sources.pos.endpoints.checks]
path = "/checks"
key = ["/id"]
"#;

/// The scope of an object, a day of a store.
fn scope(number: u32) -> String {
    format!("busDt={:05}/storeId={:04}", number / STORES, number % STORES)
}

fn key(number: u32) -> String {
    format!("raw/source=pos/endpoint=checks/{}/20261105T060000Z.json", scope(number))
}

/// Writes the embedded server's journal: a million PUTs would measure the server. The first objects
/// of each kind are left out: they are in the ledger alone.
fn write_lake(directory: &Path, objects: u32) {
    let s3 = directory.join("s3");
    std::fs::create_dir_all(&s3).unwrap();
    let file = std::fs::File::create(s3.join("journal.jsonl")).unwrap();
    let mut journal = BufWriter::new(file);
    let at = "2026-11-05T06:00:00Z";
    writeln!(journal, r#"[{{"BucketCreated":{{"bucket":"{BUCKET}","at":"{at}"}}}}]"#).unwrap();
    for number in EACH..objects {
        let content = format!(
            r#"{{"etag":"{number:032x}","bytes":7000,"body":"none","headers":{{"metadata":{{}}}}}}"#
        );
        let version =
            format!(r#"{{"id":"null","sequence":{},"at":"{at}","content":{content}}}"#, number + 1);
        let key = key(number);
        let added = format!(r#"{{"bucket":"{BUCKET}","key":"{key}","version":{version}}}"#);
        writeln!(journal, r#"[{{"VersionAdded":{added}}}]"#).unwrap();
    }
    journal.flush().unwrap();
}

/// Fills ledger and tables by SQL. Left out are the lines of some objects, the rows of others.
async fn write_ledger(url: &str, objects: u32) {
    let client = connect(url).await;
    let (gone, lost, short) = (0, EACH, 2 * EACH);
    let mut sql = String::new();
    writeln!(
        sql,
        "INSERT INTO riacho.objects (bucket, key, etag, bytes, source, endpoint, scope, object_time,
            status, records, rows, rejects, loaded_at, stands, standing_time, standing_key,
            write_mode)
         SELECT '{BUCKET}', 'raw/source=pos/endpoint=checks/' || scope || '/20261105T060000Z.json',
            lpad(to_hex(n), 32, '0'), 7000, 'pos', 'checks', scope, '2026-11-05 06:00Z', 'loaded',
            1, 1, 0, now(), true, '2026-11-05 06:00Z', '', 'replace'
         FROM (SELECT n, 'busDt=' || lpad((n / {STORES})::text, 5, '0') || '/storeId='
                || lpad((n % {STORES})::text, 4, '0') AS scope
             FROM generate_series(0, {objects} - 1) n WHERE n NOT BETWEEN {lost} AND {lost} + 2)
             numbers
         -- As they came: not in the order of their keys.
         ORDER BY hashint4(n);
         CREATE SCHEMA pos;
         CREATE TABLE pos.checks (_object_id bigint, _row integer, bus_dt text, store_id text,
             id bigint, PRIMARY KEY (_object_id, _row));
         INSERT INTO pos.checks SELECT id, 0, scope, scope, id FROM riacho.objects
         WHERE etag NOT IN (SELECT lpad(to_hex(n), 32, '0')
             FROM generate_series({short}, {short} + 2) n);
         INSERT INTO riacho.endpoints VALUES ('pos', 'checks', 'pos', 1);
         INSERT INTO riacho.tables (source, endpoint, position, schema_name, table_name, path,
             object_id) VALUES ('pos', 'checks', 0, 'pos', 'checks', '', 1);
         ANALYZE riacho.objects; ANALYZE pos.checks"
    )
    .unwrap();
    assert_eq!((gone, EACH), (0, 3), "as the SQL above has it");
    ask(&client, &sql).await;
}

/// The most memory that a process held, as long as it runs.
fn peak_kb(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_of_many_objects_finds_the_few_that_differ_in_bounded_memory() {
    let objects = std::env::var("RIACHO_AUDIT_OBJECTS").ok();
    let objects = objects.map_or(OBJECTS, |objects| objects.parse().unwrap());
    let directory = tempfile::tempdir().unwrap();
    write_lake(directory.path(), objects);
    let options = S3Options::new(directory.path().join("s3"), &[(BUCKET, false)]);
    let server = S3Server::start(options).await.unwrap();
    let database = test_database().await;
    let configuration = directory.path().join("riacho.toml");
    std::fs::write(&configuration, CONFIGURATION).unwrap();
    let riacho = |arguments: &[&str]| {
        let mut command = Command::new(workspace_binary("riacho").unwrap());
        command
            .args(arguments)
            .env("AWS_ENDPOINT_URL_S3", server.endpoint())
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_REGION", "us-east-1")
            .env("DATABASE_URL", &database.url)
            .env("RIACHO_BUCKET", BUCKET)
            .env("RIACHO_CONFIG", &configuration);
        command
    };
    // Sets schema `riacho` up.
    assert!(riacho(&["status"]).output().await.unwrap().status.success());
    write_ledger(&database.url, objects).await;

    let started = Instant::now();
    let mut child = riacho(&["--json", "audit"]).stdout(Stdio::piped()).spawn().unwrap();
    let (process, mut out) = (child.id().unwrap(), child.stdout.take().unwrap());
    let mut text = Vec::new();
    let mut peak = 0;
    let reading = out.read_to_end(&mut text);
    let mut reading = std::pin::pin!(reading);
    while tokio::time::timeout(Duration::from_millis(20), &mut reading).await.is_err() {
        peak = peak_kb(process).unwrap_or(peak);
    }
    let code = child.wait().await.unwrap().code();
    println!("{objects} objects: {:?}, {} MB", started.elapsed(), peak >> 10);

    let said: Value = serde_json::from_slice(&text).unwrap();
    let mut found: Vec<_> = said["differences"].as_array().unwrap().iter().collect();
    found.sort_by_key(|one| one["what"].to_string());
    let kinds = ["gone", "never_loaded", "rows"];
    let expected = (0..3 * EACH).map(|number| (kinds[(number / EACH) as usize], key(number)));
    let found = found
        .iter()
        .map(|one| (one["kind"].as_str().unwrap(), one["what"].as_str().unwrap().to_owned()));
    assert_eq!(found.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    assert_eq!(code, Some(1));
    let counts = &said["groups"][0]["counts"];
    assert_eq!(counts["landed"], objects - EACH, "{counts}");
    assert_eq!(counts["loaded"], objects - 2 * EACH, "{counts}");
    assert!(peak < MEMORY_MAX_KB, "{} MB", peak >> 10);
}
