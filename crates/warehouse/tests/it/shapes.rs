//! Tables, columns and the catalog as shapes change.

use std::time::Duration;

use warehouse::{Begun, Write, schema_name};

use crate::support::{World, shred};

#[tokio::test]
async fn the_change_log_says_what_each_object_brought() {
    let world = World::new(Write::Replace, &[], None).await;
    let mut warehouse = world.warehouse().await;
    for (hour, body) in [r#"[{"n":1}]"#, r#"[{"n":1.5,"new":true},{"n":"N/A"}]"#].iter().enumerate()
    {
        let key = world.put("1", hour as u32, body);
        world.load(&mut warehouse, &key).await;
    }
    let changes = "SELECT kind, column_name, path, old_type, new_type FROM riacho.changes
        WHERE path NOT IN ('', '/day') ORDER BY object_id, kind, column_name";
    assert_eq!(
        world.ask(changes).await,
        [
            "column_added n /n ∅ bigint",
            "column_added new /new ∅ boolean",
            "column_widened n /n bigint numeric",
            "variant_added n__v_text /n ∅ text",
        ]
    );
    let rows = "SELECT n, n__v_text, new FROM s.t ORDER BY _row";
    assert_eq!(world.ask(rows).await, ["1.5 ∅ t", "∅ N/A ∅"]);
    let columns =
        "SELECT column_name, type, origin FROM riacho.columns WHERE path = '/n' ORDER BY 1";
    assert_eq!(world.ask(columns).await, ["n numeric field", "n__v_text text variant"]);
}

#[tokio::test]
async fn names_are_only_ever_names() {
    let mut world = World::new(Write::Replace, &[], None).await;
    let source = r#"s"; DROP SCHEMA riacho CASCADE; --"#;
    world.endpoint.source = source.to_owned();
    world.endpoint.endpoint = r#"e' OR 1=1"#.to_owned();
    world.rules.root_table = r#"t"; drop table x; --"#.to_owned();
    let mut warehouse = world.warehouse().await;
    let body = r#"[{"select":1,"a\"b":2,"A":3,"a":4,"x'); DROP TABLE y; --":[{"🎂":"','"}]}]"#;
    let key = world.put("1", 6, body);
    world.load(&mut warehouse, &key).await;
    let count = "SELECT count(*) FROM riacho.tables t JOIN pg_class c ON c.relname = t.table_name
        JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = t.schema_name";
    assert_eq!(world.ask(count).await, ["2"]);
    let namespace = "SELECT DISTINCT schema_name FROM riacho.tables";
    assert_eq!(world.ask(namespace).await, [schema_name(source)]);
}

#[tokio::test]
async fn two_endpoints_of_one_source_never_share_a_table() {
    let world = World::new(Write::Append, &[], None).await;
    let mut other = world.clone();
    other.endpoint.endpoint = "e2".to_owned();
    let mut warehouse = world.warehouse().await;
    let key = world.put("1", 6, r#"[{"n":1}]"#);
    world.load(&mut warehouse, &key).await;
    let key = other.put("2", 6, r#"[{"n":2}]"#);
    other.load(&mut warehouse, &key).await;
    assert_eq!(world.ask("SELECT n FROM s.t").await, ["1"]);
    assert_eq!(world.ask("SELECT count(*) FROM riacho.tables").await, ["2"]);
}

#[tokio::test]
async fn a_key_that_is_wide_and_late_is_unique() {
    let world = World::new(Write::Merge, &["/a/b", "/c"], None).await;
    let mut warehouse = world.warehouse().await;
    let key = world.put("1", 6, r#"[{"items":[{"x":1}],"c":"k","a":{"b":1.0}}]"#);
    world.load(&mut warehouse, &key).await;
    let key = world.put("2", 7, r#"[{"a":{"b":1.00},"c":"k","what":"newer"}]"#);
    world.load(&mut warehouse, &key).await;
    assert_eq!(world.ask("SELECT c, what FROM s.t").await, ["k newer"]);
    assert_eq!(world.ask("SELECT count(*) FROM s.t__items").await, ["0"]);
    let unique = "SELECT count(*) FROM pg_indexes WHERE schemaname = 's' AND tablename = 't'
        AND indexdef LIKE 'CREATE UNIQUE%'";
    assert_eq!(world.ask(unique).await, ["2"]);
}

#[tokio::test]
async fn a_large_object_that_brings_a_column_locks_no_reader_out() {
    let world = World::new(Write::Append, &[], None).await;
    let mut warehouse = world.warehouse().await;
    let small = world.put("1", 6, r#"[{"n":1}]"#);
    world.load(&mut warehouse, &small).await;
    let record = format!(r#"{{"n":2,"new":"{}"}}"#, "x".repeat(1_000));
    let large = world.put("2", 6, &format!("[{}]", vec![record; 1_200].join(",")));
    let read = "SET lock_timeout = '200ms'; SELECT count(*) FROM s.t";
    for expected in ["catalog_moved", "loaded"] {
        let facts = world.facts(&large);
        let Begun::Load(mut loading) = warehouse.begin(&facts, &world.endpoint).await.unwrap()
        else {
            panic!("nothing was loaded yet")
        };
        let (batch, summary) = shred(&world, &loading, &large);
        loading.write(batch).await.unwrap();
        assert_eq!(world.ask(read).await, ["1"]);
        let outcome = loading.commit(summary, Vec::new(), Duration::ZERO).await;
        let name = outcome.map_or_else(|error| error.name(), |outcome| outcome.name());
        assert_eq!(name, expected);
    }
    assert_eq!(world.ask("SELECT count(new) FROM s.t").await, ["1200"]);
    let brought_by =
        "SELECT o.key FROM riacho.changes c JOIN riacho.objects o ON o.id = c.object_id
        WHERE column_name = 'new'";
    assert_eq!(world.ask(brought_by).await, [large]);
}

#[tokio::test]
async fn a_database_emptied_under_a_warm_connection_is_set_up_again() {
    let world = World::new(Write::Append, &[], None).await;
    let mut warehouse = world.warehouse().await;
    let key = world.put("1", 6, r#"[{"n":1}]"#);
    world.load(&mut warehouse, &key).await;
    world.ask("DROP SCHEMA riacho CASCADE; DROP SCHEMA s CASCADE").await;
    assert_eq!(world.load(&mut warehouse, &key).await.name(), "loaded");
    assert_eq!(world.ask("SELECT n FROM s.t").await, ["1"]);
}

#[tokio::test]
async fn a_view_on_a_column_stops_no_load() {
    let world = World::new(Write::Append, &[], None).await;
    let mut warehouse = world.warehouse().await;
    let key = world.put("1", 6, r#"[{"n":1}]"#);
    world.load(&mut warehouse, &key).await;
    // The warehouse remembers the table as it was before the view.
    world.ask("CREATE VIEW sums AS SELECT sum(n) AS n FROM s.t").await;
    let key = world.put("1", 7, r#"[{"n":1.5,"new":1}]"#);
    world.load(&mut warehouse, &key).await;
    assert_eq!(world.ask("SELECT n FROM sums").await, ["1"]);
    let rows = "SELECT n, n__v_numeric, new FROM s.t ORDER BY _object_id";
    assert_eq!(world.ask(rows).await, ["1 ∅ ∅", "∅ 1.5 1"]);
}

#[tokio::test]
async fn a_kept_value_that_comes_late_is_written_in_the_type_that_its_column_has_now() {
    let mut world = World::new(Write::Replace, &[], None).await;
    world.rules.records = "/r".parse().unwrap();
    world.rules.keep = vec!["/n".parse().unwrap()];
    let mut warehouse = world.warehouse().await;
    for (hour, number) in ["1", "1.5", "0.00"].iter().enumerate() {
        let key = world.put("1", hour as u32, &format!(r#"{{"r":[{{"xmin":1}}],"n":{number}}}"#));
        world.load(&mut warehouse, &key).await;
        assert_eq!(world.ask("SELECT n FROM s.t").await, [*number]);
    }
}
