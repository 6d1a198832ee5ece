//! Two loads at once, on the two halves of M: beside Postgres, where both share the machine's cores
//! with it, and with a database so far away that there are cores to spare, which shows whether they
//! wait for each other.

use std::time::Duration;

use crate::bench::{Bench, ensure_rows};
use crate::lakes::Served;
use crate::machine::cpu_of_machine;
use crate::numbers::{float, middle};
use crate::progress::say;
use crate::proxy::Proxy;
use crate::report::Target;
use crate::sets::Set;

const WORK: &str = "two loads at once";
/// The halves of M are its business dates.
const HALVES: [&str; 2] = [
    "raw/source=pos/endpoint=getGuestChecks/busDt=2024-01-01/",
    "raw/source=pos/endpoint=getGuestChecks/busDt=2024-01-02/",
];

/// What each way to the distant database takes longer.
const FAR: Duration = Duration::from_millis(20);

#[derive(Default)]
struct Run {
    /// Bytes a second of JSON, in MB.
    speeds: Vec<f64>,
    /// Busy part of all cores.
    machine: Vec<f64>,
    /// Cores that Postgres kept busy.
    postgres: Vec<f64>,
}

pub(crate) async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    // Halves need two business dates, so that M is never cut here.
    let lake = bench.lake(&Set::m()).await?;
    let (mut alone, mut both) = (Run::default(), Run::default());
    let (mut far_alone, mut far_both) = (Run::default(), Run::default());
    let proxy = Proxy::start(bench.ground.address(), FAR)?;
    for round in 0..bench.options.rounds {
        load(bench, &lake, (1, None), &mut alone).await?;
        load(bench, &lake, (2, None), &mut both).await?;
        load(bench, &lake, (1, Some(&proxy)), &mut far_alone).await?;
        load(bench, &lake, (2, Some(&proxy)), &mut far_both).await?;
        let last = |run: &Run| run.speeds.last().copied().unwrap_or_default();
        say(&format!(
            "two at once, round {}: {:.1} MB/s, {:.1} MB/s; far away {:.1} MB/s, {:.1} MB/s",
            round + 1,
            last(&alone),
            last(&both),
            last(&far_alone),
            last(&far_both)
        ));
    }
    let told = |run: &Run| {
        format!(
            "{:.1} MB/s (machine {:.0} % busy, Postgres on {:.2} cores)",
            middle(&run.speeds),
            middle(&run.machine) * 100.0,
            middle(&run.postgres)
        )
    };
    bench.results.keep("one load", "MB/s", &alone.speeds);
    bench.results.keep("two loads at once", "MB/s", &both.speeds);
    bench.results.keep("one load, far away", "MB/s", &far_alone.speeds);
    bench.results.keep("two loads at once, far away", "MB/s", &far_both.speeds);
    bench.results.judge(
        (WORK, "throughput ÷ one load's"),
        Target::at_least(1.7, 1.4),
        middle(&both.speeds) / middle(&alone.speeds),
        format!(
            "{} ÷ {}; with Postgres {} ms away each way {} ÷ {}: {:.2} ×",
            told(&both),
            told(&alone),
            FAR.as_millis(),
            told(&far_both),
            told(&far_alone),
            middle(&far_both.speeds) / middle(&far_alone.speeds)
        ),
    );
    Ok(())
}

async fn load(
    bench: &Bench,
    lake: &Served,
    (loads, proxy): (usize, Option<&Proxy>),
    into: &mut Run,
) -> anyhow::Result<()> {
    let database = bench.ground.fresh("bench_together").await?;
    let environment = bench.between(lake, &database.url_by(proxy));
    let quiet = bench.quiet()?;
    let (busy, all) = cpu_of_machine();
    let postgres = bench.ground.cpu_seconds();
    let halves = HALVES.iter().take(loads);
    let loads = halves.map(|half| bench.load_within(&environment, half, None));
    let taken = futures::future::try_join_all(loads).await?;
    let (busy_then, all_then) = cpu_of_machine();
    let wall = taken.iter().map(|load| load.taken.seconds()).fold(0.0, f64::max);
    let postgres = bench.ground.cpu_seconds() - postgres;
    drop(quiet);
    let half = float(lake.inventory.counts.bytes) / 2e6;
    into.speeds.push(half * float(taken.len() as u64) / wall);
    into.machine.push((busy_then - busy) / (all_then - all));
    into.postgres.push(postgres / wall);
    if taken.len() == HALVES.len() {
        ensure_rows(&database, lake.inventory.counts).await?;
    }
    bench.ground.drop(&database).await
}
