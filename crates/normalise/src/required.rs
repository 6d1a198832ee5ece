//! Fields that a record can't be kept without: whether each stands, and where the first one is
//! missing. Everything on the way must stand too; an array or map without entries has none that
//! lacks it.

use crate::json::{Items, Kind, Tape};
use crate::walk::{Record, has_ids};
use crate::ways::{member, pointers};
use crate::{Pointer, Renames, Rules};

/// The required fields of one endpoint.
#[derive(Debug)]
pub(crate) struct Required {
    /// Of each field its pointer, then those to its other names.
    fields: Vec<Vec<Pointer>>,
    /// Where objects are maps by declaration, by all their names.
    maps: Vec<Pointer>,
}

/// A pointer of which the first tokens have been followed.
#[derive(Debug, Clone, Copy)]
struct Way<'w> {
    tokens: &'w [String],
    followed: usize,
}

impl<'w> Way<'w> {
    fn head(self) -> Option<&'w str> {
        self.tokens.get(self.followed).map(String::as_str)
    }

    fn past(self, name: &str) -> Option<Self> {
        (self.head()? == name).then_some(Self { followed: self.followed + 1, ..self })
    }
}

impl Required {
    pub(crate) fn new(rules: &Rules, renames: &Renames) -> Self {
        let fields = rules.required.iter().map(|field| pointers(field, &rules.records, renames));
        let maps = rules.maps.iter().flat_map(|map| pointers(map, &rules.records, renames));
        Self { fields: fields.collect(), maps: maps.collect() }
    }

    /// The first field that is missing or null: its pointer from the record, with indices.
    pub(crate) fn missing(&self, record: Record<'_>) -> Option<String> {
        self.fields.iter().find_map(|ways| {
            let ways = ways.iter().map(|way| Way { tokens: way.tokens(), followed: 0 });
            let ways: Vec<_> = ways.collect();
            let mut path = String::new();
            self.entry_lacks(record, 0, &ways, &mut path).then_some(path)
        })
    }

    /// Whether the value at `index` has nothing at the end of all the ways; then `path` leads to
    /// what is missing. The first way is the field's oldest name.
    fn lacks(&self, record: Record<'_>, index: usize, ways: &[Way<'_>], path: &mut String) -> bool {
        if ways.iter().all(|way| way.head().is_some()) && self.is_map(record, index, ways) {
            return self.an_entry_lacks(record, index, ways, path);
        }
        self.entry_lacks(record, index, ways, path)
    }

    /// The same for a record, item or member of a map: it is no map itself.
    fn entry_lacks(
        &self,
        record: Record<'_>,
        index: usize,
        ways: &[Way<'_>],
        path: &mut String,
    ) -> bool {
        let kind = record.tape.get(index).map_or(Kind::Null, |token| token.kind);
        if kind != Kind::Null && ways.iter().any(|way| way.head().is_none()) {
            return false;
        }
        if kind == Kind::Array {
            return self.an_entry_lacks(record, index, ways, path);
        }
        let mark = path.len();
        let mut deepest = None;
        for name in heads(ways) {
            let Some(value) = member(record, index, name) else {
                continue;
            };
            let further: Vec<_> = ways.iter().filter_map(|way| way.past(name)).collect();
            path.truncate(mark);
            Pointer::push_token(path, name);
            if !self.lacks(record, value, &further, path) {
                return false;
            }
            deepest.get_or_insert_with(|| path.clone());
        }
        path.truncate(mark);
        match (deepest, ways.first()) {
            (Some(deepest), _) => *path = deepest,
            (None, Some(way)) => way.tokens.iter().skip(way.followed).for_each(|token| {
                Pointer::push_token(path, token);
            }),
            (None, None) => {}
        }
        true
    }

    /// Whether one of the items, or of a map's members, lacks it.
    fn an_entry_lacks(
        &self,
        record: Record<'_>,
        index: usize,
        ways: &[Way<'_>],
        path: &mut String,
    ) -> bool {
        let mark = path.len();
        if let Some(items) = record.tape.items(index) {
            return self.an_item_lacks(record, items, ways, path);
        }
        record.tape.entries(index).enumerate().any(|(place, (name, value))| {
            path.truncate(mark);
            match name {
                Some(name) => Pointer::push_token(path, &record.name(name)),
                None => Pointer::push_token(path, &place.to_string()),
            }
            self.entry_lacks(record, value, ways, path)
        })
    }

    /// The same for the items of a folded array.
    fn an_item_lacks(
        &self,
        record: Record<'_>,
        mut items: Items,
        ways: &[Way<'_>],
        path: &mut String,
    ) -> bool {
        let mark = path.len();
        let mut tape = Tape::default();
        let mut place = 0_usize;
        while items.next(record.json, &mut tape) {
            path.truncate(mark);
            Pointer::push_token(path, &place.to_string());
            if self.entry_lacks(Record { tape: &tape, ..record }, 0, ways, path) {
                return true;
            }
            place += 1;
        }
        false
    }

    /// Whether an object is read as a map: its members then stand where items would.
    fn is_map(&self, record: Record<'_>, index: usize, ways: &[Way<'_>]) -> bool {
        let is_object = record.tape.get(index).is_some_and(|token| token.kind == Kind::Object);
        let is_declared = |way: &Way<'_>| {
            let followed = way.tokens.get(..way.followed);
            self.maps.iter().any(|map| Some(map.tokens()) == followed)
        };
        // One that has a member of the very name is asked for that.
        let is_told = || heads(ways).iter().any(|name| member(record, index, name).is_some());
        let has_ids = || has_ids(record, index, &mut Vec::new()) && !is_told();
        is_object && (ways.iter().any(is_declared) || has_ids())
    }
}

/// The names that ways go on with, each once.
fn heads<'w>(ways: &[Way<'w>]) -> Vec<&'w str> {
    let mut heads = Vec::new();
    for head in ways.iter().filter_map(|way| way.head()) {
        if !heads.contains(&head) {
            heads.push(head);
        }
    }
    heads
}
