//! `riacho schema index`: makes the indexes that keys ask for and that do not stand, beside running
//! loads.

use clap::Args;
use serde_json::json;

use crate::commands::schema::Meant;
use crate::environment::Environment;
use crate::exit::Exit;
use crate::output::Console;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    meant: Meant,
}

pub(crate) async fn run(arguments: Arguments, console: &Console) -> anyhow::Result<Exit> {
    let loader = Environment::read().await?.loader().await?;
    let made = loader.make_indexes(|source, endpoint| arguments.meant.is(source, endpoint)).await?;
    if made.is_empty() {
        console.say("Every index that a key asks for stands.");
    }
    let mut exit = Exit::Well;
    for index in &made {
        let (table, columns) = (&index.table, &index.columns);
        if index.clashing_keys.is_empty() {
            console.say(&format!("made the index on ({columns}) of {table}"));
            continue;
        }
        exit = Exit::Failures;
        console.say(&format!(
            "no index on ({columns}) of {table}: rows that stand have the same key, {}; drop the \
             table and load the endpoint's objects again with --force",
            index.clashing_keys.join("; ")
        ));
    }
    let of_json = made.iter().map(|index| {
        json!({
            "table": index.table, "columns": index.columns, "clashing_keys": index.clashing_keys,
        })
    });
    console.document(&json!({ "indexes": of_json.collect::<Vec<_>>() }))?;
    Ok(exit)
}
