//! What a scalar looks like: the type it would get, and the habits of APIs that a type must be
//! declared for.

use jiff::civil::{Date, DateTime};

/// A scalar's looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Shape {
    Null,
    Boolean,
    /// The number 0 or 1.
    Bit,
    Integer,
    Decimal,
    /// `"12"`.
    QuotedInteger,
    /// `"12.50"`.
    QuotedDecimal,
    Date,
    Timestamp,
    Timestamptz,
    /// A date in a form that stays text.
    OddDate(&'static str),
    Text,
}

impl Shape {
    pub(crate) fn of_number(literal: &str) -> Self {
        match literal {
            "0" | "1" => Self::Bit,
            _ if literal.parse::<i64>().is_ok() => Self::Integer,
            _ => Self::Decimal,
        }
    }

    pub(crate) fn of_text(text: &str) -> Self {
        let bytes = text.as_bytes();
        if bytes.first().is_some_and(|first| first.is_ascii_digit() || *first == b'-') {
            quoted_number(text)
                .or_else(|| iso(text))
                .or_else(|| odd_date(text))
                .unwrap_or(Self::Text)
        } else {
            Self::Text
        }
    }

    pub(crate) fn is_time(self) -> bool {
        matches!(self, Self::Timestamp | Self::Timestamptz)
    }
}

/// Digits behind the point.
pub(crate) fn places(literal: &str) -> usize {
    let fraction = literal.split_once('.').map_or("", |(_, fraction)| fraction);
    fraction.bytes().take_while(u8::is_ascii_digit).count()
}

/// A number as RFC 8259 has it: no leading zeros, which tell a code from a count.
fn quoted_number(text: &str) -> Option<Shape> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(w, f)| (w, Some(f)));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(whole) || (whole.len() > 1 && whole.starts_with('0')) {
        return None;
    }
    match fraction {
        None => Some(Shape::QuotedInteger),
        Some(fraction) => all_digits(fraction).then_some(Shape::QuotedDecimal),
    }
}

fn iso(text: &str) -> Option<Shape> {
    let day = text.get(..10)?;
    if masked(day) != "0000-00-00" || day.parse::<Date>().is_err() {
        return None;
    }
    let rest = text.get(10..)?;
    if rest.is_empty() {
        return Some(Shape::Date);
    }
    let time = rest.strip_prefix('T')?;
    let split = time.find(['Z', '+', '-']).unwrap_or(time.len());
    let (clock, zone) = time.split_at_checked(split)?;
    let clock_is_whole = masked(clock.get(..8)?) == "00:00:00";
    if !clock_is_whole || format!("{day}T{clock}").parse::<DateTime>().is_err() {
        return None;
    }
    match masked(zone).as_str() {
        "" => Some(Shape::Timestamp),
        "Z" | "+00:00" | "-00:00" => Some(Shape::Timestamptz),
        _ => None,
    }
}

fn odd_date(text: &str) -> Option<Shape> {
    let head = text.split([' ', 'T']).next()?;
    let form = match masked(head).as_str() {
        "00/00/0000" if part(head, 0..2) > 12 => "DD/MM/YYYY",
        "00/00/0000" if part(head, 3..5) > 12 => "MM/DD/YYYY",
        "00/00/0000" => "DD/MM/YYYY or MM/DD/YYYY",
        "00.00.0000" => "DD.MM.YYYY",
        "00-00-0000" => "DD-MM-YYYY",
        "0000/00/00" => "YYYY/MM/DD",
        "0000-00-00" if head.len() < text.len() => "YYYY-MM-DD and a time that is not ISO 8601's",
        _ => return None,
    };
    Some(Shape::OddDate(form))
}

fn part(text: &str, at: std::ops::Range<usize>) -> u32 {
    text.get(at).and_then(|digits| digits.parse().ok()).unwrap_or_default()
}

/// Digits as `0`.
fn masked(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_told_apart_by_their_form() {
        for (text, shape) in [
            ("2026-11-02", Shape::Date),
            ("2026-02-30", Shape::Text),
            ("2026-11-02T06:15:00", Shape::Timestamp),
            ("2026-11-02T06:15:00.5Z", Shape::Timestamptz),
            ("2026-11-02T06:15:00-03:00", Shape::Timestamptz),
            ("31/12/2026", Shape::OddDate("DD/MM/YYYY")),
            ("12/31/2026 10:00", Shape::OddDate("MM/DD/YYYY")),
            ("12.50", Shape::QuotedDecimal),
            ("-3", Shape::QuotedInteger),
            ("0042", Shape::Text),
            ("1é", Shape::Text),
            ("", Shape::Text),
        ] {
            assert_eq!(Shape::of_text(text), shape, "{text}");
        }
    }

    #[test]
    fn numbers_keep_their_digits() {
        assert_eq!(Shape::of_number("1"), Shape::Bit);
        assert_eq!(Shape::of_number("9223372036854775808"), Shape::Decimal);
        assert_eq!(places("109.90"), 2);
    }
}
