//! `riacho rebuild`: loads a source's objects once more beside its tables, shows what differs, and puts
//! it in place.

use clap::Args;
use serde_json::{Value, json};
use warehouse::{Comparison, Left, Swapped, TableDifference};

use crate::environment::Environment;
use crate::exit::Exit;
use crate::loading::Tally;
use crate::output::{Align, Console, Sheet, count, plural};
use crate::rebuilding::{Reached, Rebuilding, endpoints};

/// Objects that are named where rows would be lost; `--json` has up to a hundred.
const LOST_SHOWN: usize = 10;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The source
    #[arg(value_name = "SOURCE")]
    source: String,
    /// This endpoint of it only; may be given more than once
    #[arg(long = "endpoint", value_name = "ENDPOINT")]
    endpoints: Vec<String>,
    /// Put what was rebuilt in place; without it, only say what would change
    #[arg(long)]
    yes: bool,
    /// Let rows go whose objects can't be loaded again
    #[arg(long, requires = "yes")]
    lose: bool,
    /// Drop what an earlier run rebuilt, and begin anew
    #[arg(long)]
    restart: bool,
    /// Drop what earlier runs rebuilt, and do no more
    #[arg(long, conflicts_with_all = ["yes", "restart"])]
    discard: bool,
}

/// What it came to.
struct Outcome {
    went_on: bool,
    left: Left,
    /// Whether loads left no moment for the swap.
    waits: bool,
    comparison: Option<Comparison>,
    swapped: Option<Swapped>,
    tally: Tally,
}

pub(crate) async fn run(arguments: Arguments, console: &Console) -> anyhow::Result<Exit> {
    let environment = Environment::read().await?;
    let loader = environment.loader().await?;
    let source = &arguments.source;
    let endpoints = endpoints(&environment, &loader, source, &arguments.endpoints).await?;
    let meter = console.meter("objects replayed", None);
    let rebuilding = Rebuilding::new(&environment, source, &endpoints, meter).await?;
    if arguments.discard {
        rebuilding.discard().await?;
        console.say(&format!("Nothing is left of a rebuild of {}.", rebuilding.rebuild));
        console
            .document(&json!({ "source": source, "endpoints": endpoints, "discarded": true }))?;
        return Ok(Exit::Well);
    }
    let schema = rebuilding.rebuild.schema();
    let outcome = go(&arguments, rebuilding).await?;
    console.document(&document(&arguments, &endpoints, &schema, &outcome))?;
    if !console.wants_json() {
        show(console, &arguments, &schema, &outcome);
    }
    Ok(exit(&outcome))
}

async fn go(arguments: &Arguments, rebuilding: Rebuilding<'_>) -> anyhow::Result<Outcome> {
    if arguments.restart {
        rebuilding.discard().await?;
    }
    let went_on = rebuilding.begin().await?;
    let (mut left, mut waits) = (Left::default(), false);
    let (mut comparison, mut swapped) = (None, None);
    match rebuilding.compare().await? {
        Reached::Unfinished(objects) => left = objects,
        Reached::Compared(found) => {
            if !found.differs() {
                rebuilding.discard().await?;
            } else if arguments.yes && (found.lost_count == 0 || arguments.lose) {
                swapped = rebuilding.swap(arguments.lose).await?;
                waits = swapped.is_none();
                left = if waits { rebuilding.left().await? } else { left };
            }
            comparison = Some(found);
        }
    }
    Ok(Outcome { went_on, left, waits, comparison, swapped, tally: rebuilding.finish() })
}

fn exit(outcome: &Outcome) -> Exit {
    match (&outcome.comparison, &outcome.swapped) {
        (None, _) => Exit::Transient,
        (Some(_), None) if outcome.waits => Exit::Transient,
        (Some(found), None) if found.differs() => Exit::Failures,
        (Some(_), _) => Exit::Well,
    }
}

fn show(console: &Console, arguments: &Arguments, schema: &str, outcome: &Outcome) {
    if outcome.went_on {
        console.aside("went on with the rebuild that was begun before");
    }
    console.say(&super::load::describe(&outcome.tally.summary));
    super::load::show_troubles(console, &outcome.tally);
    if outcome.left.all() > 0 {
        let left = plural(outcome.left.all(), "objects");
        console.say(&format!("{left} are still to be loaded; run the same command again."));
    } else if outcome.waits {
        console.say("Loads left no moment to swap; run the same command again.");
    }
    let Some(found) = &outcome.comparison else { return };
    console.say("");
    console.sheet(&tables(found));
    if !found.differs() {
        console.say("\nNothing differs: the tables hold what the lake says. Nothing was changed.");
        return;
    }
    show_rows(console, found);
    if let Some(swapped) = &outcome.swapped {
        console.say(&format!(
            "\nThe rebuilt rows are in place: {} went, {} came.",
            plural(swapped.gone, "rows"),
            plural(swapped.come, "rows")
        ));
        return;
    }
    show_lost(console, found);
    if !arguments.yes && found.lost_count == 0 {
        console.say(&format!(
            "\nNothing was changed. --yes puts the rebuilt rows in place; until then they stand in \
             schema {schema} (--discard drops it)."
        ));
    }
}

fn tables(found: &Comparison) -> Sheet {
    let mut sheet = Sheet::new(&[
        ("table", Align::Left),
        ("endpoint", Align::Left),
        ("rows now", Align::Right),
        ("rebuilt", Align::Right),
        ("would go", Align::Right),
        ("would come", Align::Right),
        ("new columns", Align::Left),
    ]);
    let is_told = |table: &&TableDifference| table.is_any() || !is_ledger(table);
    for table in found.tables.iter().filter(is_told) {
        let numbers = [table.live, table.rebuilt, table.gone, table.come].map(count);
        let mut cells = vec![table.table.clone(), table.endpoint.clone()];
        cells.extend(numbers);
        cells.push(table.new_columns.join(", "));
        sheet.row(cells);
    }
    sheet
}

/// Whether it is about what the ledger says, and no table of the source's.
fn is_ledger(table: &TableDifference) -> bool {
    table.table.starts_with("riacho.")
}

/// The first rows that differ, by the names that `riacho explain` takes.
fn show_rows(console: &Console, found: &Comparison) {
    let mut sheet = Sheet::new(&["table", "", "object, row"].map(|name| (name, Align::Left)));
    for table in found.tables.iter().filter(|table| !is_ledger(table)) {
        let TableDifference { table, gone_rows, come_rows, .. } = table;
        for (rows, what) in [(gone_rows, "would go"), (come_rows, "would come")] {
            if !rows.is_empty() {
                sheet.row([table.as_str(), what, &rows.join("; ")]);
            }
        }
    }
    if !sheet.is_empty() {
        console.heading("first rows that differ");
        console.sheet(&sheet);
    }
}

fn show_lost(console: &Console, found: &Comparison) {
    if found.lost_count == 0 {
        return;
    }
    console.heading("objects whose rows stand and that can't be loaded again");
    let mut sheet = Sheet::without_headings(1);
    for key in &found.lost {
        sheet.row([key]);
    }
    sheet.truncate(LOST_SHOWN);
    console.sheet(&sheet);
    console.say(&format!(
        "The rows of {} would be lost: put them back, or say --yes --lose.",
        plural(found.lost_count, "objects")
    ));
}

fn document(arguments: &Arguments, endpoints: &[String], schema: &str, outcome: &Outcome) -> Value {
    let Outcome { went_on, left, comparison, swapped, tally, .. } = outcome;
    let tables = comparison.iter().flat_map(|found| &found.tables).map(|table| {
        json!({
            "endpoint": table.endpoint, "table": table.table, "differs": table.is_any(),
            "rows": table.live, "rebuilt": table.rebuilt, "gone": table.gone, "come": table.come,
            "gone_rows": table.gone_rows, "come_rows": table.come_rows,
            "new_columns": table.new_columns,
        })
    });
    let lost = comparison.as_ref();
    json!({
        "source": arguments.source, "endpoints": endpoints, "schema": schema, "went_on": went_on,
        "left": left.all(), "differs": comparison.as_ref().map(Comparison::differs),
        "tables": tables.collect::<Vec<_>>(),
        "lost": lost.map_or(0, |found| found.lost_count),
        "lost_objects": lost.map(|found| &found.lost),
        "swapped": swapped.as_ref().map(|swapped| json!({
            "gone": swapped.gone, "come": swapped.come, "failed": swapped.failed,
            "resolved": swapped.resolved.iter().map(|(_, key)| key).collect::<Vec<_>>(),
        })),
        "summary": tally.summary, "troubles": tally.troubles,
    })
}
