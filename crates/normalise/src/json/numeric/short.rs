//! The common literal, for speed: at most 16 digits on either side of the point and no exponent.

use super::{NEGATIVE, POSITIVE, header};

/// Appends such a literal in binary form; appends nothing and gives none where it is another.
pub(super) fn encode(literal: &[u8], out: &mut Vec<u8>) -> Option<()> {
    const SIDE: usize = 16;
    let (negative, digits) = match literal.split_first()? {
        (b'-', digits) => (true, digits),
        _ => (false, literal),
    };
    if digits.len() > 2 * SIDE + 1 {
        return None;
    }
    let point = digits.iter().position(|byte| *byte == b'.').unwrap_or(digits.len());
    let (whole, fraction) = digits.split_at_checked(point)?;
    let fraction = fraction.get(1..).unwrap_or_default();
    let behind = sixteen_digits(fraction)? * power_of_ten(SIDE.checked_sub(fraction.len())?)?;
    let mut groups = [0_u16; 8];
    let mut rest = [sixteen_digits(whole)?, behind];
    for (side, part) in groups.chunks_exact_mut(4).zip(&mut rest) {
        for group in side.iter_mut().rev() {
            *group = (*part % 10_000) as u16;
            *part /= 10_000;
        }
    }
    let Some(first) = groups.iter().position(|group| *group != 0) else {
        header(out, 0, 0, POSITIVE, fraction.len() as u16);
        return Some(());
    };
    let last = groups.iter().rposition(|group| *group != 0)?;
    let sign = if negative { NEGATIVE } else { POSITIVE };
    header(out, (last - first + 1) as u16, 3 - first as i16, sign, fraction.len() as u16);
    let mut bytes = [0; 16];
    for (pair, group) in bytes.chunks_exact_mut(2).zip(groups) {
        pair.copy_from_slice(&group.to_be_bytes());
    }
    out.extend_from_slice(bytes.get(2 * first..2 * last + 2)?);
    Some(())
}

fn power_of_ten(power: usize) -> Option<u64> {
    const POWERS: [u64; 17] = {
        let mut powers = [1; 17];
        let mut at = 1;
        while at < powers.len() {
            powers[at] = powers[at - 1] * 10;
            at += 1;
        }
        powers
    };
    POWERS.get(power).copied()
}

/// The value of at most sixteen digits.
fn sixteen_digits(digits: &[u8]) -> Option<u64> {
    if digits.len() > 16 {
        return None;
    }
    let mut value = 0_u64;
    for digit in digits {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + u64::from(digit);
    }
    Some(value)
}
