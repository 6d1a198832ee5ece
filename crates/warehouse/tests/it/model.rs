//! The contract's "What the tables hold" as a model of a few lines, and chance against it: objects
//! put, put again, equal to each other, loaded in any order, twice, and by force.

use std::collections::BTreeMap;

use fastrand::Rng;
use futures::future::join_all;
use warehouse::{ObjectFacts, Write};

use crate::concurrency::patient;
use crate::support::World;

const SCOPES: usize = 3;
const HOURS: u32 = 4;
const IDS: u32 = 4;

/// A record: its key, its version, and what tells it from others.
type Record = (u32, Option<u32>, u32);

fn body(records: &[Record]) -> String {
    let records = records.iter().map(|(id, version, mark)| {
        let version = version.map_or_else(String::new, |version| format!(r#""v":{version},"#));
        format!(r#"{{"id":{id},{version}"mark":{mark},"items":[{{"a":{mark}}},{{"a":{id}}}]}}"#)
    });
    format!("[{}]", records.collect::<Vec<_>>().join(","))
}

/// Few enough marks that equal bodies are common; some ids stand twice.
fn records(rng: &mut Rng) -> Vec<Record> {
    let mut ids = (0..IDS).filter(|_| rng.u8(..3) > 0).collect::<Vec<_>>();
    ids.extend((0..IDS).filter(|_| rng.u8(..8) == 0));
    ids.into_iter().map(|id| (id, (rng.u8(..4) > 0).then(|| rng.u32(..3)), rng.u32(..2))).collect()
}

/// What must stand, as `id scope version mark`, by scope and hour.
fn model(lake: &BTreeMap<(usize, u32), Vec<Record>>, keyed: bool, replace: bool) -> Vec<String> {
    let current = lake.iter().filter(|((scope, hour), _)| {
        !replace || !lake.keys().any(|(other, later)| other == scope && later > hour)
    });
    let mut standing = Vec::new();
    for ((scope, hour), records) in current {
        for (id, version, mark) in newest(records, keyed) {
            standing.push(((*version, *hour, *scope), *id, *mark));
        }
    }
    // The newest version first; of equal ones the newer object, by time, then by key.
    standing.sort_by(|one, other| other.cmp(one));
    let mut lines = Vec::new();
    let mut seen = Vec::new();
    for ((version, _, scope), id, mark) in standing {
        if !keyed || !seen.contains(&id) {
            seen.push(id);
            let version = version.map_or_else(|| "∅".to_owned(), |version| version.to_string());
            lines.push(format!("{id} {scope} {version} {mark}"));
        }
    }
    lines.sort();
    lines
}

/// Of the records of one object that have one key the newest; of equal versions the first.
fn newest(records: &[Record], keyed: bool) -> Vec<&Record> {
    let mut kept: Vec<&Record> = Vec::new();
    for record in records {
        match kept.iter_mut().find(|kept| keyed && kept.0 == record.0) {
            Some(kept) if record.1 > kept.1 => *kept = record,
            Some(_) => {}
            None => kept.push(record),
        }
    }
    kept
}

async fn stands(world: &World) -> Vec<String> {
    let source = &world.endpoint.source;
    let mut lines = world.ask(&format!("SELECT id, day, v, mark FROM {source}.t")).await;
    lines.sort();
    let orphans = format!(
        "SELECT count(*) FILTER (WHERE t.id IS NULL), count(*) - 2 * (SELECT count(*) FROM {source}.t)
         FROM {source}.t__items i LEFT JOIN {source}.t
            ON t._object_id = i._object_id AND t._row = i._parent_row"
    );
    assert_eq!(world.ask(&orphans).await, ["0 0"], "each record has exactly its own children");
    lines
}

/// Puts and loads by chance; ends when every event was handled.
///
/// In `merge` no object is put twice: what it held before is then in no object of the lake, and only
/// a rebuild finds what stood in its place before that.
async fn play(world: &World, rng: &mut Rng, puts: u32) -> BTreeMap<(usize, u32), Vec<Record>> {
    let mut warehouse = world.warehouse().await;
    // A first object brings all columns.
    let mut lake = BTreeMap::from([((0, 0), vec![(0, Some(0), 0)])]);
    let mut events = vec![world.put("0", 0, &body(&[(0, Some(0), 0)]))];
    let mut left = puts;
    while left > 0 || !events.is_empty() {
        if left > 0 && rng.bool() {
            left -= 1;
            let place = (rng.usize(..SCOPES), rng.u32(..HOURS));
            if world.endpoint.write == Write::Merge && lake.contains_key(&place) {
                continue;
            }
            let again = rng.u8(..4) == 0;
            let equal = lake.get(&(place.0, rng.u32(..HOURS))).filter(|_| again).cloned();
            let records = equal.unwrap_or_else(|| records(rng));
            let key = world.put(&place.0.to_string(), place.1, &body(&records));
            lake.insert(place, records);
            events.push(key);
            continue;
        }
        if events.is_empty() {
            continue;
        }
        let key = events.swap_remove(rng.usize(..events.len()));
        let facts = ObjectFacts { force: rng.u8(..8) == 0, ..world.facts(&key) };
        world.try_load(&mut warehouse, facts).await.unwrap();
        if rng.u8(..6) == 0 {
            events.push(key);
        }
    }
    lake
}

#[tokio::test]
async fn chance_never_parts_the_tables_from_the_lake() {
    for (write, key) in
        [(Write::Replace, &["/id"][..]), (Write::Replace, &[]), (Write::Append, &[])]
    {
        let first = World::new(write, key, (!key.is_empty()).then_some("/v")).await;
        for seed in 0..25 {
            let mut world = first.another(&format!("s{seed}"));
            let mut rng = Rng::with_seed(seed);
            world.rules.limits.max_remembered_keys = rng.usize(..3);
            let lake = play(&world, &mut rng, 14).await;
            let expected = model(&lake, !key.is_empty(), write == Write::Replace);
            assert_eq!(stands(&world).await, expected, "{write:?} {key:?} seed {seed}: {lake:?}");
        }
    }
}

/// Four loaders share the events of one endpoint.
#[tokio::test(flavor = "multi_thread")]
async fn loads_at_the_same_time_end_as_loads_one_by_one() {
    let first = World::new(Write::Replace, &["/id"], Some("/v")).await;
    for seed in 0..6 {
        let mut world = first.another(&format!("s{seed}"));
        let mut rng = Rng::with_seed(seed);
        world.rules.limits.max_remembered_keys = rng.usize(..3);
        let mut lake = BTreeMap::new();
        let mut events = Vec::new();
        for place in (0..SCOPES).flat_map(|scope| (0..HOURS).map(move |hour| (scope, hour))) {
            let equal = lake.get(&(place.0, 0)).filter(|_| rng.u8(..3) == 0).cloned();
            let records = equal.unwrap_or_else(|| records(&mut rng));
            let key = world.put(&place.0.to_string(), place.1, &body(&records));
            lake.insert(place, records);
            events.extend([key.clone(), key]);
        }
        rng.shuffle(&mut events);
        let workers = (0..4).map(|worker| {
            let world = world.clone();
            let events = events.iter().skip(worker).step_by(4).cloned().collect::<Vec<_>>();
            tokio::spawn(async move {
                let mut warehouse = world.warehouse_with(patient()).await;
                for key in events {
                    world.load(&mut warehouse, &key).await;
                }
            })
        });
        for worker in join_all(workers).await {
            worker.unwrap();
        }
        assert_eq!(stands(&world).await, model(&lake, true, true), "seed {seed}: {lake:?}");
    }
}
