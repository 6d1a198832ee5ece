//! Keys and their records, written one behind the other as what differs from the one before.

use super::seen::Seen;

/// Entries of one block: to read one, those before it are read too.
const BLOCK: usize = 32;

/// A list of entries that grows at its end.
#[derive(Debug, Default)]
pub(super) struct Entries {
    /// Complete blocks, and the one that grows.
    blocks: Vec<Box<[u8]>>,
    open: Vec<u8>,
    last: Entry,
    count: usize,
}

/// A key as bytes, and the record that has it.
#[derive(Debug, Clone, Default)]
pub(super) struct Entry {
    pub(super) name: Vec<u8>,
    pub(super) seen: Seen,
}

impl Entries {
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// The entry that was added last; one without a name where there is none.
    pub(super) fn last_name(&self) -> &[u8] {
        &self.last.name
    }

    pub(super) fn push(&mut self, name: &[u8], seen: Seen) {
        if self.count > 0 && self.count.is_multiple_of(BLOCK) {
            self.blocks.push(self.open.as_slice().into());
            self.open.clear();
            self.last.clear();
        }
        write(name, &seen, &self.last, &mut self.open);
        self.last.name.clear();
        self.last.name.extend_from_slice(name);
        self.last.seen = seen;
        self.count += 1;
    }

    /// Reads the entry numbered `number`.
    pub(super) fn read(&self, number: usize, entry: &mut Entry) {
        let mut bytes = self.block(number / BLOCK);
        entry.clear();
        for _ in 0..=number % BLOCK {
            entry.read_on(&mut bytes);
        }
    }

    /// Reads the entry called `name`, where the names of all entries ascend; whether there is one.
    pub(super) fn search(&self, name: &[u8], entry: &mut Entry) -> bool {
        let blocks = self.count.div_ceil(BLOCK);
        let (mut first, mut end) = (0, blocks);
        while first < end {
            let middle = first.midpoint(end);
            self.read(middle * BLOCK, entry);
            if entry.name.as_slice() <= name {
                first = middle + 1;
            } else {
                end = middle;
            }
        }
        let Some(block) = first.checked_sub(1) else { return false };
        let mut bytes = self.block(block);
        entry.clear();
        while !bytes.is_empty() {
            entry.read_on(&mut bytes);
            if entry.name == name {
                return true;
            }
        }
        false
    }

    /// All of them, from the first on.
    pub(super) fn each(&self, mut take: impl FnMut(usize, &Entry)) {
        let mut entry = Entry::default();
        let mut number = 0;
        for block in 0..=self.blocks.len() {
            let mut bytes = self.block(block);
            entry.clear();
            while !bytes.is_empty() {
                entry.read_on(&mut bytes);
                take(number, &entry);
                number += 1;
            }
        }
    }

    fn block(&self, block: usize) -> &[u8] {
        self.blocks.get(block).map_or(&self.open, |block| block)
    }

    /// Bytes held.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        const ALLOCATION: usize = 16;
        let blocks = self.blocks.iter().map(|block| block.len() + ALLOCATION).sum::<usize>();
        blocks + self.blocks.capacity() * size_of::<Box<[u8]>>()
    }
}

impl Entry {
    fn clear(&mut self) {
        self.name.clear();
        self.seen.version.clear();
        (self.seen.row, self.seen.bytes) = (0, 0..0);
    }

    /// Becomes the entry that stands next in `bytes`.
    fn read_on(&mut self, bytes: &mut &[u8]) {
        let seen = &mut self.seen;
        let rows = u32::try_from(read_number(bytes)).unwrap_or_default();
        seen.row = seen.row.saturating_add_unsigned(rows);
        let start = seen.bytes.end + read_number(bytes);
        seen.bytes = start..start + read_number(bytes);
        read_differing(&mut self.name, bytes);
        read_differing(&mut seen.version, bytes);
    }
}

/// Appends what differs from the entry `before`.
fn write(name: &[u8], seen: &Seen, before: &Entry, out: &mut Vec<u8>) {
    let earlier = &before.seen;
    number(u64::from(seen.row.abs_diff(earlier.row)), out);
    // Records do not overlap.
    number(seen.bytes.start.saturating_sub(earlier.bytes.end), out);
    number(seen.bytes.end - seen.bytes.start, out);
    differing(&before.name, name, out);
    differing(&earlier.version, &seen.version, out);
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
