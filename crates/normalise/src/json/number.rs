//! Number literals: the grammar, and the ones that fit a machine word.

use super::numeric;
use super::syntax::{Fault, SyntaxKind};

/// A sound literal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scanned {
    /// The index behind it.
    pub(super) end: usize,
    /// Neither fraction nor exponent.
    pub(super) integer: bool,
    /// Whether Postgres's `numeric` can hold it.
    pub(super) representable: bool,
}

/// Checks the literal at `at`, which starts with a minus or a digit.
pub(super) fn scan(json: &[u8], at: usize) -> Result<Scanned, Fault> {
    let first = if json.get(at) == Some(&b'-') { at + 1 } else { at };
    let mut end = digits(json, first)?;
    if json.get(first) == Some(&b'0') && end > first + 1 {
        let detail = "found a number with a leading zero, which JSON does not have";
        return Err(Fault::new(SyntaxKind::NotJson, first, detail));
    }
    let whole = end;
    if json.get(end) == Some(&b'.') {
        end = digits(json, end + 1)?;
    }
    let mut exponent = false;
    if let Some(b'e' | b'E') = json.get(end) {
        exponent = true;
        let signed = matches!(json.get(end + 1), Some(b'+' | b'-'));
        end = digits(json, end + 1 + usize::from(signed))?;
    }
    // Short and without exponent is certain to fit.
    let representable = (!exponent && end - at < numeric::MAX_SCALE)
        || numeric::fits(json.get(at..end).unwrap_or_default());
    Ok(Scanned { end, integer: end == whole, representable })
}

/// The index behind the digits at `at`; there must be one.
fn digits(json: &[u8], at: usize) -> Result<usize, Fault> {
    let rest = json.get(at..).unwrap_or_default();
    let length = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
    if length == 0 {
        let literal = json.get(at.saturating_sub(1)..).unwrap_or_default();
        if literal.starts_with(b"-Infinity") {
            return Err(Fault::unexpected(json, at - 1, "a number"));
        }
        return Err(Fault::unexpected(json, at, "a digit"));
    }
    Ok(at + length)
}

/// Whether a text is one number literal, nothing before or behind it.
pub(crate) fn is_literal(text: &[u8]) -> bool {
    matches!(text.first(), Some(b'-' | b'0'..=b'9'))
        && scan(text, 0).is_ok_and(|scanned| scanned.end == text.len())
}

/// An integer literal (optional minus, digits) as a 64-bit integer, if it fits.
pub(crate) fn parse_i64(literal: &[u8]) -> Option<i64> {
    let (negative, digits) = match literal.split_first()? {
        (b'-', digits) => (true, digits),
        _ => (false, literal),
    };
    let mut below = 0_i64;
    for digit in digits {
        let value = digit.wrapping_sub(b'0');
        if value > 9 {
            return None;
        }
        // Summed below zero, where i64 has one more number.
        below = below.checked_mul(10)?.checked_sub(i64::from(value))?;
    }
    match (digits, negative) {
        ([], _) => None,
        (_, true) => Some(below),
        (_, false) => below.checked_neg(),
    }
}

#[cfg(test)]
mod tests;
