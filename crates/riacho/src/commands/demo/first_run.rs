//! Stages 2 and 3: the first run of fetch, and load by S3's events.

use embedded::sample_api::{Fault, When};

use landing::{ObjectKey, RawLocation};

use super::stage::{FIRST, Stage, everything};
use crate::output::{Align, Sheet, count, plural, seconds};

/// A name that no key could hold as it is.
const STORE: &str = "99 CB/CB";
/// Requests that the API turns away at first.
const TURNED_AWAY: u32 = 3;

pub(super) async fn fetch_and_load(stage: &Stage<'_>) -> anyhow::Result<()> {
    let console = stage.console;
    console.heading("2  Fetch: what the API answers goes to S3, byte for byte");
    console.say("The morning of 4 November: 5 endpoints, 6 stores, the last 3 business dates.");
    let api = &stage.parts.api;
    api.misbehave(
        Fault::TooManyRequests { retry_after_s: 1, as_date: false },
        When::times(TURNED_AWAY),
    );
    let requests_before = api.requests_served();
    let started = std::time::Instant::now();
    let fetched = stage.fetch(everything(FIRST)?).await?;
    let elapsed = started.elapsed();
    let requests = api.requests_served() - requests_before;
    console.sheet(&fetched.sheet());
    console.say(&format!(
        "{} in {}: {TURNED_AWAY} times the API said \"429 Too Many Requests\", and fetch waited as asked.",
        plural(requests, "requests"),
        seconds(elapsed),
    ));
    let of_store = |key: &&ObjectKey| key.as_str().contains("getGuestChecks") && is_of(key, STORE);
    if let Some(key) = fetched.report.written.iter().find(of_store) {
        console.say(&format!("One of the objects, of the store \"{STORE}\":"));
        console.aside(&format!("  {key}"));
    }
    load(stage, fetched.report.written_count).await
}

fn is_of(key: &ObjectKey, store: &str) -> bool {
    let location = RawLocation::parse(key);
    location.is_ok_and(|location| location.scope.0.iter().any(|(_, value)| value == store))
}

async fn load(stage: &Stage<'_>, objects: u64) -> anyhow::Result<()> {
    let console = stage.console;
    console.heading("3  Load: every put is an event, every object one transaction");
    let handled = stage.settle(objects).await;
    let mut sheet = Sheet::new(&[("table", Align::Left), ("rows", Align::Right)]);
    let counts = stage.row_counts().await?;
    for (table, rows) in &counts {
        sheet.row([table.clone(), count(*rows)]);
    }
    console.sheet(&sheet);
    console.say(&format!(
        "{} for {}: {} came twice, as S3 allows itself, and found the work done.",
        plural(handled.events(), "events"),
        plural(objects, "objects"),
        count(handled.summary.already_loaded),
    ));
    console.say(&format!(
        "Nobody declared a table or a column. Half of the objects took under {}, the slowest {}.",
        seconds(handled.median()),
        seconds(handled.slowest()),
    ));
    Ok(())
}
