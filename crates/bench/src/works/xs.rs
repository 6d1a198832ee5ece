//! XS: 2,000 objects of 22 KB, each its own event and its own invocation of a warm function.

use std::time::{Duration, Instant};

use anyhow::ensure;
use tokio_postgres::Client;

use crate::bench::{ALL, Bench, ensure_rows};
use crate::copying::{Copying, Encoded};
use crate::ground::connect;
use crate::numbers::{middle, quantile};
use crate::progress::say;
use crate::report::Target;
use crate::sets::Set;

const WORK: &str = "XS, 2,000 objects of 22 KB, an invocation each, warm";
/// Invocations that warm the function up and are not counted, nor are their objects in COPY.
const WARM_UP: usize = 20;
/// How much longer a commit takes in the second measure: about what a network's disk takes.
const SLOWER: Duration = Duration::from_millis(1);
/// Commits by which it is measured what lasting costs.
const COMMITS: usize = 300;

pub(crate) async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let set = bench.sized(Set::xs());
    let lake = bench.lake(&set).await?;
    say("XS: a load to get at the rows for COPY…");
    let template = bench.ground.fresh("bench_template").await?;
    bench.load(&lake, &template, ALL).await?;
    ensure_rows(&template, lake.inventory.counts).await?;
    let client = connect(&template).await?;
    let encoded = Encoded::read(&client).await?;
    drop(lake);
    let own = lasting(&client).await?;
    for (wait, what) in [
        (Duration::ZERO, "time ÷ COPY alone in a transaction per file"),
        (SLOWER, "the same, where each commit takes a millisecond longer"),
    ] {
        bench.ground.delay_commits(wait).await?;
        let mut times = Times::default();
        for _ in 0..bench.options.rounds {
            times.round(bench, &set, &client, &encoded).await?;
        }
        let lasting = own + wait.as_secs_f64() * 1e3;
        times.judge(bench, what, lasting);
    }
    bench.ground.delay_commits(Duration::ZERO).await?;
    drop(client);
    bench.ground.drop(&template).await
}

/// What was measured, in ms an object, and in seconds all objects of a round.
#[derive(Default)]
struct Times {
    ours: Vec<f64>,
    copied: Vec<f64>,
    ours_totals: Vec<f64>,
    copied_totals: Vec<f64>,
}

impl Times {
    async fn round(
        &mut self,
        bench: &mut Bench,
        set: &Set,
        client: &Client,
        encoded: &Encoded,
    ) -> anyhow::Result<()> {
        // An event comes straight after its put.
        let lake = bench.lake_anew(set).await?;
        let database = bench.ground.fresh("bench_xs").await?;
        let quiet = bench.quiet()?;
        let function = bench.function(bench.between(&lake, &database.url))?;
        let mut ours = Vec::new();
        for (key, notification) in &lake.inventory.objects {
            let started = Instant::now();
            let answer = function.invoke(notification).await?;
            ours.push(started.elapsed().as_secs_f64() * 1e3);
            ensure!(answer["loaded"] == 1, "{key} was not loaded: {answer}");
        }
        drop(function);
        ensure_rows(&database, lake.inventory.counts).await?;
        let copying = Copying::into_new_tables(client, "copied", &encoded.tables).await?;
        bench.ground.checkpoint().await?;
        let copied = copying.a_transaction_each(encoded).await?;
        drop(quiet);
        bench.ground.drop(&database).await?;
        let copied = copied.iter().map(|time| time.as_secs_f64() * 1e3).skip(WARM_UP);
        let (ours, copied) = (ours.split_off(WARM_UP), copied.collect::<Vec<_>>());
        self.ours_totals.push(ours.iter().sum::<f64>() / 1e3);
        self.copied_totals.push(copied.iter().sum::<f64>() / 1e3);
        say(&format!(
            "XS round {}: {:.2} ms an object, COPY alone {:.2} ms",
            self.ours_totals.len(),
            middle(&ours),
            middle(&copied)
        ));
        self.ours.extend(ours);
        self.copied.extend(copied);
        Ok(())
    }

    fn judge(&self, bench: &mut Bench, what: &'static str, lasting: f64) {
        let of = |samples: &[f64], part| quantile(samples, part).unwrap_or(f64::NAN);
        let (total, limit) = (of(&self.ours_totals, 0.5), of(&self.copied_totals, 0.5));
        bench.results.keep(&format!("XS: load, {what}"), "s", &self.ours_totals);
        bench.results.keep(&format!("XS: COPY, {what}"), "s", &self.copied_totals);
        bench.results.judge(
            (WORK, what),
            Target::at_most(1.5, 2.5),
            total / limit,
            format!(
                "{total:.2} s ÷ {limit:.2} s; an object {:.2} ms (95 of 100 below {:.2} ms) against \
                 {:.2} ms ({:.2} ms); of each, {lasting:.2} ms make the commit last",
                of(&self.ours, 0.5),
                of(&self.ours, 0.95),
                of(&self.copied, 0.5),
                of(&self.copied, 0.95)
            ),
        );
    }
}

/// What a commit waits, in ms, until it would outlast a crash: both have to, whatever they do.
async fn lasting(client: &Client) -> anyhow::Result<f64> {
    client.batch_execute("CREATE TABLE public.commits (n integer)").await?;
    let mut medians = Vec::new();
    for lasts in ["on", "off"] {
        client.batch_execute(&format!("SET synchronous_commit = {lasts}")).await?;
        let mut times = Vec::new();
        for _ in 0..COMMITS {
            let started = Instant::now();
            client.batch_execute("INSERT INTO public.commits VALUES (1)").await?;
            times.push(started.elapsed().as_secs_f64() * 1e3);
        }
        medians.push(middle(&times));
    }
    client.batch_execute("RESET synchronous_commit; DROP TABLE public.commits").await?;
    Ok(medians.iter().copied().reduce(|on, off| on - off).unwrap_or(f64::NAN))
}
