//! One more object where 20 million rows already stand, against the same on tables that are as good
//! as empty. Both functions are warm: the start of a process would hide what the tables cost.

use std::time::Instant;

use anyhow::{Context, ensure};
use emulated::Function;
use serde_json::Value;
use tokio_postgres::Client;

use crate::bench::{ALL, Bench};
use crate::ground::{Database, connect};
use crate::lakes::Filling;
use crate::numbers::{float, middle};
use crate::progress::say;
use crate::report::Target;
use crate::sets::Set;

const ROWS: u32 = 20_000_000;
/// Kept from run to run: filling it takes minutes.
const DATABASE: &str = "bench_standing";
/// Ids that the copies' objects and checks are apart.
const OBJECTS_APART: u64 = 100_000;
const CHECKS_APART: u64 = 10_000_000_000;
const WARM_UP: u32 = 5;
const OBJECTS_A_ROUND: u32 = 10;

pub(crate) async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let full = bench.ground.kept(DATABASE).await?;
    let rows = fill(bench, &full).await?;
    let empty = bench.ground.fresh("bench_empty").await?;
    let mut lake = Filling::begin(&bench.lakes().join("one-more")).await?;
    let on = |database: &Database| {
        bench.function(bench.ground.environment(&lake.server.endpoint, &database.url))
    };
    let (on_full, on_empty) = (on(&full)?, on(&empty)?);
    // Objects of earlier runs stand already.
    let first = next_object(&full).await?;
    let objects = WARM_UP + OBJECTS_A_ROUND * bench.options.rounds;
    let (mut full_times, mut empty_times) = (Vec::new(), Vec::new());
    bench.ground.checkpoint().await?;
    let quiet = bench.quiet()?;
    for number in 0..objects {
        let notification = lake.put(Set::one_more().object(first + number)).await?;
        let times = (load(&on_full, &notification).await?, load(&on_empty, &notification).await?);
        if number >= WARM_UP {
            full_times.push(times.0);
            empty_times.push(times.1);
        }
    }
    drop(quiet);
    let (on_full, on_empty) = (middle(&full_times), middle(&empty_times));
    bench.results.keep("1 MB object where rows stand", "ms", &full_times);
    bench.results.keep("1 MB object on empty tables", "ms", &empty_times);
    bench.results.judge(
        (&format!("one more 1 MB object where {} rows stand", millions(rows)), "time ÷ on empty"),
        Target::at_most(1.2, 1.5),
        on_full / on_empty,
        format!("{on_full:.1} ms ÷ {on_empty:.1} ms, warm, {} objects", full_times.len()),
    );
    Ok(())
}

async fn load(function: &Function, notification: &Value) -> anyhow::Result<f64> {
    let started = Instant::now();
    let answer = function.invoke(notification).await?;
    ensure!(answer["loaded"] == 1, "not loaded: {answer}");
    Ok(started.elapsed().as_secs_f64() * 1e3)
}

async fn next_object(database: &Database) -> anyhow::Result<u32> {
    let sql = "SELECT count(*) FROM riacho.objects WHERE key LIKE '%/busDt=2025-%'";
    let count: i64 = connect(database).await?.query_one(sql, &[]).await?.get(0);
    Ok(u32::try_from(count)?)
}

/// Fills the tables with copies of M, unless an earlier run did. Gives the rows.
async fn fill(bench: &Bench, database: &Database) -> anyhow::Result<u64> {
    let set = bench.sized(Set::m());
    let wanted = u64::from(bench.scaled(ROWS));
    let client = connect(database).await?;
    let known = "SELECT to_regclass('public.filled') IS NOT NULL";
    if client.query_one(known, &[]).await?.get(0) {
        let rows: i64 = client.query_one("SELECT rows FROM public.filled", &[]).await?.get(0);
        if rows.unsigned_abs() >= wanted {
            return Ok(rows.unsigned_abs());
        }
    }
    drop(client);
    bench.ground.fresh(DATABASE).await?;
    let lake = bench.lake(&set).await?;
    bench.load(&lake, database, ALL).await?;
    let client = connect(database).await?;
    let each = lake.inventory.counts.rows().unsigned_abs();
    let copies = wanted.div_ceil(each);
    for copy in 1..copies {
        for table in ["guest_checks", "guest_checks__taxes", "guest_checks__detail_lines"] {
            multiply(&client, ("pos", table), copy).await?;
        }
        multiply(&client, ("riacho", "objects"), copy).await?;
        if copy % 10 == 0 {
            say(&format!("filling the tables: {} rows…", millions(each * copy)));
        }
    }
    let beyond = OBJECTS_APART * (copies + 1);
    client
        .batch_execute(&format!(
            "ALTER TABLE riacho.objects ALTER COLUMN id RESTART WITH {beyond}; \
             CREATE TABLE public.filled AS SELECT {}::bigint AS rows",
            each * copies
        ))
        .await?;
    client.batch_execute("VACUUM ANALYZE").await?;
    Ok(each * copies)
}

/// Inserts the rows of the first load once more, under ids and keys of their own.
async fn multiply(client: &Client, (schema, table): (&str, &str), copy: u64) -> anyhow::Result<()> {
    let sql = "SELECT attname::text FROM pg_attribute WHERE attrelid = $1::text::regclass \
               AND attnum > 0 AND NOT attisdropped ORDER BY attnum";
    let columns = client.query(sql, &[&format!("{schema}.{table}")]).await?;
    let columns: Vec<String> = columns.iter().map(|row| row.get(0)).collect();
    let objects = OBJECTS_APART * copy;
    let value = |column: &String| match column.as_str() {
        "id" | "_object_id" => format!("{column} + {objects}"),
        "guest_check_id" => format!("{column} + {}", CHECKS_APART * copy),
        "key" | "scope" | "standing_key" => {
            format!("replace({column}, 'storeId=', 'storeId={copy}-')")
        }
        other => format!("\"{other}\""),
    };
    let values: Vec<_> = columns.iter().map(value).collect();
    let id = if schema == "riacho" { "id" } else { "_object_id" };
    let names: Vec<_> = columns.iter().map(|column| format!("\"{column}\"")).collect();
    client
        .batch_execute(&format!(
            "INSERT INTO {schema}.{table} ({}) OVERRIDING SYSTEM VALUE \
             SELECT {} FROM {schema}.{table} WHERE {id} < {OBJECTS_APART}",
            names.join(", "),
            values.join(", ")
        ))
        .await
        .with_context(|| format!("{table} can't be multiplied"))
}

fn millions(rows: u64) -> String {
    format!("{:.1} M", float(rows) / 1e6)
}
