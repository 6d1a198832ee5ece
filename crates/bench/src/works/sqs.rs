//! M as it comes from a queue: many notifications in one invocation.

use std::time::Instant;

use anyhow::ensure;
use emulated::Queue;

use crate::bench::{ALL, Bench, ensure_rows};
use crate::lakes::Served;
use crate::numbers::middle;
use crate::progress::say;
use crate::report::Target;
use crate::sets::Set;

const BATCHES: [usize; 2] = [10, 1_000];

pub(crate) async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let lake = bench.lake(&bench.sized(Set::m())).await?;
    let mut by_prefix = Vec::new();
    let mut by_batch = BATCHES.map(|size| (size, Vec::new()));
    for round in 0..bench.options.rounds {
        let database = bench.ground.fresh("bench_sqs").await?;
        let quiet = bench.quiet()?;
        by_prefix.push(bench.load(&lake, &database, ALL).await?.taken.seconds());
        drop(quiet);
        for (size, times) in &mut by_batch {
            times.push(by_queue(bench, &lake, *size).await?);
        }
        let times = by_batch.iter().filter_map(|(size, times)| Some((size, times.last()?)));
        let times: Vec<_> = times.map(|(size, time)| format!("by {size}: {time:.2} s")).collect();
        let prefix = by_prefix.last().copied().unwrap_or_default();
        say(&format!("SQS round {}: prefix {prefix:.2} s, {}", round + 1, times.join(", ")));
    }
    let prefix = middle(&by_prefix);
    bench.results.keep("M by prefix, beside SQS", "s", &by_prefix);
    for (size, times) in by_batch {
        let time = middle(&times);
        bench.results.keep(&format!("M by SQS batches of {size}"), "s", &times);
        bench.results.judge(
            (&format!("M by SQS batches of {size}"), "time ÷ M by `riacho load --prefix`"),
            Target::at_most(1.1, 1.3),
            time / prefix,
            format!("{time:.2} s, one environment, its cold start included, ÷ {prefix:.2} s"),
        );
    }
    Ok(())
}

/// Seconds from the first message to the last answer, the start of the process included.
async fn by_queue(bench: &Bench, lake: &Served, size: usize) -> anyhow::Result<f64> {
    let database = bench.ground.fresh("bench_sqs").await?;
    let queue = Queue::new("load");
    for (_, notification) in &lake.inventory.objects {
        queue.send(notification);
    }
    let _quiet = bench.quiet()?;
    let function = bench.function(bench.between(lake, &database.url))?;
    let started = Instant::now();
    let errors = queue.poll(&function, size).await;
    let taken = started.elapsed().as_secs_f64();
    ensure!(errors.is_empty() && queue.is_empty(), "the queue was not emptied: {errors:?}");
    ensure_rows(&database, lake.inventory.counts).await?;
    Ok(taken)
}
