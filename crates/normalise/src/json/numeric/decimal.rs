//! A number literal taken apart into sign, digits and the place of its point; nothing is copied.

use super::{MAX_SCALE, MAX_WHOLE_DIGITS, OutOfRange};

/// A literal taken apart: `whole` and `fraction` read as one row of digits, in which the first
/// stands for 10 to the power `point - 1`.
pub(super) struct Decimal<'a> {
    pub(super) negative: bool,
    whole: &'a [u8],
    fraction: &'a [u8],
    pub(super) point: i64,
    exponent: i64,
    /// Digits behind the point as written; below zero where an exponent moved the point past them.
    pub(super) scale: i64,
    /// The first and the last digit that is not zero; none: zero.
    pub(super) significant: Option<(usize, usize)>,
}

impl<'a> Decimal<'a> {
    /// Takes apart a sound literal.
    pub(super) fn read(literal: &'a [u8]) -> Self {
        let (negative, rest) = match literal.split_first() {
            Some((b'-', rest)) => (true, rest),
            _ => (false, literal),
        };
        let mantissa_end = rest.iter().position(|byte| matches!(byte, b'e' | b'E'));
        let (mantissa, exponent) = match mantissa_end {
            Some(end) => rest.split_at_checked(end).unwrap_or((rest, &[])),
            None => (rest, &[][..]),
        };
        let whole_end = mantissa.iter().position(|byte| *byte == b'.').unwrap_or(mantissa.len());
        let (whole, fraction) = mantissa.split_at_checked(whole_end).unwrap_or((mantissa, &[]));
        let fraction = fraction.get(1..).unwrap_or_default();
        let exponent = read_exponent(exponent.get(1..).unwrap_or_default());
        let mut decimal = Self {
            negative,
            whole,
            fraction,
            point: whole.len() as i64 + exponent,
            exponent,
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
        let end = last(self.fraction).map(|at| at + before).or_else(|| last(self.whole))?;
        Some((start, end))
    }

    /// The power of ten that the digit at `index` stands for.
    pub(super) fn power(&self, index: usize) -> i64 {
        self.point - index as i64 - 1
    }

    /// The digit at `index` of the row; zero beyond its ends.
    pub(super) fn digit(&self, index: i64) -> u16 {
        let digit = usize::try_from(index).ok().and_then(|index| {
            match index.checked_sub(self.whole.len()) {
                None => self.whole.get(index),
                Some(index) => self.fraction.get(index),
            }
        });
        digit.map_or(0, |digit| u16::from(digit.wrapping_sub(b'0')))
    }

    pub(super) fn check(&self) -> Result<(), OutOfRange> {
        let too_large =
            self.significant.is_some_and(|(first, _)| self.power(first) >= MAX_WHOLE_DIGITS);
        // Postgres refuses such an exponent even of zero: set_var_from_str in numeric.c.
        let refused = self.exponent.abs() >= i64::from(i32::MAX / 2);
        if too_large || refused || self.scale > MAX_SCALE as i64 { Err(OutOfRange) } else { Ok(()) }
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
        value = value.saturating_mul(10).saturating_add(i64::from(digit.wrapping_sub(b'0')));
    }
    let value = value.min(LIMIT);
    if negative { -value } else { value }
}
