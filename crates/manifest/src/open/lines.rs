//! The lines of the list in memory, by the key of the object that each is about.

use std::collections::BTreeMap;

use landing::{ErrorLog, ObjectKey};

/// Error logs by object key, in its order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lines(BTreeMap<ObjectKey, ErrorLog>);

impl Lines {
    /// Reads a list. A line that is no error log (a person's note, a torn edit) is left out: the
    /// next compaction brings it back from `errors/`, if it was one.
    pub fn parse(body: &[u8]) -> Self {
        let lines = body.split(|byte| *byte == b'\n');
        let logs = lines.filter_map(|line| serde_json::from_slice::<ErrorLog>(line).ok());
        Self(logs.map(|log| (log.key.clone(), log)).collect())
    }

    /// Writes the list, one line each.
    pub fn to_jsonl(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for log in self.iter() {
            // An error log holds nothing that JSON can't.
            body.extend(serde_json::to_vec(log).unwrap_or_default());
            body.push(b'\n');
        }
        body
    }

    /// The line of an object.
    pub fn get(&self, key: &ObjectKey) -> Option<&ErrorLog> {
        self.0.get(key)
    }

    /// All lines, in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = &ErrorLog> {
        self.0.values()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is open.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn insert(&mut self, key: ObjectKey, log: ErrorLog) {
        self.0.insert(key, log);
    }

    pub(crate) fn remove(&mut self, key: &ObjectKey) -> Option<ErrorLog> {
        self.0.remove(key)
    }
}
