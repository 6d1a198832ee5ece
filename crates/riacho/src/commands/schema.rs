//! `riacho schema`: the tables that records became, their columns, and the changes of shape.

pub(crate) mod accept;
mod apply;
mod diff;
mod index;
pub(crate) mod likely;
mod sql;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::environment::Environment;
use crate::exit::{Exit, Usage};
use crate::output::Console;
use crate::questions::{self, ask, ask_json};

const CHANGES_SHOWN: usize = 20;
/// What fits on a terminal; `--json` has all.
const TABLE_COLUMNS: &str = "\"table\", \"from\", columns, rows_estimate";
const CHANGE_COLUMNS: &str = "at_utc, kind, what, type";

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// The columns of this table or view, pos.guest_checks
    #[arg(value_name = "TABLE", conflicts_with = "changes")]
    table: Option<String>,
    /// The whole change log
    #[arg(long)]
    changes: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print the SQL of the tables that stand, or of what samples would ask for, for review
    Sql(sql::Arguments),
    /// Run a reviewed script of `schema sql` ahead of the data that need it
    Apply(apply::Arguments),
    /// Say what somebody changed in the database by hand, what it means for loads, and the cure
    Diff(diff::Arguments),
    /// Make the indexes that keys ask for and that do not stand, beside running loads
    Index(index::Arguments),
    /// Say that a new name is an old one, and move what landed under it
    Accept(accept::Arguments),
}

pub(crate) async fn run(arguments: Arguments, console: &Console) -> anyhow::Result<Exit> {
    match arguments.command {
        Some(Command::Sql(arguments)) => sql::run(arguments, console).await,
        Some(Command::Apply(arguments)) => apply::run(arguments, console).await,
        Some(Command::Diff(arguments)) => diff::run(arguments, console).await,
        Some(Command::Index(arguments)) => index::run(arguments, console).await,
        Some(Command::Accept(arguments)) => accept::run(arguments, console).await,
        None => show(arguments, console).await,
    }
}

// Which endpoints a command is about. No doc comment: clap would take it for what the command does.
#[derive(Debug, Args)]
struct Meant {
    /// Of this source, or of this endpoint of it, pos.getGuestChecks; without it of all
    #[arg(value_name = "SOURCE[.ENDPOINT]")]
    of: Option<String>,
}

impl Meant {
    fn is(&self, source: &str, endpoint: &str) -> bool {
        let of = self.of.as_deref();
        of.is_none_or(|of| of == source || of == format!("{source}.{endpoint}"))
    }
}

async fn show(arguments: Arguments, console: &Console) -> anyhow::Result<Exit> {
    let loader = Environment::read().await?.loader().await?;
    if let Some(table) = &arguments.table {
        return show_columns(&loader, table, console).await;
    }
    if console.wants_json() {
        let tables = ask_json(&loader, questions::TABLES).await?;
        let views = ask_json(&loader, questions::VIEWS).await?;
        let changes = ask_json(&loader, &questions::changes(0)).await?;
        let likely = likely::open(&loader).await?;
        console.document(&json!({
            "tables": tables, "views": views, "likely_renames": likely, "changes": changes,
        }))?;
        return Ok(Exit::Well);
    }
    if !arguments.changes {
        let tables = questions::sheet(
            &ask(&loader, &questions::only(TABLE_COLUMNS, questions::TABLES)).await?,
        );
        if tables.is_empty() {
            console.say("No tables yet: the first object of an endpoint makes them.");
            return Ok(Exit::Well);
        }
        console.sheet(&tables);
        let views = questions::sheet(&ask(&loader, questions::VIEWS).await?);
        if !views.is_empty() {
            console.heading("Views: what to query where a field has several columns");
            console.sheet(&views);
        }
        likely::show(console, &likely::open(&loader).await?);
        console.heading("Changes of shape, the newest first");
    }
    let mut changes = questions::sheet(
        &ask(&loader, &questions::only(CHANGE_COLUMNS, &questions::changes(0))).await?,
    );
    let cut = if arguments.changes { 0 } else { changes.truncate(CHANGES_SHOWN) };
    console.sheet(&changes);
    if cut > 0 {
        console.aside(&format!("  and {cut} more; `riacho schema --changes` shows all"));
    }
    Ok(Exit::Well)
}

async fn show_columns(
    loader: &load::Loader,
    name: &str,
    console: &Console,
) -> anyhow::Result<Exit> {
    let explain = || Usage(format!("`{name}` is no table's name; write it like pos.guest_checks"));
    let (schema, table) = name.split_once('.').ok_or_else(explain)?;
    let mut question = questions::columns(schema, table);
    let mut columns = questions::sheet(&ask(loader, &question).await?);
    if columns.is_empty() {
        question = questions::view_columns(schema, table);
        columns = questions::sheet(&ask(loader, &question).await?);
    }
    if columns.is_empty() {
        let message =
            format!("there is no table or view `{name}`; `riacho schema` lists those there are");
        return Err(Usage(message).into());
    }
    console.sheet(&columns);
    console.document(&ask_json(loader, &question).await?)?;
    Ok(Exit::Well)
}
