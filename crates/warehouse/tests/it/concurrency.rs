//! Many loaders at once.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::future::join_all;
use landing::{Classify, FailureKind};
use warehouse::{Begun, Outcome, Rebuild, Rebuilt, Timeouts, Write};

use crate::support::{World, shred};

/// Patient enough for a loaded machine.
pub(crate) fn patient() -> Timeouts {
    Timeouts { lock: Duration::from_secs(60), ..Timeouts::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_loads_that_each_add_columns_all_land() {
    let world = World::new(Write::Append, &[], None).await;
    let loads = (0..20).map(|number| {
        let world = world.clone();
        tokio::spawn(async move {
            let mut warehouse = world.warehouse_with(patient()).await;
            let body = format!(r#"[{{"n":{number},"c{number}":true,"a{number}":[{{"x":1}}]}}]"#);
            let key = world.put(&number.to_string(), 6, &body);
            world.load(&mut warehouse, &key).await
        })
    });
    for outcome in join_all(loads).await {
        assert_eq!(outcome.unwrap().name(), "loaded");
    }
    assert_eq!(world.ask("SELECT count(*), sum(n) FROM s.t").await, ["20 190"]);
    assert_eq!(world.ask("SELECT count(*) FROM riacho.tables").await, ["21"]);
    let agree = "SELECT count(*) FROM riacho.columns r FULL JOIN information_schema.columns c
            ON c.table_schema = r.schema_name AND c.table_name = r.table_name
            AND c.column_name = r.column_name
        WHERE c.table_schema = 's' AND c.column_name NOT LIKE '\\_%' AND r.column_name IS NULL";
    assert_eq!(world.ask(agree).await, ["0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_one_object_loaded_ten_times_at_once_one_load_writes() {
    let world = World::new(Write::Replace, &["/id"], None).await;
    let key = world.put("1", 6, r#"[{"id":1},{"id":2}]"#);
    let loads = (0..10).map(|_| {
        let (world, key) = (world.clone(), key.clone());
        tokio::spawn(async move {
            let mut warehouse = world.warehouse_with(patient()).await;
            world.load(&mut warehouse, &key).await
        })
    });
    let outcomes = join_all(loads).await.into_iter().map(|outcome| outcome.unwrap());
    let (loaded, others): (Vec<_>, Vec<_>) =
        outcomes.partition(|outcome| matches!(outcome, Outcome::Loaded(_)));
    assert_eq!(loaded.len(), 1);
    assert!(others.iter().all(|outcome| *outcome == Outcome::AlreadyLoaded));
    assert_eq!(world.ask("SELECT count(*) FROM s.t").await, ["2"]);
}

/// Scopes that all report the same records, loaded and superseded at the same time.
#[tokio::test(flavor = "multi_thread")]
async fn scopes_that_share_keys_end_as_if_they_had_come_one_by_one() {
    let world = World::new(Write::Replace, &["/id"], Some("/v")).await;
    let mut keys = Vec::new();
    let mut last = Vec::new();
    for scope in 0..6 {
        for hour in 0..4 {
            let records = (0..5)
                .filter(|id| (id + scope + hour) % 3 != 0)
                .map(|id| (id, (id * 7 + scope * 3 + hour * 5) % 11));
            let records = records.collect::<Vec<_>>();
            let body = records
                .iter()
                .map(|(id, v)| format!(r#"{{"id":{id},"v":{v},"items":[{{"a":{v}}}]}}"#));
            let body = format!("[{}]", body.collect::<Vec<_>>().join(","));
            keys.push(world.put(&scope.to_string(), hour, &body));
            if hour == 3 {
                last.push((scope, records));
            }
        }
    }
    fastrand_shuffle(&mut keys);
    let loads = (0..6).map(|worker| {
        let world = world.clone();
        let keys = keys.iter().skip(worker).step_by(6).cloned().collect::<Vec<_>>();
        tokio::spawn(async move {
            let mut warehouse = world.warehouse_with(patient()).await;
            for key in keys {
                world.load(&mut warehouse, &key).await;
            }
        })
    });
    for load in join_all(loads).await {
        load.unwrap();
    }
    let mut expected = BTreeSet::new();
    for id in 0..5 {
        let best = last
            .iter()
            .flat_map(|(scope, records)| records.iter().map(move |record| (record, scope)))
            .filter(|((of, _), _)| *of == id)
            .map(|((_, v), scope)| (*v, *scope))
            .max();
        if let Some((v, scope)) = best {
            expected.insert(format!("{id} {v} {scope} {v}"));
        }
    }
    let rows = "SELECT t.id, v, day, a FROM s.t JOIN s.t__items i
        ON i._object_id = t._object_id AND i._parent_row = t._row";
    assert_eq!(world.ask(rows).await.into_iter().collect::<BTreeSet<_>>(), expected);
}

/// A fixed shuffle: the interleaving is chance enough.
fn fastrand_shuffle(keys: &mut [String]) {
    let count = keys.len();
    for place in 0..count {
        keys.swap(place, (place * 7 + 5) % count);
    }
}

#[tokio::test]
async fn waiting_too_long_for_a_lock_is_transient() {
    let world = World::new(Write::Replace, &[], None).await;
    let key = world.put("1", 6, r#"[{"n":1}]"#);
    let mut first = world.warehouse().await;
    let Begun::Load(mut loading) = first.begin(&world.facts(&key), &world.endpoint).await.unwrap()
    else {
        panic!("nothing was loaded yet")
    };
    let (batch, _) = shred(&world, &loading, &key);
    loading.write(batch).await.unwrap();
    let impatient = Timeouts { lock: Duration::from_millis(100), ..Timeouts::default() };
    let mut second = world.warehouse_with(impatient).await;
    let error = world.try_load(&mut second, world.facts(&key)).await.unwrap_err();
    assert_eq!((error.name(), error.kind()), ("lock_timeout", FailureKind::Transient));
    loading.rollback().await;
    assert_eq!(world.load(&mut second, &key).await.name(), "loaded");
}

#[tokio::test]
async fn a_load_that_is_dropped_leaves_no_trace() {
    let world = World::new(Write::Replace, &[], None).await;
    let key = world.put("1", 6, r#"[{"n":1}]"#);
    let mut warehouse = world.warehouse().await;
    let facts = world.facts(&key);
    if let Begun::Load(mut loading) = warehouse.begin(&facts, &world.endpoint).await.unwrap() {
        let (batch, _) = shred(&world, &loading, &key);
        loading.write(batch).await.unwrap();
    }
    assert_eq!(world.load(&mut warehouse, &key).await.name(), "loaded");
    assert_eq!(world.ask("SELECT attempts FROM riacho.objects").await, ["1"]);
}

#[tokio::test]
async fn a_load_that_waits_for_the_lake_is_not_taken_for_dead() {
    let world = World::new(Write::Append, &[], None).await;
    let key = world.put("1", 6, r#"[{"n":1}]"#);
    let idle = Duration::from_secs(1);
    let timeouts = Timeouts { idle_in_transaction: idle, ..patient() };
    let mut warehouse = world.warehouse_with(timeouts).await;
    let Begun::Load(mut loading) =
        warehouse.begin(&world.facts(&key), &world.endpoint).await.unwrap()
    else {
        panic!("nothing was loaded yet")
    };
    loading.wait_for(tokio::time::sleep(idle * 3)).await.unwrap();
    let (batch, summary) = shred(&world, &loading, &key);
    loading.write(batch).await.unwrap();
    loading.commit(summary, Vec::new(), idle).await.unwrap();
    assert_eq!(world.ask("SELECT count(*) FROM s.t").await, ["1"]);

    // One of which nothing is heard is.
    let other = world.put("1", 7, r#"[{"n":2}]"#);
    let Begun::Load(mut silent) =
        warehouse.begin(&world.facts(&other), &world.endpoint).await.unwrap()
    else {
        panic!("nothing was loaded yet")
    };
    tokio::time::sleep(idle * 3).await;
    let (batch, _) = shred(&world, &silent, &other);
    let error = silent.write(batch).await.unwrap_err();
    assert_eq!(error.kind(), FailureKind::Transient, "{error}");
    drop(silent);
    assert_eq!(world.load(&mut warehouse, &other).await.name(), "loaded");
}

#[tokio::test]
async fn a_gate_stays_closed_while_somebody_is_there_and_no_longer() {
    let world = World::new(Write::Append, &[], None).await;
    let idle = Duration::from_secs(1);
    let timeouts = Timeouts { idle_in_transaction: idle, ..patient() };
    let mut live = world.warehouse_with(timeouts).await;
    let mut holder = world.warehouse_with(timeouts).await;
    let endpoint = Rebuilt { facts: world.endpoint.clone(), rules: String::new() };
    let rebuild = Rebuild::new(&world.endpoint.source, vec![endpoint]);
    rebuild.set_up(&mut live).await.unwrap();
    let held = rebuild.hold(&mut holder, idle).await.unwrap();
    held.wait_for(tokio::time::sleep(idle * 3)).await.unwrap();
    assert_eq!(held.behind().await.unwrap(), 0);

    let key = world.put("1", 6, r#"[{"n":1}]"#);
    assert_eq!(world.load(&mut live, &key).await.name(), "loaded");
    let error = held.behind().await.unwrap_err();
    assert_eq!(error.kind(), FailureKind::Transient, "{error}");
}

/// The same bytes as the scope stands on, while another scope is taking one of their records: whoever
/// waits for it must not count on what it saw before.
#[tokio::test(flavor = "multi_thread")]
async fn what_gave_way_while_an_object_waited_keeps_it_from_being_unchanged() {
    let world = World::new(Write::Replace, &["/id"], Some("/v")).await;
    let body = r#"[{"id":1,"v":1},{"id":2,"v":1}]"#;
    let mut one = world.warehouse_with(patient()).await;
    world.load(&mut one, &world.put("1", 6, body)).await;
    let taking = world.put("2", 7, r#"[{"id":1,"v":1}]"#);
    let Begun::Load(mut loading) = one.begin(&world.facts(&taking), &world.endpoint).await.unwrap()
    else {
        panic!("nothing to load");
    };
    let (batch, summary) = shred(&world, &loading, &taking);
    loading.write(batch).await.unwrap();
    let again = world.put("1", 8, body);
    let waiting = {
        let (world, again) = (world.clone(), again.clone());
        tokio::spawn(async move {
            let mut other = world.warehouse_with(patient()).await;
            world.load(&mut other, &again).await
        })
    };
    let waits = "SELECT count(*) > 0 FROM pg_stat_activity
        WHERE wait_event_type = 'Lock' AND datname = current_database()";
    while world.ask(waits).await != ["t"] {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    loading.commit(summary, Vec::new(), Duration::from_millis(5)).await.unwrap();
    assert_eq!(waiting.await.unwrap().name(), "loaded");
    let stands = "SELECT t.id, o.key FROM s.t t JOIN riacho.objects o ON o.id = t._object_id
        ORDER BY t.id";
    assert_eq!(world.ask(stands).await, [format!("1 {again}"), format!("2 {again}")]);
}
