//! The ways to one value of a record: its path, and all the names that it or what stands around it
//! has been renamed to. It finds the value that `walk` lets count.

use landing::{last_name, parent_path};

use crate::Renames;
use crate::json::unescape;
use crate::pointer::Pointer;
use crate::value::Value;
use crate::walk::Record;

/// Far above what anybody renames.
const MAX_WAYS: usize = 100;

/// The ways to one value.
#[derive(Debug)]
pub(crate) struct Ways {
    /// Where the catalog has it, from the record.
    pub(crate) oldest: Pointer,
    ways: Vec<Way>,
}

/// One of them: a name at each level.
#[derive(Debug, Clone, Default)]
struct Way {
    levels: Vec<Level>,
}

#[derive(Debug, Clone)]
struct Level {
    name: String,
    age: usize,
    /// Newer names of the same member: where one stands, this one does not count.
    newer: Vec<String>,
}

/// What is at the end of a way.
#[derive(Debug)]
struct Found {
    is_value: bool,
    object: usize,
    age: usize,
    value: usize,
}

impl Found {
    /// The one of two that counts: null where there is nothing else; the newest name of one object;
    /// of values in several objects the first, as it is placed first.
    fn or(self, other: Self) -> Self {
        let is_better = if self.is_value != other.is_value {
            self.is_value
        } else if self.object == other.object {
            (self.age, self.value) > (other.age, other.value)
        } else {
            self.value < other.value
        };
        if is_better { self } else { other }
    }
}

impl Ways {
    pub(crate) fn new(pointer: &Pointer, records: &Pointer, renames: &Renames) -> Self {
        let records = records.to_string();
        let mut ways = vec![Way::default()];
        let mut around = records.clone();
        for token in pointer.tokens() {
            around = Pointer::child(&around, token);
            let names = renames.names(&around);
            ways = extended(&ways, &around, &names, &records, renames);
        }
        Self { oldest: pointer.clone(), ways }
    }

    pub(crate) fn find<'a>(&self, record: Record<'a>) -> Option<Value<'a>> {
        let found = self.ways.iter().filter_map(|way| way.follow(record));
        found.reduce(Found::or).and_then(|found| record.value(found.value))
    }
}

/// The ways to the objects around, each with each name of the member whose oldest path is `oldest`.
fn extended(
    around: &[Way],
    oldest: &str,
    names: &[String],
    records: &str,
    renames: &Renames,
) -> Vec<Way> {
    let mut ways = Vec::new();
    for path in names {
        let beside = names.iter().filter(|other| parent_path(other) == parent_path(path));
        let newer = beside.filter(|other| renames.age(other) > renames.age(path));
        let level = Level {
            name: last_name(path),
            age: renames.age(path),
            newer: newer.map(|other| last_name(other)).collect(),
        };
        // A name in another object than the oldest has a way of its own to that one.
        let to_object = if parent_path(path) == parent_path(oldest) {
            around.to_vec()
        } else {
            let tail = parent_path(path).strip_prefix(records).map(str::parse::<Pointer>);
            let Some(Ok(pointer)) = tail else { continue };
            plain(&pointer)
        };
        for way in to_object {
            let levels = way.levels.into_iter().chain([level.clone()]).collect();
            if ways.len() < MAX_WAYS {
                ways.push(Way { levels });
            }
        }
    }
    ways
}

/// The pointer, then those to the same value under other names.
pub(crate) fn pointers(pointer: &Pointer, records: &Pointer, renames: &Renames) -> Vec<Pointer> {
    let ways = Ways::new(&renames.oldest_from(records, pointer), records, renames).ways;
    let others = ways.iter().filter_map(|way| {
        let mut path = String::new();
        way.levels.iter().for_each(|level| Pointer::push_token(&mut path, &level.name));
        path.parse().ok().filter(|other| other != pointer)
    });
    std::iter::once(pointer.clone()).chain(others).collect()
}

fn plain(pointer: &Pointer) -> Vec<Way> {
    let levels = pointer.tokens().iter();
    let levels = levels.map(|name| Level { name: name.clone(), age: 0, newer: Vec::new() });
    vec![Way { levels: levels.collect() }]
}

impl Way {
    fn follow(&self, record: Record<'_>) -> Option<Found> {
        let mut object = 0;
        let mut value = 0;
        for level in &self.levels {
            object = value;
            value = member(record, object, &level.name)?;
            let is_outdone =
                |name: &String| member(record, object, name).is_some_and(|at| !record.is_null(at));
            if !record.is_null(value) && level.newer.iter().any(is_outdone) {
                return None;
            }
        }
        Some(Found {
            is_value: !record.is_null(value),
            object,
            age: self.levels.last().map_or(0, |level| level.age),
            value,
        })
    }
}

/// The member called `name`; the last one where it stands twice.
pub(crate) fn member(record: Record<'_>, object: usize, name: &str) -> Option<usize> {
    let mut scratch = Vec::new();
    let named = record.tape.members(object).filter(|(key, _)| {
        let inside = record.tape.get(*key).map_or(&[][..], |key| key.inner(record.json));
        unescape(inside, &mut scratch) == name.as_bytes()
    });
    named.last().map(|(_, value)| value)
}
