//! `riacho schema apply`: runs a table script that was reviewed, and lets the catalog know.

use std::io::Read;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::environment::Environment;
use crate::exit::{Exit, Usage};
use crate::output::{Console, plural};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// What `riacho schema sql` wrote and a person reviewed; - reads it from stdin
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(crate) async fn run(arguments: Arguments, console: &Console) -> anyhow::Result<Exit> {
    let text = read(&arguments.file)?;
    let loader = Environment::read().await?.loader().await?;
    let applied = loader.apply_table_script(&text).await?;
    let parts = [
        (applied.tables, "new tables"),
        (applied.columns, "new columns"),
        (applied.widened, "widened columns"),
    ];
    let told = parts.into_iter().map(|(count, what)| plural(count as u64, what));
    console.say(&format!("Applied: {}", told.collect::<Vec<_>>().join(", ")));
    console.document(&json!({
        "tables": applied.tables, "columns": applied.columns, "widened": applied.widened,
    }))?;
    Ok(Exit::Well)
}

fn read(file: &PathBuf) -> Result<String, Usage> {
    let text = if file.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(file)
    };
    text.map_err(|error| Usage(format!("{} can't be read: {error}", file.display())))
}
