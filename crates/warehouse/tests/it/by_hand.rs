//! What somebody changes in the database by hand, and what loads make of it.

use landing::{Classify, FailureKind};
use warehouse::{Dropped, Warehouse, WarehouseError, Write};

use crate::support::World;

const BODY: &str = r#"[{"id":1,"n":1,"name":"a","c":[{"x":1}]}]"#;

/// A keyed endpoint with one object loaded, and a connection that remembers its tables.
async fn world() -> (World, Warehouse) {
    let world = World::new(Write::Replace, &["/id"], None).await;
    let mut warehouse = world.warehouse().await;
    let key = world.put("1", 0, BODY);
    world.load(&mut warehouse, &key).await;
    (world, warehouse)
}

async fn failure(world: &World, warehouse: &mut Warehouse, body: &str) -> WarehouseError {
    let key = world.put("2", 0, body);
    world.try_load(warehouse, world.facts(&key)).await.unwrap_err()
}

#[tokio::test]
async fn a_dropped_column_comes_back_and_the_change_log_says_so() {
    let (world, mut warehouse) = world().await;
    world.ask("ALTER TABLE s.t DROP COLUMN name; ALTER TABLE s.t__c DROP COLUMN x").await;
    let key = world.put("2", 0, r#"[{"id":2,"name":"b","c":[{"x":2}]}]"#);
    world.load(&mut warehouse, &key).await;
    assert_eq!(world.ask("SELECT id, name FROM s.t ORDER BY 1").await, ["1 ∅", "2 b"]);
    assert_eq!(world.ask("SELECT id, x FROM s.t__c ORDER BY 1").await, ["1 ∅", "2 2"]);
    let log = "SELECT kind, table_name, column_name FROM riacho.changes
        WHERE kind LIKE '%restored' ORDER BY id";
    assert_eq!(world.ask(log).await, ["column_restored t name", "column_restored t__c x"]);
    let old = world.put("1", 0, BODY);
    world.force(&mut warehouse, &old).await;
    assert_eq!(world.ask("SELECT id, name FROM s.t ORDER BY 1").await, ["1 a", "2 b"]);
}

#[tokio::test]
async fn a_renamed_column_stays_what_it_is_and_its_field_gets_a_new_one() {
    let (world, mut warehouse) = world().await;
    world.ask("ALTER TABLE s.t RENAME COLUMN name TO label").await;
    let key = world.put("2", 0, r#"[{"id":2,"name":"b","label":"c"}]"#);
    world.load(&mut warehouse, &key).await;
    let label = world.ask("SELECT column_name FROM riacho.columns WHERE path = '/label'").await;
    assert!(label[0].starts_with("label_"), "{label:?}");
    let rows = format!("SELECT label, name, {} FROM s.t ORDER BY id", label[0]);
    assert_eq!(world.ask(&rows).await, ["a ∅ ∅", "∅ b c"]);
}

#[tokio::test]
async fn a_dropped_child_table_comes_back_with_its_index() {
    let (world, mut warehouse) = world().await;
    let mut cold = world.warehouse().await;
    for (warehouse, scope, id) in [(&mut warehouse, "2", 2), (&mut cold, "3", 3)] {
        world.ask("DROP TABLE s.t__c").await;
        let key = world.put(scope, 0, &format!(r#"[{{"id":{id},"c":[{{"x":{id}}}]}}]"#));
        world.load(warehouse, &key).await;
        let rows = world.ask("SELECT id, x FROM s.t__c ORDER BY 1").await;
        assert_eq!(rows, [format!("{id} {id}")]);
    }
    let indexes = "SELECT count(*) FROM pg_indexes WHERE tablename = 't__c'";
    assert_eq!(world.ask(indexes).await, ["2"]);
    let log = "SELECT count(*) FROM riacho.changes WHERE kind = 'table_restored'";
    assert_eq!(world.ask(log).await, ["2"]);
}

#[tokio::test]
async fn what_was_dropped_is_refused_where_the_configuration_says_so() {
    for dropped in ["COLUMN", "CHILD", "ROOT"] {
        let (mut world, mut warehouse) = world().await;
        world.endpoint.dropped = Dropped::Refuse;
        world
            .ask(match dropped {
                "COLUMN" => "ALTER TABLE s.t DROP COLUMN name",
                "CHILD" => "DROP TABLE s.t__c",
                _ => "DROP TABLE s.t",
            })
            .await;
        let error = failure(&world, &mut warehouse, r#"[{"id":2,"name":"b"}]"#).await;
        assert_eq!((error.name(), error.kind()), ("changed_by_hand", FailureKind::Permanent));
        assert!(error.to_string().contains("riacho schema sql"), "{error}");
        assert_eq!(world.ask("SELECT count(*) FROM riacho.objects").await, ["1"]);
    }
}

#[tokio::test]
async fn a_field_whose_name_somebody_took_by_hand_gets_another() {
    let (world, mut warehouse) = world().await;
    world.ask("ALTER TABLE s.t ADD COLUMN fresh integer DEFAULT 7").await;
    let key = world.put("2", 0, r#"[{"id":2,"fresh":"x"}]"#);
    world.load(&mut warehouse, &key).await;
    let name = world.ask("SELECT column_name FROM riacho.columns WHERE path = '/fresh'").await;
    let rows = format!("SELECT fresh, {} FROM s.t ORDER BY id", name[0]);
    assert_eq!(world.ask(&rows).await, ["7 ∅", "7 x"]);
}

#[tokio::test]
async fn a_column_that_got_another_type_is_never_misread() {
    let (world, mut warehouse) = world().await;
    // From here on the connection remembers the tables, and reads no catalog.
    let key = world.put("3", 0, r#"[{"id":3}]"#);
    world.load(&mut warehouse, &key).await;
    // Eight bytes as well: Postgres would take a bigint's for it.
    world.ask("ALTER TABLE s.t ALTER COLUMN n TYPE double precision").await;
    let error = failure(&world, &mut warehouse, r#"[{"id":2,"n":5}]"#).await;
    assert_eq!((error.name(), error.kind()), ("changed_by_hand", FailureKind::Permanent));
    for word in ["`n`", "\"s\".\"t\"", "double precision", "bigint"] {
        assert!(error.to_string().contains(word), "{error}");
    }
    world.ask("ALTER TABLE s.t ALTER COLUMN n TYPE bigint").await;
    let key = world.put("2", 0, r#"[{"id":2,"n":5}]"#);
    world.load(&mut warehouse, &key).await;
    assert_eq!(world.ask("SELECT n FROM s.t WHERE n > 0 ORDER BY id").await, ["1", "5"]);
}

#[tokio::test]
async fn a_constraint_added_by_hand_is_named_with_its_cure() {
    for constraint in [
        "ALTER TABLE s.t ALTER COLUMN name SET NOT NULL",
        "ALTER TABLE s.t ADD COLUMN mine text NOT NULL DEFAULT 'x';
         ALTER TABLE s.t ALTER COLUMN mine DROP DEFAULT",
        "ALTER TABLE s.t ADD CHECK (n < 5)",
    ] {
        let (world, mut warehouse) = world().await;
        world.ask(constraint).await;
        let error = failure(&world, &mut warehouse, r#"[{"id":2,"n":9}]"#).await;
        assert_eq!(error.kind(), FailureKind::Permanent, "{error}");
        assert!(error.to_string().contains("riacho schema diff"), "{error}");
    }
}

#[tokio::test]
async fn a_view_in_place_of_a_table_is_said() {
    let (world, mut warehouse) = world().await;
    world.ask("ALTER TABLE s.t__c RENAME TO old; CREATE VIEW s.t__c AS SELECT * FROM s.old").await;
    let error = failure(&world, &mut warehouse, r#"[{"id":2,"c":[{"x":2}]}]"#).await;
    assert_eq!(error.name(), "changed_by_hand", "{error}");
}

#[tokio::test]
async fn a_technical_column_that_got_another_type_is_never_misread() {
    for change in [
        "t ALTER COLUMN _object_id TYPE numeric",
        "t ALTER COLUMN _row TYPE bigint",
        "t__c ALTER COLUMN _parent_row TYPE text",
    ] {
        let (world, mut warehouse) = world().await;
        world.ask(&format!("ALTER TABLE s.{change}")).await;
        let drift = warehouse.drift(&world.endpoint).await.unwrap();
        assert!(drift.iter().any(|one| one.kind == "type_changed"), "{change}: {drift:?}");
        let error = failure(&world, &mut warehouse, r#"[{"id":2,"c":[{"x":2}]}]"#).await;
        assert_eq!((error.name(), error.kind()), ("changed_by_hand", FailureKind::Permanent));
        assert_eq!(world.ask("SELECT count(*) FROM s.t").await, ["1"], "{change}");
    }
}

#[tokio::test]
async fn a_trigger_that_leaves_rows_out_fails_the_load_and_takes_nothing_away() {
    let (world, mut warehouse) = world().await;
    world
        .ask(
            "CREATE FUNCTION s.swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
             CREATE TRIGGER swallow BEFORE INSERT ON s.t FOR EACH ROW EXECUTE FUNCTION s.swallow()",
        )
        .await;
    let key = world.put("1", 1, r#"[{"id":2}]"#);
    let error = world.try_load(&mut warehouse, world.facts(&key)).await.unwrap_err();
    assert_eq!((error.name(), error.kind()), ("changed_by_hand", FailureKind::Permanent));
    assert!(error.to_string().contains("only 0"), "{error}");
    assert_eq!(world.ask("SELECT id FROM s.t").await, ["1"]);
}

#[tokio::test]
async fn a_text_that_a_narrowed_column_can_not_hold_is_said_with_its_cure() {
    let (world, mut warehouse) = world().await;
    world.ask("ALTER TABLE s.t ALTER COLUMN name TYPE varchar(2)").await;
    let error = failure(&world, &mut warehouse, r#"[{"id":2,"name":"long"}]"#).await;
    assert_eq!((error.name(), error.kind()), ("constraint_violated", FailureKind::Permanent));
    assert!(error.to_string().contains("riacho schema diff"), "{error}");
}

/// The connection knows how to copy children already, so that these come before the roots, whose
/// columns have changed.
#[tokio::test]
async fn of_tables_copied_at_once_the_one_that_is_refused_says_why() {
    let (world, mut warehouse) = world().await;
    world.ask("ALTER TABLE s.t__c ADD CHECK (x < 5)").await;
    let error = failure(&world, &mut warehouse, r#"[{"id":2,"new":1,"c":[{"x":7}]}]"#).await;
    assert_eq!((error.name(), error.kind()), ("constraint_violated", FailureKind::Permanent));
}

/// COPY passes rules by; a small object's INSERT must not stumble over them.
#[tokio::test]
async fn a_rule_on_inserts_keeps_no_small_object_out() {
    let (world, mut warehouse) = world().await;
    world
        .ask(
            "CREATE TABLE s.seen (id bigint);
        CREATE RULE also AS ON INSERT TO s.t DO ALSO INSERT INTO s.seen VALUES (new.id)",
        )
        .await;
    for id in 2..5 {
        // Of even length and of odd.
        let body = format!(r#"[{{"id":{id},"name":"{}"}}]"#, "b".repeat(id));
        let key = world.put(&id.to_string(), 0, &body);
        world.load(&mut warehouse, &key).await;
    }
    assert_eq!(world.ask("SELECT count(*) FROM s.t").await, ["4"]);
}
