//! The contract's "What the tables hold" and "Nothing is lost", said as plainly as it can be: from
//! the objects that stand in the lake to what must stand in the warehouse. Slow, and of one mind
//! with nobody.

use std::collections::{BTreeMap, BTreeSet};

use super::document::{self, Tree};
use super::endpoint::{Endpoint, Write};

/// An object as it stands in the lake at the end.
#[derive(Debug, Clone)]
pub(super) struct Standing {
    pub(super) key: String,
    pub(super) etag: String,
    pub(super) bytes: Vec<u8>,
}

/// What must be found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Expected {
    /// Every record that stands: its object's entity tag, its number, its fields and children.
    pub(super) rows: Vec<String>,
    /// Every record that can't be kept: entity tag, number, reason.
    pub(super) rejects: Vec<String>,
    /// Every record that another one of its key stands for and that may stand again once that goes,
    /// as in `replace` alone it does: entity tag and number.
    pub(super) shadows: Vec<String>,
    /// What may be said of each object.
    pub(super) account: BTreeMap<String, Account>,
}

/// What the ledger may say of an object.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) etag: String,
    pub(super) statuses: BTreeSet<&'static str>,
}

/// An object with its records; without, where no load can take it.
struct Read<'o> {
    object: &'o Standing,
    scope: String,
    /// The time in its name, then its key: the order of "newer".
    age: (String, String),
    records: Option<Vec<Tree>>,
}

/// A record that may stand.
struct Candidate<'r> {
    read: &'r Read<'r>,
    number: usize,
    tree: &'r Tree,
}

impl Candidate<'_> {
    /// Which of two records of one key is newer: by version, then by object.
    fn age(&self, endpoint: Endpoint) -> (Option<i64>, &(String, String)) {
        (version(endpoint, self.tree), &self.read.age)
    }
}

pub(super) async fn expect(endpoint: Endpoint, lake: &[Standing]) -> Expected {
    let mut reads = Vec::new();
    for object in lake {
        reads.push(read(endpoint, object).await);
    }
    let mut expected = Expected::default();
    let mut candidates = Vec::new();
    for read in &reads {
        let newest = newest_of_scope(&reads, read);
        expected.account.insert(read.object.key.clone(), account(endpoint, read, newest));
        let is_current = match endpoint.write {
            Write::Replace => newest.is_some_and(|newest| newest.age == read.age),
            Write::Merge | Write::Append => true,
        };
        if let Some(records) = read.records.as_ref().filter(|_| is_current) {
            let (kept, rejects) = without_rejects(endpoint, read, records);
            candidates.extend(kept);
            expected.rejects.extend(rejects);
        }
    }
    for candidate in &candidates {
        let loses = endpoint.has_key
            && candidates.iter().any(|other| {
                key(other.tree) == key(candidate.tree)
                    && other.age(endpoint) > candidate.age(endpoint)
            });
        let place = format!("{} {}", candidate.read.object.etag, candidate.number);
        match loses {
            true if endpoint.write == Write::Replace => expected.shadows.push(place),
            true => {}
            false => expected.rows.push(format!("{place} {}", with_scope(candidate).line())),
        }
    }
    expected.rows.sort();
    expected.rejects.sort();
    expected.shadows.sort();
    expected
}

async fn read(endpoint: Endpoint, object: &Standing) -> Read<'_> {
    let (folder, name) = object.key.rsplit_once('/').unwrap();
    Read {
        object,
        scope: folder.to_owned(),
        age: (name[..16].to_owned(), object.key.clone()),
        records: document::records(endpoint, &object.key, &object.bytes).await,
    }
}

/// The newest object of the scope that can be loaded.
fn newest_of_scope<'r>(reads: &'r [Read<'r>], of: &Read<'_>) -> Option<&'r Read<'r>> {
    let scope = reads.iter().filter(|read| read.scope == of.scope && read.records.is_some());
    scope.max_by_key(|read| &read.age)
}

fn account(endpoint: Endpoint, read: &Read<'_>, newest: Option<&Read<'_>>) -> Account {
    let is_replaced = endpoint.write == Write::Replace;
    let has_newer = is_replaced && newest.is_some_and(|newest| newest.age > read.age);
    let is_current = newest.is_some_and(|newest| newest.age == read.age);
    let is_equal = newest.is_some_and(|newest| newest.object.etag == read.object.etag);
    let mut statuses = BTreeSet::new();
    match &read.records {
        None => {
            statuses.insert("failed");
            statuses.extend(has_newer.then_some("superseded"));
        }
        Some(_) if is_replaced => {
            statuses.extend((!is_current).then_some("superseded"));
            statuses.extend(is_equal.then_some(["loaded", "unchanged"]).into_iter().flatten());
        }
        Some(_) => {
            statuses.insert("loaded");
        }
    }
    Account { etag: read.object.etag.clone(), statuses }
}

/// The records of one object that can be kept, and why the others can't.
fn without_rejects<'r>(
    endpoint: Endpoint,
    read: &'r Read<'r>,
    records: &'r [Tree],
) -> (Vec<Candidate<'r>>, Vec<String>) {
    let mut kept = Vec::<Candidate<'r>>::new();
    let mut rejects = Vec::new();
    for (number, tree) in records.iter().enumerate() {
        let mut reject = |number: usize, reason: &str| {
            rejects.push(format!("{} {number} {reason}", read.object.etag));
        };
        let candidate = Candidate { read, number, tree };
        if endpoint.has_key && key(tree).is_none() {
            reject(number, "key_missing");
            continue;
        }
        let twin = kept.iter_mut().find(|kept| endpoint.has_key && key(kept.tree) == key(tree));
        match twin {
            None => kept.push(candidate),
            // Of equal versions the first stays.
            Some(twin) if version(endpoint, tree) > version(endpoint, twin.tree) => {
                reject(twin.number, "key_twice");
                *twin = candidate;
            }
            Some(_) => reject(number, "key_twice"),
        }
    }
    (kept, rejects)
}

fn key(tree: &Tree) -> Option<&String> {
    tree.fields.get("id")
}

fn version(endpoint: Endpoint, tree: &Tree) -> Option<i64> {
    tree.fields.get("v").filter(|_| endpoint.has_version)?.parse().ok()
}

/// The record with the values of its object's folders.
fn with_scope(candidate: &Candidate<'_>) -> Tree {
    let mut tree = candidate.tree.clone();
    for folder in candidate.read.scope.split('/').skip(3) {
        let (name, value) = folder.split_once('=').unwrap();
        let column = if name == "busDt" { "bus_dt" } else { "store_id" };
        tree.fields.insert(column.to_owned(), format!("\"{value}\""));
    }
    tree
}
