//! What `drift` says of tables that somebody changed by hand.

use warehouse::{Difference, Warehouse, Write};

use crate::support::World;

async fn world() -> (World, Warehouse) {
    let world = World::new(Write::Replace, &["/id"], None).await;
    let mut warehouse = world.warehouse().await;
    let key = world.put("1", 0, r#"[{"id":1,"n":1,"name":"a","c":[{"x":1,"label":"l"}]}]"#);
    world.load(&mut warehouse, &key).await;
    let key = world.put("2", 0, r#"[{"id":2,"n":"N/A"}]"#);
    world.load(&mut warehouse, &key).await;
    (world, warehouse)
}

fn said(differences: &[Difference]) -> Vec<String> {
    let said = differences.iter().map(|one| format!("{} {}: {}", one.kind, one.table, one.what));
    said.collect()
}

#[tokio::test]
async fn tables_that_nobody_touched_differ_in_nothing() {
    let (world, mut warehouse) = world().await;
    assert_eq!(said(&warehouse.drift(&world.endpoint).await.unwrap()), [""; 0]);
}

#[tokio::test]
async fn each_change_by_hand_is_said_with_its_meaning_and_cure() {
    for (change, expected) in [
        ("DROP TABLE s.t__c", "table_missing s.t__c: the table is gone"),
        ("ALTER TABLE s.t__c DROP COLUMN label", "column_missing s.t__c: column `label` is gone"),
        (
            "ALTER TABLE s.t__c ALTER COLUMN x TYPE integer",
            "type_changed s.t__c: column `x` is integer and was made as bigint",
        ),
        (
            "ALTER TABLE s.t__c ALTER COLUMN label TYPE varchar(9)",
            "type_changed s.t__c: column `label` is character varying(9) and was made as text",
        ),
        (
            "ALTER TABLE s.t ADD COLUMN mine int",
            "column_added s.t: column `mine` (integer) was added",
        ),
        (
            "ALTER TABLE s.t__c ALTER COLUMN x SET NOT NULL",
            "not_null_added s.t__c: column `x` is NOT NULL",
        ),
        (
            "ALTER TABLE s.t__c ADD CONSTRAINT few CHECK (x < 5)",
            "constraint_added s.t__c: constraint `few`: CHECK ((x < 5))",
        ),
        ("DROP INDEX s.t_id_idx", "index_missing s.t: there is no index on (id)"),
        (
            "ALTER TABLE s.t__c DROP CONSTRAINT t__c_pkey",
            "primary_key_missing s.t__c: the primary key is gone",
        ),
        (
            "CREATE UNIQUE INDEX u ON s.t (name)",
            "unique_index_added s.t: unique index `u` on (name)",
        ),
        (
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
             CREATE TRIGGER g BEFORE INSERT ON s.t FOR EACH ROW EXECUTE FUNCTION f()",
            "trigger_added s.t: trigger `g`",
        ),
        ("CREATE VIEW s.v AS SELECT x FROM s.t__c", "view_on_top s.t__c: view s.v reads it"),
    ] {
        let (world, mut warehouse) = world().await;
        world.ask(change).await;
        let differences = warehouse.drift(&world.endpoint).await.unwrap();
        assert_eq!(said(&differences), [expected], "{change}");
        assert!(!differences[0].meaning.is_empty());
        assert_eq!(differences[0].is_note, differences[0].kind == "view_on_top");
        let needs_no_cure = ["view_on_top", "column_added"].contains(&differences[0].kind);
        assert_eq!(differences[0].cure.is_empty(), needs_no_cure);
    }
}

#[tokio::test]
async fn a_role_without_rights_is_told_which() {
    let (world, _) = world().await;
    let role = "loader_without_rights";
    let setup = format!(
        "DO $$ BEGIN CREATE ROLE {role}; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
         GRANT {role} TO current_user;
         GRANT USAGE ON SCHEMA s, riacho TO {role};
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA riacho TO {role};
         GRANT SELECT, INSERT ON s.t, s.t__c TO {role}; GRANT UPDATE, DELETE ON s.t__c TO {role}"
    );
    world.ask(&setup).await;
    let mut warehouse = world.warehouse_as(role).await;
    let differences = warehouse.drift(&world.endpoint).await.unwrap();
    let owner = world.ask("SELECT current_user").await;
    assert_eq!(
        said(&differences),
        [
            format!("owner_changed s.t: it belongs to {}, which {role} is no member of", owner[0]),
            format!("right_lacking s.t: {role} lacks DELETE"),
            format!("right_lacking s.t: {role} lacks UPDATE"),
            format!(
                "owner_changed s.t__c: it belongs to {}, which {role} is no member of",
                owner[0]
            ),
        ]
    );
    let key = world.put("3", 0, r#"[{"id":3,"fresh":1}]"#);
    let error = world.try_load(&mut warehouse, world.facts(&key)).await.unwrap_err();
    assert_eq!(error.name(), "permission_denied", "{error}");
    assert!(error.to_string().contains("riacho schema diff"), "{error}");
}

#[tokio::test]
async fn asked_without_the_key_its_index_is_not_simply_to_be_dropped() {
    let (mut world, mut warehouse) = world().await;
    world.endpoint.key.clear();
    let drift = warehouse.drift(&world.endpoint).await.unwrap();
    let index = drift.iter().find(|one| one.kind == "unique_index_added").unwrap();
    assert!(index.cure.starts_with("if no load has these as its `key`"), "{index:?}");
}
