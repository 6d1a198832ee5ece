//! `riacho rebuild`: whatever was done to the tables, they come to hold again what the lake says, in
//! one moment, with all that hangs on them, and nothing that is loaded meanwhile is lost.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::{BUCKET, Pipe, workspace_binary};
use tokio::process::Command;

const CONFIGURATION: &str = r#"
[lake]
bucket = "${RIACHO_BUCKET}"

[sources.shop]
base_url = "http://127.0.0.1:9"

[sources.shop.partitions]
day = { kind = "list", values = ["1", "2"] }

[sources.shop.endpoints.orders]
path = "/orders/{day}"
key = ["/id"]
version = "/v"
write = "replace"

[sources.shop.endpoints.prices]
path = "/prices/{day}"
key = ["/id"]
version = "/v"
write = "merge"

[sources.shop.endpoints.stock]
path = "/stock/{day}"
write = "replace"
vanish_limit = 0.5
"#;

fn key(endpoint: &str, day: u32, hour: u32) -> String {
    format!("raw/source=shop/endpoint={endpoint}/day={day}/20261105T{hour:02}0000Z.json")
}

fn order(id: u32, version: u32, lines: &[u32]) -> Value {
    let lines = lines.iter().map(|n| json!({ "n": n })).collect::<Vec<_>>();
    json!({ "id": id, "v": version, "total": f64::from(id) + 0.5, "lines": lines })
}

/// A command, and its one document.
async fn riacho(pipe: &Pipe, arguments: &[&str]) -> (i32, Value) {
    let ran = command(pipe, arguments).output().await.unwrap();
    let said = serde_json::from_slice(&ran.stdout);
    let said = said.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&ran.stderr)));
    (ran.status.code().unwrap(), said)
}

fn command(pipe: &Pipe, arguments: &[&str]) -> Command {
    let mut command = Command::new(workspace_binary("riacho").unwrap());
    command.arg("--json").args(arguments).envs(pipe.environment()).kill_on_drop(true);
    command
}

/// Orders in two scopes, of which two have records in common; prices; a record that is rejected.
async fn shop() -> Pipe {
    let pipe = Pipe::configured(CONFIGURATION).await;
    let first = json!([order(1, 1, &[1, 2]), order(2, 2, &[3]), order(3, 1, &[]), order(3, 1, &[])]);
    pipe.put(&key("orders", 1, 6), first.to_string()).await;
    let second = json!([order(1, 2, &[4]), order(2, 1, &[5]), order(4, 1, &[6, 7])]);
    pipe.put(&key("orders", 2, 6), second.to_string()).await;
    pipe.put(&key("orders", 2, 5), json!([order(9, 9, &[9])]).to_string()).await;
    for day in [1, 2] {
        let prices = json!([{ "id": 1, "v": day, "p": 1 }, { "id": day + 1, "v": 1, "p": "a" }]);
        pipe.put(&key("prices", day, 6), prices.to_string()).await;
    }
    for answer in pipe.deliver().await {
        answer.unwrap();
    }
    pipe
}

/// All that stands, technical columns included.
async fn all(pipe: &Pipe) -> Vec<String> {
    let sql = "SELECT to_jsonb(t)::text FROM shop.orders t
        UNION ALL SELECT to_jsonb(t)::text FROM shop.orders__lines t
        UNION ALL SELECT to_jsonb(t)::text FROM shop.prices t
        UNION ALL SELECT (to_jsonb(t) - 'at')::text FROM riacho.rejects t
        UNION ALL SELECT (to_jsonb(t) - 'loaded_at' - 'duration')::text FROM riacho.objects t
        UNION ALL SELECT to_jsonb(t)::text FROM riacho.shadows t ORDER BY 1";
    pipe.sql(sql).await.into_iter().flatten().flatten().collect()
}

async fn schemas(pipe: &Pipe) -> String {
    pipe.one("SELECT count(*) FROM pg_namespace WHERE nspname LIKE '%rebuild%'").await
}

/// Of each table that differs: rows that go and come.
fn differences(said: &Value) -> Vec<String> {
    let differing = said["tables"].as_array().unwrap().iter().filter(|one| one["differs"] == true);
    let told = differing.map(|one| format!("{}: -{} +{}", one["table"], one["gone"], one["come"]));
    told.map(|line| line.replace('"', "")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_is_amiss_nothing_differs_and_nothing_is_left_behind() {
    let pipe = shop().await;
    let before = all(&pipe).await;
    let (code, said) = riacho(&pipe, &["rebuild", "shop"]).await;
    assert_eq!((code, &said["differs"]), (0, &json!(false)), "{said}");
    assert_eq!(said["tables"].as_array().unwrap().len(), 3 + 6, "{said}");
    assert_eq!(all(&pipe).await, before);
    assert_eq!(schemas(&pipe).await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_tampered_with_is_shown_and_comes_back_as_it_was() {
    let pipe = shop().await;
    let before = all(&pipe).await;
    for tampering in [
        "DELETE FROM shop.orders WHERE id = 4",
        "UPDATE shop.orders SET total = 7.50 WHERE id = 1",
        "UPDATE shop.orders__lines SET n = n + 1, _parent_row = 9 WHERE n = 4",
        "INSERT INTO shop.prices (_object_id, _row, id) VALUES (77, 0, 99)",
        "DELETE FROM riacho.rejects",
        "DELETE FROM riacho.shadows",
        "UPDATE riacho.objects SET records = 1 WHERE endpoint = 'prices' AND key LIKE '%day=1%'",
    ] {
        pipe.sql(tampering).await;
    }
    let tampered = all(&pipe).await;
    let (code, said) = riacho(&pipe, &["rebuild", "shop"]).await;
    assert_eq!(code, 1, "{said}");
    assert_eq!(
        differences(&said),
        [
            "shop.orders: -1 +2",
            "shop.orders__lines: -1 +1",
            "riacho.rejects: -0 +1",
            "shop.prices: -1 +0",
            "riacho.objects: -1 +1"
        ]
    );
    assert_eq!(said["tables"][0]["gone_rows"].as_array().unwrap().len(), 1);
    assert_eq!(all(&pipe).await, tampered, "nothing changes without --yes");

    let (code, said) = riacho(&pipe, &["rebuild", "shop", "--yes"]).await;
    assert_eq!((code, &said["went_on"]), (0, &json!(true)), "{said}");
    assert_eq!(said["summary"]["loaded"], 0, "what is rebuilt is not rebuilt twice: {said}");
    assert_eq!(all(&pipe).await, before);
    assert_eq!(schemas(&pipe).await, "0");
    let rebuilt = "SELECT count(*) FROM riacho.changes WHERE kind = 'rebuilt'";
    assert_eq!(pipe.one(rebuilt).await, "3");
    assert_eq!(riacho(&pipe, &["audit", "--grace", "0", "--source", "shop"]).await.1["rows"]["shop orders"], 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn dropped_tables_and_an_emptied_ledger_come_back_from_the_lake() {
    let pipe = shop().await;
    let contents = "SELECT concat_ws(' ', o.id, o.v, o.total, array_agg(l.n ORDER BY l.n)::text)
        FROM shop.orders o LEFT JOIN shop.orders__lines l
            ON l._object_id = o._object_id AND l._parent_row = o._row
        GROUP BY o.id, o.v, o.total ORDER BY 1";
    let before = pipe.sql(contents).await;
    pipe.sql("DROP TABLE shop.orders__lines; ALTER TABLE shop.orders DROP COLUMN total").await;
    let (code, said) = riacho(&pipe, &["rebuild", "shop", "--yes"]).await;
    assert_eq!(code, 0, "{said}");
    assert_eq!(pipe.sql(contents).await, before);

    pipe.sql("DROP TABLE shop.orders CASCADE; DELETE FROM riacho.objects").await;
    let (code, said) = riacho(&pipe, &["rebuild", "shop", "--yes"]).await;
    assert_eq!(code, 0, "{said}");
    assert_eq!(pipe.sql(contents).await, before);
    let statuses = "SELECT string_agg(status, ' ' ORDER BY status) FROM riacho.objects";
    assert_eq!(pipe.one(statuses).await, "loaded loaded loaded loaded superseded");
    assert_eq!(riacho(&pipe, &["rebuild", "shop"]).await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_endpoint_is_rebuilt_and_its_neighbours_stay_as_they_are() {
    let pipe = shop().await;
    pipe.sql("DELETE FROM shop.orders; DELETE FROM shop.prices").await;
    let (code, said) =
        riacho(&pipe, &["rebuild", "shop", "--endpoint", "orders", "--yes"]).await;
    assert_eq!((code, &said["swapped"]["come"]), (0, &json!(4)), "{said}");
    let counts = "SELECT (SELECT count(*) FROM shop.orders) || ' ' || (SELECT count(*) FROM shop.prices)";
    assert_eq!(pipe.one(counts).await, "4 0");
    assert_eq!(schemas(&pipe).await, "0");
    for unknown in [&["rebuild", "shop", "--endpoint", "nothing"][..], &["rebuild", "nothing"]] {
        let ran = command(&pipe, unknown).output().await.unwrap();
        assert_eq!(ran.status.code(), Some(2), "{}", String::from_utf8_lossy(&ran.stderr));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn views_grants_and_readers_live_through_a_swap() {
    let pipe = shop().await;
    let role = format!("reader_{}", std::process::id());
    for sql in [
        format!("CREATE ROLE {role}"),
        format!("GRANT USAGE ON SCHEMA shop TO {role}"),
        format!("GRANT SELECT ON shop.orders TO {role}"),
        "CREATE VIEW public.big_orders AS SELECT id, total FROM shop.orders WHERE id > 1".to_owned(),
        "CREATE INDEX by_total ON shop.orders (total)".to_owned(),
        "ALTER TABLE shop.orders ADD COLUMN note text DEFAULT 'mine'".to_owned(),
        "UPDATE shop.orders SET total = 0".to_owned(),
    ] {
        pipe.sql(&sql).await;
    }
    // `p` is a number and a text: prices have a view of Riacho's own.
    assert_eq!(pipe.one("SELECT count(*) FROM shop_views.prices WHERE p__any = '\"a\"'").await, "2");
    let reader = tests::connect(&pipe.database.url).await;
    let of = "SELECT sum(total)::text FROM public.big_orders";
    reader.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ").await.unwrap();
    assert_eq!(tests::ask(&reader, of).await[0][0].as_deref(), Some("0"));

    let (code, said) = riacho(&pipe, &["rebuild", "shop", "--yes"]).await;
    assert_eq!(code, 0, "{said}");
    assert_eq!(tests::ask(&reader, of).await[0][0].as_deref(), Some("0"), "its moment is kept");
    reader.batch_execute("COMMIT").await.unwrap();
    assert_eq!(tests::ask(&reader, of).await[0][0].as_deref(), Some("10.5"));
    let may = format!("SELECT has_table_privilege('{role}', 'shop.orders', 'SELECT')");
    assert_eq!(pipe.one(&may).await, "t");
    assert_eq!(pipe.one("SELECT count(note) FROM shop.orders").await, "4");
    assert_eq!(pipe.one("SELECT to_regclass('shop.by_total') IS NOT NULL").await, "t");
    pipe.sql(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_let_through_stays_and_what_nobody_let_through_stays_out() {
    let pipe = Pipe::configured(CONFIGURATION).await;
    let ten = json!((0..10).map(|n| json!({ "n": n })).collect::<Vec<_>>()).to_string();
    for day in [1, 2] {
        pipe.put(&key("stock", day, 6), ten.clone()).await;
        pipe.put(&key("stock", day, 7), r#"[{"n":0}]"#).await;
    }
    pipe.deliver().await;
    let (code, said) = riacho(&pipe, &["load", "--force", &key("stock", 2, 7)]).await;
    assert_eq!(code, 0, "{said}");
    let contents = "SELECT string_agg(day || ':' || n, ' ' ORDER BY 1) FROM
        (SELECT day, count(*) AS n FROM shop.stock GROUP BY day) s";
    assert_eq!(pipe.one(contents).await, "1:10 2:1");
    let (code, said) = riacho(&pipe, &["rebuild", "shop"]).await;
    assert_eq!((code, &said["differs"]), (0, &json!(false)), "{said}");

    pipe.sql("DELETE FROM shop.stock").await;
    let (code, said) = riacho(&pipe, &["rebuild", "shop", "--yes"]).await;
    assert_eq!(code, 0, "{said}");
    assert_eq!(pipe.one(contents).await, "1:10 2:1");
    let failed = "SELECT string_agg(error->>'kind', ' ') FROM riacho.objects WHERE status = 'failed'";
    assert_eq!(pipe.one(failed).await, "vanished");
    assert_eq!(pipe.open().await.len(), 1, "its error log is still open");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_whose_objects_are_gone_are_lost_only_by_a_word() {
    let pipe = shop().await;
    let before = all(&pipe).await;
    let gone = key("orders", 2, 6);
    pipe.client.delete_object().bucket(BUCKET).key(&gone).send().await.unwrap();
    let (code, said) = riacho(&pipe, &["rebuild", "shop", "--yes"]).await;
    assert_eq!((code, &said["lost_objects"]), (1, &json!([gone])), "{said}");
    assert_eq!((&said["swapped"], &said["troubles"][0]["key"]), (&Value::Null, &json!(gone)));
    assert_eq!(all(&pipe).await, before);
    assert!(pipe.keys("errors/").await.is_empty(), "nobody hears of a rehearsal");

    let (code, said) = riacho(&pipe, &["rebuild", "shop", "--yes", "--lose"]).await;
    assert_eq!(code, 0, "{said}");
    // The older object of the scope stands in its place.
    let ids = "SELECT string_agg(id || '/' || v, ' ' ORDER BY id) FROM shop.orders";
    assert_eq!(pipe.one(ids).await, "1/1 2/2 3/1 9/9");
    assert_eq!(pipe.keys("errors/").await.len(), 1);
    assert_eq!(pipe.open().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_of_which_no_event_came_and_failures_that_are_mended_come_in() {
    let mut pipe = shop().await;
    // A new field, a new table; and an answer in an envelope that the configuration does not know yet.
    let new = json!([{ "id": 20, "v": 1, "coupon": "x", "tags": [{ "t": 1 }] }]);
    pipe.put(&key("orders", 3, 6), new.to_string()).await;
    while pipe.next_event().await.is_some() {}
    let (code, said) = riacho(&pipe, &["rebuild", "shop"]).await;
    assert_eq!(code, 1, "{said}");
    assert_eq!(said["tables"][0]["new_columns"], json!(["coupon"]), "{said}");
    pipe.put(&key("prices", 3, 6), "{\"id\": 5, \"v\": 1, \"p\": ").await;
    pipe.deliver().await;
    assert_eq!(pipe.open().await.len(), 1);
    pipe.put(&key("prices", 3, 6), r#"[{"id":5,"v":1,"p":3}]"#).await;
    while pipe.next_event().await.is_some() {}

    let (code, said) = riacho(&pipe, &["rebuild", "shop", "--yes"]).await;
    assert_eq!(code, 0, "{said}");
    let found = "SELECT o.coupon || ' ' || t.t FROM shop.orders o JOIN shop.orders__tags t
        ON t._object_id = o._object_id AND t._parent_row = o._row";
    assert_eq!(pipe.one(found).await, "x 1");
    assert_eq!(pipe.one("SELECT p FROM shop.prices WHERE id = 5").await, "3");
    assert!(pipe.open().await.is_empty() && pipe.keys("errors/").await.is_empty());
    // Their events, late, change nothing; and loads know the new columns.
    let (code, said) = riacho(&pipe, &["load", &key("orders", 3, 6), &key("prices", 3, 6)]).await;
    assert_eq!((code, &said["summary"]["already_loaded"]), (0, &json!(2)), "{said}");
    pipe.put(&key("orders", 3, 7), json!([{ "id": 20, "v": 2, "coupon": "y" }]).to_string()).await;
    pipe.deliver().await;
    assert_eq!(pipe.one("SELECT coupon FROM shop.orders WHERE id = 20").await, "y");
    pipe.reconfigure(CONFIGURATION);
    assert_eq!(riacho(&pipe, &["rebuild", "shop"]).await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_configuration_begins_anew_and_a_rebuild_can_be_discarded() {
    let mut pipe = shop().await;
    pipe.sql("DELETE FROM shop.orders").await;
    assert_eq!(riacho(&pipe, &["rebuild", "shop"]).await.0, 1);
    pipe.reconfigure(&CONFIGURATION.replace("version = \"/v\"", "keep = []"));
    let ran = command(&pipe, &["rebuild", "shop"]).output().await.unwrap();
    let complaint = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(complaint.contains("--restart"), "{complaint}");
    assert_eq!(ran.status.code(), Some(1));
    let (code, said) = riacho(&pipe, &["rebuild", "shop", "--restart"]).await;
    assert_eq!((code, &said["went_on"]), (1, &json!(false)), "{said}");
    assert_eq!(schemas(&pipe).await, "2");
    assert_eq!(riacho(&pipe, &["rebuild", "shop", "--discard"]).await.0, 0);
    assert_eq!(schemas(&pipe).await, "0");
}

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
    assert_eq!(riacho(&pipe, &["load", "--prefix", prefix]).await.0, 0);
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
        command(&pipe, &["rebuild", "shop", "--yes"]).stdout(Stdio::null()).spawn().unwrap();
    until(&pipe, REBUILT, |count| count.parse::<u32>().unwrap() >= 15).await;
    child.kill().await.unwrap();
    let done = pipe.one(REBUILT).await.parse::<u64>().unwrap();
    assert!(done < 150, "the kill came too late to test anything");
    let now = pipe.sql("SELECT to_jsonb(o)::text FROM shop.orders o ORDER BY 1").await;
    assert_eq!(now, tampered);

    let (code, said) = riacho(&pipe, &["rebuild", "shop", "--yes"]).await;
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
        command(&pipe, &["rebuild", "shop", "--yes"]).stdout(Stdio::null()).spawn().unwrap();
    let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'ShareRowExclusiveLock'
        AND relation = 'shop.prices'::regclass";
    until(&pipe, waits, |count| count != "0").await;
    child.kill().await.unwrap();
    writer.batch_execute("ROLLBACK").await.unwrap();
    until(&pipe, "SELECT count(*) FROM pg_locks WHERE mode = 'ShareRowExclusiveLock'", |n| n == "0")
        .await;
    assert_eq!(all(&pipe).await, tampered);
    let (code, said) = riacho(&pipe, &["rebuild", "shop", "--yes"]).await;
    assert_eq!(code, 0, "{said}");
    assert_eq!(all(&pipe).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_loaded_during_a_rebuild_is_there_after_it() {
    let pipe = busy_shop(60).await;
    pipe.sql("UPDATE shop.orders SET total = 0").await;
    let rebuild = command(&pipe, &["rebuild", "shop", "--yes"]).stdout(Stdio::piped()).spawn();
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
    let (code, said) = riacho(&pipe, &["rebuild", "shop"]).await;
    assert_eq!((code, &said["differs"]), (0, &json!(false)), "{said}");
}
