//! What stands of a scope, whatever order its objects come in.

use warehouse::{Outcome, Write};

use crate::support::World;

const ROWS: &str = "SELECT day, n FROM s.t ORDER BY 1, 2";

#[tokio::test]
async fn twice_equals_once() {
    let world = World::new(Write::Replace, &[], None).await;
    let mut warehouse = world.warehouse().await;
    let key = world.put("1", 6, r#"[{"n":1,"items":[{"a":1},{"a":2}]},{"n":2}]"#);
    let first = world.load(&mut warehouse, &key).await;
    let Outcome::Loaded(counts) = first else { panic!("{first:?}") };
    assert_eq!((counts.records, counts.rows), (2, 4));
    assert_eq!(world.load(&mut warehouse, &key).await, Outcome::AlreadyLoaded);
    assert_eq!(world.force(&mut warehouse, &key).await.name(), "loaded");
    assert_eq!(world.ask(ROWS).await, ["1 1", "1 2"]);
    assert_eq!(world.ask("SELECT a FROM s.t__items ORDER BY 1").await, ["1", "2"]);
    assert_eq!(world.ask("SELECT status, attempts FROM riacho.objects").await, ["loaded 2"]);
}

#[tokio::test]
async fn a_newer_object_replaces_its_scope_and_no_other() {
    let world = World::new(Write::Replace, &[], None).await;
    let mut warehouse = world.warehouse().await;
    let first = world.put("1", 6, r#"[{"n":1,"items":[{"a":1}]},{"n":2}]"#);
    let other = world.put("2", 6, r#"[{"n":9}]"#);
    let second = world.put("1", 7, r#"[{"n":2},{"n":3,"items":[{"a":7}]}]"#);
    for key in [&first, &other, &second] {
        world.load(&mut warehouse, key).await;
    }
    assert_eq!(world.ask(ROWS).await, ["1 2", "1 3", "2 9"]);
    assert_eq!(world.ask("SELECT a FROM s.t__items").await, ["7"]);
    let status = "SELECT status FROM riacho.objects ORDER BY key";
    assert_eq!(world.ask(status).await, ["superseded", "loaded", "loaded"]);
}

#[tokio::test]
async fn an_older_object_that_comes_late_changes_nothing() {
    let world = World::new(Write::Replace, &[], None).await;
    let mut warehouse = world.warehouse().await;
    let older = world.put("1", 6, r#"[{"n":1}]"#);
    let newer = world.put("1", 7, r#"[{"n":2}]"#);
    world.load(&mut warehouse, &newer).await;
    assert_eq!(world.load(&mut warehouse, &older).await.name(), "superseded");
    assert_eq!(world.load(&mut warehouse, &older).await, Outcome::AlreadyLoaded);
    assert_eq!(world.ask(ROWS).await, ["1 2"]);
}

#[tokio::test]
async fn equal_bytes_write_no_row_and_count_as_the_newer() {
    let world = World::new(Write::Replace, &[], None).await;
    let mut warehouse = world.warehouse().await;
    let first = world.put("1", 6, r#"[{"n":1}]"#);
    let same = world.put("1", 8, r#"[{"n":1}]"#);
    let between = world.put("1", 7, r#"[{"n":2}]"#);
    world.load(&mut warehouse, &first).await;
    assert_eq!(world.load(&mut warehouse, &same).await.name(), "unchanged");
    assert_eq!(world.load(&mut warehouse, &between).await.name(), "superseded");
    assert_eq!(world.ask(ROWS).await, ["1 1"]);
    let after = world.put("1", 9, r#"[{"n":3}]"#);
    world.load(&mut warehouse, &after).await;
    assert_eq!(world.ask(ROWS).await, ["1 3"]);
    let status = "SELECT status FROM riacho.objects ORDER BY key";
    assert_eq!(world.ask(status).await, ["superseded", "superseded", "superseded", "loaded"]);
}

#[tokio::test]
async fn a_key_put_again_with_other_bytes_replaces_its_own_rows() {
    for write in [Write::Replace, Write::Append, Write::Merge] {
        let world = World::new(write, &[], None).await;
        let mut warehouse = world.warehouse().await;
        let key = world.put("1", 6, r#"[{"n":1},{"n":2}]"#);
        world.load(&mut warehouse, &key).await;
        world.put("1", 6, r#"[{"n":3}]"#);
        world.load(&mut warehouse, &key).await;
        assert_eq!(world.ask(ROWS).await, ["1 3"], "{write:?}");
    }
}

#[tokio::test]
async fn append_adds_and_never_takes_away() {
    let world = World::new(Write::Append, &[], None).await;
    let mut warehouse = world.warehouse().await;
    for hour in [7, 6, 8] {
        let key = world.put("1", hour, &format!(r#"[{{"n":{hour}}}]"#));
        world.load(&mut warehouse, &key).await;
        assert_eq!(world.load(&mut warehouse, &key).await, Outcome::AlreadyLoaded);
    }
    assert_eq!(world.ask(ROWS).await, ["1 6", "1 7", "1 8"]);
}

#[tokio::test]
async fn an_empty_answer_empties_its_scope_and_says_so() {
    let world = World::new(Write::Replace, &[], None).await;
    let mut warehouse = world.warehouse().await;
    let full = world.put("1", 6, r#"[{"n":1},{"n":2}]"#);
    let empty = world.put("1", 7, "[]");
    world.load(&mut warehouse, &full).await;
    let outcome = world.load(&mut warehouse, &empty).await;
    let Outcome::Loaded(counts) = outcome else { panic!("{outcome:?}") };
    assert_eq!(counts.vanished.map(|vanished| vanished.before), Some(2));
    assert!(world.ask(ROWS).await.is_empty());
    let said = "SELECT details->>'records_before' FROM riacho.changes WHERE kind = 'vanished'";
    assert_eq!(world.ask(said).await, ["2"]);
}

#[tokio::test]
async fn beyond_the_limit_vanishing_is_a_failure_until_a_person_overrules_it() {
    let mut world = World::new(Write::Replace, &[], None).await;
    world.endpoint.vanish_limit = Some(0.5);
    let mut warehouse = world.warehouse().await;
    let full = world.put("1", 6, r#"[{"n":1},{"n":2},{"n":3}]"#);
    let poor = world.put("1", 7, r#"[{"n":1}]"#);
    world.load(&mut warehouse, &full).await;
    let error = world.try_load(&mut warehouse, world.facts(&poor)).await.unwrap_err();
    assert_eq!(error.name(), "vanished");
    assert_eq!(landing::Classify::kind(&error), landing::FailureKind::Permanent);
    assert_eq!(world.ask("SELECT count(*) FROM s.t").await, ["3"]);

    let failure = crate::ledger::failure(&world.facts(&poor), "vanished", &error.to_string());
    warehouse.record_failure(&world.facts(&poor), &failure).await.unwrap();
    let again = world.try_load(&mut warehouse, world.facts(&poor)).await.unwrap_err();
    assert_eq!(again.name(), "vanished", "the verdict stands");
    world.force(&mut warehouse, &poor).await;
    assert_eq!(world.ask("SELECT count(*) FROM s.t").await, ["1"]);
}

#[tokio::test]
async fn an_endpoint_that_was_append_and_is_replace_sheds_what_is_old() {
    let mut world = World::new(Write::Append, &[], None).await;
    let mut warehouse = world.warehouse().await;
    let keys = [6, 7].map(|hour| world.put("1", hour, &format!(r#"[{{"n":{hour}}}]"#)));
    for key in &keys {
        world.load(&mut warehouse, key).await;
    }
    world.endpoint.write = Write::Replace;
    assert_eq!(world.force(&mut warehouse, &keys[0]).await.name(), "superseded");
    assert_eq!(world.ask(ROWS).await, ["1 7"]);
}

#[tokio::test]
async fn rows_that_count_as_a_newer_objects_still_do_after_a_forced_replay() {
    let world = World::new(Write::Replace, &[], None).await;
    let mut warehouse = world.warehouse().await;
    let first = world.put("1", 6, r#"[{"n":1}]"#);
    let same = world.put("1", 8, r#"[{"n":1}]"#);
    let between = world.put("1", 7, r#"[{"n":2}]"#);
    world.load(&mut warehouse, &first).await;
    world.load(&mut warehouse, &same).await;
    assert_eq!(world.force(&mut warehouse, &first).await.name(), "loaded");
    assert_eq!(world.load(&mut warehouse, &between).await.name(), "superseded");
    assert_eq!(world.ask(ROWS).await, ["1 1"]);
    let status = "SELECT status FROM riacho.objects ORDER BY key";
    assert_eq!(world.ask(status).await, ["loaded", "superseded", "unchanged"]);
}

#[tokio::test]
async fn rows_pass_to_the_newer_object_when_the_older_ones_bytes_change() {
    let world = World::new(Write::Replace, &[], None).await;
    let mut warehouse = world.warehouse().await;
    let first = world.put("1", 6, r#"[{"n":1,"items":[{"a":1}]}]"#);
    let same = world.put("1", 8, r#"[{"n":1,"items":[{"a":1}]}]"#);
    world.load(&mut warehouse, &first).await;
    world.load(&mut warehouse, &same).await;
    world.put("1", 6, r#"[{"n":5}]"#);
    assert_eq!(world.load(&mut warehouse, &first).await.name(), "superseded");
    assert_eq!(world.ask(ROWS).await, ["1 1"]);
    let status = "SELECT status, records FROM riacho.objects ORDER BY key";
    assert_eq!(world.ask(status).await, ["superseded ∅", "loaded 1"]);
    let owners =
        "SELECT DISTINCT o.key FROM s.t__items i JOIN riacho.objects o ON o.id = _object_id";
    assert_eq!(world.ask(owners).await, [same]);
}
