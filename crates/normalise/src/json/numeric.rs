//! Number literals as Postgres's binary `numeric`, digit for digit, and as bytes that sort.
//!
//! The form is that of `numeric_recv` in src/backend/utils/adt/numeric.c: the number of base-10000
//! digits, the weight of the first, the sign, the digits behind the point as written, the digits;
//! 16 bits each, big-endian.

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

/// A literal taken apart: `whole` and `fraction` read as one row of digits, in which the first
/// stands for 10 to the power `point - 1`.
struct Decimal<'a> {
    negative: bool,
    whole: &'a [u8],
    fraction: &'a [u8],
    point: i64,
    /// Digits behind the point as written; below zero where an exponent moved the point past them.
    scale: i64,
    /// The first and the last digit that is not zero; none: zero.
    significant: Option<(usize, usize)>,
}

impl<'a> Decimal<'a> {
    /// Takes apart a sound literal.
    fn read(literal: &'a [u8]) -> Self {
        let (negative, rest) = match literal.split_first() {
            Some((b'-', rest)) => (true, rest),
            _ => (false, literal),
        };
        let mantissa_end = rest.iter().position(|byte| matches!(byte, b'e' | b'E'));
        let (mantissa, exponent) = match mantissa_end {
            Some(end) => rest.split_at_checked(end).unwrap_or((rest, &[])),
            None => (rest, &[][..]),
        };
        let whole_end = mantissa
            .iter()
            .position(|byte| *byte == b'.')
            .unwrap_or(mantissa.len());
        let (whole, fraction) = mantissa
            .split_at_checked(whole_end)
            .unwrap_or((mantissa, &[]));
        let fraction = fraction.get(1..).unwrap_or_default();
        let exponent = read_exponent(exponent.get(1..).unwrap_or_default());
        let mut decimal = Self {
            negative,
            whole,
            fraction,
            point: whole.len() as i64 + exponent,
            scale: fraction.len() as i64 - exponent,
            significant: None,
        };
        decimal.significant = decimal.find_significant();
        decimal
    }

    fn find_significant(&self) -> Option<(usize, usize)> {
        let first = |digits: &[u8]| digits.iter().position(|digit| *digit != b'0');
        let last = |digits: &[u8]| digits.iter().rposition(|digit| *digit != b'0');
        let before = self.whole.len();
        let start = first(self.whole).or_else(|| first(self.fraction).map(|at| at + before))?;
        let end = last(self.fraction)
            .map(|at| at + before)
            .or_else(|| last(self.whole))?;
        Some((start, end))
    }

    /// The power of ten that the digit at `index` stands for.
    fn power(&self, index: usize) -> i64 {
        self.point - index as i64 - 1
    }

    /// The digit at `index` of the row; zero beyond its ends.
    fn digit(&self, index: i64) -> u16 {
        let digit = usize::try_from(index).ok().and_then(|index| {
            match index.checked_sub(self.whole.len()) {
                None => self.whole.get(index),
                Some(index) => self.fraction.get(index),
            }
        });
        digit.map_or(0, |digit| u16::from(digit.wrapping_sub(b'0')))
    }

    fn check(&self) -> Result<(), OutOfRange> {
        let too_large = self
            .significant
            .is_some_and(|(first, _)| self.power(first) >= MAX_WHOLE_DIGITS);
        if too_large || self.scale > MAX_SCALE as i64 {
            Err(OutOfRange)
        } else {
            Ok(())
        }
    }
}

/// An exponent's value, held within a billion billions: beyond any bound, and safe to add to.
fn read_exponent(text: &[u8]) -> i64 {
    const LIMIT: i64 = 1_000_000_000_000_000_000;
    let (negative, digits) = match text.split_first() {
        Some((b'-', digits)) => (true, digits),
        Some((b'+', digits)) => (false, digits),
        _ => (false, text),
    };
    let mut value = 0_i64;
    for digit in digits {
        value = value
            .saturating_mul(10)
            .saturating_add(i64::from(digit.wrapping_sub(b'0')));
    }
    let value = value.min(LIMIT);
    if negative { -value } else { value }
}

/// Whether `numeric` can hold a sound literal.
pub(super) fn fits(literal: &[u8]) -> bool {
    Decimal::read(literal).check().is_ok()
}

/// Appends a sound literal in binary form.
pub(crate) fn encode(literal: &[u8], out: &mut Vec<u8>) -> Result<(), OutOfRange> {
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
    header(
        out,
        (weight - lowest + 1) as u16,
        weight as i16,
        sign,
        scale,
    );
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
    let trailing = groups
        .iter()
        .take_while(|group| **group == 0)
        .count()
        .min(used);
    let sign = if value < 0 { NEGATIVE } else { POSITIVE };
    header(
        out,
        (used - trailing) as u16,
        used.saturating_sub(1) as i16,
        sign,
        0,
    );
    for group in groups.get(trailing..used).unwrap_or_default().iter().rev() {
        out.extend_from_slice(&group.to_be_bytes());
    }
}

fn header(out: &mut Vec<u8>, digits: u16, weight: i16, sign: u16, scale: u16) {
    out.extend_from_slice(&digits.to_be_bytes());
    out.extend_from_slice(&weight.to_be_bytes());
    out.extend_from_slice(&sign.to_be_bytes());
    out.extend_from_slice(&scale.to_be_bytes());
}

/// Appends bytes whose order is the order of the numbers, whatever their size; equal numbers
/// (`1`, `1.0`, `10e-1`) give equal bytes. No key is the start of another.
pub(crate) fn sort_key(literal: &[u8], out: &mut Vec<u8>) {
    const BELOW_ZERO: u8 = 1;
    const ZERO: u8 = 2;
    const ABOVE_ZERO: u8 = 3;
    let decimal = Decimal::read(literal);
    let Some((first, last)) = decimal.significant else {
        out.push(ZERO);
        return;
    };
    out.push(if decimal.negative {
        BELOW_ZERO
    } else {
        ABOVE_ZERO
    });
    let magnitude = out.len();
    // Two's complement with the sign bit turned sorts as unsigned bytes do.
    let power = decimal.power(first) as u64 ^ 1 << 63;
    out.extend_from_slice(&power.to_be_bytes());
    for index in (first as i64..=last as i64).step_by(2) {
        let right = if index < last as i64 {
            decimal.digit(index + 1)
        } else {
            0
        };
        out.push((decimal.digit(index) * 10 + right) as u8 + 1);
    }
    out.push(0);
    if decimal.negative {
        for byte in out.iter_mut().skip(magnitude) {
            *byte = !*byte;
        }
    }
}

#[cfg(test)]
mod tests;
