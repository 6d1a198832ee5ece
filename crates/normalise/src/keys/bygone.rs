//! The keys that an object had long ago, as far as an answer "never" or "perhaps": in ten bits each,
//! where remembering them would take a hundred.
//!
//! Filters after Bloom, each of twice the size of the one before; the last one only fills up. From
//! then on "perhaps" is said more often, which costs questions to the database, not rightness.

use super::hash;

const FIRST_BYTES: usize = 64 << 10;
const LAST_BYTES: usize = 1 << 20;
const BITS_PER_KEY: usize = 10;
/// With ten bits a key, each filter takes one key in a hundred that never was for one that was.
const PROBES: u64 = 5;

/// Names that were added, and some more.
#[derive(Debug, Default)]
pub(super) struct Bygone {
    filters: Vec<Filter>,
}

#[derive(Debug)]
struct Filter {
    words: Vec<u64>,
    /// How many names it still takes.
    room: usize,
}

impl Bygone {
    pub(super) fn add(&mut self, name: &[u8]) {
        let bytes = self.filters.last().map_or(0, Filter::bytes);
        let is_full = self.filters.last().is_none_or(|filter| filter.room == 0);
        if is_full && bytes < LAST_BYTES {
            self.filters.push(Filter::new((2 * bytes).max(FIRST_BYTES)));
        }
        if let Some(filter) = self.filters.last_mut() {
            filter.add(hash(name));
        }
    }

    /// Whether the name was perhaps added; if not, it was not.
    pub(super) fn may_hold(&self, name: &[u8]) -> bool {
        if self.filters.is_empty() {
            return false;
        }
        let hash = hash(name);
        self.filters.iter().any(|filter| filter.may_hold(hash))
    }
}

impl Filter {
    fn new(bytes: usize) -> Self {
        Self { words: vec![0; bytes / 8], room: bytes * 8 / BITS_PER_KEY }
    }

    fn bytes(&self) -> usize {
        self.words.len() * 8
    }

    fn add(&mut self, hash: u64) {
        self.room = self.room.saturating_sub(1);
        for probe in 0..PROBES {
            let (word, bit) = self.place(hash, probe);
            if let Some(word) = self.words.get_mut(word) {
                *word |= bit;
            }
        }
    }

    fn may_hold(&self, hash: u64) -> bool {
        (0..PROBES).all(|probe| {
            let (word, bit) = self.place(hash, probe);
            self.words.get(word).is_some_and(|word| word & bit != 0)
        })
    }

    /// The word and the bit of a probe. The number of bits is a power of two.
    fn place(&self, hash: u64, probe: u64) -> (usize, u64) {
        let step = (hash >> 32) | 1;
        let bit = hash.wrapping_add(probe.wrapping_mul(step)) as usize % (self.words.len() * 64);
        (bit / 64, 1 << (bit % 64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(number: u32) -> [u8; 4] {
        number.to_be_bytes()
    }

    #[test]
    fn what_was_added_is_held_and_little_else() {
        let mut bygone = Bygone::default();
        assert!(!bygone.may_hold(&name(0)));
        let count = 400_000;
        (0..count).for_each(|number| bygone.add(&name(number)));
        assert!((0..count).all(|number| bygone.may_hold(&name(number))));
        let wrong = (count..2 * count).filter(|number| bygone.may_hold(&name(*number))).count();
        assert!(wrong < 4 * count as usize / 100, "{wrong} of {count}");
    }

    #[test]
    fn it_takes_two_megabytes_at_most() {
        let mut bygone = Bygone::default();
        (0..3_000_000).for_each(|number| bygone.add(&name(number)));
        assert!(bygone.filters.iter().map(Filter::bytes).sum::<usize>() < 2 << 20);
        assert!(bygone.may_hold(&name(2_999_999)));
    }
}
