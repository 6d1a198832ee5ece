//! Many loads at once, and readers in their way: no deadlock, no lost column, no error that two first
//! loads give each other, and no wait beyond the configured time.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::time::{Duration, Instant};

use futures::future::join_all;
use load::{ObjectReport, Verdict};
use tests::{Direct, ask, connect};

/// Patient enough for a machine that is loaded with other tests.
const PATIENT: &str = "[lake]\nbucket = \"${RIACHO_BUCKET}\"\n[load]\nlock_timeout = \"60s\"\n";
const IMPATIENT: &str = "[lake]\nbucket = \"${RIACHO_BUCKET}\"\n[load]\nlock_timeout = \"3s\"\n";
/// Far above the time that a lock is waited for, far below the five minutes for which a reader may
/// keep its transaction open.
const SOON: Duration = Duration::from_secs(30);

/// What the catalog knows, and what is there, must be the same columns.
const NOT_IN_BOTH: &str = "select count(*) from riacho.columns r full join information_schema.columns c
        on c.table_schema = r.schema_name and c.table_name = r.table_name and c.column_name = r.column_name
    where (c.table_schema like 'wide%' or c.table_schema is null)
        and (c.column_name is null or (r.column_name is null and c.column_name not like '\\_%'))";
/// A column that two loads brought is one line of the change log all the same.
const SAID_TWICE: &str = "select count(*) from (select 1 from riacho.changes
    where kind in ('table_added', 'column_added') group by source, endpoint, kind, table_name, column_name
    having count(*) > 1) twice";

/// Loads all keys at once, each over a connection of its own. All connections are made before the
/// first load, as logging in takes longer than loading and would part those who should meet.
async fn load_at_once(world: &Direct, keys: &[String]) -> Vec<ObjectReport> {
    let loaders: Vec<_> = keys.iter().map(|_| world.loader.another()).collect();
    join_all(loaders.iter().map(async |loader| loader.database().warehouse().await.map(drop)))
        .await
        .into_iter()
        .for_each(Result::unwrap);
    let loads = loaders.iter().zip(keys).map(|(loader, key)| world.load(loader, key));
    join_all(loads).await
}

/// Brings a column and a table of its own, and a column and a table that each other load brings too.
fn body(number: usize) -> String {
    format!(
        r#"{{"n":{number},"own{number}":{number},"list{number}":[{{"x":{number},"deep":[{{"y":1}}]}}],"items":[{{"m":{number},"i{number}":1}}]}}"#
    )
}

async fn assert_that_nothing_is_lost(world: &Direct, endpoints: usize, loads_of_each: usize) {
    let (all, each) = (endpoints * loads_of_each, loads_of_each);
    let counts = [
        ("select count(*) from riacho.objects where status = 'loaded'", all),
        // The root, `items`, and of each load two.
        ("select count(*) from riacho.tables", endpoints * (2 + 2 * each)),
        // The root's `n` and one of each load; of `items` `m` and one of each load; `x` and `y`.
        ("select count(*) from riacho.columns", endpoints * (2 + 4 * each)),
        (NOT_IN_BOTH, 0),
        (SAID_TWICE, 0),
        ("select deadlocks from pg_stat_database where datname = current_database()", 0),
    ];
    for (sql, expected) in counts {
        assert_eq!(world.one(sql).await, expected.to_string(), "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_first_loads_of_one_endpoint_at_once_lose_no_column_table_or_row() {
    let world = Direct::configured(PATIENT).await;
    let keys: Vec<_> =
        (0..40).map(|n| format!("raw/source=wide/endpoint=things/{n}.json")).collect();
    for (number, key) in keys.iter().enumerate() {
        world.put(key, body(number)).await;
    }
    // The first into an empty database: even schema `riacho` is set up by all of them at once.
    for twenty in keys.chunks(20) {
        for report in load_at_once(&world, twenty).await {
            assert_eq!(report.outcome, Verdict::Loaded, "{report:?}");
        }
    }
    assert_that_nothing_is_lost(&world, 1, 40).await;
    let sums = "select sum(n) || ' ' || (select sum(m) from wide.things__items) from wide.things";
    assert_eq!(world.one(sums).await, "780 780");
    for number in [0, 19, 39] {
        let own = format!(
            "select t.own{number} || ' ' || l.x || ' ' || d.y from wide.things t
             join wide.things__list{number} l using (_object_id)
             join wide.things__list{number}__deep d using (_object_id)"
        );
        assert_eq!(world.one(&own).await, format!("{number} {number} 1"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn first_loads_of_several_endpoints_and_sources_at_once_stumble_over_none_of_the_others() {
    let world = Direct::configured(PATIENT).await;
    let mut keys = Vec::new();
    for number in 0..4 {
        for place in [
            "wide/endpoint=a",
            "wide/endpoint=b",
            "wide/endpoint=c",
            "wider/endpoint=a",
            "wider/endpoint=d",
        ] {
            let key = format!("raw/source={place}/{number}.json");
            world.put(&key, body(number)).await;
            keys.push(key);
        }
    }
    for report in load_at_once(&world, &keys).await {
        assert_eq!(report.outcome, Verdict::Loaded, "{report:?}");
    }
    assert_that_nothing_is_lost(&world, 5, 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_keeps_its_transaction_open_stops_no_load_longer_than_the_lock_may_be_waited_for()
 {
    let world = Direct::configured(IMPATIENT).await;
    world.land("raw/source=pos/endpoint=t/1.json", r#"{"n":1}"#).await;
    let reader = connect(&world.database.url).await;
    ask(&reader, "begin; select * from pos.t").await;

    // Rows that bring no change pass by the reader.
    world.land("raw/source=pos/endpoint=t/2.json", r#"{"n":2}"#).await;
    world.put("raw/source=pos/endpoint=t/3.json", r#"{"n":3,"new":[{"x":1}],"other":true}"#).await;
    let late = world.load(&world.loader, "raw/source=pos/endpoint=t/3.json");
    // Whoever else reads waits behind the load, but not for as long as it does.
    let client = connect(&world.database.url).await;
    let mut longest = Duration::ZERO;
    let reads = async {
        loop {
            let started = Instant::now();
            ask(&client, "select count(*) from pos.t").await;
            longest = longest.max(started.elapsed());
        }
    };
    let late = async { tokio::time::timeout(SOON, late).await.unwrap() };
    let late = tokio::select! { late = late => late, () = reads => panic!("they ended") };
    assert_eq!(late.outcome, Verdict::Retry, "{late:?}");
    assert_eq!(late.error.as_ref().unwrap().kind, "lock_timeout", "{late:?}");
    assert!(longest < Duration::from_secs(2), "{longest:?}");
    // Nothing is recorded as bad, and nothing of it stands.
    assert!(world.keys("errors/").await.is_empty());
    let objects =
        "select count(*) filter (where status = 'loaded') || ' ' || count(*) from riacho.objects";
    assert_eq!(world.one(objects).await, "2 2");
    assert_eq!(world.one("select count(*) from riacho.columns").await, "1");
    assert_eq!(ask(&reader, "select sum(n) from pos.t").await, [[Some("3".to_owned())]]);

    ask(&reader, "commit").await;
    world.land("raw/source=pos/endpoint=t/3.json", r#"{"n":3,"new":[{"x":1}],"other":true}"#).await;
    assert_eq!(world.one("select n from pos.t where other").await, "3");
}

/// Postgres looks for deadlocks once for each wait, a second after its start: the load's look comes
/// while there is none yet, and the reader's would find one, and give the reader up.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_goes_from_table_to_table_is_never_given_up_for_a_load() {
    let world = Direct::configured(PATIENT).await;
    world.land("raw/source=pos/endpoint=t/1.json", r#"{"n":1,"items":[{"m":1}]}"#).await;
    // With a view, which the load makes anew.
    world.land("raw/source=pos/endpoint=t/2.json", r#"{"n":"N/A","items":[]}"#).await;
    let reader = connect(&world.database.url).await;
    ask(&reader, "begin; select * from pos.t__items").await;
    let body = r#"{"n":2,"new":1,"items":[{"m":2,"new":1}]}"#;
    world.put("raw/source=pos/endpoint=t/3.json", body).await;
    let load = world.load(&world.loader, "raw/source=pos/endpoint=t/3.json");
    let reads = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let read = ask(&reader, "select count(*) from pos_views.t");
        let read = tokio::time::timeout(SOON, read).await.unwrap();
        ask(&reader, "commit").await;
        read
    };
    let (report, read) = tokio::join!(load, reads);
    assert_eq!(read, [[Some("2".to_owned())]]);
    assert_eq!(report.outcome, Verdict::Loaded, "{report:?}");
    assert_eq!(world.one("select sum(m) from pos.t__items").await, "3");
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_that_always_overlap_do_not_keep_a_change_out() {
    let world = Direct::configured(&IMPATIENT.replace("3s", "15s")).await;
    world.land("raw/source=pos/endpoint=t/1.json", r#"{"n":1}"#).await;
    world.put("raw/source=pos/endpoint=t/2.json", r#"{"n":2,"new":1}"#).await;
    let writers = (0..4).map(async |number| {
        let writer = connect(&world.database.url).await;
        tokio::time::sleep(Duration::from_millis(200 * number)).await;
        loop {
            ask(&writer, "begin; lock table pos.t in row exclusive mode; select pg_sleep(0.8)")
                .await;
            ask(&writer, "commit").await;
        }
    });
    let load = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        world.load(&world.loader, "raw/source=pos/endpoint=t/2.json").await
    };
    let report =
        tokio::select! { report = load => report, _ = join_all(writers) => panic!("they ended") };
    assert_eq!(report.outcome, Verdict::Loaded, "{report:?}");
}
