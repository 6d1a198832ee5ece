//! Chance that always falls the same way: numbers drawn from a seed and the name of what is decided.
//!
//! Written out here (SplitMix64 on an FNV-1a hash), so that no release of a library changes a byte
//! that the sample API ever answered.

/// A stream of numbers of one decision.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// The stream that belongs to a seed alone.
    pub fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// The stream that belongs to a seed and a name in parts.
    pub(crate) fn of(seed: u64, name: &[&str]) -> Self {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ seed;
        for part in name {
            // No part holds the byte 255, so that no two names run together.
            for byte in part.bytes().chain([0xff]) {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
            }
        }
        Self::seeded(hash)
    }

    /// The next 64 bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = high.abs_diff(low).saturating_add(1);
        low.saturating_add_unsigned(self.next() % span)
    }

    /// True in so many cases of a hundred.
    pub fn percent(&mut self, cases: i64) -> bool {
        self.between(1, 100) <= cases
    }

    /// One of several.
    pub fn pick<T: Copy, const N: usize>(&mut self, items: &[T; N]) -> T {
        const { assert!(N > 0) };
        let position = usize::try_from(self.next() % (N as u64)).unwrap_or_default();
        items[position]
    }
}

#[cfg(test)]
mod tests {
    use super::Dice;

    #[test]
    fn a_name_always_draws_the_same() {
        let draw = |seed, name: &[&str]| Dice::of(seed, name).next();
        assert_eq!(draw(1, &["a", "b"]), draw(1, &["a", "b"]));
        assert_ne!(draw(1, &["a", "b"]), draw(2, &["a", "b"]));
        assert_ne!(draw(1, &["ab", ""]), draw(1, &["a", "b"]));
    }

    #[test]
    fn the_numbers_themselves_never_change() {
        let mut dice = Dice::of(7, &["fixed"]);
        assert_eq!(
            [dice.between(0, 999), dice.between(0, 999), dice.between(-5, 5)],
            [277, 526, 5]
        );
    }
}
