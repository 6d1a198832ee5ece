use jiff::{Timestamp, civil, tz::TimeZone};
use proptest::prelude::*;

use super::{Temporal, infer};

fn days(date: civil::Date) -> i32 {
    civil::date(2000, 1, 1).until((jiff::Unit::Day, date)).unwrap().get_days()
}

fn micros(at: Timestamp) -> i64 {
    at.as_microsecond() - "2000-01-01T00:00:00Z".parse::<Timestamp>().unwrap().as_microsecond()
}

#[test]
fn dates_and_times_in_full_are_read() {
    assert_eq!(infer(b"2000-01-01"), Some(Temporal::Date(0)));
    assert_eq!(infer(b"1999-12-31"), Some(Temporal::Date(-1)));
    assert_eq!(infer(b"2024-02-29"), Some(Temporal::Date(8825)));
    assert_eq!(infer(b"0001-01-01"), Some(Temporal::Date(-730_119)));
    assert_eq!(infer(b"9999-12-31"), Some(Temporal::Date(2_921_939)));
    assert_eq!(infer(b"2000-01-01T00:00:01"), Some(Temporal::Timestamp(1_000_000)));
    assert_eq!(infer(b"2000-01-01T00:00:01.5"), Some(Temporal::Timestamp(1_500_000)));
    assert_eq!(infer(b"2000-01-01T00:00:00.000001Z"), Some(Temporal::Timestamptz(1)));
    assert_eq!(infer(b"2000-01-01T00:00:00+00:01"), Some(Temporal::Timestamptz(-60_000_000)));
    assert_eq!(infer(b"1999-12-31T21:00:00-03:00"), Some(Temporal::Timestamptz(0)));
    assert_eq!(infer(b"2000-01-01T14:59:00+14:59"), Some(Temporal::Timestamptz(0)));
}

#[test]
fn everything_else_is_text() {
    for text in [
        "",
        "2024",
        "2024-01",
        "20240101",
        "2024-1-01",
        "2023-02-29",
        "1900-02-29",
        "2024-13-01",
        "2024-00-01",
        "2024-01-00",
        "2024-04-31",
        "0000-01-01",
        "-2024-01-01",
        "+2024-01-01",
        "2024/01/01",
        "2024-01-01 00:00:00",
        "2024-01-01t00:00:00",
        "2024-01-01T00:00",
        "2024-01-01T24:00:00",
        "2024-01-01T00:60:00",
        "2024-01-01T23:59:60",
        "2024-01-01T00:00:00z",
        "2024-01-01T00:00:00.",
        "2024-01-01T00:00:00.1234567",
        "2024-01-01T00:00:00.123456789Z",
        "2024-01-01T00:00:00+03",
        "2024-01-01T00:00:00+0300",
        "2024-01-01T00:00:00+15:00",
        "2024-01-01T00:00:00+03:60",
        "2024-01-01T00:00:00Z ",
        " 2024-01-01",
        "2024-01-01T",
        "2024-01-01Z",
        "2024-01-01T00:00:00,5",
        "2024-01-01T00:00:00.5+03:00:00",
        "2024-01-0\u{661}",
    ] {
        assert_eq!(infer(text.as_bytes()), None, "{text}");
    }
}

#[test]
fn every_day_of_a_whole_cycle_of_leap_years_agrees_with_jiff() {
    let mut date = civil::date(1801, 1, 1);
    let last = civil::date(2201, 1, 1);
    let mut expected = days(date);
    loop {
        let text = date.to_string();
        assert_eq!(infer(text.as_bytes()), Some(Temporal::Date(expected)), "{text}");
        if date == last {
            break;
        }
        date = date.tomorrow().unwrap();
        expected += 1;
    }
}

fn moment() -> impl Strategy<Value = civil::DateTime> {
    let date = (1_i16..=9999, 1_i8..=12, 1_i8..=28);
    let time = (0_i8..24, 0_i8..60, 0_i8..60, 0_i32..1_000_000);
    (date, time).prop_map(|((year, month, day), (hour, minute, second, micro))| {
        civil::DateTime::new(year, month, day, hour, minute, second, micro * 1_000).unwrap()
    })
}

proptest! {
    #[test]
    fn timestamps_agree_with_jiff(at in moment(), zulu in any::<bool>()) {
        let expected = micros(TimeZone::UTC.to_timestamp(at).unwrap());
        let text = format!("{at}{}", if zulu { "Z" } else { "" });
        let found = if zulu { Temporal::Timestamptz(expected) } else { Temporal::Timestamp(expected) };
        prop_assert_eq!(infer(text.as_bytes()), Some(found));
    }

    #[test]
    fn offsets_agree_with_jiff(at in moment(), minutes in -899_i32..=899) {
        prop_assume!((2..9999).contains(&at.year()));
        let offset = jiff::tz::Offset::from_seconds(minutes * 60).unwrap();
        let expected = micros(offset.to_timestamp(at).unwrap());
        let sign = if minutes < 0 { '-' } else { '+' };
        let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
        let text = format!("{at}{sign}{hours:02}:{rest:02}");
        prop_assert_eq!(infer(text.as_bytes()), Some(Temporal::Timestamptz(expected)));
    }

    #[test]
    fn any_bytes_are_judged_without_a_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..40),
        text in "[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:.+Z-]{0,22})?",
    ) {
        let _ = infer(&bytes);
        let _ = infer(text.as_bytes());
    }
}
