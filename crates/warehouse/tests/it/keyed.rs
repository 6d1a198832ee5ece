//! Records with a key: one stands, the newest, whatever order objects come in.

use std::time::Duration;

use normalise::{ColumnType, DeclaredType};
use warehouse::{Begun, Write};

use crate::support::{World, shred};

const ROWS: &str = "SELECT id, day, what FROM s.t ORDER BY 1";
const ITEMS: &str = "SELECT id, a FROM s.t__items ORDER BY 1, 2";

/// Every order of the places of `count` things.
fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for shorter in orders(count - 1) {
        for place in 0..=shorter.len() {
            let mut order = shorter.clone();
            order.insert(place, count - 1);
            all.push(order);
        }
    }
    all
}

#[tokio::test]
async fn a_record_that_two_scopes_report_stands_once_in_its_newest_version() {
    for order in orders(2) {
        let world = World::new(Write::Replace, &["/id"], Some("/v")).await;
        let mut warehouse = world.warehouse().await;
        let keys = [
            world.put("1", 8, r#"[{"id":7,"v":1,"what":"old","items":[{"a":1},{"a":2}]}]"#),
            world.put("2", 6, r#"[{"id":7,"v":2,"what":"new","items":[{"a":3}]},{"id":8}]"#),
        ];
        for place in &order {
            world.load(&mut warehouse, &keys[*place]).await;
        }
        assert_eq!(world.ask(ROWS).await, ["7 2 new", "8 2 ∅"], "{order:?}");
        assert_eq!(world.ask(ITEMS).await, ["7 3"], "{order:?}");
    }
}

#[tokio::test]
async fn a_small_object_of_many_tables_stands_in_all_of_them_and_gives_way_in_all() {
    let world = World::new(Write::Replace, &["/id"], Some("/v")).await;
    let mut warehouse = world.warehouse().await;
    let record = |id, version, lists: &[usize]| {
        let list = |number: &usize| format!(r#","l{number}":[{{"a":1}},{{"a":2}}]"#);
        let lists = lists.iter().map(list).collect::<String>();
        // Only the first has all fields.
        let fields = (0..260).filter(|_| id == 1).map(|number| format!(r#","f{number}":{number}"#));
        format!(r#"{{"id":{id},"v":{version}{}{lists}}}"#, fields.collect::<String>())
    };
    let keys = [
        world.put("1", 6, &format!("[{}]", record(1, 1, &(0..20).collect::<Vec<_>>()))),
        world.put("2", 6, &format!("[{},{}]", record(2, 1, &[3, 17]), record(3, 1, &[0]))),
        world.put("3", 7, &format!("[{}]", record(2, 2, &[18]))),
    ];
    for key in &keys {
        world.load(&mut warehouse, key).await;
    }
    assert_eq!(
        world.ask("SELECT id, v, f259 FROM s.t ORDER BY 1").await,
        ["1 1 259", "2 2 ∅", "3 1 ∅"]
    );
    for number in 0..20 {
        let rows = world.ask(&format!("SELECT count(*) FROM s.t__l{number}")).await;
        let expected = if [0, 18].contains(&number) { "4" } else { "2" };
        assert_eq!(rows, [expected], "list {number}");
    }
}

#[tokio::test]
async fn of_equal_versions_the_newer_object_has_it() {
    for order in orders(2) {
        let world = World::new(Write::Replace, &["/id"], None).await;
        let mut warehouse = world.warehouse().await;
        let keys = [
            world.put("1", 6, r#"[{"id":7,"what":"old"}]"#),
            world.put("2", 7, r#"[{"id":7,"what":"new"}]"#),
        ];
        for place in &order {
            world.load(&mut warehouse, &keys[*place]).await;
        }
        assert_eq!(world.ask(ROWS).await, ["7 2 new"], "{order:?}");
    }
}

#[tokio::test]
async fn when_the_winner_goes_the_other_scopes_record_stands_again() {
    let world = World::new(Write::Replace, &["/id"], Some("/v")).await;
    let mut warehouse = world.warehouse().await;
    let one = r#"[{"id":7,"v":1,"what":"one","items":[{"a":1},{"a":2}]},{"id":1,"what":"x"}]"#;
    let keys = [
        world.put("1", 6, one),
        world.put("2", 6, r#"[{"id":7,"v":2,"what":"two","items":[{"a":3}]},{"id":2}]"#),
        world.put("2", 7, r#"[{"id":2,"what":"alone"}]"#),
    ];
    for key in &keys {
        world.load(&mut warehouse, key).await;
    }
    assert_eq!(world.ask(ROWS).await, ["1 1 x", "2 2 alone", "7 1 one"]);
    assert_eq!(world.ask(ITEMS).await, ["7 1", "7 2"]);
    assert_eq!(world.ask("SELECT count(*) FROM riacho.shadows").await, ["0"]);
}

#[tokio::test]
async fn when_the_winner_grows_older_the_better_one_stands_again() {
    let world = World::new(Write::Replace, &["/id"], Some("/v")).await;
    let mut warehouse = world.warehouse().await;
    let keys = [
        world.put("1", 6, r#"[{"id":7,"v":5,"what":"five"}]"#),
        world.put("2", 6, r#"[{"id":7,"v":9,"what":"nine"}]"#),
        world.put("2", 7, r#"[{"id":7,"v":3,"what":"three"}]"#),
    ];
    for key in &keys {
        world.load(&mut warehouse, key).await;
    }
    assert_eq!(world.ask(ROWS).await, ["7 1 five"]);
    assert_eq!(world.ask("SELECT key, version > '' FROM riacho.shadows").await, ["{7} t"]);
}

#[tokio::test]
async fn what_must_stand_again_is_not_forgotten_unless_it_left_the_lake() {
    let world = World::new(Write::Replace, &["/id"], Some("/v")).await;
    let mut warehouse = world.warehouse().await;
    let keys = [
        world.put("1", 6, r#"[{"id":7,"v":1}]"#),
        world.put("2", 6, r#"[{"id":7,"v":2}]"#),
        world.put("2", 7, r#"[{"id":2,"v":1}]"#),
    ];
    world.load(&mut warehouse, &keys[0]).await;
    world.load(&mut warehouse, &keys[1]).await;
    for is_gone in [false, true] {
        let facts = world.facts(&keys[2]);
        let Begun::Load(mut loading) = warehouse.begin(&facts, &world.endpoint).await.unwrap()
        else {
            panic!("nothing was loaded yet")
        };
        let (batch, summary) = shred(&world, &loading, &keys[2]);
        loading.write(batch).await.unwrap();
        let again = loading.reinstate().await.unwrap();
        assert_eq!(again.iter().map(|one| one.records()).collect::<Vec<_>>(), [1]);
        if is_gone {
            assert!(loading.renounce(&again[0]).await.unwrap().is_empty());
        }
        let outcome = loading.commit(summary, Vec::new(), Duration::ZERO).await;
        let name = outcome.map_or_else(|error| error.name(), |outcome| outcome.name());
        assert_eq!(name, if is_gone { "loaded" } else { "not_reinstated" });
    }
    assert_eq!(world.ask("SELECT id FROM s.t").await, ["2"]);
}

/// The contract's rule 2, as a table of what must stand after all of these objects.
#[tokio::test]
async fn every_order_of_events_ends_in_the_same_rows() {
    let first = World::new(Write::Replace, &["/id", "/k"], Some("/v")).await;
    let mut warehouse = first.warehouse().await;
    for (number, order) in orders(5).iter().enumerate() {
        let world = first.another(&format!("s{number}"));
        let keys = [
            world.put("1", 6, r#"[{"id":1,"k":"a","v":9,"what":"1/6"},{"id":2,"k":"a","what":"1/6"}]"#),
            world.put("1", 8, r#"[{"id":1,"k":"a","v":3,"what":"1/8","items":[{"a":1}]}]"#),
            world.put("2", 7, r#"[{"id":1,"k":"a","v":5,"what":"2/7","items":[{"a":2},{"a":3}]},{"id":3,"k":"a"}]"#),
            world.put("2", 9, r#"[{"id":3,"k":"a","v":1,"what":"2/9"}]"#),
            world.put("3", 5, r#"[{"id":3,"k":"a","v":1,"what":"3/5"},{"id":1,"k":"a","v":3,"what":"3/5"}]"#),
        ];
        for place in order {
            world.load(&mut warehouse, &keys[*place]).await;
        }
        let rows = format!("SELECT id, day, what FROM s{number}.t ORDER BY 1");
        assert_eq!(world.ask(&rows).await, ["1 1 1/8", "3 2 2/9"], "{order:?}");
        let items = format!("SELECT id, a FROM s{number}.t__items ORDER BY 1, 2");
        assert_eq!(world.ask(&items).await, ["1 1"], "{order:?}");
    }
}

#[tokio::test]
async fn merge_keeps_the_newest_of_all_objects() {
    for order in orders(3) {
        let world = World::new(Write::Merge, &["/id"], Some("/v")).await;
        let mut warehouse = world.warehouse().await;
        let keys = [
            world.put("1", 6, r#"[{"id":1,"v":"2026-01-02","what":"b"},{"id":2,"what":"x"}]"#),
            world.put("1", 7, r#"[{"id":1,"v":"2026-01-01","what":"a","items":[{"a":1}]}]"#),
            world.put("1", 8, r#"[{"id":1,"v":"2026-01-03","what":"c","items":[{"a":3}]}]"#),
        ];
        for place in &order {
            world.load(&mut warehouse, &keys[*place]).await;
        }
        assert_eq!(world.ask(ROWS).await, ["1 1 c", "2 1 x"], "{order:?}");
        assert_eq!(world.ask(ITEMS).await, ["1 3"], "{order:?}");
    }
}

#[tokio::test]
async fn versions_compare_across_a_column_that_became_numeric() {
    let world = World::new(Write::Merge, &["/id"], Some("/v")).await;
    let mut warehouse = world.warehouse().await;
    let bodies = [
        r#"[{"id":1,"v":10,"what":"ten"}]"#,
        r#"[{"id":2,"v":0.5,"what":"half"}]"#,
        r#"[{"id":1,"v":9.5,"what":"nine and a half"}]"#,
        r#"[{"id":1,"v":"9","what":"text"}]"#,
    ];
    for (hour, body) in bodies.iter().enumerate().take(3) {
        let key = world.put("1", hour as u32, body);
        world.load(&mut warehouse, &key).await;
    }
    assert_eq!(world.ask(ROWS).await, ["1 1 ten", "2 1 half"]);
}

/// A record that was rejected in its time neither stands again nor takes the place of another, when
/// its object is read once more for records that must stand.
#[tokio::test]
async fn what_was_rejected_stays_out_when_its_object_is_read_again() {
    for remembered in [0, 100] {
        let mut world = World::new(Write::Replace, &["/id"], Some("/v")).await;
        world.rules.required = vec!["/what".parse().unwrap()];
        world.rules.limits.max_remembered_keys = remembered;
        let mut warehouse = world.warehouse().await;
        let first = r#"[{"id":7,"v":3,"what":"kept","items":[{"a":1}]},
            {"id":8,"v":1,"what":"kept","items":[{"a":2}]}, {"id":7,"v":5,"items":[{"a":3}]}]"#;
        let first = world.put("1", 6, first);
        world.load(&mut warehouse, &first).await;
        let kept = ["7 1 kept", "8 1 kept"];
        assert_eq!(world.ask(ROWS).await, kept);
        for (hour, id) in [(7, 8), (9, 7)] {
            let body = format!(r#"[{{"id":{id},"v":4,"what":"newer"}}]"#);
            let newer = world.put("2", hour, &body);
            world.load(&mut warehouse, &newer).await;
            assert_ne!(world.ask(ROWS).await, kept);
            let gone = world.put("2", hour + 1, "[]");
            world.load(&mut warehouse, &gone).await;
            assert_eq!(world.ask(ROWS).await, kept, "{remembered} remembered, {id} went");
            assert_eq!(world.ask(ITEMS).await, ["7 1", "8 2"]);
        }
    }
}

/// Versions are compared as their column has them, whether the core still knows the earlier record or
/// the database is asked for it.
#[tokio::test]
async fn versions_of_a_declared_type_are_compared_as_the_column_has_them() {
    for (of, records, expected) in [
        (ColumnType::Bigint, [r#""2""#, "10", r#""1""#], "7 1 second"),
        (ColumnType::Text, ["9", r#""8""#, "10"], "7 1 first"),
        (
            ColumnType::Timestamptz,
            [r#""2026-11-01T10:00:00""#, r#""2026-11-01T09:00:00Z""#, "5"],
            "7 1 third",
        ),
    ] {
        for remembered in [0, 100] {
            let mut world = World::new(Write::Replace, &["/id"], Some("/v")).await;
            world.rules.types = vec![DeclaredType { pattern: "/v".to_owned(), of }];
            world.rules.limits.max_remembered_keys = remembered;
            let mut warehouse = world.warehouse().await;
            let mut lines = Vec::new();
            for (version, what) in records.iter().zip(["first", "second", "third"]) {
                lines.push(format!(r#"{{"id":7,"v":{version},"what":"{what}"}}"#));
                // Another one between them, and enough of it that each comes in a batch of its own.
                lines.push(format!(r#"{{"id":{},"v":0,"what":"{:70}"}}"#, lines.len(), ""));
            }
            let mut body = format!("[{}]", lines.join(","));
            body.extend((body.len() % 2 == 0).then_some(' '));
            let object = world.put("1", 6, &body);
            world.load(&mut warehouse, &object).await;
            let seven = "SELECT id, day, what FROM s.t WHERE id = 7";
            assert_eq!(world.ask(seven).await, [expected], "{of} {remembered}");
        }
    }
}
