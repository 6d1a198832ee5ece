//! `riacho status`: what became of every object that the ledger knows, and what is open.

use clap::Args;
use load::Loader;
use serde_json::json;

use crate::environment::Environment;
use crate::exit::Exit;
use crate::failures;
use crate::output::{Console, count, plural};
use crate::questions::{self, ask, ask_json};

const SHOWN_MAX: usize = 20;
/// What fits on a terminal; `--json` has all.
const COLUMNS: &str =
    "source || ' ' || endpoint AS endpoint, loaded, unchanged, superseded, failed,
    records, last_load_utc";

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// List every open failure, not only the first
    #[arg(long)]
    all: bool,
}

pub(crate) async fn run(arguments: Arguments, console: &Console) -> anyhow::Result<Exit> {
    let environment = Environment::read().await?;
    let loader = environment.loader().await?;
    let open = failures::open(&environment).await?;
    let failed = failed_in_ledger(&loader).await?;
    let exit = if open.is_empty() && failed == 0 { Exit::Well } else { Exit::Failures };
    if console.wants_json() {
        let endpoints = ask_json(&loader, questions::ENDPOINTS).await?;
        console.document(
            &json!({ "endpoints": endpoints, "open": open, "failed_in_ledger": failed }),
        )?;
        return Ok(exit);
    }
    let endpoints =
        questions::sheet(&ask(&loader, &questions::only(COLUMNS, questions::ENDPOINTS)).await?);
    if endpoints.is_empty() {
        console.say("The ledger is empty: nothing was loaded yet.");
    } else {
        console.sheet(&endpoints);
    }
    let number = u64::try_from(open.len()).unwrap_or(u64::MAX);
    if failed > number {
        console.say(&format!(
            "\nThe ledger knows of {}, the manifest of {}; it follows within moments, or with its next run.",
            plural(failed, "failures"),
            count(number),
        ));
    }
    if open.is_empty() {
        if failed == 0 {
            console.say("\nNo failure is open.");
        }
        return Ok(exit);
    }
    console.heading(&format!("{} open; `riacho replay` tries again", plural(number, "failures")));
    let mut sheet = failures::sheet(&open);
    let cut = if arguments.all { 0 } else { sheet.truncate(SHOWN_MAX) };
    console.sheet(&sheet);
    if cut > 0 {
        let cut = count(u64::try_from(cut).unwrap_or(u64::MAX));
        console.aside(&format!("  and {cut} more; `riacho status --all` shows them"));
    }
    Ok(exit)
}

async fn failed_in_ledger(loader: &Loader) -> anyhow::Result<u64> {
    let answer = ask(loader, questions::FAILED).await?;
    let number = answer.rows.into_iter().flatten().flatten().next();
    Ok(number.unwrap_or_default().parse()?)
}
