//! Two loads at once, on the two halves of M.

use crate::bench::{Bench, ensure_rows};
use crate::lakes::Served;
use crate::machine::cpu_of_machine;
use crate::numbers::{float, middle};
use crate::progress::say;
use crate::report::Target;
use crate::sets::Set;

const WORK: &str = "two loads at once";
/// The halves of M are its business dates.
const HALVES: [&str; 2] = [
    "raw/source=pos/endpoint=getGuestChecks/busDt=2024-01-01/",
    "raw/source=pos/endpoint=getGuestChecks/busDt=2024-01-02/",
];

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
    for round in 0..bench.options.rounds {
        load(bench, &lake, 1, &mut alone).await?;
        load(bench, &lake, 2, &mut both).await?;
        let last = |run: &Run| run.speeds.last().copied().unwrap_or_default();
        let (one, two) = (last(&alone), last(&both));
        say(&format!("two at once, round {}: {one:.1} MB/s, {two:.1} MB/s", round + 1));
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
    bench.results.judge(
        (WORK, "throughput ÷ one load's"),
        Target::at_least(1.7, 1.4),
        middle(&both.speeds) / middle(&alone.speeds),
        format!("{} ÷ {}", told(&both), told(&alone)),
    );
    Ok(())
}

async fn load(bench: &Bench, lake: &Served, loads: usize, into: &mut Run) -> anyhow::Result<()> {
    let database = bench.ground.fresh("bench_together").await?;
    let quiet = bench.quiet()?;
    let (busy, all) = cpu_of_machine();
    let postgres = bench.ground.cpu_seconds();
    let halves = HALVES.iter().take(loads);
    let loads = halves.map(|half| bench.load(lake, &database, half));
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
