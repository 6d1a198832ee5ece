//! Stages 6 and 7: what fails is listed with its reason, and comes in once its cause is mended.

use std::collections::BTreeMap;

use embedded::sample_api::{Endpoint, Fault, When};
use fetch::{FetchRequest, Selection};
use landing::ErrorLog;
use load::{Deadline, Run, Summary};
use manifest::Manifest;
use manifest::event::{Replay, Selection as Open};

use super::drift::release;
use super::stage::{MENDED, Stage, THIRD, everything};
use crate::failures;
use crate::loading::Observer;
use crate::output::{Align, Sheet, count, plural};

const RECORDS: &str = "records = \"/chargeBacks\"";
const RECORDS_MISTYPED: &str = "records = \"/chargebacks\"";
const DATE: &str = "2026-11-05";
const PAGE_STORE: &str = "0042";
const HALF_STORE: &str = "São José";
/// Fetched once more.
pub(super) const MENDED_SCOPES: [(&str, &str); 2] =
    [("getGuestChecks", PAGE_STORE), ("getTransactions", HALF_STORE)];

pub(super) async fn fail(stage: &mut Stage<'_>) -> anyhow::Result<()> {
    let console = stage.console;
    console.heading("6  The third morning, three things go wrong");
    console.say(
        "For one store the API answers a web page, with status 200; for another, half a document.",
    );
    console.say(&format!("And somebody mistyped the configuration: {RECORDS_MISTYPED}"));
    stage.reconfigure(RECORDS, RECORDS_MISTYPED).await?;
    misbehave(stage, Fault::HtmlPage, Endpoint::GuestChecks, PAGE_STORE);
    misbehave(stage, Fault::TruncatedJson, Endpoint::Transactions, HALF_STORE);
    let fetched = stage.fetch(everything(THIRD)?).await?;
    let handled = stage.settle(fetched.report.written_count).await;
    console.say(&format!(
        "{} fetched: {} loaded, {} unchanged, {} failed. No other object waited for them.",
        plural(fetched.report.written_count, "objects"),
        count(handled.summary.loaded),
        count(handled.summary.unchanged),
        count(handled.summary.failed),
    ));
    console.say("The manifest, manifests/open.jsonl, lists them with reason and place:");
    show_open(stage, &failures::open(&stage.environment).await?);
    Ok(())
}

fn misbehave(stage: &Stage<'_>, fault: Fault, endpoint: Endpoint, store: &str) {
    let when = When {
        endpoint: Some(endpoint),
        store: Some(store.to_owned()),
        bus_dt: Some(DATE.to_owned()),
        ..When::default()
    };
    stage.parts.api.misbehave(fault, when);
}

/// One row a kind, with the first object of it.
fn show_open(stage: &Stage<'_>, open: &[ErrorLog]) {
    let mut kinds = BTreeMap::<&str, Vec<&ErrorLog>>::new();
    for log in open {
        kinds.entry(&log.kind).or_default().push(log);
    }
    let mut sheet = Sheet::new(&[
        ("kind", Align::Left),
        ("keys", Align::Right),
        ("the first of them", Align::Left),
    ]);
    for (kind, logs) in kinds {
        if let Some(first) = logs.first() {
            let number = u64::try_from(logs.len()).unwrap_or(u64::MAX);
            let what = format!("{}\n{}", failures::short(&first.key), first.message);
            sheet.row([kind.to_owned(), count(number), what]);
        }
    }
    stage.console.sheet(&sheet);
}

pub(super) async fn mend(stage: &mut Stage<'_>) -> anyhow::Result<()> {
    let console = stage.console;
    console.heading("7  Mended, and replayed");
    stage.parts.api.mend();
    release(stage);
    stage.reconfigure(RECORDS_MISTYPED, RECORDS).await?;
    console
        .say("The typing error is put right. The API answers again, so the two scopes are fetched");
    console.say("once more: new objects, for what was answered before stays as it was.");
    let mut written = 0;
    for (endpoint, store) in MENDED_SCOPES {
        written += stage.fetch(one_scope(endpoint, store)?).await?.report.written_count;
    }
    let handled = stage.settle(written).await;
    let left = failures::open(&stage.environment).await?.len();
    console.say(&format!(
        "{} fetched, {} loaded. They supersede those that failed: {left} lines are left.",
        plural(written, "objects"),
        count(handled.summary.loaded),
    ));
    console.say("The others stand in S3 as they were, and only have to be loaded again:");
    console.aside("  riacho replay --kind records_missing");
    let wanted = Replay { selection: Open::Kind("records_missing".to_owned()), force: false };
    let summary = replay(stage, &wanted).await?;
    let left = failures::open(&stage.environment).await?.len();
    console.say(&match left {
        0 => format!("{} loaded. The manifest is empty.", plural(summary.loaded, "objects")),
        _ => format!("{} loaded; {left} lines are left.", plural(summary.loaded, "objects")),
    });
    Ok(())
}

pub(super) fn one_scope(endpoint: &str, store: &str) -> anyhow::Result<FetchRequest> {
    let mut request = everything(MENDED)?;
    request.endpoints.push(endpoint.to_owned());
    let values = [("busDt", DATE), ("storeId", store)];
    let selected =
        values.map(|(name, value)| (name.to_owned(), Selection::Values(vec![value.to_owned()])));
    request.partitions.extend(selected);
    Ok(request)
}

/// Replays as `riacho replay` and the manifest's function do.
pub(super) async fn replay(stage: &Stage<'_>, wanted: &Replay) -> anyhow::Result<Summary> {
    let manifest = Manifest::new(stage.loader.another());
    let observer = Observer::new(stage.console.meter("replaying", None));
    let run = Run { deadline: Deadline::none(), force: false, progress: &*observer };
    manifest.replay(wanted, run).await?;
    stage.wiring.idle().await;
    Ok(observer.finish().summary)
}
