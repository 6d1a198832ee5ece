//! From a record's text down to the item that became a row. Pure.

use std::fmt;

use normalise::{Pointer, Renames};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::lineage::Step;

/// A part of a record's text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fragment<'a> {
    /// JSON Pointer from the record.
    pub(super) pointer: String,
    /// Where it starts in the record, in bytes.
    pub(super) start: u64,
    pub(super) json: &'a str,
    /// Whether it is the row's own; else what stands around it.
    pub(super) is_found: bool,
}

/// Goes down as far as the steps can be followed.
pub(super) fn descend<'a>(
    record: &'a str,
    root_path: &str,
    steps: &[Step],
    renames: &Renames,
) -> Fragment<'a> {
    let mut fragment = Fragment { pointer: String::new(), start: 0, json: record, is_found: true };
    let mut path = root_path.to_owned();
    for step in steps {
        match down(&fragment, &path, step, renames) {
            Some(next) => fragment = next,
            None => return Fragment { is_found: false, ..fragment },
        }
        path.clone_from(&step.path);
    }
    let before = record.len() - record.trim_start().len();
    Fragment { start: fragment.start.max(before as u64), ..fragment }
}

fn down<'a>(
    from: &Fragment<'a>,
    path: &str,
    step: &Step,
    renames: &Renames,
) -> Option<Fragment<'a>> {
    let (mut json, mut pointer, mut path) = (from.json, from.pointer.clone(), path.to_owned());
    let tail: Pointer = step.path.strip_prefix(path.as_str())?.parse().ok()?;
    for token in tail.tokens() {
        Pointer::push_token(&mut path, token);
        let (name, value) = member(json, &names(&path, renames))?;
        Pointer::push_token(&mut pointer, &name);
        json = value;
    }
    let (name, item) = entry(json, step.place)?;
    Pointer::push_token(&mut pointer, &name);
    let start = from.start + offset(from.json, item)?;
    Some(Fragment { pointer, start, json: item, is_found: true })
}

/// Where a part starts in what it is a part of.
fn offset(whole: &str, part: &str) -> Option<u64> {
    let distance = part.as_ptr().addr().checked_sub(whole.as_ptr().addr())?;
    u64::try_from(distance).ok()
}

/// The names that a field may have, the newest first.
fn names(oldest: &str, renames: &Renames) -> Vec<String> {
    let parent = |path: &str| path.rsplit_once('/').map(|(parent, _)| parent.to_owned());
    let paths = renames.names(oldest);
    let beside = paths.iter().rev().filter(|path| parent(path) == parent(oldest));
    beside.filter_map(|path| path.parse::<Pointer>().ok()?.tokens().last().cloned()).collect()
}

/// The member that counts: of the newest name that is not null, and of equal names the last.
fn member<'a>(json: &'a str, names: &[String]) -> Option<(String, &'a str)> {
    let entries = entries(json)?;
    let held = |name: &String| entries.iter().rev().find(|(held, _)| held == name);
    let found = names.iter().filter_map(held);
    let counts = found.clone().find(|(_, value)| *value != "null");
    counts.or_else(|| found.clone().next()).cloned()
}

/// An array's item, or a map's member, by its place.
fn entry(json: &str, place: usize) -> Option<(String, &str)> {
    entries(json)?.into_iter().nth(place)
}

/// What stands in an object or an array, with the name or the index.
fn entries(json: &str) -> Option<Vec<(String, &str)>> {
    serde_json::from_str::<Entries<'_>>(json).ok().map(|entries| entries.0)
}

struct Entries<'a>(Vec<(String, &'a str)>);

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reading).map(Self)
    }
}

struct Reading;

impl<'de> Visitor<'de> for Reading {
    type Value = Vec<(String, &'de str)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or an array")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
            entries.push((name, value.get()));
        }
        Ok(entries)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(item) = items.next_element::<&'de RawValue>()? {
            entries.push((entries.len().to_string(), item.get()));
        }
        Ok(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &str =
        r#"{"id":1,"a/b":{"taxation":[{"t":1.10},{"t":2,"of":[[0],{"x":7}]}],"taxes":null}}"#;

    fn step(path: &str, place: usize) -> Step {
        Step { path: path.to_owned(), place }
    }

    fn renames() -> Renames {
        Renames::new([("/r/a~1b/taxation".to_owned(), "/r/a~1b/taxes".to_owned())])
    }

    #[test]
    fn a_row_is_found_below_renamed_arrays_of_nested_objects() {
        let steps = [step("/r/a~1b/taxes", 1), step("/r/a~1b/taxes/of", 1)];
        let found = descend(RECORD, "/r", &steps, &renames());
        assert_eq!((found.pointer.as_str(), found.json), ("/a~1b/taxation/1/of/1", r#"{"x":7}"#));
        assert!(found.is_found && RECORD[found.start as usize..].starts_with(found.json));
    }

    #[test]
    fn the_record_itself_needs_no_step() {
        let found = descend(RECORD, "/r", &[], &renames());
        assert_eq!((found.pointer.as_str(), found.json, found.start), ("", RECORD, 0));
    }

    #[test]
    fn where_the_way_ends_what_stands_around_is_given() {
        let steps = [step("/r/a~1b/taxes", 1), step("/r/a~1b/taxes/gone", 0)];
        let found = descend(RECORD, "/r", &steps, &renames());
        assert_eq!((found.pointer.as_str(), found.is_found), ("/a~1b/taxation/1", false));
    }
}
