//! Draws one check: who came, when, and what is odd about it. The lines are the till's.

use super::calendar::Moment;
use super::check::Check;
use super::day::Day;
use super::dice::Dice;
use super::till::Till;

/// An id has fourteen bits for the check's place within its day.
pub(crate) const MOST_CHECKS: i64 = (1 << 14) - 1;
/// Ids begin where a double no longer holds every integer.
const FIRST_ID: i64 = 1 << 53;
/// Every so many checks, each of the rare kinds comes once.
const CYCLE: i64 = 20;

/// What is odd about a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Oddity {
    None,
    /// An item was taken back, the reason written as a scalar.
    CorrectedOldTill,
    /// An item was taken back, the reason written as an object.
    CorrectedNewTill,
    /// Guests brought something back: all totals are negative.
    Refund,
    /// Not yet paid at the end of the day.
    LeftOpen,
    /// Closed, and opened again on the next day.
    Reopened,
    Discounted,
}

/// The oddity that falls to a place within a day, so that every day has every kind.
pub(crate) fn oddity(position: i64) -> Oddity {
    match position % CYCLE {
        3 => Oddity::CorrectedOldTill,
        5 => Oddity::CorrectedNewTill,
        7 => Oddity::Refund,
        9 => Oddity::LeftOpen,
        11 => Oddity::Reopened,
        2 | 6 | 14 => Oddity::Discounted,
        _ => Oddity::None,
    }
}

/// Draws the check at a place within the day.
pub(crate) fn check(day: &Day<'_>, position: i64) -> Check {
    let mut dice = day.dice(&format!("check {position}"));
    let oddity = oddity(position);
    let opened = arrival(day, &mut dice);
    let is_delivery = dice.percent(12);
    let table = dice.between(1, 96);
    let mut check = Check {
        id: id(day, position),
        number: 1_000 + (position * 7 + dice.between(0, 6)) % 9_000,
        business_date: day.date,
        opened,
        closed: None,
        last_updated: opened,
        reopened: false,
        guests: if is_delivery { 1 } else { dice.pick(&[1, 2, 2, 2, 3, 4, 4, 6, 11]) },
        revenue_centre: if is_delivery { 103 } else { dice.pick(&[101, 101, 102]) },
        order_type: if is_delivery { 3 } else { 1 },
        order_channel: is_delivery.then(|| dice.between(1, 3)),
        table_number: if is_delivery { 900 } else { table },
        table_name: if is_delivery { "Balcão".to_owned() } else { table.to_string() },
        employee: 55_500 + dice.between(1, 40),
        times_printed: dice.between(1, 3),
        lines: Vec::new(),
    };
    let mut till = Till::new(&mut check, &mut dice, day.date, opened);
    till.order(oddity);
    till.discount(oddity);
    till.charge_service(oddity);
    if oddity == Oddity::LeftOpen {
        till.save();
    } else {
        till.settle();
    }
    check
}

/// At noon or in the evening; the last ones well after midnight.
fn arrival(day: &Day<'_>, dice: &mut Dice) -> Moment {
    let minutes = if dice.percent(42) {
        dice.between(11 * 60 + 15, 14 * 60 + 40)
    } else {
        dice.between(18 * 60, 24 * 60 + 30)
    };
    Moment::on(day.date, minutes).plus_seconds(dice.between(0, 59))
}

/// Store, day and place within the day, side by side.
fn id(day: &Day<'_>, position: i64) -> i64 {
    let store = Dice::of(0, &["store", day.store]).next() >> 40;
    let store = i64::try_from(store).unwrap_or_default();
    let epoch = jiff::civil::date(2010, 1, 1);
    let days = epoch.until(day.date).map_or(0, |span| i64::from(span.get_days()));
    FIRST_ID + (store << 29) + (days.rem_euclid(1 << 15) << 14) + position
}
