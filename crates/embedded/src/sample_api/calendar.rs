//! Business dates and the two clocks of a check.
//!
//! The stores stand in America/Fortaleza, three hours behind UTC all year. A business day runs until
//! four in the morning, so that a late check's local date is the day after its business date.

use jiff::Span;
use jiff::civil::{Date, DateTime, Time};

use super::json::Json;

const HOURS_BEHIND_UTC: i32 = 3;

/// A moment on the store's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(DateTime);

impl Moment {
    /// So many minutes after the midnight with which the date begins.
    pub(crate) fn on(date: Date, minutes: i64) -> Self {
        Self(date.to_datetime(Time::midnight())).plus_seconds(minutes * 60)
    }

    pub(crate) fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(Span::new().seconds(seconds)))
    }

    /// The time in UTC, without a suffix, as the real API writes it.
    pub(crate) fn utc(self) -> Json {
        Json::text(self.0.saturating_add(Span::new().hours(HOURS_BEHIND_UTC)))
    }

    /// The time on the store's clock.
    pub(crate) fn local(self) -> Json {
        Json::text(self.0)
    }
}

/// The date so many days on.
pub(crate) fn days_after(date: Date, days: i64) -> Date {
    date.saturating_add(Span::new().days(days))
}

/// When the answer about a business date is given: a while after the day has ended. Taken from the
/// date and not from the clock, so that the same question gets the same bytes.
pub(crate) fn answered(date: Date) -> Moment {
    Moment::on(days_after(date, 1), 4 * 60 + 37)
}

#[cfg(test)]
mod tests {
    use super::{Json, Moment};

    #[test]
    fn a_late_moment_has_the_next_days_date() {
        let late = Moment::on(jiff::civil::date(2026, 10, 31), 25 * 60 + 30);
        assert_eq!(late.local(), Json::text("2026-11-01T01:30:00"));
        assert_eq!(late.utc(), Json::text("2026-11-01T04:30:00"));
    }
}
