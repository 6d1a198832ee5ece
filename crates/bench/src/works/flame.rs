//! Where the CPU of M's first load goes, as a flame graph. Needs `perf`, and programs that still
//! have their symbols: `make flame` builds such ones.

use std::process::Stdio;

use anyhow::{Context, ensure};
use tokio::process::Command;

use crate::bench::{ALL, Bench};
use crate::flame::Frame;
use crate::progress::say;
use crate::sets::Set;

/// Odd, so that it keeps no step with whatever happens every millisecond.
const TIMES_A_SECOND: &str = "997";

pub(crate) async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let lake = bench.lake(&bench.sized(Set::m())).await?;
    let database = bench.ground.fresh("bench_flame").await?;
    let environment = bench.between(&lake, &database.url);
    let data = bench.dir.join("perf.data");
    let quiet = bench.quiet()?;
    let recorded = Command::new("perf")
        .args(["record", "--quiet", "-e", "cpu-clock", "-F", TIMES_A_SECOND])
        .args(["--call-graph", "fp", "-o"])
        .arg(&data)
        .arg("--")
        .arg(bench.program("riacho")?)
        .args(["--json", "load", "--prefix", ALL])
        .envs(&environment)
        .stdin(Stdio::null())
        .output()
        .await
        .context("a flame graph needs `perf`")?;
    drop(quiet);
    let said = String::from_utf8_lossy(&recorded.stderr);
    ensure!(recorded.status.success(), "perf could not record: {said}");
    let script = Command::new("perf")
        .args(["script", "-F", "comm,ip,sym", "-i"])
        .arg(&data)
        .stdin(Stdio::null())
        .output()
        .await?;
    ensure!(script.status.success(), "{}", String::from_utf8_lossy(&script.stderr));
    let root = Frame::read(&String::from_utf8_lossy(&script.stdout));
    let picture = bench.dir.join("flame.svg");
    std::fs::write(&picture, root.draw("riacho load, M, first load: CPU of the process"))?;
    say(&format!("the flame graph is in {}", picture.display()));
    bench.ground.drop(&database).await
}
