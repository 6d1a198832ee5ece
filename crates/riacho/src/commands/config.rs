//! `riacho config check`: what a configuration says, or every fault in it with place and cure.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Subcommand;
use configuration::{
    Configuration, ConfigurationErrors, Endpoint, ListValues, Partition, PartitionKind, Problem,
    SchemaPolicy, Source, VARIABLE, WriteMode,
};
use load::{ConfigurationError, Lookup, read_configuration};
use objects::Lake;
use serde::Serialize;
use serde_json::json;

use crate::exit::Exit;
use crate::output::{Align, Console, Sheet, plural};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Read a configuration and say what it means; nothing is asked of any API
    Check {
        /// The file, or s3://bucket/key; without it what RIACHO_CONFIG names
        file: Option<PathBuf>,
    },
}

pub(crate) async fn run(command: Command, console: &Console) -> anyhow::Result<Exit> {
    let Command::Check { file } = command;
    let named = file.map(|file| file.to_string_lossy().into_owned());
    let address = named.or_else(|| std::env::var(VARIABLE).ok()).filter(|name| !name.is_empty());
    let lookup = naming(address.clone());
    match read_configuration(&Lake::from_env().await, &lookup).await {
        Ok(configuration) => {
            show(console, address.as_deref(), &configuration);
            let ok = json!({ "ok": true, "file": address, "configuration": configuration });
            console.document(&ok)?;
            Ok(Exit::Well)
        }
        Err(ConfigurationError::Wrong(faults)) => complain(console, &faults),
        Err(error) => Err(error.into()),
    }
}

/// The process's environment, with the configuration's address in its place.
fn naming(address: Option<String>) -> Lookup {
    Arc::new(move |name: &str| match name {
        VARIABLE => address.clone(),
        _ => std::env::var(name).ok(),
    })
}

fn complain(console: &Console, faults: &ConfigurationErrors) -> anyhow::Result<Exit> {
    if console.wants_json() {
        let problems: Vec<_> = faults.problems.iter().map(Fault::from).collect();
        console.document(&json!({ "ok": false, "file": faults.file, "problems": problems }))?;
    } else {
        console.note(&faults.to_string());
        let found = u64::try_from(faults.problems.len()).unwrap_or(u64::MAX);
        console.note(&format!("{} in {}", plural(found, "faults"), faults.file));
    }
    Ok(Exit::Usage)
}

#[derive(Serialize)]
struct Fault<'a> {
    line: usize,
    column: usize,
    path: &'a str,
    message: &'a str,
}

impl<'a> From<&'a Problem> for Fault<'a> {
    fn from(problem: &'a Problem) -> Self {
        let Problem { line, column, path, message } = problem;
        Self { line: *line, column: *column, path, message }
    }
}

fn show(console: &Console, address: Option<&str>, configuration: &Configuration) {
    match address {
        Some(address) => console.say(&format!("{address} is in order.")),
        None => console.say(
            "RIACHO_CONFIG is not set: no source is configured. Any object under raw/ still loads, \
             into tables named after its endpoint.",
        ),
    }
    console.say(&format!("Bucket: {}", configuration.bucket().unwrap_or("that of each event")));
    for source in configuration.sources() {
        show_source(console, source);
    }
}

fn show_source(console: &Console, source: &Source) {
    console.heading(&format!("{}  {}", source.name, source.base_url));
    let limits = source.limits;
    console.say(&format!(
        "  at most {} requests a second, {} at once, {} attempts, {} s of patience",
        limits.requests_per_second,
        limits.concurrency,
        limits.attempts,
        limits.timeout.as_secs_f64()
    ));
    for partition in &source.partitions {
        console.say(&format!("  {}: {}", partition.name, describe(partition)));
    }
    console.say("");
    let mut sheet = Sheet::new(&[
        ("endpoint and request", Align::Left),
        ("records at", Align::Left),
        ("key", Align::Left),
        ("table", Align::Left),
        ("write", Align::Left),
    ]);
    for endpoint in &source.endpoints {
        sheet.row(row(endpoint));
    }
    console.sheet(&sheet);
    for endpoint in &source.endpoints {
        for line in fields(endpoint) {
            console.say(&format!("  {}: {line}", endpoint.name));
        }
        for doubt in endpoint.doubts() {
            console.say(&format!("  Note: {}: {doubt}.", endpoint.name));
        }
        for partition in source.idle_partitions(endpoint) {
            console.say(&format!(
                "  Note: partition {partition} is nowhere in the request of {}, which is sent once for \
                 each of its values; leave it out of the endpoint's partitions if that is not meant.",
                endpoint.name
            ));
        }
    }
}

/// What is said of single fields.
fn fields(endpoint: &Endpoint) -> Vec<String> {
    let mut lines = Vec::new();
    if !endpoint.required.is_empty() {
        lines.push(format!("a record must have {}", endpoint.required.join(", ")));
    }
    let types = endpoint.types.iter().map(|rule| format!("{} {}", rule.pattern, rule.of));
    let types = types.collect::<Vec<_>>().join(", ");
    if !types.is_empty() {
        lines.push(format!("types, the first that matches: {types}"));
    }
    let schema = &endpoint.schema;
    if schema.rest != SchemaPolicy::Evolve || !schema.fields.is_empty() {
        let named = schema.fields.iter().map(|rule| (rule.pattern.as_str(), rule.of));
        let all = named.chain([("all others", schema.rest)]);
        let rules: Vec<_> = all.map(|(name, of)| format!("{name} {}", of.name())).collect();
        lines.push(format!("changes of shape: {}", rules.join(", ")));
    }
    lines
}

fn describe(partition: &Partition) -> String {
    match &partition.kind {
        PartitionKind::Date(window) => format!(
            "the last {}, which end at {} of the next day in {}",
            plural(window.last.into(), "business dates"),
            window.day_ends.strftime("%H:%M"),
            window.timezone.iana_name().unwrap_or("UTC"),
        ),
        PartitionKind::List(ListValues::Values { values }) => values.join(", "),
        PartitionKind::List(ListValues::From { from, column }) => {
            format!("column {column} of {from}")
        }
    }
}

fn row(endpoint: &Endpoint) -> [String; 5] {
    let table = endpoint.table.clone();
    [
        format!("{}\n{} {}", endpoint.name, endpoint.method.as_str(), endpoint.path),
        endpoint.records.clone().unwrap_or_else(|| "the document".to_owned()),
        endpoint.key.join("\n"),
        table.unwrap_or_else(|| normalise::table_name(&endpoint.name)),
        match endpoint.write {
            WriteMode::Replace => "replace",
            WriteMode::Merge => "merge",
            WriteMode::Append => "append",
        }
        .to_owned(),
    ]
}
