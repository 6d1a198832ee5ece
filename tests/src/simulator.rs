//! A seeded adversary around the whole pipe, and an oracle that says what must come of it all the
//! same: docs/faults.md.
//!
//! `plan` draws a run from its seed; `play` delivers its events to load and manifest, behind proxies
//! that let things happen (`postgres_proxy`, `s3_proxy`); `settle` does what an operator's schedule
//! does; `oracle` says what must stand, `tables` what stands, `verdict` compares.
#![allow(clippy::unwrap_used, clippy::panic)]

mod actor;
mod cluster;
mod delivery;
mod document;
mod endpoint;
mod faults;
mod interference;
mod oracle;
mod plan;
mod play;
mod postgres_fault;
mod postgres_proxy;
mod records;
mod report;
mod s3_fault;
mod s3_proxy;
mod settle;
mod tables;
mod tally;
mod verdict;
mod wire;
mod wires;
mod world;

pub use report::{Report, RunReport};

use std::time::Instant;

use cluster::Cluster;
use futures::{Stream, StreamExt, stream};
use plan::Plan;
use play::Play;
use verdict::Failures;
use world::World;

/// Runs one seed.
pub async fn simulate(seed: u64) -> RunReport {
    let began = Instant::now();
    let plan = Plan::of(seed).await;
    let cluster = Cluster::get().await;
    // A crash of the server is everybody's: such a run has it alone.
    let (_alone, _together) = match plan.may_crash {
        true => (Some(cluster.is_calm.write().await), None),
        false => (None, Some(cluster.is_calm.read().await)),
    };
    let world = World::start(&plan).await;
    world.tally.count_many("lake: record put into another scope", plan.moves().await);
    let mut play = Play::start(&plan, &world).await;
    play.play().await;
    let mut report = RunReport {
        seed,
        title: plan.title(),
        script: std::mem::take(&mut play.script),
        violations: std::mem::take(&mut play.violations),
        faults: world.tally.counts(),
        objects: 0,
        records: 0,
        took: began.elapsed(),
    };
    let (logs, is_complete) = (play.logs(), play.is_complete());
    drop(play);
    if is_complete {
        report.script.push("all events came to their end".to_owned());
        let lake = world.standing("raw/").await;
        let expected = oracle::expect(plan.endpoint, &lake).await;
        let early = verdict::judge_tables(&expected, &world.found().await);
        let early = early.into_iter().map(|violation| format!("before reconciling: {violation}"));
        report.violations.extend(early);
    }
    report.violations.extend(settle::settle(&plan, &world).await);
    look(&plan, &world, &mut report).await;
    if plan.ends_in_replay && report.violations.is_empty() {
        report.script.push("everything replayed by force".to_owned());
        report.violations.extend(settle::settle_again(&world).await);
        look(&plan, &world, &mut report).await;
    }
    if !report.violations.is_empty() {
        report.script.extend(logs.lines().map(str::to_owned));
    }
    world.end().await;
    report.took = began.elapsed();
    report
}

/// Runs seeds, some at a time, and gives each report when it is there.
pub fn simulate_all(
    seeds: impl IntoIterator<Item = u64>,
    at_once: usize,
) -> impl Stream<Item = RunReport> {
    let runs = seeds.into_iter().map(|seed| async move {
        tokio::spawn(simulate(seed)).await.unwrap_or_else(|error| panic!("seed {seed}: {error}"))
    });
    stream::iter(runs).buffer_unordered(at_once)
}

async fn look(plan: &Plan, world: &World, report: &mut RunReport) {
    let lake = world.standing("raw/").await;
    let expected = oracle::expect(plan.endpoint, &lake).await;
    let found = world.found().await;
    let errors = world.standing("errors/").await;
    let failures = Failures::of(&errors, &world.standing("manifests/").await);
    report.violations.extend(verdict::judge(&expected, &found, &failures));
    report.objects = lake.len() as u64;
    report.records = found.rows.len() as u64;
}
