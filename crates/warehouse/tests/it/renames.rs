//! Renames: declared, accepted, and what landed under the new name before.

use std::time::Duration;

use warehouse::{Acceptance, Begun, Rename, Under, Warehouse, Write};

use crate::support::{World, shred};

const OLD: &str = r#"[{"id":1,"ttl":1,"item":{"n":1},"taxes":[{"r":1},{"r":2}]}]"#;
const NEW: &str = r#"[{"id":2,"total":2,"entry":{"n":2},"taxation":[{"r":3}]}]"#;
const BOTH: &str = r#"[{"total":4,"id":3,"ttl":3,"taxation":[{"r":5}],"taxes":[{"r":4}],"item":{"n":3},"entry":{"n":4}}]"#;
const ROWS: &str = "SELECT id, ttl, item__n FROM s.t ORDER BY id";
const TAXES: &str = "SELECT r FROM s.t__taxes ORDER BY r";

fn rename(new: &str, old: &str) -> Rename {
    Rename { new: new.to_owned(), old: old.to_owned(), ..Rename::default() }
}

fn all() -> [Rename; 3] {
    [rename("/total", "/ttl"), rename("/entry", "/item"), rename("/taxation", "/taxes")]
}

async fn accept_all(world: &World, warehouse: &mut Warehouse) {
    for rename in all() {
        let accepted = warehouse.accept_rename(&world.endpoint, &rename).await.unwrap();
        assert_eq!(accepted, Acceptance::Accepted);
    }
}

/// Loads again what stands under new names; at most `at_most` objects for each.
async fn move_over(world: &World, warehouse: &mut Warehouse, at_most: u32) {
    for rename in all() {
        let page = warehouse.bringers(&world.endpoint, &rename, 0, at_most).await.unwrap();
        for bringer in page {
            world.force(warehouse, bringer.object.key.as_str()).await;
        }
    }
}

async fn left(world: &World, warehouse: &mut Warehouse) -> u64 {
    let mut objects = 0;
    for rename in all() {
        objects += warehouse.count_under(&world.endpoint, &rename).await.unwrap().objects;
    }
    objects
}

#[tokio::test]
async fn declared_renames_go_on_in_the_old_columns_and_tables_in_every_order() {
    let pairs = [("/total", "/ttl"), ("/entry", "/item"), ("/taxation", "/taxes")];
    for order in [[OLD, NEW, BOTH], [NEW, BOTH, OLD], [BOTH, OLD, NEW]] {
        let mut world = World::new(Write::Merge, &["/id"], None).await;
        world.rules.renames =
            pairs.iter().map(|(new, old)| (new.parse().unwrap(), old.parse().unwrap())).collect();
        world.endpoint.renames =
            pairs.iter().map(|(new, old)| ((*new).to_owned(), (*old).to_owned())).collect();
        let mut warehouse = world.warehouse().await;
        for (hour, body) in (1..).zip(order) {
            let key = world.put("1", hour, body);
            world.load(&mut warehouse, &key).await;
        }
        assert_eq!(world.ask(ROWS).await, ["1 1 1", "2 2 2", "3 4 4"]);
        assert_eq!(world.ask(TAXES).await, ["1", "2", "3", "5"]);
        let tables = "SELECT count(*) FROM riacho.tables";
        assert_eq!(world.ask(tables).await, ["2"]);
        let clashes = "SELECT path FROM riacho.changes WHERE kind = 'rename_clash' ORDER BY path";
        assert_eq!(world.ask(clashes).await, ["/item", "/taxes", "/ttl"]);
        let overflow = "SELECT _overflow FROM s.t WHERE id = 3";
        assert_eq!(
            world.ask(overflow).await,
            [r#"{"/item":[{"n":3}],"/taxes":[[{"r":4}]],"/ttl":[3]}"#]
        );
    }
}

#[tokio::test]
async fn an_accepted_rename_counts_at_once_and_a_replay_moves_what_landed_before() {
    let world = World::new(Write::Replace, &["/id"], None).await;
    let mut warehouse = world.warehouse().await;
    for (scope, body) in [("1", OLD), ("2", NEW)] {
        let key = world.put(scope, 6, body);
        world.load(&mut warehouse, &key).await;
    }
    // This one remembers the tables as they were before.
    let mut warm = world.warehouse().await;
    let other = world.put("3", 6, r#"[{"id":9}]"#);
    world.load(&mut warm, &other).await;
    accept_all(&world, &mut warehouse).await;
    let found = warehouse.count_under(&world.endpoint, &all()[2]).await.unwrap();
    assert_eq!(found, Under { objects: 1, rows: 1 });
    let key = world.put("3", 7, BOTH);
    world.load(&mut warm, &key).await;
    assert_eq!(world.ask(ROWS).await, ["1 1 1", "2 ∅ ∅", "3 4 4"]);
    move_over(&world, &mut warehouse, 10).await;
    assert_eq!(world.ask(ROWS).await, ["1 1 1", "2 2 2", "3 4 4"]);
    assert_eq!(world.ask(TAXES).await, ["1", "2", "3", "5"]);
    assert_eq!(left(&world, &mut warehouse).await, 0);
    // The emptied columns and tables stay, so that no query breaks.
    assert_eq!(world.ask("SELECT count(total), count(entry__n) FROM s.t").await, ["0 0"]);
    assert_eq!(world.ask("SELECT count(*) FROM s.t__taxation").await, ["0"]);
    let again = warehouse.accept_rename(&world.endpoint, &all()[0]).await.unwrap();
    assert_eq!(again, Acceptance::Counted);
    let log = "SELECT path, details->>'old' FROM riacho.changes WHERE kind = 'rename_accepted'";
    assert_eq!(world.ask(log).await.len(), 3);
}

#[tokio::test]
async fn a_move_that_is_broken_off_goes_on_with_the_rest() {
    let world = World::new(Write::Replace, &["/id"], None).await;
    let mut warehouse = world.warehouse().await;
    let key = world.put("0", 6, OLD);
    world.load(&mut warehouse, &key).await;
    for scope in 1..=5 {
        let body = NEW.replace("\"id\":2", &format!("\"id\":{}", scope + 1));
        let key = world.put(&scope.to_string(), 6, &body);
        world.load(&mut warehouse, &key).await;
    }
    accept_all(&world, &mut warehouse).await;
    let scalar = &all()[0];
    let first = warehouse.bringers(&world.endpoint, scalar, 0, 2).await.unwrap();
    world.force(&mut warehouse, first[0].object.key.as_str()).await;
    // The second is killed with its rows half written.
    let key = first[1].object.key.as_str();
    let facts = warehouse::ObjectFacts { force: true, ..world.facts(key) };
    let Begun::Load(mut loading) = warehouse.begin(&facts, &world.endpoint).await.unwrap() else {
        panic!("it was forced")
    };
    let (batch, _) = shred(&world, &loading, key);
    loading.write(batch).await.unwrap();
    drop(loading);
    drop(warehouse);
    let mut warehouse = world.warehouse().await;
    let rest = warehouse.count_under(&world.endpoint, scalar).await.unwrap();
    assert_eq!(rest, Under { objects: 4, rows: 4 });
    assert_eq!(world.ask("SELECT count(*) FROM s.t").await, ["6"]);
    move_over(&world, &mut warehouse, 10).await;
    assert_eq!(left(&world, &mut warehouse).await, 0);
    assert_eq!(world.ask("SELECT count(ttl), count(item__n) FROM s.t").await, ["6 6"]);
    assert_eq!(world.ask("SELECT count(*) FROM s.t__taxes").await, ["7"]);
}

#[tokio::test]
async fn a_load_that_began_before_hinders_no_acceptance_and_is_moved_as_well() {
    let world = World::new(Write::Replace, &["/id"], None).await;
    let mut warehouse = world.warehouse().await;
    for (scope, body) in [("1", OLD), ("2", NEW)] {
        let key = world.put(scope, 6, body);
        world.load(&mut warehouse, &key).await;
    }
    let mut other = world.warehouse().await;
    let key = world.put("3", 6, &NEW.replace("\"id\":2", "\"id\":3"));
    let Begun::Load(mut loading) = other.begin(&world.facts(&key), &world.endpoint).await.unwrap()
    else {
        panic!("nothing was loaded yet")
    };
    let (batch, summary) = shred(&world, &loading, &key);
    loading.write(batch).await.unwrap();
    accept_all(&world, &mut warehouse).await;
    let accepted = warehouse.moment().await.unwrap();
    assert!(!warehouse.is_past(&accepted).await.unwrap());
    loading.commit(summary, Vec::new(), Duration::ZERO).await.unwrap();
    // Other tests write to the same server.
    let patience = tokio::time::Instant::now() + Duration::from_secs(20);
    while !warehouse.is_past(&accepted).await.unwrap() {
        assert!(tokio::time::Instant::now() < patience, "the load has ended");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    move_over(&world, &mut warehouse, 10).await;
    assert_eq!(world.ask(ROWS).await, ["1 1 1", "2 2 2", "3 2 2"]);
    assert_eq!(left(&world, &mut warehouse).await, 0);
}

#[tokio::test]
async fn a_rename_that_can_not_be_is_refused_with_its_reason() {
    let mut world = World::new(Write::Append, &[], None).await;
    let mut warehouse = world.warehouse().await;
    let key = world.put("1", 6, OLD);
    world.load(&mut warehouse, &key).await;
    accept_all(&world, &mut warehouse).await;
    world.endpoint.renames = vec![("/sum".to_owned(), "/total".to_owned())];
    for (new, old, reason) in [
        ("/x", "/nothing", "nothing stands at `/nothing`"),
        ("/ttl", "/sum", "lead back to itself"),
        ("/sum", "/ttl", "counts as"),
        ("/taxes/total", "/ttl", "different tables"),
        ("/total", "/id", "counts as the new name of `/ttl` already"),
    ] {
        let refused = warehouse.accept_rename(&world.endpoint, &rename(new, old)).await;
        let said = match refused {
            Ok(Acceptance::Counted) => "counts as".to_owned(),
            Ok(acceptance) => format!("{acceptance:?}"),
            Err(error) => error.to_string(),
        };
        assert!(said.contains(reason), "{new} {old}: {said}");
    }
    let circle = rename("/ttl", "/ttl/x");
    let refused = warehouse.accept_rename(&world.endpoint, &circle).await.unwrap_err();
    assert!(refused.to_string().contains("lead back to itself"), "{refused}");
}
