//! The fault simulator: seeds that always run, and some that nobody has run before. A thousand and
//! more are run by hand: docs/faults.md.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::{Write, stderr};
use std::time::SystemTime;

use futures::StreamExt;
use tests::simulator::simulate_all;

/// Runs at once: they wait more than they work.
const AT_ONCE: usize = 4;
const FRESH: usize = 10;

/// Runs them all; says each seed that ended otherwise than the contract, and what happened in it.
async fn run(seeds: Vec<u64>) {
    // Past the capture of tests that pass: a seed that was drawn must be known afterwards.
    let mut terminal = stderr();
    writeln!(terminal, "fault simulator, seeds {seeds:?}").unwrap();
    let reports = simulate_all(seeds, AT_ONCE).collect::<Vec<_>>().await;
    let failed = reports.iter().filter(|report| !report.violations.is_empty());
    let told = failed.map(|report| {
        format!("{}\nrepeat it: simulate --from {} --seeds 1\n", report.told(), report.seed)
    });
    let told = told.collect::<String>();
    assert!(told.is_empty(), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_the_tables_are_what_the_lake_says() {
    run((0..30).collect()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn and_so_they_are_in_runs_that_nobody_has_seen() {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos();
    let mut rng = fastrand::Rng::with_seed(u64::try_from(now & u128::from(u64::MAX)).unwrap());
    run((0..FRESH).map(|_| rng.u64(1_000_000..1_000_000_000)).collect()).await;
}
