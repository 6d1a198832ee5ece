//! The payloads of the five editions, and the orders in which they may arrive.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

/// From the first to the last; `tests/tools/octokit.sh` says which versions these are.
const EDITIONS: [&str; 5] = ["4.0", "4", "5", "6", "7"];

/// One payload of one event.
#[derive(Debug, Clone)]
pub struct Payload {
    pub event: String,
    pub text: String,
}

/// Some payloads of one event, one after another.
#[derive(Debug)]
pub struct Object {
    pub event: String,
    pub key: String,
    pub text: String,
}

/// As many payloads as an object holds: each in one of its own would take three times as long.
const PAYLOADS_OF_AN_OBJECT: usize = 8;

/// The payloads as objects of a source, in their order.
pub fn objects(source: &str, payloads: &[Payload]) -> Vec<Object> {
    let mut filling = BTreeMap::<&str, Vec<&str>>::new();
    let mut objects = Vec::new();
    for payload in payloads {
        let texts = filling.entry(&payload.event).or_default();
        texts.push(&payload.text);
        if texts.len() == PAYLOADS_OF_AN_OBJECT {
            objects.push(object(source, &payload.event, texts, objects.len()));
            texts.clear();
        }
    }
    for (event, texts) in filling.iter().filter(|(_, texts)| !texts.is_empty()) {
        objects.push(object(source, event, texts, objects.len()));
    }
    objects
}

fn object(source: &str, event: &str, texts: &[&str], number: usize) -> Object {
    Object {
        event: event.to_owned(),
        key: format!("raw/source={source}/endpoint={event}/{number:03}.json"),
        text: texts.join("\n"),
    }
}

/// All payloads, edition by edition. One that a later edition repeats word for word is left out
/// there: it has no value that the tables do not hold already.
pub fn in_sequence() -> Vec<Payload> {
    let mut seen = BTreeSet::new();
    let mut payloads = Vec::new();
    for edition in EDITIONS {
        for (event, example) in examples(edition) {
            let text = serde_json::to_string_pretty(&example).unwrap();
            if seen.insert((event.clone(), text.clone())) {
                payloads.push(Payload { event, text });
            }
        }
    }
    payloads
}

fn examples(edition: &str) -> Vec<(String, Value)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools/npm/node_modules");
    let path = root.join(format!("webhooks-examples-{edition}/api.github.com/index.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| {
        panic!("{}: {error}; `make tools` fetches the payloads", path.display())
    });
    let events: Vec<Value> = serde_json::from_str(&text).unwrap();
    let all = events.iter().flat_map(|event| {
        let name = event["name"].as_str().unwrap();
        let examples = event["examples"].as_array().unwrap().iter();
        examples.map(move |example| (name.to_owned(), example.clone()))
    });
    all.collect()
}

/// The same payloads in an order that the seed gives: Fisher and Yates, on the generator that
/// Vigna calls splitmix64.
pub fn shuffled(payloads: &[Payload], seed: u64) -> Vec<Payload> {
    let mut state = seed;
    let mut next = move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    };
    let mut payloads = payloads.to_vec();
    for last in (1..payloads.len()).rev() {
        payloads.swap(last, (next() % (last as u64 + 1)) as usize);
    }
    payloads
}
