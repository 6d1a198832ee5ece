//! One object that is large, and objects that are hard: what counts is that they finish, and the
//! memory of the whole process; then again under the hard limit of the smallest Lambda.

use landing::Compression;

use crate::bench::{ALL, Bench, ensure_rows};
use crate::lakes::Served;
use crate::measuring::Taken;
use crate::numbers::{float, middle};
use crate::progress::say;
use crate::report::Target;
use crate::sets::{Odd, Set};

/// The memory of the smallest Lambda, in its megabytes.
const LIMIT_MB: u64 = 128;
/// Megabytes of the widest record, about, and how often it may be held.
const WIDEST: (u32, f64) = (50, 3.0);

/// One object of 500 MB, plain and compressed, and M's speed beside it.
pub(crate) async fn l(bench: &mut Bench) -> anyhow::Result<()> {
    let megabytes = u64::from(bench.scaled(500));
    let plain = Set::one("l", megabytes);
    let sets = [
        ("plain", plain.clone()),
        ("gzip", Set::one("l-gzip", megabytes).compressed(Compression::Gzip)),
        ("zstd", Set::one("l-zstd", megabytes).compressed(Compression::Zstd)),
    ];
    let m = bench.lake(&bench.sized(Set::m())).await?;
    let work = format!("L, one object of {megabytes} MB");
    let (mut m_speeds, mut l_speeds) = (Vec::new(), Vec::new());
    for (form, set) in sets {
        let lake = bench.lake(&set).await?;
        let bytes = float(lake.inventory.counts.bytes) / 1e6;
        // Memory hardly varies; the speed, which does, is asked of the plain one alone.
        let rounds = if form == "plain" { bench.options.rounds } else { 1 };
        let mut all = Vec::new();
        for round in 0..rounds {
            if form == "plain" {
                let taken = timed(bench, &m, None).await?;
                m_speeds.push(float(m.inventory.counts.bytes) / 1e6 / taken.seconds());
            }
            let taken = timed(bench, &lake, None).await?;
            say(&format!("L {form} round {}: {}", round + 1, told(&taken, bytes)));
            if form == "plain" {
                l_speeds.push(bytes / taken.seconds());
            }
            all.push(taken);
        }
        let memory: Vec<f64> = all.iter().map(Taken::max_rss_mb).collect();
        let limited = limited(bench, &lake).await;
        let note = format!(
            "{}; {limited}",
            all.last().map(|taken| told(taken, bytes)).unwrap_or_default()
        );
        bench.results.judge(
            (&work, &format!("memory, {form}")),
            Target::at_most(30.0, 40.0).in_unit("MB"),
            middle(&memory),
            note,
        );
        bench.write()?;
    }
    let (m, l) = (middle(&m_speeds), middle(&l_speeds));
    bench.results.keep("M beside L", "MB/s", &m_speeds);
    bench.results.keep("L, plain", "MB/s", &l_speeds);
    bench.results.judge(
        (&work, "MB/s of M ÷ MB/s of L"),
        Target::at_most(1.05, 1.2),
        m / l,
        format!("{m:.1} MB/s ÷ {l:.1} MB/s"),
    );
    Ok(())
}

/// The objects that are hard, each once.
pub(crate) async fn odd(bench: &mut Bench) -> anyhow::Result<()> {
    let odd = [
        ("one record of 50 MB", Odd::OneRecord { megabytes: bench.scaled(WIDEST.0) }),
        ("records of one field", Odd::OneField { records: bench.scaled(1_000_000) }),
        ("300 columns", Odd::Wide { records: bench.scaled(5_000), fields: 300 }),
        ("depth 30", Odd::Deep { records: bench.scaled(50_000), depth: 30 }),
    ];
    for (name, odd) in odd {
        let lake = Served::of_odd(&bench.lakes(), odd).await?;
        let is_one = matches!(odd, Odd::OneRecord { .. });
        let widest = if is_one { float(lake.inventory.counts.bytes) / 1e6 } else { 0.0 };
        let name = match odd {
            Odd::OneField { records } => format!("{} {name}", records),
            _ => name.to_owned(),
        };
        let target = Target::at_most(40.0, 40.0 + WIDEST.1 * widest).in_unit("MB");
        if let Err(error) = one(bench, &lake, &name, target).await {
            bench.results.failures.push(format!("{name}: {error:#}"));
        }
        bench.write()?;
    }
    Ok(())
}

/// One object of 5 GB.
pub(crate) async fn huge(bench: &mut Bench) -> anyhow::Result<()> {
    let megabytes = u64::from(bench.scaled(5_000));
    let lake = bench.lake(&Set::one("xl", megabytes)).await?;
    let name = format!("one object of {megabytes} MB");
    one(bench, &lake, &name, Target::at_most(40.0, 40.0).in_unit("MB")).await
}

async fn one(bench: &mut Bench, lake: &Served, name: &str, target: Target) -> anyhow::Result<()> {
    let taken = timed(bench, lake, None).await?;
    let told = told(&taken, float(lake.inventory.counts.bytes) / 1e6);
    say(&format!("{name}: {told}"));
    let limited = limited(bench, lake).await;
    let memory = taken.max_rss_mb();
    bench.results.judge((name, "memory"), target, memory, format!("{told}; {limited}"));
    Ok(())
}

async fn timed(bench: &Bench, lake: &Served, limit_mb: Option<u64>) -> anyhow::Result<Taken> {
    let database = bench.ground.fresh("bench_large").await?;
    let quiet = bench.quiet()?;
    let environment = bench.between(lake, &database.url);
    let load = bench.load_within(&environment, ALL, limit_mb).await?;
    drop(quiet);
    anyhow::ensure!(load.summary["loaded"] == lake.inventory.objects.len(), "{}", load.summary);
    if lake.inventory.counts.checks > 0 {
        ensure_rows(&database, lake.inventory.counts).await?;
    }
    bench.ground.drop(&database).await?;
    Ok(load.taken)
}

/// The same under the limit, in words.
async fn limited(bench: &Bench, lake: &Served) -> String {
    match timed(bench, lake, Some(LIMIT_MB)).await {
        Ok(taken) => format!(
            "within {LIMIT_MB} MB ({}): {:.1} s",
            taken.limited_by.as_deref().unwrap_or("not limited"),
            taken.seconds()
        ),
        Err(error) => format!("**not within {LIMIT_MB} MB**: {error:#}"),
    }
}

fn told(taken: &Taken, megabytes: f64) -> String {
    format!(
        "{:.1} MB in {:.1} s ({:.1} MB/s), {:.0} MB resident",
        megabytes,
        taken.seconds(),
        megabytes / taken.seconds(),
        taken.max_rss_mb()
    )
}
