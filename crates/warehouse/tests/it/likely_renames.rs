//! Likely renames: what is said, with which evidence, and what is not.

use landing::LandedObject;
use warehouse::{LikelyRename, Outcome, Warehouse, Write};

use crate::support::World;

/// Loads a body into a scope, and gives the likely renames that are noticed then.
async fn take(
    world: &World,
    warehouse: &mut Warehouse,
    scope: &str,
    hour: u32,
    body: &str,
) -> Vec<LikelyRename> {
    let key = world.put(scope, hour, body);
    let Outcome::Loaded(loaded) = world.load(warehouse, &key).await else { panic!("not loaded") };
    match loaded.news {
        Some(news) => warehouse.look_for_renames(&world.endpoint, &news).await.unwrap(),
        None => Vec::new(),
    }
}

fn said(found: &[LikelyRename]) -> Vec<String> {
    found.iter().map(|one| format!("{} < {}", one.rename.new, one.rename.old)).collect()
}

fn records(range: std::ops::Range<u32>, record: impl Fn(u32) -> String) -> String {
    format!("[{}]", range.map(record).collect::<Vec<_>>().join(","))
}

#[tokio::test]
async fn the_same_records_with_the_same_values_under_a_new_name_are_noticed() {
    let world = World::new(Write::Replace, &["/id"], None).await;
    let mut warehouse = world.warehouse().await;
    let old = records(0..6, |n| {
        format!(r#"{{"id":{n},"o":{{"amt":{n}.5,"x":"a"}},"when":"2026-11-0{}"}}"#, n + 1)
    });
    let new = records(0..6, |n| {
        format!(r#"{{"id":{n},"o":{{"value":{n}.5,"x":"a"}},"when":"2026-11-0{}"}}"#, n + 1)
    });
    assert!(take(&world, &mut warehouse, "1", 6, &old).await.is_empty());
    let found = take(&world, &mut warehouse, "1", 7, &new).await;
    assert_eq!(said(&found), ["/o/value < /o/amt"]);
    assert!(found[0].rename.score >= Some(0.8), "{found:?}");
    assert!(found[0].reason().contains("6 of 6 records hold the same value"), "{found:?}");
    let logged = "SELECT path, details->>'old' FROM riacho.changes WHERE kind = 'likely_rename'";
    assert_eq!(world.ask(logged).await, ["/o/value /o/amt"]);
    assert_eq!(warehouse.likely_rename(found[0].id).await.unwrap().as_ref(), Some(&found[0]));
    // It is said once.
    assert!(take(&world, &mut warehouse, "1", 8, &new.replace("2026", "2025")).await.is_empty());
}

#[tokio::test]
async fn an_array_and_an_object_under_new_names_are_noticed_by_what_is_inside() {
    let world = World::new(Write::Replace, &["/id"], None).await;
    let mut warehouse = world.warehouse().await;
    let record = |taxes: &str, item: &str, n: u32| {
        format!(
            r#"{{"id":{n},"{taxes}":[{{"num":28,"rate":21}},{{"num":29,"rate":0}}],
                "{item}":{{"mi":{n},"name":"soup"}}}}"#
        )
    };
    let old = records(0..4, |n| record("taxes", "menuItem", n));
    let new = records(10..14, |n| record("taxation", "menuEntry", n));
    take(&world, &mut warehouse, "1", 6, &old).await;
    let found = take(&world, &mut warehouse, "2", 7, &new).await;
    assert_eq!(said(&found), ["/taxation < /taxes", "/menuEntry < /menuItem"]);
    assert!(found[0].reason().contains("100% of the shape"), "{found:?}");
}

#[tokio::test]
async fn a_name_that_is_still_there_or_has_nothing_in_common_is_not_named() {
    let world = World::new(Write::Append, &[], None).await;
    let mut warehouse = world.warehouse().await;
    let old = records(0..5, |n| format!(r#"{{"ttl":{n},"num":{n},"tags":[{{"a":1}}]}}"#));
    take(&world, &mut warehouse, "1", 6, &old).await;
    // `total` holds what `ttl` does, which is still there; `feedback` is another thing than `num`.
    let new = records(0..5, |n| {
        format!(r#"{{"ttl":{n},"total":{n},"feedback":"nice","payments":[{{"tip":1,"by":"x"}}]}}"#)
    });
    let found = take(&world, &mut warehouse, "2", 7, &new).await;
    assert!(found.iter().all(|one| one.rename.old != "/ttl"), "{found:?}");
    assert!(found.iter().all(|one| one.rename.new != "/feedback"), "{found:?}");
    assert!(found.iter().all(|one| one.rename.new != "/payments"), "{found:?}");
}

#[tokio::test]
async fn an_older_object_that_comes_later_names_the_pair_the_other_way_round() {
    let world = World::new(Write::Replace, &["/id"], None).await;
    let mut warehouse = world.warehouse().await;
    let new = records(0..4, |n| format!(r#"{{"id":{n},"chkTotal":{n}.25}}"#));
    let old = records(4..8, |n| format!(r#"{{"id":{n},"chkTtl":{}.25}}"#, n - 4));
    take(&world, &mut warehouse, "2", 9, &new).await;
    let found = take(&world, &mut warehouse, "1", 6, &old).await;
    assert_eq!(said(&found), ["/chkTotal < /chkTtl"]);
}

#[tokio::test]
async fn what_is_noticed_can_be_accepted_and_leaves_nothing_behind() {
    let world = World::new(Write::Replace, &["/id"], None).await;
    let mut warehouse = world.warehouse().await;
    let old = records(0..4, |n| format!(r#"{{"id":{n},"taxes":[{{"r":{n}}}]}}"#));
    take(&world, &mut warehouse, "1", 6, &old).await;
    let new = old.replace("taxes", "taxation").replace("\"id\":", "\"id\":1");
    let found = take(&world, &mut warehouse, "2", 6, &new).await;
    let rename = &found[0].rename;
    warehouse.accept_rename(&world.endpoint, rename).await.unwrap();
    for bringer in warehouse.bringers(&world.endpoint, rename, 0, 10).await.unwrap() {
        let LandedObject { key, .. } = bringer.object;
        world.force(&mut warehouse, key.as_str()).await;
    }
    assert_eq!(world.ask("SELECT count(*) FROM s.t__taxes").await, ["8"]);
    assert_eq!(world.ask("SELECT count(*) FROM s.t__taxation").await, ["0"]);
    let scored = "SELECT score > 0.5, evidence ? 'words' FROM riacho.renames";
    assert_eq!(world.ask(scored).await, ["t t"]);
}

#[tokio::test]
async fn values_that_no_text_can_hold_stop_neither_the_load_nor_the_search() {
    let world = World::new(Write::Replace, &["/id"], None).await;
    let mut warehouse = world.warehouse().await;
    let old = r#"[{"id":1,"a":"x\u0000","b":["\ud83c"],"c":1e400000}]"#;
    take(&world, &mut warehouse, "1", 6, old).await;
    take(&world, &mut warehouse, "1", 7, &old.replace("\"a\"", "\"z\"")).await;
    assert_eq!(world.ask("SELECT count(*) FROM s.t").await, ["1"]);
}
