//! What an object costs as it grows: the same endpoint, one object of 1 MB to 1 GB, on fresh tables.

use crate::bench::{ALL, Bench, ensure_rows};
use crate::numbers::{float, middle};
use crate::picture::{Cost, growth};
use crate::progress::say;
use crate::sets::Set;

const SIZES: [(&str, u64); 6] =
    [("g-1", 1), ("g-5", 5), ("g-20", 20), ("g-100", 100), ("g-500", 500), ("g-1000", 1_000)];
/// Small ones vary more and cost less.
const ROUNDS_BELOW: (u64, u32) = (200, 3);

pub(crate) async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let mut costs = Vec::new();
    for (name, megabytes) in SIZES {
        if bench.options.quick && megabytes > 100 {
            continue;
        }
        let lake = bench.lake(&Set::one(name, megabytes)).await?;
        let rounds = if megabytes < ROUNDS_BELOW.0 { ROUNDS_BELOW.1 } else { 1 };
        let (mut seconds, mut resident) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            let database = bench.ground.fresh("bench_growth").await?;
            let quiet = bench.quiet()?;
            let taken = bench.load(&lake, &database, ALL).await?.taken;
            drop(quiet);
            ensure_rows(&database, lake.inventory.counts).await?;
            bench.ground.drop(&database).await?;
            seconds.push(taken.seconds());
            resident.push(taken.max_rss_mb());
        }
        let cost = Cost {
            megabytes: float(lake.inventory.counts.bytes) / 1e6,
            seconds: middle(&seconds),
            resident_mb: middle(&resident),
        };
        say(&format!(
            "{:.0} MB: {:.2} s, {:.0} MB",
            cost.megabytes, cost.seconds, cost.resident_mb
        ));
        costs.push(cost);
    }
    std::fs::write(bench.dir.join("growth.svg"), growth(&costs))?;
    bench.results.growth = costs;
    Ok(())
}
