//! `riacho explain`: from a row to the JSON that it came from, the request that fetched it, and what
//! stood in its place before.

mod fragment;
mod lineage;

use std::collections::BTreeMap;

use clap::Args;
use load::Loader;
use normalise::{Finder, Renames};
use objects::Reading;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use self::fragment::{Fragment, descend};
use self::lineage::{Lineage, Origin};
use crate::environment::Environment;
use crate::exit::Exit;
use crate::output::{Align, Console, Sheet, bytes, count};
use crate::questions::text_of;

/// What fits on a terminal; `--json` has all.
const SHOWN_BYTES: usize = 4_000;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The row's table, pos.guest_checks
    #[arg(value_name = "TABLE")]
    table: String,
    /// The row's _object_id, or the object's key
    #[arg(value_name = "OBJECT")]
    object: String,
    /// The row's _row
    #[arg(value_name = "ROW")]
    row: i32,
}

/// The record in the lake that a row belongs to.
struct Record {
    number: i32,
    index: Option<u64>,
    offset: u64,
    text: String,
}

/// The answer for programs. The fragment stands in it digit for digit.
#[derive(Serialize)]
struct Explained<'a> {
    table: &'a str,
    row: i32,
    stands: bool,
    object: &'a Value,
    request: &'a BTreeMap<String, String>,
    record: Place<'a>,
    fragment: Place<'a>,
    /// Whether the fragment is the row's own, and not what stands around it.
    is_whole_row: bool,
    before: &'a [Value],
}

/// Where something stands in the decompressed object, in bytes.
#[derive(Serialize)]
struct Place<'a> {
    pointer: String,
    offset: u64,
    length: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    json: Option<&'a RawValue>,
}

pub(crate) async fn run(arguments: Arguments, console: &Console) -> anyhow::Result<Exit> {
    let environment = Environment::read().await?;
    let loader = environment.loader().await?;
    let Arguments { table, object, row } = arguments;
    let lineage = match lineage::of(&loader, &table, environment.bucket()?, &object, row).await? {
        Origin::Standing(lineage) => lineage,
        Origin::Unexplained { stands, why } => {
            console.say(&why);
            console
                .document(&json!({ "table": table, "row": row, "stands": stands, "why": why }))?;
            return Ok(Exit::Failures);
        }
    };
    let rules = load::EndpointRules::named(
        &environment.configuration,
        &lineage.object.source,
        &lineage.object.endpoint,
    )?;
    let reading = environment.lake.read(&lineage.object.landed()).await?;
    let request = reading.head.metadata.clone();
    let record = find(&loader, reading, &rules, lineage.record).await?;
    let renames = Renames::new(rules.facts.renames.clone());
    let fragment = descend(&record.text, &lineage.root_path, &lineage.steps, &renames);
    if console.wants_json() {
        let pointer = |within: &str| pointer(&rules.rules.records.to_string(), &record, within);
        let json = RawValue::from_string(fragment.json.to_owned())?;
        console.document(&Explained {
            table: &lineage.table,
            row,
            stands: true,
            object: &lineage.object.line,
            request: &request,
            record: Place {
                pointer: pointer(""),
                offset: record.offset,
                length: record.text.len(),
                json: None,
            },
            fragment: Place {
                pointer: pointer(&fragment.pointer),
                offset: record.offset + fragment.start,
                length: fragment.json.len(),
                json: Some(&json),
            },
            is_whole_row: fragment.is_found,
            before: &lineage.before,
        })?;
        return Ok(Exit::Well);
    }
    show(console, &lineage, row, &record, &fragment, &rules.rules.records.to_string());
    show_request(console, &request);
    show_before(console, &lineage);
    Ok(Exit::Well)
}

/// Reads the object until the record has come.
async fn find(
    loader: &Loader,
    reading: Reading,
    rules: &load::EndpointRules,
    number: i32,
) -> anyhow::Result<Record> {
    let mut body = reading.decoded_within(loader.decode_limits());
    let mut finder = Finder::new(&rules.rules, [number].into());
    let mut record = None;
    let mut take = |found: normalise::FoundRecord<'_>| {
        let text = String::from_utf8_lossy(found.json).into_owned();
        record = Some(Record { number, index: found.index, offset: found.offset, text });
    };
    while !finder.is_done()
        && let Some(chunk) = body.chunk().await?
    {
        finder.push(&chunk, &mut take)?;
    }
    if !finder.is_done() {
        finder.finish(&mut take)?;
    }
    record.ok_or_else(|| {
        anyhow::anyhow!(
            "the object has no record {number}: `records` in the configuration is not what it was \
             when the object was loaded; set it back, or load the object again with --force"
        )
    })
}

/// JSON Pointer from the document to a place within the record.
fn pointer(records: &str, record: &Record, within: &str) -> String {
    let index = record.index.map_or_else(String::new, |index| format!("/{index}"));
    format!("{records}{index}{within}")
}

fn show(
    console: &Console,
    lineage: &Lineage,
    row: i32,
    record: &Record,
    fragment: &Fragment<'_>,
    records: &str,
) {
    let line = |name: &str| lineage.object.text(name);
    console.heading(&format!("{}, row {row} of object {}", lineage.table, line("id")));
    let mut sheet = Sheet::new(&[("", Align::Left), ("", Align::Left)]);
    let mut say = |what: &str, said: String| sheet.row([what.to_owned(), said]);
    say("object", line("key"));
    say("loaded", format!("{} UTC, {}", line("loaded_at"), line("status")));
    let end = |start: u64, length: usize| count(start + length as u64);
    say(
        "record",
        format!(
            "{} at {}, bytes {} to {}",
            record.number,
            pointer(records, record, ""),
            count(record.offset),
            end(record.offset, record.text.len())
        ),
    );
    let start = record.offset + fragment.start;
    say(
        if fragment.is_found { "fragment" } else { "fragment (around the row)" },
        format!(
            "{}, bytes {} to {}",
            pointer(records, record, &fragment.pointer),
            count(start),
            end(start, fragment.json.len())
        ),
    );
    console.sheet(&sheet);
    let shown = fragment.json.floor_char_boundary(SHOWN_BYTES);
    console.say(&format!("\n{}", fragment.json.get(..shown).unwrap_or(fragment.json)));
    if shown < fragment.json.len() {
        let more = bytes((fragment.json.len() - shown) as u64);
        console.aside(&format!("  and {more} more; --json has all"));
    }
}

fn show_request(console: &Console, request: &BTreeMap<String, String>) {
    if request.is_empty() {
        console.aside("\nS3 has no word of a request: the object was not put by Riacho's fetch.");
        return;
    }
    console.heading("fetched by");
    let mut sheet = Sheet::new(&[("", Align::Left), ("", Align::Left)]);
    for (name, value) in request {
        sheet.row([name.clone(), value.clone()]);
    }
    console.sheet(&sheet);
}

fn show_before(console: &Console, lineage: &Lineage) {
    if lineage.before.is_empty() {
        console.say("\nNo earlier object of its scope is known.");
        return;
    }
    console.heading("earlier objects of its scope, the latest first");
    let names = ["id", "key", "status", "records"];
    let mut sheet = Sheet::new(&names.map(|name| (name, Align::Left)));
    for object in &lineage.before {
        sheet.row(names.map(|name| text_of(object, name)));
    }
    console.sheet(&sheet);
}
