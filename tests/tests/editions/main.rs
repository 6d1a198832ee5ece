//! GitHub changed its webhooks' payloads over the years. Its five editions of examples, loaded in
//! sequence, backwards and by chance, through a real lake into a real Postgres: whatever came first,
//! every value of every payload is rebuilt from the tables and the catalog.
#![allow(clippy::unwrap_used, clippy::panic, unreachable_pub)]

#[path = "../../../crates/normalise/tests/common/mod.rs"]
mod common;
mod payloads;
mod read_back;
#[path = "../../../crates/normalise/tests/rebuild/mod.rs"]
mod rebuild;

use std::collections::BTreeMap;

use futures::future::join_all;
use load::Verdict;
use payloads::{Object, in_sequence, objects, shuffled};
use read_back::{catalog, read_back};
use rebuild::compare::difference;
use tests::Direct;

/// Others: `RIACHO_SEEDS=7,8`.
const SEEDS: [u64; 2] = [1, 2];

#[tokio::test(flavor = "multi_thread")]
async fn payloads_of_five_editions_are_rebuilt_from_postgres_whatever_order_they_came_in() {
    let forwards = in_sequence();
    assert_eq!(forwards.len(), 989);
    let backwards = forwards.iter().rev().cloned().collect();
    let mut orders =
        vec![("forwards".to_owned(), forwards.clone()), ("backwards".to_owned(), backwards)];
    let seeds = seeds();
    println!("RIACHO_SEEDS={}", seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(","));
    for seed in seeds {
        orders.push((format!("seed_{seed}"), shuffled(&forwards, seed)));
    }
    let world = Direct::start().await;
    let all = orders.iter().map(async |(source, payloads)| {
        let objects = objects(source, payloads);
        load(&world, &objects).await;
        check(&world, source, &objects).await;
        objects
    });
    let all = join_all(all).await;
    replay(&world, "forwards", &all[0]).await;
}

fn seeds() -> Vec<u64> {
    let given = std::env::var("RIACHO_SEEDS").ok();
    given.map_or(SEEDS.to_vec(), |seeds| seeds.split(',').map(|s| s.parse().unwrap()).collect())
}

async fn load(world: &Direct, objects: &[Object]) {
    let loader = world.loader.another();
    for object in objects {
        world.put(&object.key, object.text.clone()).await;
        let report = world.load(&loader, &object.key).await;
        assert_eq!((report.outcome, report.rejects), (Verdict::Loaded, 0), "{report:?}");
    }
}

/// Every value of every payload, from what Postgres holds.
async fn check(world: &Direct, source: &str, objects: &[Object]) {
    let endpoints = read_back(world, source).await;
    let mut held = BTreeMap::new();
    for (event, endpoint) in &endpoints {
        let objects = endpoint.objects().into_iter();
        held.extend(objects.map(|(key, rows)| ((event.clone(), key), rows)));
    }
    for object in objects {
        let schema = &endpoints[&object.event].schema;
        let rows = held.remove(&(object.event.clone(), object.key.clone())).unwrap();
        let rebuilt = rebuild::from_rows(schema, rows);
        let stood = rebuild::json::read_all(&object.text);
        assert!(rebuilt.keys().copied().eq(0..stood.len() as i64), "{}", object.key);
        for (stood, held) in stood.iter().zip(rebuilt.values()) {
            let difference = difference(stood, held);
            assert_eq!(difference, None, "{}", object.key);
        }
    }
    assert!(held.is_empty(), "{:?}", held.keys());
}

/// Loads everything again in the opposite order, into empty tables, under the catalog that stands.
async fn replay(world: &Direct, source: &str, objects: &[Object]) {
    let (columns, before) = (catalog(world, source).await, read_back(world, source).await);
    for endpoint in before.values() {
        let tables = endpoint.schema.tables.iter().map(|t| format!("\"{source}\".\"{}\"", t.name));
        world.sql(&format!("truncate {}", tables.collect::<Vec<_>>().join(", "))).await;
    }
    world.sql(&format!("delete from riacho.objects where source = '{source}'")).await;
    let loader = world.loader.another();
    for object in objects.iter().rev() {
        let report = world.load(&loader, &object.key).await;
        assert_eq!((report.outcome, report.changes), (Verdict::Loaded, 0), "{report:?}");
    }
    assert_eq!(catalog(world, source).await, columns);
    let after = read_back(world, source).await;
    for (event, endpoint) in &before {
        assert!(endpoint.tuples == after[event].tuples, "{event}");
    }
}
