//! `riacho status`: what became of every object that the ledger knows, and what is open.

use clap::Args;
use serde_json::json;

use crate::environment::Environment;
use crate::exit::Exit;
use crate::failures;
use crate::output::{Console, count, plural};
use crate::questions::{self, ask, ask_json};

const SHOWN_MAX: usize = 20;

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
    let exit = if open.is_empty() { Exit::Well } else { Exit::Failures };
    if console.wants_json() {
        let endpoints = ask_json(&loader, questions::ENDPOINTS).await?;
        console.document(&json!({ "endpoints": endpoints, "open": open }))?;
        return Ok(exit);
    }
    let endpoints = questions::sheet(&ask(&loader, questions::ENDPOINTS).await?);
    if endpoints.is_empty() {
        console.say("The ledger is empty: nothing was loaded yet.");
    } else {
        console.sheet(&endpoints);
    }
    if open.is_empty() {
        console.say("\nNo failure is open.");
        return Ok(exit);
    }
    let number = u64::try_from(open.len()).unwrap_or(u64::MAX);
    console
        .heading(&format!("{} open; `riacho replay` tries them again", plural(number, "failures")));
    let mut sheet = failures::sheet(&open);
    let cut = if arguments.all { 0 } else { sheet.truncate(SHOWN_MAX) };
    console.sheet(&sheet);
    if cut > 0 {
        let cut = count(u64::try_from(cut).unwrap_or(u64::MAX));
        console.aside(&format!("  and {cut} more; `riacho status --all` shows them"));
    }
    Ok(exit)
}
