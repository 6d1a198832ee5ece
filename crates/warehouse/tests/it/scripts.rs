//! Table scripts: what they make of an empty database, and which of them are applied.

use normalise::{Contract, DeclaredType, Shredder};
use warehouse::{ScriptPart, TableScript, Warehouse, WarehouseError, Write, table_script};

use crate::support::World;

const FIRST: &str =
    r#"[{"id":1,"n":1,"at":"2026-11-01","name":"a'b","c":[{"x":1,"d":[{"y":true}]}]}]"#;
/// Tables, columns, indexes as Postgres has them.
const STANDING: &str = "
    SELECT c.relname, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
    WHERE c.relnamespace = 's'::regnamespace ORDER BY 1, 2";
const INDEXES: &str = "SELECT indexdef FROM pg_indexes WHERE schemaname = 's' ORDER BY 1";

/// A keyed endpoint with three tables, one column of which was widened.
async fn world() -> (World, Warehouse) {
    let world = World::new(Write::Replace, &["/id"], None).await;
    let mut warehouse = world.warehouse().await;
    for (hour, body) in [FIRST, r#"[{"id":2,"c":[{"x":1.5}]}]"#].iter().enumerate() {
        let key = world.put("1", hour as u32, body);
        world.load(&mut warehouse, &key).await;
    }
    (world, warehouse)
}

async fn whole(world: &World, warehouse: &mut Warehouse) -> String {
    let tables = warehouse.tables(&world.endpoint).await.unwrap();
    table_script(&[ScriptPart::whole(&world.endpoint, &world.rules, &tables)]).unwrap()
}

/// The same world on a database of its own.
async fn elsewhere(world: &World) -> World {
    let mut fresh = World::new(world.endpoint.write, &["/id"], None).await;
    fresh.rules = world.rules.clone();
    fresh
}

/// The script for what a body asks for beyond what stands.
async fn script_for(world: &World, warehouse: &mut Warehouse, body: &str) -> String {
    let tables = warehouse.tables(&world.endpoint).await.unwrap();
    let partitions = [("day".to_owned(), "1".to_owned())];
    let mut shredder = Shredder::new(world.rules.clone(), tables.schema().clone(), 0, &partitions);
    shredder.push(body.as_bytes()).unwrap();
    shredder.finish().unwrap();
    let changes = shredder.take_batch().changes;
    table_script(&[ScriptPart::changing(&world.endpoint, &world.rules, tables, changes)]).unwrap()
}

async fn apply(world: &World, warehouse: &mut Warehouse, text: &str) -> Result<(), WarehouseError> {
    let script = TableScript::parse(text)?;
    warehouse.apply_script(&script, std::slice::from_ref(&world.endpoint)).await.map(drop)
}

#[tokio::test]
async fn the_script_of_what_stands_makes_the_same_tables_in_an_empty_database() {
    let (mut world, mut warehouse) = world().await;
    world.rules.types =
        vec![DeclaredType { pattern: "*t".to_owned(), of: "date".parse().unwrap() }];
    world.rules.renames = vec![("/title".parse().unwrap(), "/name".parse().unwrap())];
    let script = whole(&world, &mut warehouse).await;
    let other = elsewhere(&world).await;
    other.ask(&script).await;
    assert_eq!(other.ask(STANDING).await, world.ask(STANDING).await);
    assert_eq!(other.ask(INDEXES).await, world.ask(INDEXES).await);
    let comments = "SELECT a.attname, col_description(a.attrelid, a.attnum) FROM pg_attribute a
        WHERE a.attrelid = 's.t'::regclass AND attname IN ('at', 'name') ORDER BY 1";
    assert_eq!(
        other.ask(comments).await,
        ["at /at; *t is declared date", "name /name; also named /title"]
    );
    let comment = "SELECT obj_description('s.t__c__d'::regclass)";
    assert_eq!(other.ask(comment).await, ["the items of /c/d; each belongs to a row of t__c"]);
}

#[tokio::test]
async fn a_script_that_is_applied_makes_tables_that_loads_under_freeze_use() {
    let (world, mut warehouse) = world().await;
    let script = whole(&world, &mut warehouse).await;
    let mut other = elsewhere(&world).await;
    other.rules.contract = Contract::Freeze;
    let mut warehouse = other.warehouse().await;
    apply(&other, &mut warehouse, &script).await.unwrap();
    assert_eq!(other.ask(STANDING).await, world.ask(STANDING).await);
    assert_eq!(other.ask(INDEXES).await, world.ask(INDEXES).await);
    let columns = "SELECT table_name, column_name, path, type, origin, position
        FROM riacho.columns ORDER BY table_position, position";
    assert_eq!(other.ask(columns).await, world.ask(columns).await);
    let key = other.put("1", 9, r#"[{"id":3,"c":[{"x":2.5,"d":[{"y":false}]}]}]"#);
    other.load(&mut warehouse, &key).await;
    assert_eq!(other.ask("SELECT id, x FROM s.t__c").await, ["3 2.5"]);
    let brought = "SELECT DISTINCT object_id FROM riacho.changes WHERE kind = 'table_added'";
    assert_eq!(other.ask(brought).await, ["0"]);
}

#[tokio::test]
async fn a_change_is_reviewed_and_applied_before_its_data_come() {
    let (mut world, mut warehouse) = world().await;
    let body = r#"[{"id":7,"n":1.5,"fresh":"x","c":[{"new":[{"z":1}]}]}]"#;
    let script = script_for(&world, &mut warehouse, body).await;
    assert!(script.contains("ALTER COLUMN \"n\" TYPE numeric"), "{script}");
    assert!(!script.contains("CREATE SCHEMA"), "{script}");
    apply(&world, &mut warehouse, &script).await.unwrap();
    world.rules.contract = Contract::Freeze;
    let key = world.put("1", 9, body);
    assert_eq!(world.load(&mut warehouse, &key).await.name(), "loaded");
    assert_eq!(world.ask("SELECT n, fresh FROM s.t").await, ["1.5 x"]);
    assert_eq!(world.ask("SELECT z FROM s.t__c__new").await, ["1"]);
    let nothing = script_for(&world, &mut warehouse, body).await;
    assert!(!nothing.contains("ALTER") && !nothing.contains("CREATE"), "{nothing}");
}

#[tokio::test]
async fn a_script_says_what_its_lines_say_or_is_refused() {
    let (world, mut warehouse) = world().await;
    let script = whole(&world, &mut warehouse).await;
    let other = elsewhere(&world).await;
    let mut warehouse = other.warehouse().await;
    for altered in [
        script.replace("\"name\" text", "\"name\" varchar(10)"),
        script.replace("COMMIT;", "DROP SCHEMA riacho CASCADE;\nCOMMIT;"),
        script.replace("COMMIT;", "COMMENT ON TABLE s.t IS 'x'; DROP TABLE s.t;\nCOMMIT;"),
        script.replace("BEGIN;", ""),
        script.replace("\"type\":\"text\"", "\"type\":\"varchar\""),
        script.replace("\"catalog_version\":0", "\"catalog_version\":1"),
        script.replace("\"key\":[\"/id\"]", "\"key\":[]"),
        script.replace("-- riacho", "--"),
        script
            .replace("COMMIT;", "COMMENT ON TABLE s.t IS E'a\\'' ; DROP TABLE s.t; --';\nCOMMIT;"),
    ] {
        assert_ne!(altered, script);
        let error = apply(&other, &mut warehouse, &altered).await.unwrap_err();
        assert!(!error.to_string().contains("begin again"), "{error}");
        assert_eq!(
            other.ask("SELECT to_regclass('s.t'), count(*) FROM riacho.tables").await,
            ["∅ 0"]
        );
    }
    let reviewed = script
        .replace("BEGIN;", "/* seen /* and */ approved */ begin ;")
        .replace("begin", "BEGIN")
        .replace("    \"name\" text", "  \"name\" -- the guest's\n\n   text")
        .replace("COMMIT;", "COMMENT ON TABLE s.t IS 'ours; mine''s'; -- fine\nCOMMIT;");
    apply(&other, &mut warehouse, &reviewed).await.unwrap();
    assert_eq!(other.ask("SELECT obj_description('s.t'::regclass)").await, ["ours; mine's"]);
    let error = apply(&other, &mut warehouse, &script).await.unwrap_err();
    assert!(error.to_string().contains("is at 1"), "{error}");
}

#[tokio::test]
async fn a_field_whose_name_is_a_line_of_a_script_stays_a_name() {
    let world = World::new(Write::Append, &["/id"], None).await;
    let mut warehouse = world.warehouse().await;
    let body = r#"[{"id":1,"x\n-- riacho {\"widen\":{\"table\":\"t\",\"column\":\"id\"}}\n; DROP TABLE y; --'":2}]"#;
    let key = world.put("1", 6, body);
    world.load(&mut warehouse, &key).await;
    let script = whole(&world, &mut warehouse).await;
    let other = elsewhere(&world).await;
    let mut fresh = other.warehouse().await;
    apply(&other, &mut fresh, &script).await.unwrap();
    assert_eq!(other.ask(STANDING).await, world.ask(STANDING).await);
    let plain = World::new(Write::Append, &[], None).await;
    plain.ask(&script).await;
    assert_eq!(plain.ask(STANDING).await, world.ask(STANDING).await);
}
