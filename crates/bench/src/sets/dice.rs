//! Chance that is the same on every machine: SplitMix64 (Steele, Lea, Flood, "Fast splittable
//! pseudorandom number generators", 2014), seeded by name.

/// A stream of numbers that its name decides.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    /// The dice of this name: equal names throw equal numbers.
    pub(crate) fn named(name: &str) -> Self {
        // FNV-1a spreads names that differ in one letter over all seeds.
        let seed = name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = high.saturating_sub(low).max(0).unsigned_abs() + 1;
        low.saturating_add_unsigned(self.next() % width)
    }

    /// Whether something happens that happens so many times in a hundred.
    pub(crate) fn percent(&mut self, times: i64) -> bool {
        self.between(1, 100) <= times
    }

    /// One of these; an empty choice has nothing to give.
    pub(crate) fn one_of(&mut self, choice: &[&'static str]) -> &'static str {
        let last = i64::try_from(choice.len()).unwrap_or_default() - 1;
        let index = usize::try_from(self.between(0, last.max(0))).unwrap_or_default();
        choice.get(index).copied().unwrap_or_default()
    }
}
