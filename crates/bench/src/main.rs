//! The benchmark: wiring only. What is measured stands under `works`.

mod bench;
mod copying;
mod cost;
mod flame;
mod ground;
mod lakes;
mod limit;
mod machine;
mod measuring;
mod numbers;
mod options;
mod picture;
mod progress;
mod proxy;
mod report;
mod serving;
mod sets;
mod works;

use std::io::Write;

use clap::Parser;

use crate::bench::Bench;
use crate::options::{Cli, Hidden, Options};

fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    // Without a runtime: what this process holds counts as the measured one's.
    if let Some(Hidden::Measure(arguments)) = &cli.hidden {
        return measuring::measure(arguments);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match cli.hidden {
            Some(Hidden::Serve { dir }) => serving::serve(&dir).await,
            Some(Hidden::Measure(_)) | None => run(cli.options).await,
        }
    })
}

async fn run(options: Options) -> anyhow::Result<()> {
    let mut bench = Bench::start(options).await?;
    works::run(&mut bench).await?;
    writeln!(std::io::stdout().lock(), "{}", bench.results.page())?;
    bench.ground.stop().await;
    Ok(())
}
