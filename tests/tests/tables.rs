//! What the tables hold is a function of the objects in the lake, whatever order their events come
//! in: the contract's "What the tables hold", driven through the real binaries.
#![allow(clippy::unwrap_used, clippy::panic)]

use serde_json::{Value, json};
use tests::Pipe;

const CONFIGURATION: &str = r#"
[lake]
bucket = "${RIACHO_BUCKET}"

[sources.pos]
base_url = "http://127.0.0.1:9"

[sources.pos.partitions]
busDt = { kind = "date", last = 3, timezone = "America/Fortaleza", day_ends = "04:00" }
storeId = { kind = "list", values = ["1", "2"] }

[sources.pos.endpoints.getGuestChecks]
method = "POST"
path = "/res/getGuestChecks"
body = { busDt = "{busDt}", storeId = "{storeId}" }
records = "/guestChecks"
keep = ["/locRef"]
key = ["/guestCheckId"]
version = "/lastUpdatedUTC"
table = "guest_checks"
write = "replace"
types = { "*UTC" = "timestamptz" }

[sources.pos.endpoints.prices]
path = "/prices"
partitions = []
key = ["/sku"]
version = "/at"
write = "merge"
"#;

fn key(day: u32, store: u32, at: &str) -> String {
    format!(
        "raw/source=pos/endpoint=getGuestChecks/busDt=2026-11-{day:02}/storeId={store}/20261105T{at}Z.json"
    )
}

/// One check with its version's hour, its total and its tax numbers.
fn check(id: u64, hour: u32, total: &str, taxes: &[u32]) -> String {
    let taxes: Vec<_> = taxes.iter().map(|tax| format!("{{\"taxNum\":{tax}}}")).collect();
    format!(
        "{{\"guestCheckId\":{id},\"lastUpdatedUTC\":\"2026-11-04T{hour:02}:00:00\",\"chkTtl\":{total},\"taxes\":[{}]}}",
        taxes.join(",")
    )
}

fn answer(checks: &[String]) -> String {
    format!("{{\"locRef\":\"99 CB\",\"guestChecks\":[{}]}}", checks.join(","))
}

async fn deliver(pipe: &Pipe) -> Vec<Value> {
    pipe.deliver().await.into_iter().map(Result::unwrap).collect()
}

/// Delivers all events so far in another order, each twice.
async fn deliver_backwards_and_twice(pipe: &Pipe) {
    let mut events = Vec::new();
    while let Some(event) = pipe.next_event().await {
        events.push(event.notification());
    }
    for event in events.iter().rev().chain(events.iter()) {
        pipe.load.invoke(event).await.unwrap();
    }
}

async fn checks(pipe: &Pipe) -> Vec<String> {
    let sql = "select concat_ws(' ', c.guest_check_id, c.chk_ttl, c.store_id, array_agg(t.tax_num order by t._row)::text)
               from pos.guest_checks c left join pos.guest_checks__taxes t
                 on t._object_id = c._object_id and t._parent_row = c._row
               group by c.guest_check_id, c.chk_ttl, c.store_id order by 1";
    pipe.sql(sql).await.into_iter().flatten().flatten().collect()
}

async fn statuses(pipe: &Pipe) -> Vec<String> {
    let sql = "select status from riacho.objects order by object_time, key";
    pipe.sql(sql).await.into_iter().flatten().flatten().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_object_replaces_its_scope_and_only_its_scope() {
    let pipe = Pipe::configured(CONFIGURATION).await;
    pipe.put(
        &key(1, 1, "060000"),
        answer(&[check(1, 1, "10.50", &[28, 29]), check(2, 1, "7", &[28])]),
    )
    .await;
    pipe.put(&key(1, 2, "060000"), answer(&[check(3, 1, "5", &[28])])).await;
    deliver(&pipe).await;
    assert_eq!(checks(&pipe).await, ["1 10.50 1 {28,29}", "2 7 1 {28}", "3 5 2 {28}"]);
    pipe.put(&key(1, 1, "070000"), answer(&[check(1, 2, "11.25", &[30])])).await;
    deliver(&pipe).await;
    assert_eq!(checks(&pipe).await, ["1 11.25 1 {30}", "3 5 2 {28}"]);
    assert_eq!(statuses(&pipe).await, ["superseded", "loaded", "loaded"]);
    assert_eq!(pipe.one("select count(*) from pos.guest_checks__taxes").await, "2");
    let row = "select concat_ws(' ', bus_dt, store_id, loc_ref, last_updated_utc at time zone 'UTC') from pos.guest_checks where guest_check_id = 1";
    assert_eq!(pipe.one(row).await, "2026-11-01 1 99 CB 2026-11-04 02:00:00");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_order_and_number_of_events_make_no_difference() {
    let objects = [
        (key(1, 1, "060000"), answer(&[check(1, 1, "1", &[1]), check(2, 1, "2", &[2, 3])])),
        (key(1, 1, "070000"), answer(&[check(1, 2, "1.5", &[4]), check(9, 2, "9", &[])])),
        (key(2, 1, "060000"), answer(&[check(9, 3, "9.9", &[5]), check(1, 1, "0", &[6])])),
        (key(2, 1, "080000"), answer(&[check(9, 1, "8", &[7])])),
        (key(2, 2, "060000"), answer(&[])),
    ];
    let forwards = Pipe::configured(CONFIGURATION).await;
    let backwards = Pipe::configured(CONFIGURATION).await;
    for (key, body) in &objects {
        forwards.put(key, body.clone()).await;
        backwards.put(key, body.clone()).await;
    }
    deliver(&forwards).await;
    deliver_backwards_and_twice(&backwards).await;
    let expected = ["1 1.5 1 {4}", "9 9 1 {NULL}"];
    assert_eq!(checks(&forwards).await, expected);
    assert_eq!(checks(&backwards).await, expected);
    assert_eq!(statuses(&forwards).await, statuses(&backwards).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_that_two_days_report_stands_once_and_comes_back() {
    let pipe = Pipe::configured(CONFIGURATION).await;
    pipe.put(&key(1, 1, "060000"), answer(&[check(7, 1, "1", &[1, 2])])).await;
    pipe.put(&key(2, 1, "060000"), answer(&[check(7, 5, "2", &[3])])).await;
    deliver(&pipe).await;
    assert_eq!(checks(&pipe).await, ["7 2 1 {3}"]);
    // The newer day no longer has it: the older day's record stands again, with its children.
    pipe.put(&key(2, 1, "070000"), answer(&[check(8, 5, "3", &[])])).await;
    deliver(&pipe).await;
    assert_eq!(checks(&pipe).await, ["7 1 1 {1,2}", "8 3 1 {NULL}"]);
    // And an older version than the one that stands gives way to it again.
    pipe.put(&key(2, 1, "080000"), answer(&[check(7, 0, "4", &[])])).await;
    deliver(&pipe).await;
    assert_eq!(checks(&pipe).await, ["7 1 1 {1,2}"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bytes_again_write_nothing() {
    let pipe = Pipe::configured(CONFIGURATION).await;
    let body = answer(&[check(1, 1, "10", &[28])]);
    pipe.put(&key(1, 1, "060000"), body.clone()).await;
    deliver(&pipe).await;
    let before = pipe.one("select xmin from pos.guest_checks").await;
    pipe.put(&key(1, 1, "070000"), body).await;
    let answers = deliver(&pipe).await;
    assert_eq!(answers[0]["unchanged"], 1, "{answers:?}");
    assert_eq!(statuses(&pipe).await, ["loaded", "unchanged"]);
    assert_eq!(pipe.one("select xmin from pos.guest_checks").await, before);
    // What comes late, from between the two, changes nothing either.
    pipe.put(&key(1, 1, "063000"), answer(&[check(1, 9, "99", &[])])).await;
    deliver(&pipe).await;
    assert_eq!(statuses(&pipe).await, ["loaded", "superseded", "unchanged"]);
    assert_eq!(checks(&pipe).await, ["1 10 1 {28}"]);
    pipe.put(&key(1, 1, "080000"), answer(&[])).await;
    deliver(&pipe).await;
    assert!(checks(&pipe).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn merge_keeps_the_newest_version_of_each_record() {
    let pipe = Pipe::configured(CONFIGURATION).await;
    let put = |name: &'static str, body: &'static str| {
        let key = format!("raw/source=pos/endpoint=prices/2026110{name}T000000Z.json");
        let pipe = &pipe;
        async move { pipe.put(&key, body).await }
    };
    put("1", r#"[{"sku":"a","at":1,"p":1.10},{"sku":"b","at":5,"p":2}]"#).await;
    put("2", r#"[{"sku":"a","at":2,"p":1.20},{"sku":"b","at":4,"p":9}]"#).await;
    put("3", r#"[{"sku":"a","at":2,"p":1.30}]"#).await;
    deliver_backwards_and_twice(&pipe).await;
    let prices = pipe.sql("select concat_ws(' ', sku, p) from pos.prices order by 1").await;
    let prices: Vec<_> = prices.into_iter().flatten().flatten().collect();
    assert_eq!(prices, ["a 1.30", "b 2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_cannot_be_kept_are_written_down_and_their_neighbours_load() {
    let pipe = Pipe::configured(CONFIGURATION).await;
    let twice = [
        check(1, 1, "10", &[1]),
        "{\"x\":1}".to_owned(),
        check(1, 1, "11", &[]),
        check(2, 1, "2", &[]),
    ];
    pipe.put(&key(1, 1, "060000"), answer(&twice)).await;
    deliver(&pipe).await;
    assert_eq!(checks(&pipe).await, ["1 10 1 {1}", "2 2 1 {NULL}"]);
    let rejects = pipe.sql("select reason, json from riacho.rejects order by row").await;
    assert_eq!(rejects[0], [Some("key_missing".to_owned()), Some("{\"x\":1}".to_owned())]);
    assert_eq!(rejects[1], [Some("key_twice".to_owned()), Some(check(1, 1, "11", &[]))]);
    assert_eq!(pipe.one("select records || ' ' || rejects from riacho.objects").await, "4 2");
}

#[tokio::test(flavor = "multi_thread")]
async fn appended_rows_stay_and_the_same_object_again_replaces_its_own() {
    let pipe = Pipe::start().await;
    let key = |name: &str| format!("raw/source=free/endpoint=Any.Thing/part=7/{name}.json");
    pipe.put(&key("a"), "{\"n\":1}\n{\"n\":2}\n").await;
    pipe.put(&key("b"), "{\"n\":3}").await;
    deliver(&pipe).await;
    pipe.put(&key("a"), "[{\"n\":4}]").await;
    deliver_backwards_and_twice(&pipe).await;
    let rows = pipe.sql("select n from free.any_thing where part = '7' order by n").await;
    assert_eq!(rows.into_iter().flatten().flatten().collect::<Vec<_>>(), ["3", "4"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_in_disguise_is_listed_until_its_cure_and_replay() {
    let wrong = CONFIGURATION.replace("/guestChecks\"", "/guestCheques\"");
    let mut pipe = Pipe::configured(&wrong).await;
    pipe.put(&key(1, 1, "060000"), answer(&[check(1, 1, "10", &[28])])).await;
    deliver(&pipe).await;
    let open = pipe.open().await;
    assert_eq!(open[0]["kind"], "records_missing");
    assert_eq!(statuses(&pipe).await, ["failed"]);
    pipe.reconfigure(CONFIGURATION);
    let answer = pipe.manifest.invoke(&json!({"replay": {}})).await.unwrap();
    assert_eq!(answer["replayed"]["loaded"], 1, "{answer}");
    deliver(&pipe).await;
    assert!(pipe.open().await.is_empty());
    assert_eq!(checks(&pipe).await, ["1 10 1 {28}"]);
    assert!(pipe.keys("errors/").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_replayed_even_before_its_event_arrives() {
    let wrong = CONFIGURATION.replace("/guestChecks\"", "/guestCheques\"");
    let mut pipe = Pipe::configured(&wrong).await;
    pipe.put(&key(1, 1, "060000"), answer(&[check(1, 1, "10", &[28])])).await;
    let event = pipe.next_event().await.unwrap();
    pipe.load.invoke(&event.notification()).await.unwrap();
    pipe.reconfigure(CONFIGURATION);
    let kind = json!({"replay": {"kind": "records_missing"}});
    let answer = pipe.manifest.invoke(&kind).await.unwrap();
    assert_eq!(answer["replayed"]["loaded"], 1, "{answer}");
    assert_eq!(checks(&pipe).await, ["1 10 1 {28}"]);
    deliver(&pipe).await;
    assert!(pipe.open().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_object_of_the_scope_settles_an_older_failure() {
    let pipe = Pipe::configured(CONFIGURATION).await;
    pipe.put(&key(1, 1, "060000"), "<html>502</html>").await;
    deliver(&pipe).await;
    assert_eq!(pipe.open().await.len(), 1);
    pipe.put(&key(1, 1, "070000"), answer(&[check(1, 1, "10", &[])])).await;
    deliver(&pipe).await;
    assert_eq!(statuses(&pipe).await, ["superseded", "loaded"]);
    deliver(&pipe).await;
    assert!(pipe.open().await.is_empty(), "{:?}", pipe.open().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_object_for_known_tables_settles_an_older_failure_of_its_scope() {
    let pipe = Pipe::configured(CONFIGURATION).await;
    for day in [2, 3] {
        pipe.put(&key(day, 1, "050000"), answer(&[check(day.into(), 1, "10", &[])])).await;
        deliver(&pipe).await;
    }
    pipe.put(&key(1, 1, "060000"), "<html>502</html>").await;
    deliver(&pipe).await;
    assert_eq!(pipe.open().await.len(), 1);
    pipe.put(&key(1, 1, "070000"), answer(&[check(1, 1, "10", &[])])).await;
    deliver(&pipe).await;
    assert_eq!(statuses(&pipe).await, ["loaded", "loaded", "superseded", "loaded"]);
    deliver(&pipe).await;
    assert!(pipe.open().await.is_empty(), "{:?}", pipe.open().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_loads_at_once_that_each_bring_columns_and_tables_lose_none() {
    let pipe = Pipe::start().await;
    for at in 0..20 {
        let key = format!("raw/source=wide/endpoint=things/{at}.json");
        pipe.put(
            &key,
            format!("{{\"own{at}\":{at},\"shared\":{at},\"list{at}\":[{{\"x\":{at}}}]}}"),
        )
        .await;
    }
    let mut loads = Vec::new();
    while let Some(event) = pipe.next_event().await {
        let (load, event) = (pipe.load.clone(), event.notification());
        loads.push(tokio::spawn(async move { load.invoke(&event).await }));
    }
    let mut failed = 0;
    for load in loads {
        failed += u32::from(load.await.unwrap().is_err());
    }
    assert_eq!(failed, 0, "{}", pipe.load.log());
    let columns = "select count(*) from riacho.columns where table_position = 0";
    assert_eq!(pipe.one(columns).await, "21");
    assert_eq!(pipe.one("select count(*) from riacho.tables").await, "21");
    assert_eq!(pipe.one("select sum(shared) from wide.things").await, "190");
    assert_eq!(pipe.one("select count(*) from riacho.objects where status = 'loaded'").await, "20");
}
