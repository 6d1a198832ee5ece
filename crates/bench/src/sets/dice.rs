//! Chance that is the same on every machine, seeded by name.

use embedded::sample_api::Dice;

/// The dice of this name: equal names throw equal numbers.
pub(crate) fn named(name: &str) -> Dice {
    // FNV-1a spreads names that differ in one letter over all seeds.
    Dice::seeded(name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    }))
}
