//! Numbers as bytes that sort as the numbers do, for comparing versions of records.

use super::decimal::Decimal;

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
    out.push(if decimal.negative { BELOW_ZERO } else { ABOVE_ZERO });
    let magnitude = out.len();
    // Two's complement with the sign bit turned sorts as unsigned bytes do.
    let power = decimal.power(first) as u64 ^ 1 << 63;
    out.extend_from_slice(&power.to_be_bytes());
    for index in (first as i64..=last as i64).step_by(2) {
        let right = if index < last as i64 { decimal.digit(index + 1) } else { 0 };
        out.push((decimal.digit(index) * 10 + right) as u8 + 1);
    }
    out.push(0);
    if decimal.negative {
        for byte in out.iter_mut().skip(magnitude) {
            *byte = !*byte;
        }
    }
}
