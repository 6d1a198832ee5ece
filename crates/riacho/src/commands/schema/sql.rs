//! `riacho schema sql`: the SQL of the tables that stand, or of what samples would ask for beyond
//! them, for a person to review.

use clap::Args;
use configuration::{Configuration, ListValues, PartitionKind};
use landing::{ObjectKey, RAW_PREFIX, RawLocation};
use load::{Proposed, SampleBody};
use serde_json::json;

use crate::commands::samples::{self, Bounds, Given};
use crate::commands::schema::Meant;
use crate::environment::Environment;
use crate::exit::{Exit, Usage};
use crate::output::Console;

/// A date that stands for those by which a partition asks.
const ANY_DATE: &str = "2026-01-01";

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    meant: Meant,
    /// What these files, or the objects under s3://bucket/prefix, would ask for beyond what stands
    #[arg(long = "for", value_name = "SAMPLE", num_args = 1.., conflicts_with = "of")]
    samples: Vec<String>,
    /// The endpoint that the samples are of, pos.getGuestChecks; else what their keys say
    #[arg(long, value_name = "SOURCE.ENDPOINT", requires = "samples")]
    endpoint: Option<String>,
    /// A partition of the samples, busDt=2026-11-01; else what their keys say, or any value that
    /// is configured
    #[arg(long = "partition", value_name = "NAME=VALUE", value_parser = partition, requires = "samples")]
    partitions: Vec<(String, String)>,
    /// No more than so many bytes of all samples, decompressed
    #[arg(long, value_name = "BYTES", default_value_t = 256 << 20)]
    max_bytes: u64,
}

pub(crate) async fn run(arguments: Arguments, console: &Console) -> anyhow::Result<Exit> {
    let environment = Environment::read().await?;
    let loader = environment.loader().await?;
    if !arguments.samples.is_empty() {
        let proposed = propose(&arguments, &environment, &loader, console).await?;
        return show_proposed(&proposed, console);
    }
    let script = loader.table_script(|source, name| arguments.meant.is(source, name)).await?;
    let Some(script) = script else {
        let message = match &arguments.meant.of {
            Some(of) => format!("`{of}` has no tables; `riacho schema` lists those there are"),
            None => "there are no tables yet; --for SAMPLE shows what an object asks for".into(),
        };
        return Err(Usage(message).into());
    };
    console.say(script.trim_end());
    console.document(&json!({ "sql": script }))?;
    Ok(Exit::Well)
}

fn partition(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it like busDt=2026-11-01")?;
    Ok((name.to_owned(), value.to_owned()))
}

async fn propose(
    arguments: &Arguments,
    environment: &Environment,
    loader: &load::Loader,
    console: &Console,
) -> anyhow::Result<Proposed> {
    let bounds = Bounds { objects: usize::MAX, bytes: arguments.max_bytes };
    let read = samples::read(&arguments.samples, None, bounds).await?;
    read.notes.iter().for_each(|note| console.note(note));
    let (source, endpoint) = endpoint(arguments, &environment.configuration, &read.given)?;
    let mut partitions = Vec::new();
    for given in &read.given {
        let known = location(given).map(|at| at.scope.0).unwrap_or_default();
        let known = [arguments.partitions.clone(), known].concat();
        partitions.push(filled_up(&environment.configuration, (&source, &endpoint), known)?);
    }
    let bodies = read.given.iter().zip(&partitions).map(|(given, partitions)| SampleBody {
        name: &given.name,
        json: &given.json,
        partitions,
    });
    Ok(loader.script_for_samples(&source, &endpoint, &bodies.collect::<Vec<_>>()).await?)
}

fn show_proposed(proposed: &Proposed, console: &Console) -> anyhow::Result<Exit> {
    if proposed.rejects > 0 {
        console.note(&format!(
            "{} records can't be kept, for want of a usable key or a required field; what only they hold \
             is not in the script",
            proposed.rejects
        ));
    }
    for notice in &proposed.notices {
        console.note(&format!("{} at {}", notice.kind.name(), notice.path));
    }
    match &proposed.script {
        Some(script) => console.say(script.trim_end()),
        None => console.note("the tables that stand hold all of it; there is nothing to apply"),
    }
    console.document(&json!({ "sql": proposed.script, "rejects": proposed.rejects }))?;
    Ok(Exit::Well)
}

/// What was named, or what the samples' keys say.
fn endpoint(
    arguments: &Arguments,
    configuration: &Configuration,
    given: &[Given],
) -> anyhow::Result<(String, String)> {
    let Some(named) = &arguments.endpoint else {
        let found = given.iter().find_map(location).map(|at| (at.source, at.endpoint));
        let missing = "name the samples' endpoint by --endpoint SOURCE.ENDPOINT";
        return found.ok_or_else(|| Usage(missing.to_owned()).into());
    };
    let configured = configuration.sources().iter().flat_map(|source| {
        source.endpoints.iter().map(|endpoint| (source.name.clone(), endpoint.name.clone()))
    });
    let found = configured.into_iter().find(|(source, name)| format!("{source}.{name}") == *named);
    let split = || named.split_once('.').map(|(a, b)| (a.to_owned(), b.to_owned()));
    found.or_else(split).ok_or_else(|| {
        Usage(format!("`{named}` names no endpoint; write it like pos.getGuestChecks")).into()
    })
}

/// What the key of an object says, or the path of a copy of it.
fn location(given: &Given) -> Option<RawLocation> {
    let key = given.key.clone().or_else(|| {
        let at = given.name.find(&format!("{RAW_PREFIX}source="))?;
        given.name.get(at..).map(ObjectKey::new)
    })?;
    RawLocation::parse(&key).ok()
}

/// The partitions that are known, and any value for those that are only configured: their columns
/// belong to the tables too.
fn filled_up(
    configuration: &Configuration,
    (source, endpoint): (&str, &str),
    known: Vec<(String, String)>,
) -> anyhow::Result<Vec<(String, String)>> {
    let mut partitions = Vec::<(String, String)>::new();
    for (name, value) in known {
        if !partitions.iter().any(|(held, _)| *held == name) {
            partitions.push((name, value));
        }
    }
    let source = configuration.source(source);
    let configured = source.and_then(|source| source.endpoint(endpoint));
    for name in configured.map_or(&[][..], |endpoint| &endpoint.partitions) {
        if partitions.iter().any(|(held, _)| held == name) {
            continue;
        }
        let kind = source.and_then(|source| source.partition(name)).map(|found| &found.kind);
        let value = match kind {
            Some(PartitionKind::Date(_)) => Some(ANY_DATE.to_owned()),
            Some(PartitionKind::List(ListValues::Values { values })) => values.first().cloned(),
            Some(PartitionKind::List(ListValues::From { .. })) | None => None,
        };
        let missing = || Usage(format!("give the samples' partition by --partition {name}=VALUE"));
        partitions.push((name.clone(), value.ok_or_else(missing)?));
    }
    Ok(partitions)
}
