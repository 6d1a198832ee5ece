//! The keys that an object has had lately, in a few bytes each: most of them are never asked for
//! again.
//!
//! Most sources write their records in the order of their keys. A key above all that came before
//! joins a list that is searched by halves; a hash table leads to the others.

use std::ops::Range;

use super::entries::{Entries, Entry};
use super::hash;

const EMPTY: u32 = 0;

/// A record that stands under its key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) row: i32,
    pub(crate) version: Vec<u8>,
    pub(crate) bytes: Range<u64>,
}

/// The keys and what stands under them.
#[derive(Debug, Default)]
pub(super) struct SeenKeys {
    /// Keys in ascending order.
    ascending: Entries,
    /// All others, and what stands now under keys of the first list where it gave way.
    others: Entries,
    /// Of each of the others the number of its entry and one; open addressing, a power of two of
    /// them.
    slots: Vec<u32>,
    taken: usize,
    scratch: Entry,
}

/// Where a key stands, or would.
#[derive(Debug, Clone, Copy)]
pub(super) enum Slot {
    /// Behind all that ascend.
    Ascending,
    Other(usize),
}

impl SeenKeys {
    /// How many records stood under keys; those that gave way count too.
    pub(super) fn len(&self) -> usize {
        self.ascending.len() + self.others.len()
    }

    /// The names of all keys, some twice.
    pub(super) fn each_name(&self, mut take: impl FnMut(&[u8])) {
        self.ascending.each(|_, entry| take(&entry.name));
        self.others.each(|_, entry| take(&entry.name));
    }

    /// What stands under `name`, and its slot.
    pub(super) fn find(&mut self, name: &[u8]) -> (Slot, Option<Seen>) {
        if self.ascending.len() == 0 || name > self.ascending.last_name() {
            return (Slot::Ascending, None);
        }
        let (slot, found) = self.find_other(name);
        let mut entry = std::mem::take(&mut self.scratch);
        let stands = found.is_none() && self.ascending.search(name, &mut entry);
        let found = found.or_else(|| stands.then(|| entry.seen.clone()));
        self.scratch = entry;
        (slot, found)
    }

    /// Lets `seen` stand under `name`, whose slot was just found.
    pub(super) fn set(&mut self, slot: Slot, name: &[u8], seen: Seen) {
        let at = match slot {
            Slot::Ascending => return self.ascending.push(name, seen),
            Slot::Other(at) => at,
        };
        self.others.push(name, seen);
        if let Some(place) = self.slots.get_mut(at) {
            self.taken += usize::from(*place == EMPTY);
            // An object ends at 2,147,483,648 records.
            *place = u32::try_from(self.others.len()).unwrap_or(u32::MAX);
        }
    }

    fn find_other(&mut self, name: &[u8]) -> (Slot, Option<Seen>) {
        if (self.taken + 1) * 4 > self.slots.len() * 3 {
            self.grow();
        }
        let mask = self.slots.len() - 1;
        let mut at = hash(name) as usize & mask;
        let mut entry = std::mem::take(&mut self.scratch);
        let mut found = None;
        while found.is_none()
            && let Some(number) = self.slots.get(at).filter(|number| **number != EMPTY)
        {
            self.others.read(*number as usize - 1, &mut entry);
            if entry.name == name {
                found = Some(entry.seen.clone());
            } else {
                at = (at + 1) & mask;
            }
        }
        self.scratch = entry;
        (Slot::Other(at), found)
    }

    fn grow(&mut self) {
        let slots = (self.slots.len() * 2).max(64);
        let mut stands = std::mem::replace(&mut self.slots, vec![EMPTY; slots]);
        // Not all entries stand any more.
        stands.sort_unstable();
        let mut stands = stands.into_iter().filter(|number| *number != EMPTY).peekable();
        let table = &mut self.slots;
        self.others.each(|number, entry| {
            let Some(number) = stands.next_if(|stands| *stands as usize == number + 1) else {
                return;
            };
            let mut at = hash(&entry.name) as usize & (slots - 1);
            while table.get(at).is_some_and(|slot| *slot != EMPTY) {
                at = (at + 1) & (slots - 1);
            }
            if let Some(slot) = table.get_mut(at) {
                *slot = number;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_remembers_as_a_map_does(
            keys in prop::collection::vec(("[ab]{0,5}|[a-z]{30}", 0_u8..3, 0_u64..300), 0..400)
        ) {
            let (mut seen, mut map) = (SeenKeys::default(), BTreeMap::new());
            let mut offset = 0;
            for (row, (name, version, length)) in keys.into_iter().enumerate() {
                offset += length % 7;
                let record =
                    Seen { row: row as i32 * 3, version: vec![version; 2], bytes: offset..offset + length };
                offset += length;
                let name = name.into_bytes();
                let (slot, found) = seen.find(&name);
                prop_assert_eq!(found.as_ref(), map.get(&name));
                if length % 3 > 0 || found.is_none() {
                    seen.set(slot, &name, record.clone());
                    map.insert(name, record);
                }
            }
        }
    }

    fn bytes_each(id: impl Fn(u64) -> u64) -> f64 {
        let mut seen = SeenKeys::default();
        let count = 150_000;
        for row in 0..count {
            let name = [&8_u32.to_be_bytes()[..], &id(row).to_be_bytes()].concat();
            let (slot, found) = seen.find(&name);
            assert_eq!(found, None);
            let record = Seen {
                row: row as i32,
                version: Vec::new(),
                bytes: row * 4_601..row * 4_601 + 4_600,
            };
            seen.set(slot, &name, record);
        }
        let bytes = seen.ascending.bytes() + seen.others.bytes() + seen.slots.capacity() * 4;
        bytes as f64 / count as f64
    }

    #[test]
    fn many_keys_take_few_bytes_each() {
        let ascending = bytes_each(|row| 112_230_000_000_000 + 37 * row);
        assert!(ascending < 12.0, "{ascending} bytes a key");
        let descending = bytes_each(|row| 112_230_000_000_000 - 37 * row);
        assert!(descending < 20.0, "{descending} bytes a key");
        let random = bytes_each(|row| row.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        assert!(random < 28.0, "{random} bytes a key");
    }
}
