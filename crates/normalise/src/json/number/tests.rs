use proptest::prelude::*;

use super::{is_literal, parse_i64};

#[test]
fn integers_are_read_up_to_both_ends_of_64_bits() {
    assert_eq!(parse_i64(b"0"), Some(0));
    assert_eq!(parse_i64(b"-0"), Some(0));
    assert_eq!(parse_i64(b"9223372036854775807"), Some(i64::MAX));
    assert_eq!(parse_i64(b"-9223372036854775808"), Some(i64::MIN));
    for other in ["9223372036854775808", "-9223372036854775809", "99999999999999999999999"] {
        assert_eq!(parse_i64(other.as_bytes()), None, "{other}");
    }
}

#[test]
fn what_is_no_integer_is_none() {
    for other in ["", "-", "1.0", "1e3", "+1", " 1", "1a"] {
        assert_eq!(parse_i64(other.as_bytes()), None, "{other}");
    }
}

#[test]
fn a_literal_is_one_number_and_nothing_else() {
    for text in ["0", "-0.0", "12", "1.5e-7", "1E+2"] {
        assert!(is_literal(text.as_bytes()), "{text}");
    }
    for text in ["", "-", "+1", "01", "1.", ".5", "1e", "1 ", " 1", "0x1", "NaN", "-Infinity"] {
        assert!(!is_literal(text.as_bytes()), "{text}");
    }
}

proptest! {
    #[test]
    fn integers_are_read_as_the_standard_library_reads_them(digits in "-?[1-9][0-9]{0,20}") {
        prop_assert_eq!(parse_i64(digits.as_bytes()), digits.parse().ok());
    }

    #[test]
    fn every_64_bit_integer_is_read(value in any::<i64>()) {
        prop_assert_eq!(parse_i64(value.to_string().as_bytes()), Some(value));
    }
}
