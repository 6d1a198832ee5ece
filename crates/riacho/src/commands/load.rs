//! `riacho load`: objects into the warehouse, by name or by prefix. What load does with each is the
//! same as in the function.

use std::time::Instant;

use clap::Args;
use landing::{LandedObject, ObjectKey, RAW_PREFIX, RawLocation};
use load::{ObjectReport, Summary, Verdict};
use serde_json::json;

use crate::environment::Environment;
use crate::exit::{Exit, Usage};
use crate::failures;
use crate::loading::{Observer, Tally, Wanted, load_all};
use crate::output::{Align, Console, Sheet, count, plural, seconds};

/// Failures shown to people; `--json` and `riacho status` have them all.
const SHOWN_MAX: usize = 20;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Keys of objects in the lake's bucket, or s3:// addresses
    #[arg(value_name = "KEY", required_unless_present = "prefix")]
    keys: Vec<String>,
    /// All objects whose keys begin so
    #[arg(long, conflicts_with = "keys", value_name = "PREFIX")]
    prefix: Option<String>,
    /// Load whatever the ledger knows of an object, whatever vanishes
    #[arg(long)]
    force: bool,
}

pub(crate) async fn run(arguments: Arguments, console: &Console) -> anyhow::Result<Exit> {
    let environment = Environment::read().await?;
    let wanted = wanted(&arguments, &environment).await?;
    let loader = environment.loader().await?;
    let total = match &wanted {
        Wanted::Objects(objects) => u64::try_from(objects.len()).ok(),
        Wanted::Prefix { .. } => None,
    };
    let meter = console.meter("objects loaded", total);
    let started = Instant::now();
    let observer = Observer::new(meter);
    load_all(&loader, wanted, arguments.force, &observer).await?;
    let tally = observer.finish();
    failures::follow(&loader, tally.failed()).await?;
    if console.wants_json() {
        console.document(&json!({ "summary": tally.summary, "troubles": tally.troubles }))?;
    } else {
        console.say(&describe(&tally.summary));
        show_troubles(console, &tally);
        console.aside(&format!("in {}", seconds(started.elapsed())));
    }
    Ok(exit(&tally.summary))
}

async fn wanted(arguments: &Arguments, environment: &Environment) -> anyhow::Result<Wanted> {
    if let Some(prefix) = &arguments.prefix {
        if !prefix.starts_with(RAW_PREFIX) {
            let message =
                format!("`{prefix}` is not under `{RAW_PREFIX}`, where fetched objects are");
            return Err(Usage(message).into());
        }
        return Ok(Wanted::Prefix {
            lake: environment.lake.clone(),
            bucket: environment.bucket()?.to_owned(),
            prefix: prefix.clone(),
        });
    }
    let mut objects = Vec::with_capacity(arguments.keys.len());
    for key in &arguments.keys {
        objects.push(named(key, environment).await?);
    }
    Ok(Wanted::Objects(objects))
}

/// The object that a person names: a key of the lake's bucket, or an `s3://` address. One that does
/// not exist is a typing error, which the manifest had better not list as a failure.
async fn named(text: &str, environment: &Environment) -> anyhow::Result<LandedObject> {
    let (bucket, key) = match text.strip_prefix("s3://") {
        None => (environment.bucket()?, text),
        Some(address) => address
            .split_once('/')
            .ok_or_else(|| Usage(format!("`{text}` is no address; write s3://bucket/key")))?,
    };
    let key = ObjectKey::new(key);
    RawLocation::parse(&key).map_err(|error| Usage(error.to_string()))?;
    match environment.lake.head(bucket, &key).await? {
        Some(_) => Ok(LandedObject::named(bucket, key)),
        None => Err(Usage(format!("there is no object `{key}` in bucket `{bucket}`")).into()),
    }
}

/// What a load came to, for scripts.
pub(crate) fn exit(summary: &Summary) -> Exit {
    match (summary.failed, summary.retry) {
        (0, 0) => Exit::Well,
        (0, _) => Exit::Transient,
        (_, _) => Exit::Failures,
    }
}

/// The failures one by one.
pub(crate) fn show_troubles(console: &Console, tally: &Tally) {
    let mut sheet = Sheet::new(&[
        ("object", Align::Left),
        ("kind", Align::Left),
        ("what and where", Align::Left),
    ]);
    for report in &tally.troubles {
        sheet.row(trouble(report));
    }
    if !sheet.is_empty() {
        console.say("");
        let cut = sheet.truncate(SHOWN_MAX);
        console.sheet(&sheet);
        if cut > 0 {
            console.aside(&format!("  and {cut} more; `riacho status` lists them"));
        }
    }
}

/// `3 loaded (120 records, 480 rows), 1 unchanged, 1 failed`.
pub(crate) fn describe(summary: &Summary) -> String {
    let mut parts = vec![format!(
        "{} loaded ({}, {})",
        plural(summary.loaded, "objects"),
        plural(summary.records, "records"),
        plural(summary.rows, "rows")
    )];
    let others = [
        (summary.already_loaded, "loaded before"),
        (summary.unchanged, "unchanged"),
        (summary.superseded, "superseded by a newer one"),
        (summary.failed, "failed"),
        (summary.retry, "to be tried again"),
        (summary.ignored, "ignored"),
        (summary.rejected, "records rejected"),
    ];
    let told = others.into_iter().filter(|(number, _)| *number > 0);
    parts.extend(told.map(|(number, what)| format!("{} {what}", count(number))));
    parts.join(", ")
}

fn trouble(report: &ObjectReport) -> [String; 3] {
    let error = report.error.as_ref();
    let kind = error.map(|error| error.kind.clone()).unwrap_or_default();
    let again = if report.outcome == Verdict::Retry { " (try again)" } else { "" };
    [
        report.key.to_string(),
        format!("{kind}{again}"),
        error.map(|error| error.message.clone()).unwrap_or_default(),
    ]
}
