//! Which name is the oldest that a field had: columns and tables keep the path that they were made
//! for, so what was renamed, or stands in an object that was, is found there. Paths and nothing else;
//! what becomes of two names in one object is `walk`'s.

use std::collections::BTreeMap;

use landing::{is_at_or_under, parent_path};

use crate::pointer::Pointer;
use crate::{Rules, Schema};

/// Far above how often anybody renames one thing.
const MAX_STEPS: usize = 100;

/// The renames of one endpoint. Paths are absolute: JSON Pointers from the document, array indices
/// left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Renames {
    /// New path → old path, as they were declared.
    declared: BTreeMap<String, String>,
    /// The same, each name beneath the oldest path of what stands around it.
    settled: BTreeMap<String, String>,
}

impl Renames {
    /// Takes pairs of new and old path. Of two that name one new path the first counts; one that
    /// would close a circle is left out.
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut renames = Self::default();
        for (new, old) in pairs {
            if !renames.declared.contains_key(&new) && !renames.would_circle(&new, &old) {
                renames.declared.insert(new, old);
            }
        }
        let settled = renames.declared.iter();
        let settled = settled.map(|(new, old)| (renames.settle(new), renames.settle(old)));
        renames.settled = settled.collect();
        renames
    }

    /// Those that the rules declare, then those that the catalog has accepted.
    pub(crate) fn of(rules: &Rules, schema: &Schema) -> Self {
        let absolute = |pointer: &Pointer| format!("{}{pointer}", rules.records);
        let declared = rules.renames.iter().map(|(new, old)| (absolute(new), absolute(old)));
        Self::new(declared.chain(schema.renames.iter().cloned()))
    }

    /// Whether `new`, once it is a name of `old`, would lead back to itself.
    pub fn would_circle(&self, new: &str, old: &str) -> bool {
        is_at_or_under(&self.oldest(old), new)
            || is_at_or_under(&self.oldest(old), &self.oldest(new))
    }

    /// The path under which the catalog has what stands at `path` now.
    pub fn oldest(&self, path: &str) -> String {
        let mut name = path.to_owned();
        for _ in 0..MAX_STEPS {
            match self.older(&name) {
                Some(older) => name = older,
                None => break,
            }
        }
        name
    }

    /// The same for a pointer from the records at `records`.
    pub(crate) fn oldest_from(&self, records: &Pointer, pointer: &Pointer) -> Pointer {
        let records = records.to_string();
        let oldest = self.oldest(&format!("{records}{pointer}"));
        let within = oldest.strip_prefix(&records).and_then(|tail| tail.parse().ok());
        within.unwrap_or_else(|| pointer.clone())
    }

    /// The name before, of it or of the innermost object around it that was renamed.
    fn older(&self, path: &str) -> Option<String> {
        let mut head = path;
        loop {
            if let Some(old) = self.declared.get(head).or_else(|| self.settled.get(head)) {
                return Some(format!("{old}{}", path.get(head.len()..)?));
            }
            head =
                head.rsplit_once('/').map(|(parent, _)| parent).filter(|head| !head.is_empty())?;
        }
    }

    /// The path beneath the oldest name of what stands around it.
    fn settle(&self, path: &str) -> String {
        match path.rsplit_once('/') {
            Some((parent, name)) => format!("{}/{name}", self.oldest(parent)),
            None => path.to_owned(),
        }
    }

    /// The path that the field at a settled path had before; none where it was not renamed.
    pub(crate) fn before(&self, path: &str) -> Option<&str> {
        self.settled.get(path).map(String::as_str)
    }

    /// How often the field at a settled path was renamed until it had this name.
    pub fn age(&self, path: &str) -> usize {
        let before = |path: &&str| self.settled.get(*path).map(String::as_str);
        std::iter::successors(Some(path), before).take(MAX_STEPS).count() - 1
    }

    /// Whether what stands at `path` had another name before, whatever stands around it.
    pub fn is_new_name(&self, path: &str) -> bool {
        self.settled.contains_key(&self.settle(path))
    }

    /// Whether the field at a settled path has been renamed since.
    pub(crate) fn has_newer(&self, path: &str) -> bool {
        self.settled.values().any(|old| old == path)
    }

    /// Whether one of them leads from one object into another.
    pub(crate) fn has_moves(&self) -> bool {
        self.settled.iter().any(|(new, old)| parent_path(new) != parent_path(old))
    }

    /// The settled paths of all names of the field whose oldest path is `oldest`, that one first.
    pub fn names(&self, oldest: &str) -> Vec<String> {
        let mut names = vec![oldest.to_owned()];
        let mut at = 0;
        while let Some(name) = names.get(at).cloned() {
            let newer = self.settled.iter().filter(|(_, old)| **old == name).map(|(new, _)| new);
            for new in newer.cloned().collect::<Vec<_>>() {
                if !names.contains(&new) && names.len() < MAX_STEPS {
                    names.push(new);
                }
            }
            at += 1;
        }
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn renames(pairs: &[(&str, &str)]) -> Renames {
        Renames::new(pairs.iter().map(|(new, old)| ((*new).to_owned(), (*old).to_owned())))
    }

    #[test]
    fn the_oldest_name_is_found_over_all_renames_and_those_around_it() {
        let held = renames(&[("/b", "/a"), ("/c", "/b"), ("/n", "/o"), ("/n/y", "/n/x")]);
        for (path, oldest) in [
            ("/c", "/a"),
            ("/c/z", "/a/z"),
            ("/n/y", "/o/x"),
            ("/n/z", "/o/z"),
            ("/bc", "/bc"),
            ("/d/b", "/d/b"),
        ] {
            assert_eq!(held.oldest(path), oldest);
        }
        assert_eq!((held.age("/a"), held.age("/c"), held.age("/o/y")), (0, 2, 1));
        assert_eq!(held.names("/a"), ["/a", "/b", "/c"]);
        assert_eq!(held.names("/o/x"), ["/o/x", "/o/y"]);
        assert!(!held.has_moves());
    }

    #[test]
    fn a_circle_is_never_closed() {
        for pairs in [
            &[("/a", "/b"), ("/b", "/a")][..],
            &[("/a", "/a")],
            &[("/a", "/a/b")],
            &[("/a", "/b"), ("/b", "/c"), ("/c", "/a/x")],
        ] {
            let held = renames(pairs);
            assert_eq!(held.declared.len(), pairs.len() - 1, "{pairs:?}");
        }
    }
}
