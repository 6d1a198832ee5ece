//! Views where a field has a column under its old name and one under its new name, because the
//! rename was declared or accepted after the new name had landed.

use warehouse::Write;

use crate::support::World;

const OLD: &str = r#"[{"id":1,"a":1,"o":{"x":"one"},"taxes":[{"rate":1,"old":true},{"rate":2}]}]"#;
const NEW: &str =
    r#"[{"id":2,"b":2.50,"p":{"x":"two"},"taxation":[{"rate":"N/A","kind":"vat"},{"rate":3}]}]"#;
const LATER: &str = r#"[{"id":3,"b":3,"p":{"x":"three","y":true},"taxation":[{"rate":4}]}]"#;
const RENAMES: [(&str, &str); 3] = [("/b", "/a"), ("/p", "/o"), ("/taxation", "/taxes")];

/// The old names, then the new ones, loaded before anybody said that they are the same.
async fn undeclared() -> World {
    let world = World::new(Write::Append, &[], None).await;
    let mut warehouse = world.warehouse().await;
    for (scope, body) in [("1", OLD), ("2", NEW)] {
        let key = world.put(scope, 6, body);
        world.load(&mut warehouse, &key).await;
    }
    world
}

fn declared(world: &World) -> World {
    let mut world = world.clone();
    for (new, old) in RENAMES {
        world.rules.renames.push((new.parse().unwrap(), old.parse().unwrap()));
        world.endpoint.renames.push((new.to_owned(), old.to_owned()));
    }
    world
}

async fn assert_both_names_give_all(world: &World) {
    let root = "SELECT id, a, b, o__x, p__x, o__y FROM s_views.t ORDER BY id";
    let rows = ["1 1 1 one one ∅", "2 2.50 2.50 two two ∅", "3 3 3 three three t"];
    assert_eq!(world.ask(root).await, rows);
    // A column's type is that of its table's; text takes what bigint can't.
    for (table, odd) in [("t__taxes", "∅"), ("t__taxation", "N/A")] {
        let items = format!(
            "SELECT _object_id, _row, rate, rate__any, old, kind FROM s_views.{table} ORDER BY 1, 2"
        );
        let items = world.ask(&items).await;
        let odd = format!("0 {odd} \"N/A\" ∅ vat");
        let rows = ["0 1 1 t ∅", "1 2 2 ∅ ∅", &odd, "1 3 3 ∅ ∅", "0 4 4 ∅ ∅"];
        let found = items.iter().map(|row| row.split_once(' ').unwrap().1).collect::<Vec<_>>();
        assert_eq!(found, rows, "{table}");
    }
}

#[tokio::test]
async fn a_rename_declared_late_shows_all_under_both_names() {
    let world = declared(&undeclared().await);
    let yesterday = [
        "SELECT id, a, o__x FROM s.t WHERE id = 1",
        "SELECT id, b, p__x FROM s.t WHERE id = 2",
        "SELECT rate, old FROM s.t__taxes WHERE _object_id = 1 ORDER BY _row",
        "SELECT rate, rate__v_bigint, kind FROM s.t__taxation WHERE _object_id = 2 ORDER BY _row",
    ];
    let mut answers = Vec::new();
    for query in yesterday {
        answers.push(world.ask(query).await);
    }
    let mut warehouse = world.warehouse().await;
    let key = world.put("3", 6, LATER);
    world.load(&mut warehouse, &key).await;
    assert_both_names_give_all(&world).await;
    for (query, answer) in yesterday.into_iter().zip(answers) {
        assert_eq!(world.ask(query).await, answer, "{query}");
        if !query.contains("__v_") {
            assert_eq!(world.ask(&query.replace("s.t", "s_views.t")).await, answer, "{query}");
        }
    }
}

/// What `riacho schema accept` writes, under a connection that remembers the tables.
#[tokio::test]
async fn a_rename_that_is_accepted_shows_all_under_both_names() {
    let world = undeclared().await;
    let mut warehouse = world.warehouse().await;
    let again = world.put("0", 6, "[]");
    world.load(&mut warehouse, &again).await;
    for (new, old) in RENAMES {
        let accept = "INSERT INTO riacho.renames (source, endpoint, new_path, old_path)";
        world.ask(&format!("{accept} VALUES ('s', 'e', '{new}', '{old}')")).await;
    }
    world.ask("UPDATE riacho.endpoints SET version = version + 1").await;
    let key = world.put("3", 6, LATER);
    world.load(&mut warehouse, &key).await;
    assert_both_names_give_all(&world).await;
}

#[tokio::test]
async fn both_names_of_one_record_stay_what_they_were() {
    let world = World::new(Write::Append, &[], None).await;
    let mut warehouse = world.warehouse().await;
    let key = world.put("1", 6, r#"[{"a":1,"b":"x"},{"a":2},{"b":"y"}]"#);
    world.load(&mut warehouse, &key).await;
    let world = declared(&world);
    let mut warehouse = world.warehouse().await;
    let key = world.put("2", 6, r#"[{"b":3}]"#);
    world.load(&mut warehouse, &key).await;
    let rows = "SELECT a, b, a__any FROM s_views.t ORDER BY _object_id, _row";
    assert_eq!(world.ask(rows).await, ["1 x 1", "2 2 2", r#"∅ y "y""#, "3 3 3"]);
}

#[tokio::test]
async fn a_rename_that_is_taken_back_leaves_a_view_of_the_table() {
    let undeclared = undeclared().await;
    let world = declared(&undeclared);
    let mut warehouse = world.warehouse().await;
    let key = world.put("3", 6, LATER);
    world.load(&mut warehouse, &key).await;
    let mut warehouse = undeclared.warehouse().await;
    let key = world.put("4", 6, r#"[{"id":4,"b":4,"taxation":[{"rate":5}]}]"#);
    undeclared.load(&mut warehouse, &key).await;
    let rows = "SELECT a, b FROM s_views.t ORDER BY id";
    assert_eq!(world.ask(rows).await, ["1 ∅", "∅ 2.50", "3 ∅", "∅ 4"]);
    assert_eq!(world.ask("SELECT count(*) FROM s_views.t__taxes").await, ["3"]);
}

#[tokio::test]
async fn a_view_that_is_being_read_waits_for_a_later_load() {
    let world = declared(&undeclared().await);
    let key = world.put("3", 6, LATER);
    world.load(&mut world.warehouse().await, &key).await;
    // Another process without the rename, then one with it, while the view is read.
    let mut world = world;
    world.endpoint.renames.retain(|(new, _)| new != "/b");
    world.rules.renames.retain(|(new, _)| new.to_string() != "/b");
    world.ask("BEGIN; SELECT count(*) FROM s_views.t").await;
    let mut warehouse = world.warehouse().await;
    let key = world.put("4", 6, "[]");
    assert_eq!(world.load(&mut warehouse, &key).await.name(), "loaded");
    let b = "SELECT count(b) FROM s_views.t";
    assert_eq!(world.ask(b).await, ["3"]);
    world.ask("COMMIT").await;
    let key = world.put("5", 6, "[]");
    world.load(&mut warehouse, &key).await;
    assert_eq!(world.ask(b).await, ["1"]);
}

/// A view that nobody changes stays as it is: no load locks its readers out.
#[tokio::test]
async fn a_view_that_is_as_it_should_be_is_left_alone() {
    let world = declared(&undeclared().await);
    let mut warehouse = world.warehouse().await;
    let key = world.put("3", 6, LATER);
    world.load(&mut warehouse, &key).await;
    let xmin = "SELECT c.relname, r.xmin FROM pg_class c JOIN pg_rewrite r ON r.ev_class = c.oid
        WHERE c.relnamespace = 's_views'::regnamespace ORDER BY 1";
    let made = world.ask(xmin).await;
    assert_eq!(made.len(), 3);
    let mut cold = world.warehouse().await;
    for (scope, warehouse) in [("4", &mut cold), ("5", &mut warehouse)] {
        let key = world.put(scope, 6, r#"[{"id":4,"b":4}]"#);
        world.load(warehouse, &key).await;
    }
    assert_eq!(world.ask(xmin).await, made);
    // Dropped by hand, it is there again with the first load of the next process.
    world.ask("DROP VIEW s_views.t").await;
    let key = world.put("6", 6, "[]");
    world.load(&mut world.warehouse().await, &key).await;
    assert_eq!(world.ask("SELECT count(a) FROM s_views.t").await, ["5"]);
}

#[tokio::test]
async fn whoever_may_not_read_both_tables_may_not_read_the_view_of_both() {
    let undeclared = undeclared().await;
    undeclared
        .ask(
            "GRANT SELECT ON s.t__taxes TO pg_monitor, pg_read_all_stats;
             GRANT SELECT ON s.t__taxation TO pg_read_all_stats",
        )
        .await;
    let world = declared(&undeclared);
    let mut warehouse = world.warehouse().await;
    let key = world.put("3", 6, LATER);
    world.load(&mut warehouse, &key).await;
    let granted = "SELECT DISTINCT grantee FROM information_schema.role_table_grants
        WHERE table_schema = 's_views' AND table_name = 't__taxes'
            AND grantee LIKE 'pg_%' ORDER BY 1";
    assert_eq!(world.ask(granted).await, ["pg_read_all_stats"]);
}
