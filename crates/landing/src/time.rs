//! The time in an object's name: the run's scheduled time, to the second, in UTC.

use std::fmt;

use jiff::{Timestamp, civil, tz::TimeZone};

/// `20261102T061500Z`: what a raw object's name starts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectTime(Timestamp);

/// A text that is no object time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not of the form YYYYMMDDTHHMMSSZ")]
pub struct InvalidObjectTime(pub String);

const LENGTH: usize = "20261102T061500Z".len();

impl ObjectTime {
    /// The object time of an instant; parts of a second are cut off.
    pub fn from_timestamp(at: Timestamp) -> Self {
        Self(Timestamp::from_second(at.as_second()).unwrap_or(at))
    }

    /// The instant.
    pub fn timestamp(self) -> Timestamp {
        self.0
    }

    /// Reads the time that a file name starts with, if it starts with one.
    pub fn at_start_of(name: &str) -> Option<Self> {
        let head = name.get(..LENGTH)?;
        let digits = |range: std::ops::Range<usize>| -> Option<i16> {
            let text = head.get(range)?;
            if !text.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            text.parse().ok()
        };
        if head.get(8..9)? != "T" || head.get(15..16)? != "Z" {
            return None;
        }
        let part = |range| digits(range).and_then(|value| i8::try_from(value).ok());
        let date = civil::Date::new(digits(0..4)?, part(4..6)?, part(6..8)?).ok()?;
        let time = civil::Time::new(part(9..11)?, part(11..13)?, part(13..15)?, 0).ok()?;
        let zoned = TimeZone::UTC.to_timestamp(date.to_datetime(time)).ok()?;
        Some(Self(zoned))
    }
}

impl std::str::FromStr for ObjectTime {
    type Err = InvalidObjectTime;

    fn from_str(text: &str) -> Result<Self, InvalidObjectTime> {
        if text.len() == LENGTH { Self::at_start_of(text) } else { None }
            .ok_or_else(|| InvalidObjectTime(text.to_owned()))
    }
}

impl fmt::Display for ObjectTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.strftime("%Y%m%dT%H%M%SZ"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_gives_its_time_back() {
        let time = ObjectTime::at_start_of("20261102T061500Z.json").unwrap();
        assert_eq!(time.timestamp().to_string(), "2026-11-02T06:15:00Z");
        assert_eq!(time.to_string(), "20261102T061500Z");
    }

    #[test]
    fn a_name_without_a_time_has_none() {
        for name in [
            "1.json",
            "20261302T061500Z.json",
            "2026-11-02T06:15:00Z",
            "+0261102T061500Z",
            "ééééééééé",
        ] {
            assert_eq!(ObjectTime::at_start_of(name), None, "{name}");
        }
    }
}
