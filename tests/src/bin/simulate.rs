//! Runs the fault simulator: `simulate --seeds 1000 --from 0 --at-once 4 --report FILE`.
//! Prints every seed that fails, with all that happened in it; `--tell` prints the others too, `--stop`
//! ends with the first.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Instant;

use futures::StreamExt;
use tests::simulator::{Report, simulate_all};

#[tokio::main]
async fn main() -> ExitCode {
    let options = options();
    let number =
        |name: &str, default: u64| options.get(name).map_or(default, |text| text.parse().unwrap());
    let (from, seeds) = (number("--from", 0), number("--seeds", 100));
    let at_once = usize::try_from(number("--at-once", 4)).unwrap();
    let is_telling = options.contains_key("--tell");
    let began = Instant::now();
    let mut report = Report::default();
    let mut runs = std::pin::pin!(simulate_all(from..from + seeds, at_once));
    while let Some(run) = runs.next().await {
        if is_telling || !run.violations.is_empty() {
            println!("{}", run.told());
        }
        report.add(&run);
        if options.contains_key("--stop") && !run.violations.is_empty() {
            break;
        }
    }
    println!(
        "{} runs in {:.0?}; with violations: {:?}",
        report.runs,
        began.elapsed(),
        report.failed
    );
    if let Some(path) = options.get("--report") {
        std::fs::write(path, report.page()).unwrap();
    }
    if report.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// `--name value`, and `--name` alone.
fn options() -> BTreeMap<String, String> {
    let mut options = BTreeMap::new();
    let mut words = std::env::args().skip(1).peekable();
    while let Some(name) = words.next() {
        let value = words.next_if(|word| !word.starts_with("--")).unwrap_or_default();
        options.insert(name, value);
    }
    options
}
