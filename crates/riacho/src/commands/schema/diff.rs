//! `riacho schema diff`: what somebody changed by hand, what it means for loads, and the cure.

use clap::Args;
use serde_json::json;

use crate::commands::schema::Meant;
use crate::environment::Environment;
use crate::exit::Exit;
use crate::output::{Align, Console, Sheet};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    meant: Meant,
}

pub(crate) async fn run(arguments: Arguments, console: &Console) -> anyhow::Result<Exit> {
    let loader = Environment::read().await?.loader().await?;
    let found = loader.drift(|source, endpoint| arguments.meant.is(source, endpoint)).await?;
    let differs = found.iter().any(|difference| !difference.is_note);
    if found.is_empty() {
        console.say("Every table is as the catalog has it.");
    } else {
        let headings = ["table", "what", "means", "cure"].map(|heading| (heading, Align::Left));
        let mut sheet = Sheet::new(&headings);
        for one in &found {
            sheet.row([&one.table, &one.what, &one.meaning, &one.cure].map(String::clone));
        }
        console.sheet(&sheet);
    }
    console.document(&json!({ "differences": found }))?;
    Ok(if differs { Exit::Failures } else { Exit::Well })
}
