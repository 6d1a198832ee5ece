//! `riacho infer`: samples in, a configuration with its evidence out. Nothing is asked of any API,
//! and nothing is written.

use clap::Args;
use infer::{Names, Proposal, Sample};
use landing::{ObjectKey, RawLocation};
use serde_json::json;

use super::samples::{self, Bounds, Given};
use crate::exit::{Exit, Usage};
use crate::output::Console;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Files, or s3://bucket/prefix: plain, gzip or zstd
    #[arg(value_name = "SAMPLE", required_unless_present = "prefix")]
    samples: Vec<String>,
    /// Objects of the lake whose keys begin so: raw/source=S/endpoint=E/
    #[arg(long)]
    prefix: Option<String>,
    /// The endpoint's name; its section alone is written then, to be put into a configuration
    #[arg(long)]
    endpoint: Option<String>,
    /// The source's name
    #[arg(long)]
    source: Option<String>,
    /// Of a prefix no more than the first so many objects
    #[arg(long, value_name = "COUNT", default_value_t = 200)]
    max_objects: usize,
    /// No more than so many bytes of all samples, decompressed
    #[arg(long, value_name = "BYTES", default_value_t = 256 << 20)]
    max_bytes: u64,
}

pub(crate) async fn run(arguments: Arguments, console: &Console) -> anyhow::Result<Exit> {
    let bounds = Bounds { objects: arguments.max_objects, bytes: arguments.max_bytes };
    let read = samples::read(&arguments.samples, arguments.prefix.as_deref(), bounds).await?;
    read.notes.iter().for_each(|note| console.note(note));
    let names = names(&arguments, &read.given);
    let (proposal, left_out) = propose(read.given)?;
    left_out.iter().for_each(|note| console.note(note));
    let text = proposal.to_toml(&names);
    console.say(text.trim_end());
    let notes = [read.notes, left_out].concat();
    console.document(&json!({ "proposal": proposal, "toml": text, "notes": notes }))?;
    Ok(Exit::Well)
}

/// An object of the lake that is no JSON is left out, for failures lie beside what is sound; a file
/// that somebody named is an error.
fn propose(mut given: Vec<Given>) -> anyhow::Result<(Proposal, Vec<String>)> {
    let mut left_out = Vec::new();
    loop {
        let samples = given.iter().map(|one| Sample { name: &one.name, json: &one.json });
        let error = match infer::infer(&samples.collect::<Vec<_>>()) {
            Ok(proposal) => return Ok((proposal, left_out)),
            Err(error) => error,
        };
        let before = given.len();
        given.retain(|one| one.key.is_none() || error.sample() != Some(one.name.as_str()));
        if given.len() == before {
            return Err(Usage(error.to_string()).into());
        }
        left_out.push(format!("left out: {error}"));
    }
}

/// What the layout of the keys says, where nothing was said.
fn names(arguments: &Arguments, given: &[Given]) -> Names {
    let located = given.iter().filter_map(|one| one.key.as_ref()).filter_map(located);
    let located = located.collect::<Vec<_>>();
    let mut partitions = Vec::<(String, Vec<String>)>::new();
    for (name, value) in located.iter().flat_map(|location| &location.scope.0) {
        match partitions.iter_mut().find(|(known, _)| known == name) {
            Some((_, values)) if values.contains(value) => {}
            Some((_, values)) => values.push(value.clone()),
            None => partitions.push((name.clone(), vec![value.clone()])),
        }
    }
    let first = located.first();
    let by_file = given.first().map(|one| stem(&one.name));
    let endpoint = arguments.endpoint.clone().or_else(|| first.map(|at| at.endpoint.clone()));
    let source = arguments.source.clone().or_else(|| first.map(|at| at.source.clone()));
    Names {
        source: source.unwrap_or_else(|| "api".to_owned()),
        endpoint: endpoint.or(by_file).unwrap_or_else(|| "records".to_owned()),
        partitions,
        whole: arguments.endpoint.is_none(),
    }
}

fn located(key: &ObjectKey) -> Option<RawLocation> {
    RawLocation::parse(key).ok()
}

/// A file's name up to its first dot.
fn stem(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.split('.').next().unwrap_or(name).trim();
    if stem.is_empty() { "records".to_owned() } else { stem.to_owned() }
}
