//! The connection to the database is lost around the commit: what nobody answered is never told as
//! success, and the retry finds out what came of it.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::time::Duration;

use load::{ObjectReport, Verdict};
use tests::{Direct, Way};

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
"#;
/// Long enough for a look at the database between what it does and what is heard of it.
const LATE: Duration = Duration::from_millis(150);

fn key(day: u32, hour: u32) -> String {
    format!("raw/source=shop/endpoint=orders/day={day}/20261105T{hour:02}0000Z.json")
}

/// Loads an object and breaks the connection once the database says `1`.
async fn load_and_cut(
    world: &Direct,
    loader: &load::Loader,
    way: &Way,
    key: &str,
    when: &str,
) -> ObjectReport {
    let cut = async {
        while world.one(when).await != "1" {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        way.cut();
    };
    let (report, ()) = tokio::join!(world.load(loader, key), cut);
    report
}

fn is_to_be_tried_again(report: &ObjectReport) {
    assert_eq!(report.outcome, Verdict::Retry, "{report:?}");
    assert_eq!(report.error.as_ref().unwrap().kind, "connection_lost", "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_was_lost_is_recognised_by_the_retry() {
    let world = Direct::configured(CONFIGURATION).await;
    world.land(&key(1, 6), r#"[{"id":1,"v":1},{"id":2,"v":1}]"#).await;
    world.land(&key(2, 6), r#"[{"id":3,"v":1}]"#).await;
    let way = Way::with_late_answers(&world.database.url, LATE).await;
    let loader = world.loader_at(&way.url, CONFIGURATION).await;
    let is_loaded = |key: &str| {
        format!("select count(*) from riacho.objects where key = '{key}' and status = 'loaded'")
    };
    // Those that go the short way, that meet others' records, that bring a table and a column.
    let bodies = [
        r#"[{"id":1,"v":2},{"id":2,"v":2}]"#,
        r#"[{"id":1,"v":3},{"id":3,"v":3}]"#,
        r#"[{"id":1,"v":4,"new":true,"items":[{"n":1}]}]"#,
    ];
    for (body, hour) in bodies.iter().zip(7..) {
        let key = key(1, hour);
        world.put(&key, *body).await;
        let report = load_and_cut(&world, &loader, &way, &key, &is_loaded(&key)).await;
        is_to_be_tried_again(&report);
        let again = world.load(&loader, &key).await;
        assert_eq!(again.outcome, Verdict::AlreadyLoaded, "{again:?}");
    }
    assert_eq!(
        world.one("select string_agg(id || ' ' || v, ', ' order by id) from shop.orders").await,
        "1 4, 3 1"
    );
    assert_eq!(world.one("select count(*) from shop.orders__items").await, "1");
    assert!(world.keys("errors/").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_lost_before_the_commit_leaves_nothing_and_the_retry_loads() {
    let world = Direct::configured(CONFIGURATION).await;
    world.land(&key(1, 6), r#"[{"id":1,"v":1},{"id":2,"v":1}]"#).await;
    let way = Way::with_late_answers(&world.database.url, LATE).await;
    let loader = world.loader_at(&way.url, CONFIGURATION).await;
    let newer = key(1, 7);
    world.put(&newer, r#"[{"id":1,"v":2}]"#).await;
    let in_transaction = "select count(*) from pg_stat_activity
        where datname = current_database() and state = 'idle in transaction'";
    let report = load_and_cut(&world, &loader, &way, &newer, in_transaction).await;
    is_to_be_tried_again(&report);
    assert_eq!(world.one("select sum(v) from shop.orders").await, "2");
    assert_eq!(world.one("select count(*) from riacho.objects").await, "1");
    let again = world.load(&loader, &newer).await;
    assert_eq!(again.outcome, Verdict::Loaded, "{again:?}");
    assert_eq!(world.one("select sum(v) from shop.orders").await, "2");
    assert_eq!(world.one("select count(*) from shop.orders").await, "1");
}
