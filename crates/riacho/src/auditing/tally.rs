//! What an audit comes to: counts, by endpoint and by the values of one partition, and the
//! differences, each with its cure.

use std::collections::BTreeMap;

use landing::{ObjectKey, RawLocation, Scope, endpoint_prefix};
use serde::Serialize;
use warehouse::Write;

use super::comparison::Found;

/// Differences that are listed; all are counted.
const LISTED_MAX: usize = 10_000;
/// Groups that are told apart; what comes beyond goes to the endpoint's own line.
const GROUPS_MAX: usize = 20_000;

/// Counts of one group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Counts {
    /// Scopes that configuration and calendar name.
    pub(crate) expected_scopes: u64,
    /// Of those the ones without any object.
    pub(crate) missing_scopes: u64,
    /// Objects in the lake.
    pub(crate) landed: u64,
    pub(crate) loaded: u64,
    pub(crate) unchanged: u64,
    pub(crate) superseded: u64,
    pub(crate) failed: u64,
    /// Landed within the last minutes, and not dealt with yet.
    pub(crate) under_way: u64,
    pub(crate) differences: u64,
}

/// Something that does not agree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Difference {
    /// `never_fetched`, `never_loaded`, `overwritten`, `failed`, `gone`, `rows`, `stray`, `write_changed`.
    pub(crate) kind: &'static str,
    /// The object's key, or the scope's folders.
    pub(crate) what: String,
    /// What is wrong, where the kind does not say it all.
    pub(crate) detail: String,
    /// The command that mends it.
    pub(crate) cure: String,
}

/// The sums.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    by: Option<String>,
    /// By `source endpoint` and the partition's value.
    pub(crate) groups: BTreeMap<(String, String), Counts>,
    pub(crate) differences: Vec<Difference>,
    pub(crate) differing: u64,
    /// Rows in all tables of an endpoint.
    pub(crate) rows: BTreeMap<String, u64>,
}

impl Tally {
    pub(super) fn new(by: Option<String>) -> Self {
        Self { by, ..Self::default() }
    }

    fn group(&mut self, source: &str, endpoint: &str, scope: &Scope) -> &mut Counts {
        let by = self.by.as_ref();
        let value = by.and_then(|by| scope.0.iter().find(|(name, _)| name == by));
        let value = value.map_or_else(String::new, |(name, value)| format!("{name}={value}"));
        let mut name = (format!("{source} {endpoint}"), value);
        if self.groups.len() >= GROUPS_MAX && !self.groups.contains_key(&name) {
            name.1 = String::new();
        }
        self.groups.entry(name).or_default()
    }

    /// Whether anything of a source or an endpoint was counted.
    pub(super) fn has(&self, source: Option<&str>, endpoint: Option<&str>) -> bool {
        let begins = source.map(|source| format!("{source} "));
        let ends = endpoint.map(|endpoint| format!(" {endpoint}"));
        self.groups.keys().any(|(name, _)| {
            begins.as_ref().is_none_or(|begins| name.starts_with(begins))
                && ends.as_ref().is_none_or(|ends| name.ends_with(ends))
        })
    }

    fn differ(&mut self, kind: &'static str, what: String, detail: String, cure: String) {
        self.differing += 1;
        if self.differences.len() < LISTED_MAX {
            self.differences.push(Difference { kind, what, detail, cure });
        }
    }

    /// Counts an object.
    pub(super) fn add(&mut self, at: &RawLocation, key: &ObjectKey, found: Found) {
        let counts = self.group(&at.source, &at.endpoint, &at.scope);
        let is_gone = matches!(found, Found::Gone | Found::Expired | Found::FailedAndGone(_));
        counts.landed += u64::from(!is_gone);
        let count = match found {
            Found::Loaded => &mut counts.loaded,
            Found::Unchanged => &mut counts.unchanged,
            Found::Superseded => &mut counts.superseded,
            Found::UnderWay => &mut counts.under_way,
            Found::Expired => return,
            Found::Failed(_) | Found::FailedAndGone(_) => {
                counts.differences += 1;
                &mut counts.failed
            }
            Found::NeverLoaded | Found::Overwritten | Found::Gone => &mut counts.differences,
        };
        *count += 1;
        let key = key.to_string();
        let load = format!("riacho load {}", quoted(&key));
        let (kind, detail, cure) = match found {
            Found::FailedAndGone(kind) => (
                "failed",
                format!("{kind}; the lake has it no more"),
                "fetch its scope again: a newer object of it settles the failure".to_owned(),
            ),
            Found::Failed(kind) => {
                ("failed", kind, format!("mend the cause, then riacho replay {}", quoted(&key)))
            }
            Found::NeverLoaded => ("never_loaded", String::new(), load),
            Found::Overwritten => {
                ("overwritten", "other bytes stand under the key now".to_owned(), load)
            }
            Found::Gone => (
                "gone",
                "the ledger knows it, the lake has it no more".to_owned(),
                "bring it back from its versions or a backup; its rows stand meanwhile".to_owned(),
            ),
            Found::Loaded
            | Found::Unchanged
            | Found::Superseded
            | Found::UnderWay
            | Found::Expired => return,
        };
        self.differ(kind, key, detail, cure);
    }

    /// Counts an expected scope.
    pub(super) fn expect(&mut self, source: &str, endpoint: &str, scope: &Scope, is_missing: bool) {
        let counts = self.group(source, endpoint, scope);
        counts.expected_scopes += 1;
        if !is_missing {
            return;
        }
        counts.missing_scopes += 1;
        counts.differences += 1;
        let partitions = scope.0.iter();
        let partitions = partitions
            .map(|(name, value)| format!(" --partition {}", quoted(&format!("{name}={value}"))));
        let cure = format!(
            "riacho fetch --source {} --endpoint {}{}",
            quoted(source),
            quoted(endpoint),
            partitions.collect::<String>()
        );
        let what = format!("{source} {endpoint} {scope}");
        self.differ("never_fetched", what, String::new(), cure);
    }

    /// An object below `raw/` whose key is no raw object's.
    pub(super) fn stray(&mut self, key: &ObjectKey) {
        let cure = "move it to raw/source=…/endpoint=…/ or out of raw/".to_owned();
        self.differ("stray", key.to_string(), "its key names no endpoint".to_owned(), cure);
    }

    /// Differences of rows that are not listed.
    pub(super) fn miscounted_too(&mut self, more: u64) {
        self.differing += more;
    }

    /// Objects that were loaded before the endpoint's `write` was changed.
    pub(super) fn loaded_otherwise(&mut self, of: (&str, &str), objects: u64, write: Write) {
        self.group(of.0, of.1, &Scope(Vec::new())).differences += 1;
        let detail = format!("{objects} objects stand as before `write` became {}", write.name());
        let cure = format!("riacho load --force --prefix {}", quoted(&endpoint_prefix(of.0, of.1)));
        self.differ("write_changed", format!("{} {}", of.0, of.1), detail, cure);
    }

    /// Tables that could not be counted.
    pub(super) fn uncounted(&mut self, endpoint: (&str, &str), why: String) {
        self.group(endpoint.0, endpoint.1, &Scope(Vec::new())).differences += 1;
        let what = format!("{} {}", endpoint.0, endpoint.1);
        let cure = "riacho schema diff says what was changed by hand".to_owned();
        self.differ("rows", what, why, cure);
    }

    /// An object whose root rows are not those that the ledger says.
    pub(super) fn miscounted(&mut self, endpoint: (&str, &str), key: &str, says: i64, stand: i64) {
        let scope = Scope(Vec::new());
        self.group(endpoint.0, endpoint.1, &scope).differences += 1;
        let detail = format!("the ledger says {says} records, {stand} stand");
        self.differ("rows", key.to_owned(), detail, format!("riacho load --force {}", quoted(key)));
    }
}

/// For a shell.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "=/._-:+%@,".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}
