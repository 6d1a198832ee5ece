//! The keys that an object has had so far, in a few bytes each: most of them are never asked for
//! again, but an object may have millions.
//!
//! Entries stand in the order of their records, in blocks. Within a block each is written as what
//! differs from the one before; a hash table leads to the entries by number.

use std::hash::{DefaultHasher, Hasher};

/// Entries of one block: to read one, those before it are read too.
const BLOCK: usize = 16;
const EMPTY: u32 = 0;

/// A record that stands under its key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) row: i32,
    pub(crate) version: Vec<u8>,
    pub(crate) offset: u64,
    pub(crate) length: u64,
}

/// The keys and what stands under them.
#[derive(Debug, Default)]
pub(super) struct SeenKeys {
    /// Of each key the number of its entry and one; open addressing, a power of two of them.
    slots: Vec<u32>,
    /// How many slots are taken.
    keys: usize,
    /// Complete blocks, and the one that grows.
    blocks: Vec<Box<[u8]>>,
    open: Vec<u8>,
    last: Entry,
    entries: usize,
    scratch: Entry,
}

/// Where a key stands, or would.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot(usize);

#[derive(Debug, Clone, Default)]
struct Entry {
    name: Vec<u8>,
    seen: Seen,
}

impl SeenKeys {
    /// What stands under `name`, and its slot.
    pub(super) fn find(&mut self, name: &[u8]) -> (Slot, Option<Seen>) {
        if (self.keys + 1) * 4 > self.slots.len() * 3 {
            self.grow();
        }
        let mask = self.slots.len() - 1;
        let mut at = hash(name) & mask;
        let mut entry = std::mem::take(&mut self.scratch);
        let mut found = None;
        while found.is_none()
            && let Some(number) = self.slots.get(at).filter(|number| **number != EMPTY)
        {
            self.read(*number as usize - 1, &mut entry);
            if entry.name == name {
                found = Some(entry.seen.clone());
            } else {
                at = (at + 1) & mask;
            }
        }
        self.scratch = entry;
        (Slot(at), found)
    }

    /// Lets `seen` stand under `name`, whose slot was just found.
    pub(super) fn set(&mut self, slot: Slot, name: &[u8], seen: Seen) {
        if self.entries > 0 && self.entries.is_multiple_of(BLOCK) {
            self.blocks.push(self.open.as_slice().into());
            self.open.clear();
            self.last.clear();
        }
        write(name, &seen, &self.last, &mut self.open);
        self.last.name.clear();
        self.last.name.extend_from_slice(name);
        self.last.seen = seen;
        self.entries += 1;
        if let Some(place) = self.slots.get_mut(slot.0) {
            self.keys += usize::from(*place == EMPTY);
            // An object ends at 2,147,483,648 records.
            *place = u32::try_from(self.entries).unwrap_or(u32::MAX);
        }
    }

    /// Bytes held.
    #[cfg(test)]
    fn bytes(&self) -> usize {
        const ALLOCATION: usize = 16;
        let blocks = self.blocks.iter().map(|block| block.len() + ALLOCATION).sum::<usize>();
        self.slots.capacity() * 4 + blocks + self.blocks.capacity() * size_of::<Box<[u8]>>()
    }

    fn read(&self, number: usize, entry: &mut Entry) {
        let mut bytes = self.blocks.get(number / BLOCK).map_or(&self.open[..], |block| block);
        entry.clear();
        for _ in 0..=number % BLOCK {
            entry.read_on(&mut bytes);
        }
    }

    fn grow(&mut self) {
        let slots = (self.slots.len() * 2).max(64);
        let mut old = std::mem::replace(&mut self.slots, vec![EMPTY; slots]);
        old.sort_unstable();
        let mut entry = Entry::default();
        let (mut block, mut bytes, mut within) = (usize::MAX, &[][..], 0);
        for number in old.into_iter().filter(|number| *number != EMPTY) {
            let place = number as usize - 1;
            if place / BLOCK != block {
                block = place / BLOCK;
                bytes = self.blocks.get(block).map_or(&self.open[..], |block| block);
                within = 0;
                entry.clear();
            }
            while within <= place % BLOCK {
                entry.read_on(&mut bytes);
                within += 1;
            }
            let mut at = hash(&entry.name) & (slots - 1);
            while self.slots.get(at).is_some_and(|slot| *slot != EMPTY) {
                at = (at + 1) & (slots - 1);
            }
            if let Some(slot) = self.slots.get_mut(at) {
                *slot = number;
            }
        }
    }
}

impl Entry {
    fn clear(&mut self) {
        self.name.clear();
        self.seen.version.clear();
        (self.seen.row, self.seen.offset, self.seen.length) = (0, 0, 0);
    }

    /// Becomes the entry that stands next in `bytes`.
    fn read_on(&mut self, bytes: &mut &[u8]) {
        let seen = &mut self.seen;
        let rows = u32::try_from(read_number(bytes)).unwrap_or_default();
        seen.row = seen.row.saturating_add_unsigned(rows);
        seen.offset += seen.length + read_number(bytes);
        seen.length = read_number(bytes);
        read_differing(&mut self.name, bytes);
        read_differing(&mut seen.version, bytes);
    }
}

/// Appends what differs from the entry `before`.
fn write(name: &[u8], seen: &Seen, before: &Entry, out: &mut Vec<u8>) {
    let earlier = &before.seen;
    number(u64::from(seen.row.abs_diff(earlier.row)), out);
    // Records do not overlap.
    number(seen.offset.saturating_sub(earlier.offset + earlier.length), out);
    number(seen.length, out);
    differing(&before.name, name, out);
    differing(&earlier.version, &seen.version, out);
}

fn hash(name: &[u8]) -> usize {
    let mut hasher = DefaultHasher::new();
    hasher.write(name);
    hasher.finish() as usize
}

/// Seven bits a byte, the lowest first.
fn number(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn read_number(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let Some((byte, rest)) = bytes.split_first() else { break };
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    value
}

/// The length of what `text` shares with `before` at its start, and the rest.
fn differing(before: &[u8], text: &[u8], out: &mut Vec<u8>) {
    let shared = before.iter().zip(text).take_while(|(one, other)| one == other).count();
    let rest = text.get(shared..).unwrap_or_default();
    number(shared as u64, out);
    number(rest.len() as u64, out);
    out.extend_from_slice(rest);
}

fn read_differing(text: &mut Vec<u8>, bytes: &mut &[u8]) {
    let shared = read_number(bytes) as usize;
    let length = read_number(bytes) as usize;
    let (rest, behind) = bytes.split_at_checked(length).unwrap_or((bytes, &[]));
    text.truncate(shared);
    text.extend_from_slice(rest);
    *bytes = behind;
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
                    Seen { row: row as i32 * 3, version: vec![version; 2], offset, length };
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

    #[test]
    fn a_million_keys_take_few_bytes_each() {
        let mut seen = SeenKeys::default();
        let count = 1_000_000;
        for row in 0..count {
            let id = 112_230_000_000_000_u64 + 37 * row;
            let name = [&8_u32.to_be_bytes()[..], &id.to_be_bytes()].concat();
            let (slot, found) = seen.find(&name);
            assert_eq!(found, None);
            let record =
                Seen { row: row as i32, version: Vec::new(), offset: row * 4_601, length: 4_600 };
            seen.set(slot, &name, record);
        }
        let each = seen.bytes() as f64 / count as f64;
        assert!(each < 24.0, "{each} bytes a key");
    }
}
