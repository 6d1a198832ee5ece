//! The rows of the table, a file for each kind of work.

mod delay;
mod flame;
mod growth;
mod lag;
mod large;
mod m;
mod peers;
mod sqs;
mod standing;
mod together;
mod xs;

use clap::ValueEnum;

use crate::bench::Bench;
use crate::options::Work;
use crate::progress::say;

/// Measures all that is asked for, and writes the results after each.
pub(crate) async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let options = bench.options.clone();
    for work in Work::value_variants().iter().filter(|work| options.wants(**work)) {
        let done = match work {
            Work::M => m::run(bench).await,
            Work::Sqs => sqs::run(bench).await,
            Work::Xs => xs::run(bench).await,
            Work::L => large::l(bench).await,
            Work::Odd => large::odd(bench).await,
            Work::Together => together::run(bench).await,
            Work::Delay => delay::run(bench).await,
            Work::Standing => standing::run(bench).await,
            Work::Lag => lag::run(bench).await,
            Work::Growth => growth::run(bench).await,
            Work::Flame => flame::run(bench).await,
            Work::Huge => large::huge(bench).await,
            Work::Peers => peers::run(bench).await,
        };
        // The others are worth having whatever became of one.
        if let Err(error) = done {
            say(&format!("{work:?} could not be measured: {error:#}"));
            bench.results.failures.push(format!("{work:?}: {error:#}"));
        }
        bench.write()?;
    }
    Ok(())
}
