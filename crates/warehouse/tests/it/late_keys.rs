//! A key that is configured after the tables are made, and the indexes that it asks for.

use warehouse::{Warehouse, Write};

use crate::support::World;

const INDEXES: &str = "SELECT indexdef FROM pg_indexes WHERE schemaname = 's'
    AND indexdef NOT LIKE '%\\_row)' ESCAPE '\\' OR indexdef LIKE '%\\_parent_row)' ESCAPE '\\'
    ORDER BY 1";

/// An endpoint without a key, with objects of two days.
async fn world(bodies: &[&str]) -> (World, Warehouse) {
    let world = World::new(Write::Replace, &[], None).await;
    let mut warehouse = world.warehouse().await;
    for (day, body) in bodies.iter().enumerate() {
        let key = world.put(&day.to_string(), 0, body);
        world.load(&mut warehouse, &key).await;
    }
    (world, warehouse)
}

fn with_key(world: &mut World) {
    world.endpoint.key = vec!["/id".to_owned()];
    world.rules.key = vec!["/id".parse().unwrap()];
}

#[tokio::test]
async fn a_key_configured_late_gets_its_indexes_from_the_next_load() {
    let (mut world, _) = world(&[r#"[{"id":1,"c":[{"x":1}]}]"#, r#"[{"id":2}]"#]).await;
    with_key(&mut world);
    let mut warehouse = world.warehouse().await;
    let key = world.put("3", 0, r#"[{"id":2,"c":[{"x":2}]}]"#);
    world.load(&mut warehouse, &key).await;
    assert_eq!(
        world.ask(INDEXES).await,
        [
            "CREATE INDEX t__c__object_id__parent_row_idx ON s.t__c USING btree (_object_id, _parent_row)",
            "CREATE UNIQUE INDEX t_id_idx ON s.t USING btree (id)"
        ]
    );
    assert_eq!(world.ask("SELECT count(*) FROM s.t").await, ["2"]);
}

#[tokio::test]
async fn rows_that_clash_on_a_late_key_are_named_once_and_stop_nothing() {
    let (mut world, _) = world(&[r#"[{"id":1,"n":1}]"#, r#"[{"id":1,"n":2}]"#]).await;
    with_key(&mut world);
    for day in ["3", "4"] {
        let mut warehouse = world.warehouse().await;
        let key = world.put(day, 0, r#"[{"id":5}]"#);
        assert_eq!(world.load(&mut warehouse, &key).await.name(), "loaded");
    }
    let log = "SELECT table_name, path, details->>'clashing_keys', details->>'reason'
        FROM riacho.changes WHERE kind = 'index_missing'";
    assert_eq!(world.ask(log).await, [r#"t id ["1"] rows that stand have the same key"#]);
    // The cure that it names.
    world.ask("DROP TABLE s.t").await;
    let mut warehouse = world.warehouse().await;
    for (day, body) in
        [("0", r#"[{"id":1,"n":1}]"#), ("1", r#"[{"id":1,"n":2}]"#), ("3", r#"[{"id":5}]"#)]
    {
        let key = world.put(day, 0, body);
        world.force(&mut warehouse, &key).await;
    }
    assert_eq!(world.ask("SELECT id, n FROM s.t ORDER BY 1").await, ["1 2", "5 ∅"]);
    assert_eq!(world.ask(INDEXES).await.len(), 1);
}

#[tokio::test]
async fn a_person_has_the_indexes_made_beside_running_loads() {
    let (mut world, _) = world(&[r#"[{"id":1,"c":[{"x":1}]}]"#, r#"[{"id":1}]"#]).await;
    with_key(&mut world);
    let mut warehouse = world.warehouse().await;
    let made = warehouse.make_indexes(&world.endpoint).await.unwrap();
    assert_eq!(
        (made[0].columns.as_str(), made[0].clashing_keys.as_slice()),
        ("id", &["1".to_owned()][..])
    );
    assert!(made[1].clashing_keys.is_empty());
    assert_eq!(world.ask(INDEXES).await.len(), 1);
    world.ask("DELETE FROM s.t WHERE _object_id = 2").await;
    let made = warehouse.make_indexes(&world.endpoint).await.unwrap();
    assert_eq!((made.len(), made[0].clashing_keys.len()), (1, 0));
    assert_eq!(world.ask(INDEXES).await.len(), 2);
    assert!(warehouse.make_indexes(&world.endpoint).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_index_that_somebody_holds_up_stops_no_load() {
    let (mut world, _) = world(&[r#"[{"id":1}]"#]).await;
    with_key(&mut world);
    let timeouts =
        warehouse::Timeouts { lock: std::time::Duration::from_millis(300), ..Default::default() };
    let mut warehouse = world.warehouse_with(timeouts).await;
    let other = world.over_another_connection();
    other.ask("BEGIN; UPDATE s.t SET id = id").await;
    let key = world.put("3", 0, r#"[{"id":2}]"#);
    assert_eq!(world.load(&mut warehouse, &key).await.name(), "loaded");
    assert_eq!(world.ask(INDEXES).await.len(), 0);
    other.ask("ROLLBACK").await;
    let mut warehouse = world.warehouse().await;
    let key = world.put("4", 0, r#"[{"id":3}]"#);
    world.load(&mut warehouse, &key).await;
    assert_eq!(world.ask(INDEXES).await.len(), 1);
}

#[tokio::test]
async fn an_index_that_was_made_and_dropped_again_is_missed_again() {
    let (mut world, _) = world(&[r#"[{"id":1}]"#, r#"[{"id":1}]"#]).await;
    with_key(&mut world);
    let mut warehouse = world.warehouse().await;
    let key = world.put("3", 0, r#"[{"id":5}]"#);
    world.load(&mut warehouse, &key).await;
    assert_eq!(world.ask(INDEXES).await.len(), 0, "its rows clash, and the change log says so");
    world.ask("DELETE FROM s.t WHERE _object_id = 2").await;
    warehouse.make_indexes(&world.endpoint).await.unwrap();
    let made = world
        .ask(
            "SELECT indexname FROM pg_indexes WHERE schemaname = 's'
        AND indexname LIKE 'riacho%'",
        )
        .await;
    world.ask(&format!("DROP INDEX s.{}", made[0])).await;
    let mut warehouse = world.warehouse().await;
    let key = world.put("4", 0, r#"[{"id":6}]"#);
    world.load(&mut warehouse, &key).await;
    assert_eq!(world.ask(INDEXES).await.len(), 1);
}
