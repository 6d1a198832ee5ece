use std::cmp::Ordering;

use proptest::prelude::*;

use super::{OutOfRange, encode, fits, from_i64_binary, sort_key, to_literal};

fn encoded(literal: &str) -> Vec<u8> {
    let mut out = Vec::new();
    encode(literal.as_bytes(), &mut out).unwrap();
    out
}

fn words(cell: &[u8]) -> Vec<i32> {
    cell.chunks(2).map(|pair| i32::from(i16::from_be_bytes([pair[0], pair[1]]))).collect()
}

fn key(literal: &str) -> Vec<u8> {
    let mut out = Vec::new();
    sort_key(literal.as_bytes(), &mut out);
    out
}

/// The literal without exponent, as Postgres would print it, worked out on text.
fn plain(literal: &str) -> String {
    let (mantissa, exponent) = literal.split_once(['e', 'E']).unwrap_or((literal, "0"));
    let exponent: i64 = exponent.parse().unwrap();
    let negative = mantissa.starts_with('-');
    let (whole, fraction) = mantissa
        .trim_start_matches('-')
        .split_once('.')
        .unwrap_or_else(|| (mantissa.trim_start_matches('-'), ""));
    let mut digits = format!("{whole}{fraction}");
    let mut point = whole.len() as i64 + exponent;
    while point < 1 {
        digits.insert(0, '0');
        point += 1;
    }
    while (digits.len() as i64) < point {
        digits.push('0');
    }
    let (whole, fraction) = digits.split_at(point as usize);
    let whole = whole.trim_start_matches('0');
    let mut text = if whole.is_empty() { "0".to_owned() } else { whole.to_owned() };
    if !fraction.is_empty() {
        text = format!("{text}.{fraction}");
    }
    let zero = text.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    if negative && !zero { format!("-{text}") } else { text }
}

#[test]
fn known_numbers_have_the_form_that_postgres_sends() {
    // Number of digits, weight, sign, scale, digits; as `select numeric_send(…)` shows them.
    let cases: [(&str, &[i32]); 17] = [
        ("0", &[0, 0, 0, 0]),
        ("-0", &[0, 0, 0, 0]),
        ("0.00", &[0, 0, 0, 2]),
        ("1", &[1, 0, 0, 0, 1]),
        ("10000", &[1, 1, 0, 0, 1]),
        ("12345", &[2, 1, 0, 0, 1, 2345]),
        ("1234.5678", &[2, 0, 0, 4, 1234, 5678]),
        ("1234.567800", &[2, 0, 0, 6, 1234, 5678]),
        ("-0.0001", &[1, -1, 0x4000, 4, 1]),
        ("0.00001", &[1, -2, 0, 5, 1000]),
        ("20.809091", &[3, 0, 0, 6, 20, 8090, 9100]),
        ("1e5", &[1, 1, 0, 0, 10]),
        ("1.20e-3", &[1, -1, 0, 5, 12]),
        ("1.25e1", &[2, 0, 0, 1, 12, 5000]),
        ("100000000.5", &[4, 2, 0, 1, 1, 0, 0, 5000]),
        (
            "9999999999999999.9999999999999999",
            &[8, 3, 0, 16, 9999, 9999, 9999, 9999, 9999, 9999, 9999, 9999],
        ),
        ("0.1E+1", &[1, 0, 0, 0, 1]),
    ];
    for (literal, form) in cases {
        assert_eq!(words(&encoded(literal)), form, "{literal}");
    }
}

#[test]
fn the_bounds_of_numeric_are_kept_without_allocating_for_them() {
    for literal in [
        "1e131072",
        "-10e131071",
        "1e-16384",
        "0.1e-16383",
        "0e-16384",
        "0e1073741823",
        "1e99999999999999999999999",
    ] {
        let mut out = Vec::new();
        assert_eq!(encode(literal.as_bytes(), &mut out), Err(OutOfRange), "{literal}");
        assert!(out.is_empty() && !fits(literal.as_bytes()));
    }
    assert_eq!(words(&encoded("1e131071")), [1, 32_767, 0, 0, 1000]);
    assert_eq!(words(&encoded("1e-16383")), [1, -4096, 0, 16_383, 10]);
    assert_eq!(words(&encoded("0e1073741822")), [0, 0, 0, 0]);
    let widest = format!("{}.{}", "9".repeat(131_072), "9".repeat(16_383));
    assert_eq!(to_literal(&encoded(&widest)), Some(widest));
}

#[test]
fn a_cell_that_is_no_finite_number_has_no_literal() {
    for words in [vec![0, 0, 0xC000, 0], vec![1, 0, 0, 0], vec![1, 0, 0, 0, 10_000], vec![0, 0]] {
        let cell: Vec<u8> = words.into_iter().flat_map(u16::to_be_bytes).collect();
        assert_eq!(to_literal(&cell), None);
    }
}

#[test]
fn sort_keys_stand_in_the_order_of_the_numbers() {
    let ascending = [
        "-1e99999999999999999999",
        "-1e400",
        "-123456789012345678901234567890",
        "-10",
        "-2",
        "-1.5",
        "-1.25",
        "-1",
        "-0.5",
        "-1e-400",
        "0",
        "1e-400",
        "0.05",
        "0.1",
        "0.11",
        "0.5",
        "1",
        "1.01",
        "1.1",
        "1.5",
        "2",
        "9",
        "9.9",
        "10",
        "11",
        "99",
        "100",
        "101",
        "9007199254740993",
        "1e400",
        "1e401",
    ];
    for pair in ascending.windows(2) {
        assert!(key(pair[0]) < key(pair[1]), "{pair:?}");
    }
    for equal in [["1", "1.0"], ["1", "10e-1"], ["0", "-0.00"], ["0", "0e7"], ["1200", "1.2E3"]] {
        assert_eq!(key(equal[0]), key(equal[1]), "{equal:?}");
    }
}

const LITERAL: &str = "-?(0|[1-9][0-9]{0,18})(\\.[0-9]{1,18})?([eE][+-]?[0-9]{1,2})?";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn a_literal_comes_back_digit_for_digit(literal in LITERAL) {
        prop_assert_eq!(to_literal(&encoded(&literal)), Some(plain(&literal)));
    }

    #[test]
    fn a_cell_has_no_needless_digits(literal in LITERAL) {
        let words = words(&encoded(&literal));
        prop_assert_eq!(words[0] as usize, words.len() - 4);
        prop_assert!(words[4..].iter().all(|digit| (0..10_000).contains(digit)));
        prop_assert!(words[4..].first() != Some(&0) && words[4..].last() != Some(&0));
    }

    #[test]
    fn a_bigint_as_numeric_is_the_same_number(value in prop_oneof![
        any::<i64>(),
        -100_000_i64..100_000,
        Just(i64::MIN),
        (-9_i64..10).prop_map(|value| value * 1_000_000_000_000_000_000),
    ]) {
        let mut out = Vec::new();
        from_i64_binary(value.to_be_bytes(), &mut out);
        prop_assert_eq!(out, encoded(&value.to_string()));
    }

    #[test]
    fn sort_keys_order_as_integers_do(
        left in any::<i64>(), right in any::<i64>(), shift in 0_u32..63, scale in 0..12,
    ) {
        let (left, right) = (left >> shift, right >> shift);
        let as_key = |value: i64| key(&format!("{value}e-{scale}"));
        prop_assert_eq!(as_key(left).cmp(&as_key(right)), left.cmp(&right));
    }

    #[test]
    fn sort_keys_order_as_floats_do(left in any::<f64>(), right in any::<f64>()) {
        prop_assume!(left.is_finite() && right.is_finite());
        let order = left.partial_cmp(&right).unwrap_or(Ordering::Equal);
        prop_assert_eq!(key(&format!("{left:e}")).cmp(&key(&format!("{right:e}"))), order);
    }
}
