//! `riacho schema accept`: says that a new name is an old one, and moves what landed under it.

use clap::Args;
use load::EndpointRules;
use normalise::Pointer;
use serde_json::json;
use warehouse::{Acceptance, Rename, Under, WarehouseError};

use crate::adoption::{Adopted, adopt};
use crate::environment::Environment;
use crate::exit::{Exit, Usage};
use crate::failures;
use crate::output::{Console, plural};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// A likely rename's number, as `riacho schema` shows it; or an endpoint, with --rename
    #[arg(value_name = "ID | SOURCE.ENDPOINT")]
    what: String,
    /// The new name and the one it had: pointers from the record, as in the configuration
    #[arg(long, value_name = "/NEW=/OLD")]
    rename: Option<String>,
    /// Say what would be moved, and change nothing
    #[arg(long)]
    dry_run: bool,
}

pub(crate) async fn run(arguments: Arguments, console: &Console) -> anyhow::Result<Exit> {
    let loader = Environment::read().await?.loader().await?;
    let (rules, rename) = wanted(&arguments, &loader).await?;
    if arguments.dry_run {
        let mut warehouse = loader.database().warehouse().await?;
        let acceptance = warehouse.check_rename(&rules.facts, &rename).await.map_err(refused)?;
        let found = warehouse.count_under(&rules.facts, &rename).await?;
        console.say(&format!("{} under {}.", amount(found), rename.new));
        console.say("Nothing was changed: without --dry-run the rename counts and they move.");
        console.document(&json!({
            "new": rename.new, "old": rename.old, "dry_run": true,
            "counts_already": acceptance == Acceptance::Counted,
            "objects": found.objects, "rows": found.rows,
        }))?;
        return Ok(Exit::Well);
    }
    let meter = console.meter("objects moved", None);
    let adopted = adopt(&loader, &rules, &rename, meter).await.map_err(|error| match error
        .downcast::<WarehouseError>(
    ) {
        Ok(error) => refused(error),
        Err(error) => error,
    })?;
    failures::follow(&loader, adopted.tally.failed()).await?;
    show(console, &rename, &adopted);
    console.document(&json!({
        "new": rename.new, "old": rename.old,
        "counts_already": adopted.acceptance == Acceptance::Counted,
        "objects": adopted.found.objects, "rows": adopted.found.rows,
        "left": { "objects": adopted.left.objects, "rows": adopted.left.rows },
        "settled": adopted.is_settled,
        "summary": adopted.tally.summary, "troubles": adopted.tally.troubles,
    }))?;
    Ok(exit(&adopted))
}

fn exit(adopted: &Adopted) -> Exit {
    match super::super::load::exit(&adopted.tally.summary) {
        Exit::Well if adopted.left.objects > 0 || !adopted.is_settled => Exit::Transient,
        exit => exit,
    }
}

/// What is said to people.
pub(crate) fn show(console: &Console, rename: &Rename, adopted: &Adopted) {
    let already = match adopted.acceptance {
        Acceptance::Accepted => "",
        Acceptance::Counted => " already",
    };
    console.say(&format!("`{}` counts as `{}`{already}.", rename.new, rename.old));
    let summary = &adopted.tally.summary;
    console.say(&format!(
        "{} stood under the new name; {} loaded again, {} left.",
        amount(adopted.found),
        plural(summary.loaded, "objects"),
        plural(adopted.left.rows, "rows"),
    ));
    super::super::load::show_troubles(console, &adopted.tally);
    if !adopted.is_settled {
        console.say("Loads that began before still go on; run the command again when they ended.");
    }
    console.aside("The columns and tables of the new name stay, empty, so that no query breaks.");
}

fn amount(under: Under) -> String {
    format!("{} of {}", plural(under.rows, "rows"), plural(under.objects, "objects"))
}

/// The rename that a person means.
async fn wanted(
    arguments: &Arguments,
    loader: &load::Loader,
) -> anyhow::Result<(EndpointRules, Rename)> {
    let configuration = loader.configuration();
    match (&arguments.rename, arguments.what.parse::<i64>()) {
        (None, Ok(id)) => {
            let found = loader.database().warehouse().await?.likely_rename(id).await?;
            let likely = found.ok_or_else(|| {
                Usage(format!("no likely rename has number {id}; `riacho schema` lists them"))
            })?;
            let rules = EndpointRules::named(configuration, &likely.source, &likely.endpoint)?;
            Ok((rules, likely.rename))
        }
        (Some(pair), Err(_)) => {
            let (source, endpoint) = arguments.what.split_once('.').ok_or_else(|| {
                Usage(format!("`{}` is no endpoint; write it SOURCE.ENDPOINT", arguments.what))
            })?;
            let rules = EndpointRules::named(configuration, source, endpoint)?;
            let (new, old) = pointers(pair)?;
            let records = &rules.rules.records;
            let (new, old) = (format!("{records}{new}"), format!("{records}{old}"));
            Ok((rules, Rename { new, old, ..Rename::default() }))
        }
        (None, Err(_)) => {
            let text = format!(
                "`{}` is no number; say --rename /NEW=/OLD where it is an endpoint",
                arguments.what
            );
            Err(Usage(text).into())
        }
        (Some(_), Ok(_)) => {
            Err(Usage("a likely rename says its names itself; leave --rename out".to_owned())
                .into())
        }
    }
}

/// `/new=/old`. A name may hold `=` itself, but hardly `=/`.
fn pointers(pair: &str) -> Result<(Pointer, Pointer), Usage> {
    let wrong = || Usage(format!("`{pair}` is no rename; write --rename /NEW=/OLD"));
    let (new, old) = pair.split_once("=/").ok_or_else(wrong)?;
    let parse = |text: &str| text.parse::<Pointer>().map_err(|_| wrong());
    let (new, old) = (parse(new)?, parse(&format!("/{old}"))?);
    if new.is_root() { Err(wrong()) } else { Ok((new, old)) }
}

fn refused(error: WarehouseError) -> anyhow::Error {
    match error {
        WarehouseError::Rename(refused) => Usage(refused.to_string()).into(),
        other => other.into(),
    }
}
