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

/// Seed 485: an object was read with newer bytes than its event spoke of, gave way to a newer object
/// of its scope, and an event of older bytes came last: the ledger spoke of these.
#[tokio::test]
async fn an_old_event_of_an_object_that_gave_way_leaves_its_line_with_the_newest_bytes() {
    let direct = Direct::configured(CONFIGURATION).await;
    let key_of = key(1, 0);
    direct.put(&key_of, r#"[{"id":1}]"#).await;
    let old = direct.event(&key_of, "01").await;
    direct.put(&key_of, r#"[{"id":1},{"id":2}]"#).await;
    let new = direct.event(&key_of, "02").await;
    direct.land(&key(1, 2), r#"[{"id":3}]"#).await;
    let report = direct.load_event(&old).await;
    assert_eq!(report.outcome, Verdict::Superseded, "{report:?}");
    let line = format!("select etag from riacho.objects where key = '{key_of}'");
    assert_eq!(Some(direct.one(&line).await), new.etag);
}

/// The same, where the newest bytes were read before any event came.
#[tokio::test]
async fn an_event_of_bytes_that_are_loaded_tells_which_events_are_older() {
    let direct = Direct::configured(CONFIGURATION).await;
    let key_of = key(1, 0);
    direct.put(&key_of, r#"[{"id":1}]"#).await;
    let old = direct.event(&key_of, "01").await;
    direct.land(&key_of, r#"[{"id":1},{"id":2}]"#).await;
    let new = direct.event(&key_of, "02").await;
    for (event, outcome) in [
        (&new, Verdict::AlreadyLoaded),
        (&new, Verdict::AlreadyLoaded),
        (&old, Verdict::Superseded),
    ] {
        let report = direct.load_event(event).await;
        assert_eq!(report.outcome, outcome, "{report:?}");
    }
    let line = "select concat_ws(' ', sequencer, attempts, rows, etag) from riacho.objects";
    assert_eq!(direct.one(line).await, format!("02 1 2 {}", new.etag.unwrap()));
}
