//! An object's bytes as records, read by serde_json with numbers as they are written: nothing of
//! Riacho's own reading is in it.

use std::collections::BTreeMap;

use async_compression::tokio::bufread::GzipDecoder;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::io::AsyncReadExt;

use super::endpoint::Endpoint;

/// A record or an item: its values by the column that they belong in, and what is below it by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tree {
    pub(super) fields: BTreeMap<String, String>,
    pub(super) children: BTreeMap<String, Vec<Tree>>,
}

impl Tree {
    /// In one line, for comparison and for people.
    pub(super) fn line(&self) -> String {
        let fields = self.fields.iter().map(|(name, value)| format!("{name}={value}"));
        let children = self.children.iter().map(|(name, trees)| {
            let trees = trees.iter().map(Self::line).collect::<Vec<_>>().join(" ");
            format!("{name}=({trees})")
        });
        format!("{{{}}}", fields.chain(children).collect::<Vec<_>>().join(" "))
    }
}

/// The records of an object, each with what `keep` names; none where no load can take the object.
pub(super) async fn records(endpoint: Endpoint, key: &str, bytes: &[u8]) -> Option<Vec<Tree>> {
    let text = if key.ends_with(".gz") { inflated(bytes).await } else { bytes.to_vec() };
    let documents = serde_json::Deserializer::from_slice(&text).into_iter::<Box<RawValue>>();
    let documents = documents.collect::<Result<Vec<_>, _>>().ok().filter(|all| !all.is_empty())?;
    let mut trees = Vec::new();
    for document in &documents {
        let Some(kept) = kept(endpoint, document)? else {
            trees.extend(items(document.get()).unwrap_or_else(|| vec![tree(document.get())]));
            continue;
        };
        for mut tree in kept.records {
            tree.fields.extend(kept.region.clone().map(|region| ("region".to_owned(), region)));
            trees.push(tree);
        }
    }
    Some(trees)
}

async fn inflated(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    GzipDecoder::new(bytes).read_to_end(&mut text).await.unwrap();
    text
}

/// What stands in a document in which `records` points somewhere.
struct Page {
    records: Vec<Tree>,
    region: Option<String>,
}

/// The page of a document, where the endpoint has pages; nothing where it is an error in disguise.
#[expect(clippy::option_option, reason = "no page, and no document, are two things")]
fn kept(endpoint: Endpoint, document: &RawValue) -> Option<Option<Page>> {
    if !endpoint.has_records {
        return Some(None);
    }
    let members = serde_json::from_str::<BTreeMap<String, Box<RawValue>>>(document.get()).ok()?;
    let records = items(members.get("rows")?.get())?;
    let region = members.get("region").filter(|_| endpoint.keeps);
    Some(Some(Page { records, region: region.map(|region| region.get().to_owned()) }))
}

/// The items of an array of objects.
fn items(json: &str) -> Option<Vec<Tree>> {
    let items = serde_json::from_str::<Vec<Box<RawValue>>>(json).ok()?;
    Some(items.iter().map(|item| tree(item.get())).collect())
}

fn tree(json: &str) -> Tree {
    let mut tree = Tree::default();
    put(&mut tree, "", json);
    tree
}

/// Puts a value where it belongs: objects become fields `outer__inner`, arrays of objects become
/// children, null and what is empty is as absent.
fn put(into: &mut Tree, name: &str, json: &str) {
    let value = serde_json::from_str::<Value>(json).unwrap();
    match &value {
        Value::Null => {}
        Value::Array(items) if items.is_empty() => {}
        Value::Object(_) => {
            let members = serde_json::from_str::<BTreeMap<String, Box<RawValue>>>(json).unwrap();
            for (member, value) in members {
                let outer = if name.is_empty() { String::new() } else { format!("{name}__") };
                put(into, &format!("{outer}{}", snake(&member)), value.get());
            }
        }
        Value::Array(list) if list.iter().any(Value::is_object) => {
            into.children.insert(name.to_owned(), items(json).unwrap());
        }
        // Numbers digit for digit; Postgres knows one zero.
        Value::Number(_) => {
            let digits = if json == "-0" { "0" } else { json };
            into.fields.insert(name.to_owned(), digits.to_owned());
        }
        other => {
            into.fields.insert(name.to_owned(), other.to_string());
        }
    }
}

/// `zipCode` → `zip_code`.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}
