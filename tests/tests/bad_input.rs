//! Input that is not what it should be, end to end: each loads without loss by a rule that is written
//! down, or fails with what, where and what to do, and stands in the manifest. Nothing half-loaded,
//! no injected SQL, and the good neighbour loads all the same.
#![allow(clippy::unwrap_used, clippy::panic)]

use serde_json::Value;
use tests::Pipe;

const FOLDER: &str = "raw/source=odd/endpoint=things";

fn key(name: &str) -> String {
    format!("{FOLDER}/{name}.json")
}

/// Lands one object beside a good one; gives the pipe once both have been dealt with.
async fn land(body: impl Into<Vec<u8>>) -> Pipe {
    let pipe = Pipe::start().await;
    pipe.put(&key("bad"), body).await;
    pipe.put("raw/source=odd/endpoint=good/1.json", r#"{"fine":true}"#).await;
    for answer in pipe.deliver().await {
        answer.unwrap();
    }
    assert_eq!(pipe.one("select count(*) from odd.good where fine").await, "1");
    pipe
}

async fn status(pipe: &Pipe) -> String {
    let sql = format!("select status from riacho.objects where key = '{}'", key("bad"));
    pipe.one(&sql).await
}

/// Fails as it should: the kind, the byte, something to read; nothing in the tables.
async fn fails(body: impl Into<Vec<u8>>, kind: &str, byte: Option<u64>) -> Value {
    let pipe = land(body).await;
    assert_eq!(status(&pipe).await, "failed");
    let open = pipe.open().await;
    assert_eq!(open.len(), 1, "{open:?}");
    let line = open[0].clone();
    assert_eq!((line["kind"].as_str(), line["key"].as_str()), (Some(kind), Some(&*key("bad"))));
    assert_eq!(line["byte_offset"].as_u64(), byte, "{line}");
    assert!(line["message"].as_str().unwrap().len() > 20, "{line}");
    let log = pipe.text("errors/source=odd/endpoint=things/bad.json.error.json").await.unwrap();
    let log: Value = serde_json::from_str(&log).unwrap();
    assert_eq!(log["kind"], line["kind"]);
    assert!(
        pipe.text("manifests/open.csv").await.unwrap().starts_with("riacho-lake,raw/source%3Dodd")
    );
    assert_eq!(tables(&pipe).await, 0, "a failed object leaves no table behind");
    line
}

async fn tables(pipe: &Pipe) -> usize {
    let sql = "select 1 from pg_tables where schemaname = 'odd' and tablename like 'things%'";
    pipe.sql(sql).await.len()
}

/// Loads as it should, without a line in the manifest.
async fn loads(body: impl Into<Vec<u8>>) -> Pipe {
    let pipe = land(body).await;
    assert_eq!(status(&pipe).await, "loaded", "{:?}", pipe.open().await);
    assert!(pipe.open().await.is_empty());
    pipe
}

#[tokio::test(flavor = "multi_thread")]
async fn no_bytes() {
    fails("", "empty", Some(0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_truncated_document() {
    let line = fails(r#"{"a":[{"b":1},{"b":"#, "cut_off", Some(19)).await;
    assert_eq!(line["pointer"], "/a/1/b");
    assert!(line["excerpt"].as_str().unwrap().contains(r#"{"b":1}"#));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_page() {
    fails("<!DOCTYPE html><html><body>503</body></html>", "html", Some(0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_not_utf8() {
    fails(b"{\"a\":\"\xc3\x28\"}".to_vec(), "not_utf8", Some(6)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn not_a_number() {
    let line = fails("{\"a\":1}\n{\"a\": NaN}", "not_json", Some(14)).await;
    assert_eq!((line["line"].as_u64(), line["column"].as_u64()), (Some(2), Some(7)));
    assert!(line["message"].as_str().unwrap().contains("NaN"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_levels() {
    let body = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    fails(body, "too_deep", Some(513)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_record_of_many_is_broken() {
    let good = r#"{"a":1,"b":[{"c":2}]}"#.repeat(50_000);
    let offset = good.len() as u64 + 5;
    fails(format!("{good}{{\"a\":oops}}"), "not_json", Some(offset)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gzip_that_is_none_or_ends_early() {
    let pipe = Pipe::start().await;
    pipe.put("raw/source=odd/endpoint=things/a.json.gz", "{\"a\":1}").await;
    let early = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xab];
    pipe.put("raw/source=odd/endpoint=things/b.json.gz", early).await;
    pipe.deliver().await.into_iter().for_each(|answer| drop(answer.unwrap()));
    let kinds: Vec<_> = pipe.open().await.iter().map(|line| line["kind"].clone()).collect();
    assert_eq!(kinds.len(), 2, "{kinds:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_object() {
    let pipe = loads("{}").await;
    assert_eq!(pipe.one("select count(*) from odd.things").await, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_byte_order_mark() {
    let pipe = loads("\u{feff}{\"a\":1}").await;
    assert_eq!(pipe.one("select a from odd.things").await, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bare_scalar() {
    let pipe = loads("\"just text\"").await;
    assert_eq!(pipe.one("select value from odd.things").await, "\"just text\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_stands_twice() {
    let pipe = loads(r#"{"a":1,"a":2}"#).await;
    assert_eq!(pipe.one("select a from odd.things").await, "2");
    assert_eq!(pipe.one("select _overflow from odd.things").await, r#"{"/a":[1]}"#);
    let noted = pipe.one("select path from riacho.changes where kind = 'duplicate_name'").await;
    assert_eq!(noted, "/a");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_text_and_jsonb_cannot_hold() {
    let pipe =
        loads(r#"[{"a":"x"},{"a":"\u0000"},{"a":"\ud800!"},{"a":["\u0000"]},{"a":1e200000}]"#)
            .await;
    let rows = pipe.sql("select a, a__v_json from odd.things order by _row").await;
    let verbatim: Vec<_> = rows.iter().filter_map(|row| row[1].as_deref()).collect();
    assert_eq!(verbatim, [r#""\u0000""#, r#""\ud800!""#, r#"["\u0000"]"#, "1e200000"]);
    assert_eq!(rows[0][0].as_deref(), Some("x"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_of_four_hundred_digits() {
    let digits = "1234567890".repeat(40);
    let pipe = loads(format!("{{\"a\":{digits},\"b\":-0.{digits},\"c\":{digits}e-100}}")).await;
    assert_eq!(pipe.one("select a from odd.things").await, digits);
    assert_eq!(pipe.one("select b from odd.things").await, format!("-0.{digits}"));
    let (whole, part) = digits.split_at(300);
    assert_eq!(pipe.one("select c from odd.things").await, format!("{whole}.{part}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_names_in_one_object() {
    let members: Vec<_> = (0..10_000).map(|at| format!("\"k{at}\":{at}")).collect();
    let object = format!("{{{}}}", members.join(","));
    let pipe = loads(format!("[{object},{{\"m\":{object}}}]")).await;
    assert_eq!(pipe.one("select value->>'k9999' from odd.things where _row = 0").await, "9999");
    assert_eq!(pipe.one("select m->>'k9999' from odd.things where _row = 1").await, "9999");
    assert_eq!(
        pipe.sql("select distinct path from riacho.changes where kind = 'wide_object'").await.len(),
        2
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_and_some_fields_of_text() {
    let members: Vec<_> = (0..480).map(|at| format!("\"k{at}\":\"{at:040}\"")).collect();
    let half = members.join(",");
    let pipe = loads(format!("{{{half},\"more\":{{{half}}},\"again\":{{{half}}}}}")).await;
    let seen = "select (select count(*) from jsonb_object_keys(to_jsonb(t) - '_overflow') k(name)
                         where length(to_jsonb(t)->>name) = 40)
                     + (select count(*) from json_object_keys(_overflow)) from odd.things t";
    assert_eq!(pipe.one(seen).await, "1440");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_postgres_would_stumble_over() {
    let long = "n".repeat(200);
    let names = [
        "Name",
        "name",
        "NAME",
        "select",
        "user",
        "\\\"; drop table riacho.objects; --",
        "🎂",
        "",
        "a.b",
        "_row",
        &long,
    ];
    let members: Vec<_> = names.iter().enumerate().map(|(at, n)| format!("\"{n}\":{at}")).collect();
    let array = members.iter().map(|member| format!("{{{member}}}")).collect::<Vec<_>>().join(",");
    let pipe =
        loads(format!("{{{},\"'; drop schema odd; --\":[{array}]}}", members.join(","))).await;
    let columns =
        pipe.sql("select path, column_name from riacho.columns where table_position = 0 and endpoint = 'things'").await;
    assert_eq!(columns.len(), names.len());
    for column in &columns {
        let name = column[1].as_deref().unwrap();
        let at = names.iter().position(|known| {
            format!("/{}", known.replace("\\\"", "\"")) == column[0].as_deref().unwrap()
        });
        let value = pipe.one(&format!("select \"{name}\" from odd.things")).await;
        assert_eq!(value, at.unwrap().to_string(), "{column:?}");
    }
    let child = pipe.one("select table_name from riacho.tables where position = 1").await;
    assert_eq!(
        pipe.one(&format!("select count(*) from odd.\"{child}\"")).await,
        names.len().to_string()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sources_and_endpoints_that_postgres_would_stumble_over() {
    let pipe = Pipe::start().await;
    let key = "raw/source=a%22%3Bdrop%20schema%20riacho%3B/endpoint=select%27%20%2B%20é/x=y%2Fz%20%2B/1.json";
    pipe.put(key, r#"{"a":1}"#).await;
    pipe.deliver().await.into_iter().for_each(|answer| drop(answer.unwrap()));
    let table = pipe.sql("select schema_name, table_name from riacho.tables").await;
    let table: Vec<_> = table[0].iter().flatten().collect();
    assert_eq!(
        pipe.one(&format!("select x from \"{}\".\"{}\"", table[0], table[1])).await,
        "y/z +"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_are_no_raw_objects() {
    let pipe = Pipe::start().await;
    pipe.put("raw/loose.json", "{}").await;
    pipe.put("elsewhere/x.json", "{}").await;
    for answer in pipe.deliver().await {
        answer.unwrap();
    }
    let open = pipe.open().await;
    assert_eq!(open.len(), 1);
    assert_eq!(open[0]["key"], "raw/loose.json");
}
