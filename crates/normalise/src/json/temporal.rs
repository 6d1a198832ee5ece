//! Dates and times in strings: ISO 8601 in full, and only what the calendar has.

/// What a text means, in the units of Postgres's binary forms, counted from 2000-01-01 00:00 (UTC).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Temporal {
    /// `YYYY-MM-DD`, in days.
    Date(i32),
    /// `YYYY-MM-DDTHH:MM:SS[.f]`, in microseconds.
    Timestamp(i64),
    /// The same with `Z` or `±HH:MM`, in microseconds of UTC.
    Timestamptz(i64),
}

const DATE: usize = "YYYY-MM-DD".len();
const SECONDS: usize = "YYYY-MM-DDTHH:MM:SS".len();
const LONGEST: usize = "YYYY-MM-DDTHH:MM:SS.ffffff+HH:MM".len();
const MICROSECONDS: i64 = 1_000_000;
const DAY: i64 = 86_400 * MICROSECONDS;
const MINUTE: i64 = 60 * MICROSECONDS;

/// Reads `YYYY-MM-DD` and `YYYY-MM-DDTHH:MM:SS[.1 to 6 digits][Z|±HH:MM]`, years 0001 to 9999.
/// Anything else is text: also `24:00`, a 60th second, an offset of 15 hours and more, and a
/// fraction of over six digits, which Postgres would round.
pub(crate) fn infer(text: &[u8]) -> Option<Temporal> {
    if !(DATE..=LONGEST).contains(&text.len()) || text.get(4) != Some(&b'-') {
        return None;
    }
    let days = date(text)?;
    if text.len() == DATE {
        return Some(Temporal::Date(days));
    }
    let (fraction, zone) = fraction(text.get(SECONDS..)?)?;
    let local = i64::from(days) * DAY + time(text)? + fraction;
    match zone {
        [] => Some(Temporal::Timestamp(local)),
        _ => Some(Temporal::Timestamptz(local - offset(zone)?)),
    }
}

/// The date that a text starts with, in days.
fn date(text: &[u8]) -> Option<i32> {
    if text.get(7) != Some(&b'-') {
        return None;
    }
    let year = two(text, 0)? * 100 + two(text, 2)?;
    let (month, day) = (two(text, 5)?, two(text, 8)?);
    if year == 0 || day == 0 || day > days_in(year, month)? {
        return None;
    }
    Some(days_since_2000(year, month, day))
}

fn days_in(year: i32, month: i32) -> Option<i32> {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => Some(31),
        4 | 6 | 9 | 11 => Some(30),
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => Some(29),
        2 => Some(28),
        _ => None,
    }
}

/// Days of the proleptic Gregorian calendar, with years taken to begin in March so that the leap
/// day is the last of its year.
fn days_since_2000(year: i32, month: i32, day: i32) -> i32 {
    const MARCH_2000_TO_YEAR_0: i32 = 730_425;
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year / 4 - year / 100 + year / 400;
    year * 365 + leap_days + (month * 153 + 2) / 5 + day - 1 - MARCH_2000_TO_YEAR_0
}

/// The `THH:MM:SS` behind the date, in microseconds.
fn time(text: &[u8]) -> Option<i64> {
    if text.get(10) != Some(&b'T') || text.get(13) != Some(&b':') || text.get(16) != Some(&b':') {
        return None;
    }
    let (hour, minute, second) = (two(text, 11)?, two(text, 14)?, two(text, 17)?);
    let sound = hour < 24 && minute < 60 && second < 60;
    sound.then(|| i64::from(hour * 3600 + minute * 60 + second) * MICROSECONDS)
}

/// The fraction that `rest` may start with, in microseconds, and what stands behind it.
fn fraction(rest: &[u8]) -> Option<(i64, &[u8])> {
    let Some((b'.', rest)) = rest.split_first() else {
        return Some((0, rest));
    };
    let length = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
    if !(1..=6).contains(&length) {
        return None;
    }
    let (digits, zone) = rest.split_at_checked(length)?;
    let padded = digits.iter().copied().chain(std::iter::repeat(b'0')).take(6);
    Some((padded.fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0')), zone))
}

/// `Z` or `±HH:MM`, in microseconds ahead of UTC.
fn offset(zone: &[u8]) -> Option<i64> {
    let sign = match zone {
        b"Z" => return Some(0),
        [b'+', _, _, b':', _, _] => 1,
        [b'-', _, _, b':', _, _] => -1,
        _ => return None,
    };
    let (hours, minutes) = (two(zone, 1)?, two(zone, 4)?);
    (hours < 15 && minutes < 60).then(|| sign * i64::from(hours * 60 + minutes) * MINUTE)
}

/// The two digits at `at`.
fn two(text: &[u8], at: usize) -> Option<i32> {
    match text.get(at..at + 2)? {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => {
            Some(i32::from(tens - b'0') * 10 + i32::from(ones - b'0'))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
