//! Stage 5: the API changes its shape, and one word of a person joins what it parted.

use embedded::sample_api::{Endpoint, Fault, When};
use jiff::civil::Date;
use load::EndpointRules;

use super::ask::{november, tax};
use super::stage::{SECOND, Stage, everything};
use crate::adoption::adopt;
use crate::commands::schema::{accept, likely};
use crate::output::{count, plural};
use crate::questions;

/// The business dates that are answered by the new release of the API.
pub(super) const NEW_RELEASE: [&str; 2] = ["2026-11-04", "2026-11-05"];
const RENAMED: &str = "/taxation";

pub(super) async fn change_shape(stage: &Stage<'_>) -> anyhow::Result<()> {
    let console = stage.console;
    console.heading("5  Overnight the API changes its shape");
    console.say(
        "The new release calls `taxes` `taxation`, adds `customerFeedback`, leaves `chkNum` out,",
    );
    console.say("writes flags as 0 and 1, and \"N/A\" where a number was. The run of 5 November:");
    release(stage);
    let last = stage.ask_number("SELECT max(id) FROM riacho.changes").await?;
    let fetched = stage.fetch(everything(SECOND)?).await?;
    let handled = stage.settle(fetched.report.written_count).await;
    console.say(&format!(
        "{} fetched. {} loaded; {} answer what they answered the day before: no row was touched.",
        plural(fetched.report.written_count, "objects"),
        count(handled.summary.loaded),
        count(handled.summary.unchanged),
    ));
    console.say("No load stopped. The change log says what was noticed:");
    show_changes(stage, last).await?;
    console
        .say("Columns that were there keep their type; what clashes stands beside, in `…__v_…`.");
    console.say("");
    console
        .say("So every question of stage 4 still runs, word for word. Only the tax of 4 November");
    console.say("is not where it was:");
    let days = november(&[2, 3, 4]);
    stage.answer(&tax(&days)).await?;
    console.say(
        "(Checks of 3 November that were reopened on the 4th count there now: of two versions of",
    );
    console.say("a check the newer one stands, once.)");
    console.say("");
    join(stage, &days).await
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
    let sql = questions::only("kind, what, type", &questions::changes(after));
    let changes = stage.ask(&sql).await?;
    stage.console.sheet(&questions::sheet(&changes));
    Ok(())
}

/// Shows what Riacho suspects, and accepts it.
async fn join(stage: &Stage<'_>, days: &[Date]) -> anyhow::Result<()> {
    let console = stage.console;
    console.say("Riacho has its suspicion, but changes nothing by itself:");
    let open = likely::open(&stage.loader).await?;
    likely::show(&console, &open);
    let Some(likely) = open.iter().find(|likely| likely.new.ends_with(RENAMED)) else {
        anyhow::bail!("no likely rename to {RENAMED} was noticed; run with --fresh");
    };
    console.say("");
    console.say("It is true, so somebody accepts it:");
    console.aside(&format!("  riacho schema accept {}", likely.id));
    let found = stage.loader.database().warehouse().await?.likely_rename(likely.id).await?;
    let Some(found) = found else {
        anyhow::bail!("the likely rename {} is gone; run with --fresh", likely.id);
    };
    let configuration = stage.loader.configuration();
    let rules = EndpointRules::named(configuration, &found.source, &found.endpoint)?;
    let meter = console.meter("objects moved", None);
    let adopted = adopt(&stage.loader, &rules, &found.rename, meter).await?;
    accept::show(&console, &found.rename, &adopted);
    console.say("From now on both names lead to one table, and the tax of 4 November is home:");
    stage.answer(&tax(days)).await
}
