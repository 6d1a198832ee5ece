//! A second run in the same directory: everything comes again, and nothing changes.

use landing::RAW_PREFIX;
use serde_json::json;

use super::account::{self, Account};
use super::failing::{MENDED_SCOPES, one_scope};
use super::stage::{FIRST, SECOND, Stage, THIRD, everything};
use crate::output::{Align, Console, Sheet, count, plural};
use crate::parts::Parts;

/// Keys an event.
const BATCH: usize = 10;

pub(super) async fn run(parts: &Parts, console: Console) -> anyhow::Result<Account> {
    let stage = Stage::open(parts, console).await?;
    stage.introduce();
    let before = stage.row_counts().await?;
    fetch_again(&stage).await?;
    load_again(&stage).await?;
    let after = stage.row_counts().await?;
    compare(&stage, &before, &after);
    let account = account::close(&stage, 5).await?;
    stage.close().await;
    Ok(account)
}

async fn fetch_again(stage: &Stage<'_>) -> anyhow::Result<()> {
    let console = stage.console;
    console.heading("2  Fetch, once more: the same mornings, the same scopes");
    let requests_before = stage.parts.api.requests_served();
    let (mut written, mut skipped) = (0, 0);
    let mut requests = vec![everything(FIRST)?, everything(SECOND)?, everything(THIRD)?];
    for (endpoint, store) in MENDED_SCOPES {
        requests.push(one_scope(endpoint, store)?);
    }
    for request in requests {
        let report = stage.fetch(request).await?.report;
        written += report.written_count;
        skipped += report.skipped;
    }
    let requests = stage.parts.api.requests_served() - requests_before;
    console.say(&format!(
        "{} were there already; {} written, {} sent to the API.",
        plural(skipped, "objects"),
        count(written),
        plural(requests, "requests"),
    ));
    Ok(())
}

async fn load_again(stage: &Stage<'_>) -> anyhow::Result<()> {
    let console = stage.console;
    console.heading("3  Load, once more: every object a second time, in no order");
    let bucket = stage.environment.bucket()?;
    let mut listing = stage.environment.lake.list(bucket, RAW_PREFIX);
    let mut keys = Vec::new();
    while let Some(listed) = listing.next().await? {
        keys.push(listed.key);
    }
    fastrand::shuffle(&mut keys);
    for batch in keys.chunks(BATCH) {
        stage.wiring.tell_load(json!({ "keys": batch }));
    }
    let handled = stage.settle(u64::try_from(keys.len())?).await;
    console.say(&format!(
        "{} named to load; {} found done, {} written.",
        plural(handled.events(), "objects"),
        count(
            handled.summary.already_loaded + handled.summary.unchanged + handled.summary.superseded
        ),
        plural(handled.summary.rows, "rows"),
    ));
    Ok(())
}

fn compare(stage: &Stage<'_>, before: &[(String, u64)], after: &[(String, u64)]) {
    let console = stage.console;
    console.heading("4  The tables, before and after");
    let mut sheet =
        Sheet::new(&[("table", Align::Left), ("before", Align::Right), ("after", Align::Right)]);
    for ((table, before), (_, after)) in before.iter().zip(after) {
        sheet.row([table.clone(), count(*before), count(*after)]);
    }
    console.sheet(&sheet);
    console.say(match before == after {
        true => "The second run changed nothing.",
        false => "THE SECOND RUN CHANGED ROWS. That is a bug; please report it with this output.",
    });
}
