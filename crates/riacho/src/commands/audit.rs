//! `riacho audit`: the proof. Expected, landed, loaded, standing; every difference with its cure.

use clap::Args;
use fetch::FetchRequest;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::auditing::{self, Counts, Scope, Tally};
use crate::commands::fetch::partitions;
use crate::environment::Environment;
use crate::exit::Exit;
use crate::output::{Align, Console, Sheet, count, plural, seconds};

const SHOWN_MAX: usize = 20;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// This source only
    #[arg(long)]
    source: Option<String>,
    /// This endpoint only; may be given more than once
    #[arg(long = "endpoint", value_name = "ENDPOINT")]
    endpoints: Vec<String>,
    /// Expect these partition values instead of the configured window: storeId=1, or
    /// busDt=2026-11-01..2026-11-03; may be given more than once
    #[arg(long = "partition", value_name = "NAME=VALUE")]
    partitions: Vec<String>,
    /// Count apart by the values of this partition
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// What landed within so many minutes counts as under way: events are late at times, and retries
    /// take theirs
    #[arg(long, value_name = "MINUTES", default_value_t = 15)]
    grace: u32,
    /// List every difference, not only the first
    #[arg(long)]
    all: bool,
}

pub(crate) async fn run(arguments: Arguments, console: &Console) -> anyhow::Result<Exit> {
    let request = FetchRequest {
        source: arguments.source,
        endpoints: arguments.endpoints,
        partitions: partitions(&arguments.partitions)?,
        time: Timestamp::now(),
    };
    let environment = Environment::read().await?;
    let grace = SignedDuration::from_mins(arguments.grace.into());
    let meter = console.meter("objects compared", None);
    let scope = Scope { request, by: arguments.by, grace };
    let tally = auditing::audit(&environment, &scope, &meter).await?;
    let elapsed = meter.elapsed();
    drop(meter);
    show(console, &tally, arguments.all);
    console.aside(&format!("audited in {}", seconds(elapsed)));
    console.document(&document(&tally))?;
    Ok(if tally.differing == 0 { Exit::Well } else { Exit::Failures })
}

fn show(console: &Console, tally: &Tally, all: bool) {
    let headings = [
        ("endpoint", Align::Left),
        ("", Align::Left),
        ("scopes expected", Align::Right),
        ("missing", Align::Right),
        ("objects landed", Align::Right),
        ("loaded", Align::Right),
        ("unchanged", Align::Right),
        ("superseded", Align::Right),
        ("failed", Align::Right),
        ("under way", Align::Right),
        ("rows", Align::Right),
        ("differences", Align::Right),
    ];
    let mut sheet = Sheet::new(&headings);
    let mut rows = tally.rows.clone();
    for ((endpoint, value), counts) in &tally.groups {
        // Rows are counted by table: once, beside the endpoint's first line.
        let rows = rows.remove(endpoint).map(count).unwrap_or_default();
        let mut cells = vec![endpoint.clone(), value.clone()];
        cells.extend(numbers(counts).map(count));
        cells.extend([rows, count(counts.differences)]);
        sheet.row(cells);
    }
    console.sheet(&sheet);
    if tally.differing == 0 {
        console.say("\nAll agrees: nothing is missing, and nothing stands that should not.");
        return;
    }
    console.heading(&plural(tally.differing, "differences"));
    let mut sheet = Sheet::new(&["kind", "what", "detail", "cure"].map(|name| (name, Align::Left)));
    for difference in &tally.differences {
        let kind = difference.kind.replace('_', " ");
        sheet.row([&kind, &difference.what, &difference.detail, &difference.cure]);
    }
    if !all {
        sheet.truncate(SHOWN_MAX);
    }
    console.sheet(&sheet);
    let shown = if all { tally.differences.len() } else { SHOWN_MAX };
    let more = tally.differing.saturating_sub(shown as u64);
    if more > 0 {
        console.aside(&format!("  and {} more; --all lists them, up to 10,000", count(more)));
    }
}

fn numbers(counts: &Counts) -> [u64; 8] {
    let Counts { expected_scopes, missing_scopes, landed, loaded, unchanged, .. } = counts;
    let Counts { superseded, failed, under_way, .. } = counts;
    [
        *expected_scopes,
        *missing_scopes,
        *landed,
        *loaded,
        *unchanged,
        *superseded,
        *failed,
        *under_way,
    ]
}

fn document(tally: &Tally) -> serde_json::Value {
    let groups = tally.groups.iter().map(|((endpoint, value), counts)| {
        json!({ "endpoint": endpoint, "partition": value, "counts": counts })
    });
    json!({
        "agrees": tally.differing == 0, "groups": groups.collect::<Vec<_>>(), "rows": tally.rows,
        "differences_count": tally.differing, "differences": tally.differences,
    })
}
