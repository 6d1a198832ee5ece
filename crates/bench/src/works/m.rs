//! M: 100 objects of 1 MB, loaded first; then every object changed; then nothing changed.

use serde_json::Value;

use crate::bench::{ALL, Bench, ensure_rows, rows_written};
use crate::copying::{Copying, Encoded};
use crate::cost::{Prices, Work, told};
use crate::ground::{Database, connect};
use crate::lakes::Served;
use crate::measuring::Taken;
use crate::numbers::{float, middle};
use crate::progress::say;
use crate::report::Target;
use crate::sets::Set;

const FIRST: &str = "M, 100 objects of 1 MB, first load";
const CHANGED: &str = "M again, every object changed";
const UNCHANGED: &str = "M again, unchanged bytes";
/// As load names them in its summary.
const STAGES: [&str; 5] = ["begin", "read", "shred", "write", "commit"];

/// The lakes of the three fetches.
struct Fetches {
    first: Served,
    refetched: Served,
    changed: Served,
}

/// The rows of the two states.
struct States {
    first: Encoded,
    changed: Encoded,
}

#[derive(Default)]
struct Times {
    first: Vec<Taken>,
    first_postgres: Vec<f64>,
    /// Seconds of each stage, a list a round.
    stages: Vec<Vec<(String, f64)>>,
    changed: Vec<Taken>,
    same_keys: Vec<Taken>,
    refetched: Vec<Taken>,
    wal_mb: Vec<f64>,
    rows_written: Vec<f64>,
    copy_in_one: Vec<f64>,
    copy_each: Vec<f64>,
    replace_in_one: Vec<f64>,
    replace_each: Vec<f64>,
}

pub(crate) async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let lakes = Fetches {
        first: bench.lake(&bench.sized(Set::m())).await?,
        refetched: bench.lake(&bench.sized(Set::m_refetched())).await?,
        changed: bench.lake(&bench.sized(Set::m_changed())).await?,
    };
    say("M: a load to warm up, and to get at the rows for COPY…");
    let template = bench.ground.fresh("bench_template").await?;
    let states = encode(bench, &lakes, &template).await?;
    let mut times = Times::default();
    for round in 0..bench.options.rounds {
        // By turns, so that whatever wears off during a round hits both alike.
        if round % 2 == 0 {
            ours(bench, &lakes, &mut times).await?;
            copy(bench, &template, &states, &mut times).await?;
        } else {
            copy(bench, &template, &states, &mut times).await?;
            ours(bench, &lakes, &mut times).await?;
        }
        tell(round, &times);
    }
    bench.ground.drop(&template).await?;
    judge(bench, &times, &states, &lakes);
    Ok(())
}

async fn encode(bench: &Bench, lakes: &Fetches, template: &Database) -> anyhow::Result<States> {
    bench.load(&lakes.first, template, ALL).await?;
    ensure_rows(template, lakes.first.inventory.counts).await?;
    let client = connect(template).await?;
    let first = Encoded::read(&client).await?;
    bench.load(&lakes.changed, template, ALL).await?;
    ensure_rows(template, lakes.changed.inventory.counts).await?;
    Ok(States { first, changed: Encoded::read(&client).await? })
}

async fn ours(bench: &Bench, lakes: &Fetches, times: &mut Times) -> anyhow::Result<()> {
    let database = bench.ground.fresh("bench_m").await?;
    let quiet = bench.quiet()?;
    let cpu = bench.ground.cpu_seconds();
    let load = bench.load(&lakes.first, &database, ALL).await?;
    times.stages.push(stages(&load.summary));
    times.first.push(load.taken);
    times.first_postgres.push(bench.ground.cpu_seconds() - cpu);
    drop(quiet);
    ensure_rows(&database, lakes.first.inventory.counts).await?;

    let client = connect(&database).await?;
    let (rows, quiet) = (rows_written(&client).await?, bench.quiet()?);
    bench.ground.checkpoint().await?;
    let wal = bench.ground.wal_bytes().await?;
    times.same_keys.push(bench.load(&lakes.first, &database, ALL).await?.taken);
    times.refetched.push(bench.load(&lakes.refetched, &database, ALL).await?.taken);
    let wal = bench.ground.wal_bytes().await? - wal;
    drop(quiet);
    times.wal_mb.push(float(wal.unsigned_abs()) / 1e6);
    let rows = rows_written(&client).await? - rows;
    times.rows_written.push(float(rows.unsigned_abs()));

    bench.ground.checkpoint().await?;
    let quiet = bench.quiet()?;
    times.changed.push(bench.load(&lakes.changed, &database, ALL).await?.taken);
    drop(quiet);
    ensure_rows(&database, lakes.changed.inventory.counts).await?;
    drop(client);
    bench.ground.drop(&database).await
}

/// The same rows by COPY: first, and over what stands.
async fn copy(
    bench: &Bench,
    template: &Database,
    states: &States,
    times: &mut Times,
) -> anyhow::Result<()> {
    let client = connect(template).await?;
    let tables = &states.first.tables;
    let _quiet = bench.quiet()?;
    for in_one in [true, false] {
        let copying = Copying::into_new_tables(&client, "copied", tables).await?;
        bench.ground.checkpoint().await?;
        let seconds = if in_one {
            copying.in_one_transaction(&states.first).await?.as_secs_f64()
        } else {
            copying.a_transaction_each(&states.first).await?.iter().map(|it| it.as_secs_f64()).sum()
        };
        bench.ground.checkpoint().await?;
        let again = copying.replace(&states.first, &states.changed, in_one).await?.as_secs_f64();
        let (first, replaced) = match in_one {
            true => (&mut times.copy_in_one, &mut times.replace_in_one),
            false => (&mut times.copy_each, &mut times.replace_each),
        };
        first.push(seconds);
        replaced.push(again);
    }
    client.batch_execute("DROP SCHEMA copied CASCADE").await?;
    Ok(())
}

/// Sums of the stages' times of all objects.
fn stages(summary: &Value) -> Vec<(String, f64)> {
    let objects = summary["objects"].as_array().map(Vec::as_slice).unwrap_or_default();
    let seconds = |stage: &str| -> f64 {
        let name = format!("{stage}_ms");
        objects.iter().filter_map(|object| object[name.as_str()].as_f64()).sum::<f64>() / 1e3
    };
    STAGES.map(|stage| (stage.to_owned(), seconds(stage))).to_vec()
}

fn tell(round: u32, times: &Times) {
    let last = |taken: &[Taken]| taken.last().map_or(0.0, Taken::seconds);
    let last_of = |seconds: &[f64]| seconds.last().copied().unwrap_or_default();
    say(&format!(
        "M round {}: first {:.2} s, changed {:.2} s, same keys {:.2} s, fetched again {:.2} s; \
         COPY {:.2} s (a transaction each {:.2} s), over what stands {:.2} s ({:.2} s)",
        round + 1,
        last(&times.first),
        last(&times.changed),
        last(&times.same_keys),
        last(&times.refetched),
        last_of(&times.copy_in_one),
        last_of(&times.copy_each),
        last_of(&times.replace_in_one),
        last_of(&times.replace_each),
    ));
}

fn judge(bench: &mut Bench, times: &Times, states: &States, lakes: &Fetches) {
    let seconds = |taken: &[Taken]| taken.iter().map(Taken::seconds).collect::<Vec<_>>();
    let counts = lakes.first.inventory.counts;
    let megabytes = float(counts.bytes) / 1e6;
    let results = &mut bench.results;
    for (name, values) in [
        ("M first: load", seconds(&times.first)),
        ("M first: COPY, one transaction", times.copy_in_one.clone()),
        ("M first: COPY, a transaction an object", times.copy_each.clone()),
        ("M first: CPU of load", times.first.iter().map(Taken::cpu_seconds).collect()),
        ("M first: CPU of Postgres", times.first_postgres.clone()),
        ("M changed: load", seconds(&times.changed)),
        ("M changed: delete and COPY, one transaction", times.replace_in_one.clone()),
        ("M changed: delete and COPY, a transaction an object", times.replace_each.clone()),
        ("M unchanged, same keys: load", seconds(&times.same_keys)),
        ("M unchanged, fetched again: load", seconds(&times.refetched)),
    ] {
        results.keep(name, "s", &values);
    }
    let memory: Vec<f64> = times.first.iter().map(Taken::max_rss_mb).collect();
    results.keep("M first: memory of load", "MB", &memory);
    let cpu = middle(&times.first.iter().map(Taken::cpu_seconds).collect::<Vec<_>>());
    let objects = float(lakes.first.inventory.objects.len() as u64);
    let work = Work::of(objects, cpu, float(counts.rows().unsigned_abs()));
    results.costs.push(told("objects of 1 MB", work, &Prices::default()));
    results.stages = times.stages.last().cloned().unwrap_or_default();
    let first = middle(&seconds(&times.first));
    let (limit, each) = (middle(&times.copy_in_one), middle(&times.copy_each));
    results.judge(
        (FIRST, "time ÷ COPY BINARY"),
        Target::at_most(1.3, 2.0),
        first / limit,
        format!(
            "{first:.2} s ({:.0} MB/s, {} rows) ÷ {limit:.2} s in one transaction ({:.0} MB \
             encoded); with a transaction an object COPY takes {each:.2} s: {:.2} ×",
            megabytes / first,
            counts.rows(),
            float(states.first.bytes()) / 1e6,
            first / each
        ),
    );
    let changed = middle(&seconds(&times.changed));
    let (limit, each) = (middle(&times.replace_in_one), middle(&times.replace_each));
    results.judge(
        (CHANGED, "time ÷ (delete by ids + COPY BINARY)"),
        Target::at_most(1.3, 1.8),
        changed / limit,
        format!(
            "{changed:.2} s ÷ {limit:.2} s in one transaction; a transaction an object takes \
             {each:.2} s: {:.2} ×",
            changed / each
        ),
    );
    let rows = times.rows_written.iter().copied().fold(0.0, f64::max);
    let target = Target::at_most(0.0, 0.0).in_unit("rows");
    results.judge((UNCHANGED, "rows written"), target, rows, "both ways together");
    let target = Target::at_most(1.0, 1.0).in_unit("MB");
    results.judge((UNCHANGED, "WAL"), target, middle(&times.wal_mb), "both ways together");
    for (measure, times) in [
        ("time ÷ first load, same keys", &times.same_keys),
        ("time ÷ first load, fetched again", &times.refetched),
    ] {
        let again = middle(&seconds(times));
        let note = format!("{again:.3} s ÷ {first:.2} s");
        results.judge((UNCHANGED, measure), Target::at_most(0.1, 0.15), again / first, note);
    }
}
