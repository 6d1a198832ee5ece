//! What the ledger says.

use jiff::Timestamp;
use landing::{ErrorLog, Position, Sequencer};
use warehouse::{ObjectFacts, Outcome, Write};

use crate::support::World;

pub(crate) fn failure(object: &ObjectFacts, kind: &str, message: &str) -> ErrorLog {
    ErrorLog {
        bucket: object.object.bucket.clone(),
        key: object.object.key.clone(),
        version_id: None,
        kind: kind.to_owned(),
        message: message.to_owned(),
        position: Position::default(),
        excerpt: Some("nul \0 here".to_owned()),
        violation: None,
        first_failed_at: Timestamp::UNIX_EPOCH,
        last_failed_at: Timestamp::UNIX_EPOCH,
        attempts: 1,
    }
}

#[tokio::test]
async fn a_failure_is_written_down_and_mended() {
    let world = World::new(Write::Replace, &[], None).await;
    let mut warehouse = world.warehouse().await;
    let key = world.put("1", 6, r#"[{"n":1}]"#);
    let facts = world.facts(&key);
    for _ in 0..2 {
        let failure = failure(&facts, "not_json", "it is not");
        warehouse.record_failure(&facts, &failure).await.unwrap();
    }
    let line = "SELECT status, attempts, error->>'kind', error->>'attempts' FROM riacho.objects";
    assert_eq!(world.ask(line).await, ["failed 2 not_json 2"]);
    world.load(&mut warehouse, &key).await;
    assert_eq!(world.ask(line).await, ["loaded 3 ∅ ∅"]);
}

#[tokio::test]
async fn a_late_failure_of_loaded_bytes_is_no_failure() {
    let world = World::new(Write::Replace, &[], None).await;
    let mut warehouse = world.warehouse().await;
    let key = world.put("1", 6, r#"[{"n":1}]"#);
    world.load(&mut warehouse, &key).await;
    let facts = world.facts(&key);
    warehouse.record_failure(&facts, &failure(&facts, "x", "y")).await.unwrap();
    assert_eq!(world.ask("SELECT status, error FROM riacho.objects").await, ["loaded ∅"]);
}

#[tokio::test]
async fn when_a_newer_version_of_a_key_fails_the_older_rows_stand_until_the_scope_moves_on() {
    let world = World::new(Write::Replace, &[], None).await;
    let mut warehouse = world.warehouse().await;
    let key = world.put("1", 6, r#"[{"n":1}]"#);
    world.load(&mut warehouse, &key).await;
    world.put("1", 6, "not json");
    let facts = world.facts(&key);
    warehouse.record_failure(&facts, &failure(&facts, "not_json", "y")).await.unwrap();
    assert_eq!(world.ask("SELECT status FROM riacho.objects").await, ["failed"]);
    assert_eq!(world.ask("SELECT n FROM s.t").await, ["1"]);
    let next = world.put("1", 7, r#"[{"n":2}]"#);
    world.load(&mut warehouse, &next).await;
    assert_eq!(world.ask("SELECT n FROM s.t").await, ["2"]);
}

#[tokio::test]
async fn an_event_of_an_older_version_is_passed_over() {
    let world = World::new(Write::Replace, &[], None).await;
    let mut warehouse = world.warehouse().await;
    let key = world.put("1", 6, r#"[{"n":2}]"#);
    let with = |sequencer: &str, etag: &str| {
        let mut facts = world.facts(&key);
        facts.object.sequencer = Some(Sequencer(sequencer.to_owned()));
        facts.object.etag = Some(etag.to_owned());
        facts
    };
    world.try_load(&mut warehouse, with("0B", "new")).await.unwrap();
    let older = world.try_load(&mut warehouse, with("0AFF", "old")).await.unwrap();
    assert_eq!(older.name(), "superseded");
    assert_eq!(world.ask("SELECT etag FROM riacho.objects").await, ["new"]);
}

#[tokio::test]
async fn the_line_holds_what_the_object_said() {
    let mut world = World::new(Write::Replace, &[], None).await;
    world.rules.records = "/rows".parse().unwrap();
    world.rules.keep = vec!["/store".parse().unwrap()];
    let mut warehouse = world.warehouse().await;
    let body = r#"{"at":"noon","rows":[{"n":1},{"n":2}],"store":"late"}"#;
    let key = world.put("1", 6, body);
    let outcome = world.load(&mut warehouse, &key).await;
    assert!(matches!(outcome, Outcome::Loaded(_)));
    assert_eq!(world.ask("SELECT n, store FROM s.t ORDER BY 1").await, ["1 late", "2 late"]);
    let line = "SELECT source, endpoint, scope, records, rows, rejects, bytes, object_time,
        envelope->>'at', loaded_at IS NOT NULL, duration FROM riacho.objects";
    let expected =
        format!("s e day=1 2 2 0 {} 2026-11-01 06:00:00+00 noon t 00:00:00.005", body.len());
    assert_eq!(world.ask(line).await, [expected]);
}

#[tokio::test]
async fn tables_dropped_by_hand_come_back_and_their_objects_are_to_be_replayed() {
    let world = World::new(Write::Replace, &["/id"], None).await;
    let mut warehouse = world.warehouse().await;
    let one = world.put("1", 6, r#"[{"id":1,"items":[{"a":1}]}]"#);
    let two = world.put("2", 6, r#"[{"id":2}]"#);
    world.load(&mut warehouse, &one).await;
    world.load(&mut warehouse, &two).await;
    let columns = "SELECT table_name, column_name, data_type FROM information_schema.columns
        WHERE table_schema = 's' ORDER BY 1, ordinal_position";
    let before = world.ask(columns).await;
    world.ask("DROP SCHEMA s CASCADE").await;
    assert_eq!(world.load(&mut warehouse, &one).await.name(), "loaded");
    assert_eq!(world.ask(columns).await, before);
    assert_eq!(world.ask("SELECT id FROM s.t").await, ["1"]);
    let lines = "SELECT status, error->>'kind' FROM riacho.objects ORDER BY key";
    assert_eq!(world.ask(lines).await, ["loaded ∅", "failed tables_dropped"]);
    world.load(&mut warehouse, &two).await;
    assert_eq!(world.ask("SELECT id FROM s.t ORDER BY 1").await, ["1", "2"]);
}

#[tokio::test]
async fn records_that_cannot_be_kept_are_kept_aside() {
    let world = World::new(Write::Replace, &["/id"], Some("/v")).await;
    let mut warehouse = world.warehouse().await;
    let body = r#"[{"id":1,"v":1},{"n":"no id"},{"id":1,"v":2,"n":"newer"},{"id":"x"},{"id":2}]"#;
    let key = world.put("1", 6, body);
    world.load(&mut warehouse, &key).await;
    assert_eq!(world.ask("SELECT id, v FROM s.t ORDER BY 1").await, ["1 2", "2 ∅"]);
    let rejects = "SELECT reason, json FROM riacho.rejects ORDER BY \"row\"";
    assert_eq!(
        world.ask(rejects).await,
        [r#"key_twice {"id":1,"v":1}"#, r#"key_missing {"n":"no id"}"#, r#"key_type {"id":"x"}"#]
    );
    assert_eq!(world.ask("SELECT records, rejects FROM riacho.objects").await, ["5 3"]);
    world.put("1", 6, r#"[{"id":1}]"#);
    world.load(&mut warehouse, &key).await;
    assert!(world.ask(rejects).await.is_empty());
}

#[tokio::test]
async fn a_key_that_postgres_can_not_compare_is_set_aside() {
    let world = World::new(Write::Replace, &["/id"], None).await;
    let mut warehouse = world.warehouse().await;
    let key = world.put("1", 6, r#"[{"id":"a\u0000b"},{"id":"c"}]"#);
    world.load(&mut warehouse, &key).await;
    assert_eq!(world.ask("SELECT id FROM s.t").await, ["c"]);
    assert_eq!(world.ask("SELECT reason FROM riacho.rejects").await, ["key_type"]);
}
