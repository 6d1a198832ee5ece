//! What becomes rows.

use std::io::Write;

use async_compression::tokio::write::{GzipEncoder, ZstdEncoder};
use load::Verdict;
use tokio::io::AsyncWriteExt;

use crate::kit::{BUCKET, Kit};

const FOLDER: &str = "raw/source=shop/endpoint=orders/day=2026-11-01";
const ROWS: &str = "select id, total, day from shop.orders order by id";

const ENDPOINT: &str = r#"
[sources.shop.endpoints.orders]
path = "/orders/{day}"
records = "/orders"
key = ["/id"]
version = "/changed"
table = "orders"
write = "replace"
"#;

async fn rows(kit: &Kit) -> Vec<String> {
    kit.sql(ROWS).await
}

#[tokio::test]
async fn a_document_an_array_lines_and_concatenated_texts_become_the_same_rows() {
    let kit = Kit::new().await;
    let forms = [
        ("array", r#"[{"id":1,"total":1.50},{"id":2,"total":2}]"#),
        ("lines", "{\"id\":3,\"total\":1.50}\n{\"id\":4,\"total\":2}\n"),
        ("joined", r#"{"id":5,"total":1.50}{"id":6,"total":2}"#),
        ("single", r#"{"id":7,"total":1.50}"#),
    ];
    for (name, text) in forms {
        let report = kit.land(&format!("{FOLDER}/{name}.json"), text).await;
        assert_eq!(report.outcome, Verdict::Loaded, "{report:?}");
    }
    let expected: Vec<_> = (1..=7)
        .map(|id| match id % 2 {
            1 => format!("{id} 1.50 2026-11-01"),
            _ => format!("{id} 2 2026-11-01"),
        })
        .collect();
    assert_eq!(rows(&kit).await, expected);
}

#[tokio::test]
async fn gzip_and_zstd_are_read() {
    let kit = Kit::new().await;
    let text = br#"{"id":1,"total":9007199254740993}"#;
    let mut gzip = GzipEncoder::new(Vec::new());
    gzip.write_all(text).await.unwrap();
    gzip.shutdown().await.unwrap();
    let report = kit.land(&format!("{FOLDER}/a.json.gz"), gzip.into_inner()).await;
    assert_eq!(report.outcome, Verdict::Loaded, "{report:?}");
    let mut zstd = ZstdEncoder::new(Vec::new());
    zstd.write_all(text).await.unwrap();
    zstd.shutdown().await.unwrap();
    let report = kit.land(&format!("{FOLDER}/b.json.zst"), zstd.into_inner()).await;
    assert_eq!(report.outcome, Verdict::Loaded, "{report:?}");
    assert_eq!(
        rows(&kit).await,
        ["1 9007199254740993 2026-11-01", "1 9007199254740993 2026-11-01"]
    );
}

#[tokio::test]
async fn an_object_loaded_twice_stands_once() {
    let kit = Kit::new().await;
    let key = format!("{FOLDER}/a.json");
    kit.land(&key, r#"[{"id":1,"total":1}]"#).await;
    let again = kit.load(&key).await;
    assert_eq!(again.outcome, Verdict::AlreadyLoaded);
    assert_eq!(rows(&kit).await.len(), 1);
}

#[tokio::test]
async fn an_older_object_never_displaces_a_newer_one() {
    let kit = Kit::with_endpoint(ENDPOINT).await;
    let newer = format!("{FOLDER}/20261102T070000Z.json");
    let older = format!("{FOLDER}/20261102T060000Z.json");
    kit.land(&newer, r#"{"orders":[{"id":1,"total":2,"changed":2}]}"#).await;
    let late = kit
        .land(
            &older,
            r#"{"orders":[{"id":1,"total":1,"changed":1},{"id":2,"total":5,"changed":1}]}"#,
        )
        .await;
    assert_eq!(late.outcome, Verdict::Superseded);
    assert_eq!(rows(&kit).await, ["1 2 2026-11-01"]);
}

#[tokio::test]
async fn records_that_a_scope_loses_stand_again_in_another_that_has_them() {
    let kit = Kit::with_endpoint(ENDPOINT).await;
    let other = "raw/source=shop/endpoint=orders/day=2026-11-02/20261103T060000Z.json";
    let first = format!("{FOLDER}/20261103T060000Z.json");
    let second = format!("{FOLDER}/20261103T070000Z.json");
    kit.land(
        other,
        r#"{"orders":[{"id":1,"total":1,"changed":1},{"id":9,"total":9,"changed":1}]}"#,
    )
    .await;
    kit.land(&first, r#"{"orders":[{"id":1,"total":2,"changed":2}]}"#).await;
    assert_eq!(rows(&kit).await, ["1 2 2026-11-01", "9 9 2026-11-02"]);
    let report = kit.land(&second, r#"{"orders":[]}"#).await;
    assert_eq!(report.outcome, Verdict::Loaded, "{report:?}");
    assert_eq!(rows(&kit).await, ["1 1 2026-11-02", "9 9 2026-11-02"]);
}

#[tokio::test]
async fn an_overwritten_object_is_read_again_in_the_version_that_was_loaded() {
    let kit = Kit::with_endpoint(ENDPOINT).await;
    let other = "raw/source=shop/endpoint=orders/day=2026-11-02/20261103T060000Z.json";
    kit.land(other, r#"{"orders":[{"id":1,"total":1,"changed":1}]}"#).await;
    let first = format!("{FOLDER}/20261103T060000Z.json");
    kit.land(&first, r#"{"orders":[{"id":1,"total":2,"changed":2}]}"#).await;
    kit.put(other, "<html>").await;
    let second = format!("{FOLDER}/20261103T070000Z.json");
    let report = kit.land(&second, r#"{"orders":[{"id":2,"total":2,"changed":2}]}"#).await;
    assert_eq!(report.outcome, Verdict::Loaded, "{report:?}");
    assert_eq!(rows(&kit).await, ["1 1 2026-11-02", "2 2 2026-11-01"]);
}

#[tokio::test]
async fn a_record_that_cannot_be_kept_is_set_aside_with_its_text() {
    let kit = Kit::with_endpoint(ENDPOINT).await;
    let key = format!("{FOLDER}/20261102T060000Z.json");
    let body =
        r#"{"orders":[{"id":1,"total":1,"changed":1},{"total":7},{"id":1,"total":3,"changed":5}]}"#;
    let report = kit.land(&key, body).await;
    assert_eq!((report.records, report.rejects), (3, 2), "{report:?}");
    assert_eq!(rows(&kit).await, ["1 3 2026-11-01"]);
    let rejects = kit.sql("select reason, json from riacho.rejects order by reason").await;
    assert_eq!(
        rejects,
        [r#"key_missing {"total":7}"#, r#"key_twice {"id":1,"total":1,"changed":1}"#]
    );
}

#[tokio::test]
async fn twenty_loaders_that_each_bring_columns_lose_nothing() {
    let kit = std::sync::Arc::new(Kit::new().await);
    let loads = (0..20).map(|number| {
        let kit = std::sync::Arc::clone(&kit);
        tokio::spawn(async move {
            let key = format!("{FOLDER}/{number:02}.json");
            let body = format!(r#"{{"id":{number},"c{number}":true,"c{}":1}}"#, number % 3);
            kit.put(&key, body).await;
            let object = landing::LandedObject::named(BUCKET, landing::ObjectKey::new(key));
            kit.loader.another().load(&object, crate::kit::RUN).await
        })
    });
    for load in futures::future::join_all(loads).await {
        let report = load.unwrap();
        assert_eq!(report.outcome, Verdict::Loaded, "{report:?}");
    }
    assert_eq!(kit.sql("select count(*) from shop.orders").await, ["20"]);
}

#[tokio::test]
async fn a_large_object_takes_many_batches() {
    let kit = Kit::new().await;
    let mut body = Vec::new();
    for id in 0..60_000 {
        writeln!(
            body,
            r#"{{"id":{id},"note":"{}","lines":[{{"n":1}},{{"n":2}}]}}"#,
            "x".repeat(100)
        )
        .unwrap();
    }
    let report = kit.land(&format!("{FOLDER}/a.json"), body).await;
    assert_eq!((report.records, report.rows), (60_000, 180_000), "{report:?}");
    assert_eq!(kit.sql("select count(*), sum(id) from shop.orders").await, ["60000 1799970000"]);
}

#[tokio::test]
async fn of_a_key_that_comes_again_long_after_it_was_forgotten_the_newest_record_stands() {
    let kit = Kit::with_endpoint(ENDPOINT).await;
    let record = |id: u32, total: u32, changed: u32| {
        format!(r#"{{"id":{id},"total":{total},"changed":{changed},"lines":[{{"of":{id}}}]}}"#)
    };
    // Another scope has the newest version of one of them.
    let other = "raw/source=shop/endpoint=orders/day=2026-11-02/20261101T060000Z.json";
    kit.land(other, format!(r#"{{"orders":[{}]}}"#, record(9, 9, 9))).await;
    let mut records = (0..60_000).map(|id| record(id, 1, 1)).collect::<Vec<_>>();
    let again = [(5, 2, 2), (6, 2, 0), (7, 2, 2), (7, 3, 3), (8, 2, 1), (9, 2, 2)];
    records.extend(again.map(|(id, total, changed)| record(id, total, changed)));
    let body = format!(r#"{{"orders":[{}]}}"#, records.join(","));
    let report = kit.land(&format!("{FOLDER}/20261102T060000Z.json"), &body).await;
    assert_eq!((report.outcome, report.rejects), (Verdict::Loaded, 6), "{report:?}");

    let stands = "select id, total, day from shop.orders where id between 4 and 9 order by id";
    assert_eq!(
        kit.sql(stands).await,
        [
            "4 1 2026-11-01",
            "5 2 2026-11-01",
            "6 1 2026-11-01",
            "7 3 2026-11-01",
            "8 1 2026-11-01",
            "9 9 2026-11-02"
        ]
    );
    let children = "select count(*), count(distinct of) from shop.orders__lines";
    assert_eq!(kit.sql(children).await, ["60000 60000"]);
    let rejects = "select reason, pointer, byte_offset, byte_length, json from riacho.rejects
                   order by \"row\"";
    let expected = [5, 7, 9, 60_001, 60_002, 60_004].map(|row: usize| {
        let json = &records[row];
        let offset = records[..row].iter().map(|record| record.len() + 1).sum::<usize>() + 11;
        format!("key_twice /id {offset} {} {json}", json.len())
    });
    assert_eq!(kit.sql(rejects).await, expected);
    // The record that gave way to the other scope's stands once that one is gone.
    let last = kit
        .land(
            "raw/source=shop/endpoint=orders/day=2026-11-02/20261103T060000Z.json",
            "{\"orders\":[]}",
        )
        .await;
    assert_eq!(last.outcome, Verdict::Loaded, "{last:?}");
    assert_eq!(kit.sql("select total, day from shop.orders where id = 9").await, ["2 2026-11-01"]);
}

#[tokio::test]
async fn of_an_object_that_says_nearly_everything_twice_only_so_many_records_wait_for_their_text() {
    let kit = Kit::with_endpoint(ENDPOINT).await;
    let record = |id: u32, changed: u32| format!(r#"{{"id":{id},"total":1,"changed":{changed}}}"#);
    let (all, again, waiting) = (34_000, 20_300, 20_000);
    let first = (0..all).map(|id| record(id, 1));
    let body = first.chain((0..again).map(|id| record(id, 2))).collect::<Vec<_>>().join(",");
    let body = format!(r#"{{"orders":[{body}]}}"#);
    let report = kit.land(&format!("{FOLDER}/20261102T060000Z.json"), &body).await;
    assert_eq!((report.outcome, report.rejects), (Verdict::Loaded, again.into()), "{report:?}");
    let stands = "select count(*), sum(changed) from shop.orders";
    assert_eq!(kit.sql(stands).await, [format!("{all} {}", all + again)]);
    let rejects = "select count(*), count(json), count(byte_offset), count(distinct \"row\"),
        max(\"row\") from riacho.rejects";
    assert_eq!(
        kit.sql(rejects).await,
        [format!("{again} {waiting} {waiting} {again} {}", again - 1)]
    );
}
