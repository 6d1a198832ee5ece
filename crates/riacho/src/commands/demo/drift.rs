//! Stage 5: the API changes its shape, and one line of configuration joins what it parted.

use embedded::sample_api::{Endpoint, Fault, When};
use warehouse::Answer;

use super::ask::{Answers, REVENUE, TAX};
use super::stage::{SECOND, Stage, everything};
use crate::output::{Console, count, plural};
use crate::questions;

/// The business dates that are answered by the new release of the API.
pub(super) const NEW_RELEASE: [&str; 2] = ["2026-11-04", "2026-11-05"];
const RENAME_OFF: &str = "# renames = { \"/taxation\" = \"/taxes\" }";
const RENAME_ON: &str = "renames = { \"/taxation\" = \"/taxes\" }";
const NEW_CHECKS: &str =
    "raw/source=pos/endpoint=getGuestChecks/busDt=2026-11-04/";

pub(super) async fn change_shape<'a>(
    stage: Stage<'a>,
    before: &Answers,
) -> anyhow::Result<Stage<'a>> {
    let console = stage.console;
    console.heading("5  Overnight the API changes its shape");
    console.say("The new release calls `taxes` `taxation`, adds `customerFeedback`, leaves `chkNum` out,");
    console.say("writes flags as 0 and 1, and once \"N/A\" for a number. The next morning's run:");
    release(&stage);
    let last = stage.ask_number("SELECT max(id) FROM riacho.changes").await?;
    let fetched = stage.fetch(everything(SECOND)?).await?;
    let handled = stage.settle(fetched.report.written_count).await;
    console.say(&format!(
        "{} fetched: {} loaded; {} have the bytes of the day before, so nothing was written.",
        plural(fetched.report.written_count, "objects"),
        count(handled.summary.loaded),
        count(handled.summary.unchanged),
    ));
    console.say("No load stopped. What was noticed, from the change log:");
    show_changes(&stage, last).await?;
    yesterday(&stage, before).await?;
    join(stage).await
}

/// The API's new release answers for these business dates.
pub(super) fn release(stage: &Stage<'_>) {
    let faults = [
        Fault::RenamedTaxes,
        Fault::UnknownField,
        Fault::MissingFields,
        Fault::NumericFlags,
        Fault::NotANumber,
    ];
    for date in NEW_RELEASE {
        for fault in faults.clone() {
            let when = When {
                endpoint: Some(Endpoint::GuestChecks),
                bus_dt: Some(date.to_owned()),
                ..When::default()
            };
            stage.parts.api.misbehave(fault, when);
        }
    }
}

async fn show_changes(stage: &Stage<'_>, after: u64) -> anyhow::Result<()> {
    let sql = format!(
        "SELECT kind, what, \"from\", type FROM ({}) changes",
        questions::changes(after)
    );
    let changes = stage.ask(&sql).await?;
    stage.console.sheet(&questions::sheet(&changes));
    Ok(())
}

/// The questions of stage 4, word for word.
async fn yesterday(stage: &Stage<'_>, before: &Answers) -> anyhow::Result<()> {
    let revenue = stage.ask(REVENUE).await?;
    let tax = stage.ask(TAX).await?;
    say_whether(stage.console, "revenue", &before.revenue, &revenue);
    say_whether(stage.console, "tax", &before.tax, &tax);
    Ok(())
}

fn say_whether(console: Console, what: &str, before: &Answer, now: &Answer) {
    console.say(&format!("{what}: {}", before == now));
}

/// Declares the rename and loads the renamed objects again.
async fn join<'a>(stage: Stage<'a>) -> anyhow::Result<Stage<'a>> {
    let console = stage.console;
    let stage = stage.reconfigure(RENAME_OFF, RENAME_ON).await?;
    console.say("");
    console.say("One line of configuration says that the new name is the old one:");
    console.aside(&format!("  {RENAME_ON}"));
    let replayed = super::failing::replay(&stage, serde_json::json!({ "prefix": NEW_CHECKS, "force": true })).await?;
    console.say(&format!("{replayed:?}"));
    stage.show(TAX).await?;
    Ok(stage)
}
