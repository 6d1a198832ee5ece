//! Number literals as Postgres's binary `numeric` and back, digit for digit.
//!
//! The form is that of `numeric_recv` in src/backend/utils/adt/numeric.c: the number of base-10000
//! digits, the weight of the first, the sign, the digits behind the point as written, the digits;
//! 16 bits each, big-endian.

mod decimal;
mod order;
mod short;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use decimal::Decimal;
pub(crate) use order::sort_key;

/// Digits behind the point that `numeric` can hold.
pub(super) const MAX_SCALE: usize = 16_383;
/// Digits before the point that `numeric` can hold.
const MAX_WHOLE_DIGITS: i64 = 131_072;
const DIGITS: i64 = 4;
const POSITIVE: u16 = 0x0000;
const NEGATIVE: u16 = 0x4000;

/// A number with more digits than `numeric` can hold: over 131,072 before or 16,383 behind the
/// point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the number has more than 131072 digits before or 16383 behind the point, beyond Postgres's \
     numeric; declare the field as text"
)]
pub(crate) struct OutOfRange;

/// Whether `numeric` can hold a sound literal.
pub(super) fn fits(literal: &[u8]) -> bool {
    Decimal::read(literal).check().is_ok()
}

/// Appends a sound literal in binary form.
pub(crate) fn encode(literal: &[u8], out: &mut Vec<u8>) -> Result<(), OutOfRange> {
    if short::encode(literal, out).is_some() {
        return Ok(());
    }
    let decimal = Decimal::read(literal);
    decimal.check()?;
    let scale = decimal.scale.max(0) as u16;
    let Some((first, last)) = decimal.significant else {
        header(out, 0, 0, POSITIVE, scale);
        return Ok(());
    };
    let weight = decimal.power(first).div_euclid(DIGITS);
    let lowest = decimal.power(last).div_euclid(DIGITS);
    let sign = if decimal.negative { NEGATIVE } else { POSITIVE };
    header(out, (weight - lowest + 1) as u16, weight as i16, sign, scale);
    for group in (lowest..=weight).rev() {
        let highest = decimal.point - 1 - (group * DIGITS + DIGITS - 1);
        let value =
            (highest..highest + DIGITS).fold(0, |value, index| value * 10 + decimal.digit(index));
        out.extend_from_slice(&value.to_be_bytes());
    }
    Ok(())
}

/// Appends a `bigint` in binary form as a `numeric`.
pub(crate) fn from_i64_binary(cell: [u8; 8], out: &mut Vec<u8>) {
    let value = i64::from_be_bytes(cell);
    let mut rest = value.unsigned_abs();
    let mut groups = [0_u16; 5];
    let mut used = 0;
    for group in &mut groups {
        if rest == 0 {
            break;
        }
        *group = (rest % 10_000) as u16;
        rest /= 10_000;
        used += 1;
    }
    let trailing = groups.iter().take_while(|group| **group == 0).count().min(used);
    let sign = if value < 0 { NEGATIVE } else { POSITIVE };
    header(out, (used - trailing) as u16, used.saturating_sub(1) as i16, sign, 0);
    for group in groups.get(trailing..used).unwrap_or_default().iter().rev() {
        out.extend_from_slice(&group.to_be_bytes());
    }
}

fn header(out: &mut Vec<u8>, digits: u16, weight: i16, sign: u16, scale: u16) {
    let words = [digits, weight as u16, sign, scale];
    let packed = words.iter().fold(0_u64, |packed, word| packed << 16 | u64::from(*word));
    out.extend_from_slice(&packed.to_be_bytes());
}

/// A cell in binary form as a literal with all its digits, those behind the point as far as its
/// scale goes; none where it is NaN, infinite, or no such cell.
pub(crate) fn to_literal(cell: &[u8]) -> Option<String> {
    let mut words = cell.chunks_exact(2).map(|pair| match pair {
        [high, low] => u16::from_be_bytes([*high, *low]),
        _ => 0,
    });
    let (count, weight) = (words.next()?, i64::from(words.next()? as i16));
    let (sign, scale) = (words.next()?, usize::from(words.next()?));
    let groups: Vec<u16> = words.collect();
    let sound = groups.len() == usize::from(count) && groups.iter().all(|group| *group < 10_000);
    if !sound || !matches!(sign, POSITIVE | NEGATIVE) || scale > MAX_SCALE {
        return None;
    }
    let group = |power: i64| {
        let index = usize::try_from(weight - power).ok();
        index.and_then(|index| groups.get(index)).copied().unwrap_or(0)
    };
    let mut literal = String::from(if sign == NEGATIVE { "-" } else { "" });
    // Writing to a String can't fail.
    let _ = write!(literal, "{}", group(weight.max(0)));
    for power in (0..weight).rev() {
        let _ = write!(literal, "{:04}", group(power));
    }
    if scale > 0 {
        literal.push('.');
        let end = literal.len() + scale;
        for power in 1..=scale.div_ceil(4) {
            let _ = write!(literal, "{:04}", group(-(power as i64)));
        }
        literal.truncate(end);
    }
    Some(literal)
}
