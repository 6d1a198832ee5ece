//! Killed, or beside loads.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::json;
use tests::Pipe;

use crate::shop::{CONFIGURATION, all, key, order, schemas, shop};

/// Waits until the question's answer is what is waited for.
async fn until(pipe: &Pipe, sql: &str, wanted: impl Fn(&str) -> bool) {
    let started = Instant::now();
    loop {
        let found = pipe.one(sql).await;
        if wanted(&found) {
            return;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "{sql}: {found}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Many scopes, so that a rebuild takes its time.
async fn busy_shop(scopes: u32) -> Pipe {
    let pipe = Pipe::configured(CONFIGURATION).await;
    for day in 0..scopes {
        let records = (0..5).map(|n| order(day * 10 + n, 1, &[n, n + 1])).collect::<Vec<_>>();
        pipe.put(&key("orders", day, 6), json!(records).to_string()).await;
    }
    while pipe.next_event().await.is_some() {}
    let prefix = "raw/source=shop/endpoint=orders/";
    assert_eq!(pipe.riacho(&["load", "--prefix", prefix]).await.0, 0);
    pipe
}

const REBUILT: &str = "SELECT CASE WHEN to_regclass('shop__rebuild_ledger.objects') IS NULL THEN 0
    ELSE (xpath('//row/c/text()', query_to_xml(
        'SELECT count(*) AS c FROM shop__rebuild_ledger.objects WHERE status = ''loaded''',
        false, true, '')))[1]::text::int END";

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_that_was_killed_goes_on_where_it_was() {
    let pipe = busy_shop(150).await;
    let before = pipe.sql("SELECT to_jsonb(o)::text FROM shop.orders o ORDER BY 1").await;
    pipe.sql("UPDATE shop.orders SET total = 0 WHERE id % 10 = 3").await;
    let tampered = pipe.sql("SELECT to_jsonb(o)::text FROM shop.orders o ORDER BY 1").await;
    let mut child =
        pipe.command(&["rebuild", "shop", "--yes"]).stdout(Stdio::null()).spawn().unwrap();
    until(&pipe, REBUILT, |count| count.parse::<u32>().unwrap() >= 15).await;
    child.kill().await.unwrap();
    let done = pipe.one(REBUILT).await.parse::<u64>().unwrap();
    assert!(done < 150, "the kill came too late to test anything");
    let now = pipe.sql("SELECT to_jsonb(o)::text FROM shop.orders o ORDER BY 1").await;
    assert_eq!(now, tampered);

    let (code, said) = pipe.riacho(&["rebuild", "shop", "--yes"]).await;
    assert_eq!((code, &said["went_on"]), (0, &json!(true)), "{said}");
    let loaded = said["summary"]["loaded"].as_u64().unwrap();
    assert!(loaded <= 150 - done, "{loaded} loaded after {done}");
    let now = pipe.sql("SELECT to_jsonb(o)::text FROM shop.orders o ORDER BY 1").await;
    assert_eq!(now, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_in_the_swap_leaves_what_stood() {
    let pipe = shop().await;
    let before = all(&pipe).await;
    pipe.sql("DELETE FROM shop.prices WHERE id = 2; UPDATE shop.orders SET total = 0").await;
    let tampered = all(&pipe).await;
    // Somebody's hand in the second table: the first one's rows are exchanged by then.
    let writer = tests::connect(&pipe.database.url).await;
    writer.batch_execute("BEGIN; LOCK TABLE shop.prices IN ROW EXCLUSIVE MODE").await.unwrap();
    let mut child =
        pipe.command(&["rebuild", "shop", "--yes"]).stdout(Stdio::null()).spawn().unwrap();
    let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'ShareRowExclusiveLock'
        AND relation = 'shop.prices'::regclass";
    until(&pipe, waits, |count| count != "0").await;
    child.kill().await.unwrap();
    writer.batch_execute("ROLLBACK").await.unwrap();
    until(&pipe, "SELECT count(*) FROM pg_locks WHERE mode = 'ShareRowExclusiveLock'", |n| {
        n == "0"
    })
    .await;
    assert_eq!(all(&pipe).await, tampered);
    let (code, said) = pipe.riacho(&["rebuild", "shop", "--yes"]).await;
    assert_eq!(code, 0, "{said}");
    assert_eq!(all(&pipe).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_loaded_during_a_rebuild_is_there_after_it() {
    let pipe = busy_shop(60).await;
    pipe.sql("UPDATE shop.orders SET total = 0").await;
    let rebuild = pipe.command(&["rebuild", "shop", "--yes"]).stdout(Stdio::piped()).spawn();
    let rebuild = rebuild.unwrap();
    until(&pipe, REBUILT, |count| count != "0").await;
    let mut newest = Vec::new();
    let ended = tokio::spawn(rebuild.wait_with_output());
    let mut hour = 7;
    while !ended.is_finished() && hour < 3_000 {
        // New scopes, new truths of old ones, and keys that move from one scope to another.
        let (day, other) = (hour % 60, 100 + hour);
        let truth = json!([order(day * 10, hour, &[hour]), order(5_000 + hour, 1, &[])]);
        let time = format!("20261106T00{:02}{:02}Z", hour / 60, hour % 60);
        let put = |day| format!("raw/source=shop/endpoint=orders/day={day}/{time}.json");
        for day in [day, other] {
            pipe.put(&put(day), truth.to_string()).await;
        }
        for answer in pipe.deliver().await {
            answer.unwrap();
        }
        newest.push(5_000 + hour);
        hour += 1;
    }
    let ran = ended.await.unwrap().unwrap();
    assert_eq!(ran.status.code(), Some(0), "{}", String::from_utf8_lossy(&ran.stderr));
    assert!(newest.len() > 3, "{} loads came meanwhile", newest.len());
    let there = "SELECT to_json(array_agg(id ORDER BY id)) FROM shop.orders WHERE id >= 5000";
    let there = serde_json::from_str::<Vec<u32>>(&pipe.one(there).await).unwrap();
    assert_eq!(there, newest);
    assert_eq!(pipe.one("SELECT count(*) FROM shop.orders WHERE total = 0").await, "0");
    let (code, said) = pipe.riacho(&["rebuild", "shop"]).await;
    assert_eq!((code, &said["differs"]), (0, &json!(false)), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_rebuild_another_dropped_says_so_and_leaves_nothing_behind() {
    let pipe = busy_shop(150).await;
    let before = pipe.sql("SELECT to_jsonb(o)::text FROM shop.orders o ORDER BY 1").await;
    let rebuild = pipe
        .command(&["rebuild", "shop", "--yes"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let rebuild = rebuild.unwrap();
    until(&pipe, REBUILT, |count| count.parse::<u32>().unwrap() >= 15).await;
    let (code, said) = pipe.riacho(&["rebuild", "shop", "--discard"]).await;
    assert_eq!(code, 0, "{said}");
    let ran = rebuild.wait_with_output().await.unwrap();
    let complaint = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(complaint.contains("another run"), "{complaint}");
    assert_eq!(ran.status.code(), Some(1));
    assert_eq!(schemas(&pipe).await, "0");
    let now = pipe.sql("SELECT to_jsonb(o)::text FROM shop.orders o ORDER BY 1").await;
    assert_eq!(now, before);
    assert_eq!(pipe.riacho(&["rebuild", "shop"]).await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_do_not_wait_for_a_swap_that_brings_columns() {
    let pipe = shop().await;
    let new = json!([{ "id": 20, "v": 1, "coupon": "x", "tags": [{ "t": 1 }] }]);
    pipe.put(&key("orders", 3, 6), new.to_string()).await;
    // The swap stands still half-way, with the rows of the orders exchanged.
    let writer = tests::connect(&pipe.database.url).await;
    writer.batch_execute("BEGIN; LOCK TABLE shop.prices IN ROW EXCLUSIVE MODE").await.unwrap();
    let rebuild = pipe.command(&["rebuild", "shop", "--yes"]).stdout(Stdio::piped()).spawn();
    let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'ShareRowExclusiveLock'
        AND relation = 'shop.prices'::regclass";
    until(&pipe, waits, |count| count != "0").await;
    let reader = tests::connect(&pipe.database.url).await;
    let read = "SET lock_timeout = '1s'; SELECT FROM shop.orders, shop.orders__lines";
    reader.batch_execute(read).await.unwrap();
    assert_eq!(pipe.one("SELECT count(*) FROM shop.orders WHERE id = 20").await, "0");
    writer.batch_execute("ROLLBACK").await.unwrap();
    let ran = rebuild.unwrap().wait_with_output().await.unwrap();
    assert_eq!(ran.status.code(), Some(0), "{}", String::from_utf8_lossy(&ran.stdout));
    let found = "SELECT o.coupon || ' ' || t.t FROM shop.orders o JOIN shop.orders__tags t
        ON t._object_id = o._object_id AND t._parent_row = o._row";
    assert_eq!(pipe.one(found).await, "x 1");
    assert_eq!(schemas(&pipe).await, "0");
}
