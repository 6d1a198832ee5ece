//! What the fault simulator found (docs/faults.md), each as a test of its own.
#![allow(clippy::unwrap_used, clippy::panic)]

use load::Verdict;
use tests::Direct;

const CONFIGURATION: &str = r#"
[lake]
bucket = "${RIACHO_BUCKET}"
[sources.pos]
base_url = "http://localhost:1"
[sources.pos.endpoints.checks]
path = "/"
key = ["/id"]
vanish_limit = 0.5
"#;

fn key(store: u32, hour: u32) -> String {
    format!("raw/source=pos/endpoint=checks/storeId={store}/20261105T{hour:02}0000Z.json")
}

/// Seed 147: a scope lost a record to another, was overwritten with bytes that do not have it, and
/// failed. When the other scope gave the record up, it was asked of the overwritten object for ever.
#[tokio::test]
async fn a_record_of_an_object_that_was_overwritten_and_failed_holds_nobody_up() {
    let direct = Direct::configured(CONFIGURATION).await;
    direct.land(&key(1, 0), r#"[{"id":1},{"id":2},{"id":3},{"id":4}]"#).await;
    direct.land(&key(2, 1), r#"[{"id":4,"of":"another"},{"id":5}]"#).await;
    direct.put(&key(1, 0), r#"[{"id":1,"of":"overwritten"}]"#).await;
    let vanished = direct.load(&direct.loader, &key(1, 0)).await;
    assert_eq!(vanished.outcome, Verdict::Failed, "{vanished:?}");

    direct.land(&key(2, 2), r#"[{"id":5},{"id":6}]"#).await;

    let rows = "select string_agg(id || coalesce(\"of\", ''), ' ' order by id) from pos.checks";
    assert_eq!(direct.one(rows).await, "1 2 3 5 6");
}
