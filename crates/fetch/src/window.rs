//! Business dates: which have ended, and which lie between two.

use configuration::DateWindow;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};

/// More dates in one request are a slip of the pen.
const DATES_MAX: usize = 36_600;

/// The last dates that have ended by `at`, the oldest first.
///
/// A business date ends at `day_ends` on the next calendar day, by the business's clock. Where that
/// clock skips or repeats the hour, it ends as late as the skip's end, and as early as the first
/// of the two.
pub(crate) fn ended(window: &DateWindow, at: Timestamp) -> Vec<Date> {
    let zone = &window.timezone;
    let mut date = at.to_zoned_datetime(zone.clone()).date();
    while has_ended(window, date, at) == Some(false) {
        let Ok(previous) = date.yesterday() else { break };
        date = previous;
    }
    let count = i64::from(window.last);
    let mut dates =
        (0..count).filter_map(|back| date.checked_sub(back.days()).ok()).collect::<Vec<_>>();
    dates.reverse();
    dates
}

fn has_ended(window: &DateWindow, date: Date, at: Timestamp) -> Option<bool> {
    let end = date.tomorrow().ok()?.to_datetime(window.day_ends);
    let end = window.timezone.to_timestamp(end).ok()?;
    Some(end <= at)
}

/// The dates from one to another, both included.
pub(crate) fn between(from: &str, to: &str) -> Result<Vec<Date>, String> {
    let (from, to) = (date(from)?, date(to)?);
    if to < from {
        return Err(format!("`to` ({to}) lies before `from` ({from}); swap them"));
    }
    let dates =
        from.series(1.day()).take_while(|date| *date <= to).take(DATES_MAX + 1).collect::<Vec<_>>();
    if dates.len() > DATES_MAX {
        return Err(format!(
            "from {from} to {to} are more than {DATES_MAX} dates; ask for fewer at a time"
        ));
    }
    Ok(dates)
}

/// A date in full, `2026-11-01`.
pub(crate) fn date(text: &str) -> Result<Date, String> {
    Date::strptime("%Y-%m-%d", text)
        .ok()
        .filter(|date| date.to_string() == text)
        .ok_or_else(|| format!("`{text}` is no date; write it like 2026-11-01"))
}

#[cfg(test)]
mod tests {
    use jiff::civil::Time;
    use jiff::tz::TimeZone;

    use super::*;

    fn dates(zone: &str, ends: Time, last: u32, at: &str) -> Vec<String> {
        let window = DateWindow { last, timezone: TimeZone::get(zone).unwrap(), day_ends: ends };
        let dates = ended(&window, at.parse().unwrap());
        dates.iter().map(Date::to_string).collect()
    }

    #[test]
    fn a_business_date_ends_the_next_morning_by_the_business_clock() {
        let four = Time::constant(4, 0, 0, 0);
        // Fortaleza is three hours behind: 06:59Z is 03:59 there.
        let before = dates("America/Fortaleza", four, 2, "2026-11-04T06:59:59Z");
        assert_eq!(before, ["2026-11-01", "2026-11-02"]);
        let after = dates("America/Fortaleza", four, 2, "2026-11-04T07:00:00Z");
        assert_eq!(after, ["2026-11-02", "2026-11-03"]);
    }

    #[test]
    fn midnight_ends_the_day_before() {
        let at = "2026-11-04T00:00:00Z";
        assert_eq!(dates("UTC", Time::midnight(), 1, at), ["2026-11-03"]);
    }

    #[test]
    fn a_clock_that_skips_or_repeats_the_hour_ends_each_date_once() {
        let half_past_two = Time::constant(2, 30, 0, 0);
        // New York skips 02:00–03:00 on 8 March 2026: 02:30 becomes 03:30 EDT, 07:30Z.
        let skip = |at| dates("America/New_York", half_past_two, 1, at);
        assert_eq!(skip("2026-03-08T07:29:00Z"), ["2026-03-06"]);
        assert_eq!(skip("2026-03-08T07:30:00Z"), ["2026-03-07"]);
        // It repeats 01:00–02:00 on 1 November 2026: 01:30 EDT is 05:30Z, 01:30 EST 06:30Z.
        let half_past_one = Time::constant(1, 30, 0, 0);
        let fold = |at| dates("America/New_York", half_past_one, 1, at);
        assert_eq!(fold("2026-11-01T05:30:00Z"), ["2026-10-31"]);
        assert_eq!(fold("2026-11-01T06:10:00Z"), ["2026-10-31"]);
    }

    #[test]
    fn a_range_includes_both_ends_and_says_what_is_wrong_with_it() {
        let texts = |from, to| between(from, to).map(|dates| dates.len());
        assert_eq!(texts("2024-02-28", "2024-03-01"), Ok(3));
        assert_eq!(texts("2026-11-01", "2026-11-01"), Ok(1));
        for (from, to) in [
            ("2026-11-02", "2026-11-01"),
            ("2026-02-29", "2026-03-01"),
            ("2026-1-1", "2026-01-02"),
            ("0001-01-01", "9999-12-31"),
        ] {
            assert!(texts(from, to).is_err(), "{from} {to}");
        }
    }
}
