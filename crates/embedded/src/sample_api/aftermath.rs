//! What the day after does to a check: one left open is paid, one closed is opened again.
//!
//! Such a check has the same id on two business dates, as the real API tells it under every date
//! that it was open or closed on, and a later version on the second.

use super::calendar::Moment;
use super::check::Check;
use super::day::Day;
use super::ordering::{Oddity, oddity};
use super::till::Till;

const NOON: i64 = 12 * 60;
const AFTERNOON: i64 = 15 * 60 + 20;

/// The check as it stands at the end of the day after, if that day touched it.
pub(crate) fn of(check: &Check, position: i64, day_after: &Day<'_>) -> Option<Check> {
    let mut later = check.clone();
    let mut dice = day_after.dice(&format!("aftermath {}", check.id));
    match oddity(position) {
        Oddity::LeftOpen => {
            let clock = Moment::on(day_after.date, NOON);
            Till::new(&mut later, &mut dice, day_after.date, clock).settle();
        }
        Oddity::Reopened => {
            let clock = Moment::on(day_after.date, AFTERNOON);
            let courtesy = check.items().percent(20);
            let mut till = Till::new(&mut later, &mut dice, day_after.date, clock);
            till.give(courtesy);
            till.settle();
            later.reopened = true;
        }
        Oddity::None
        | Oddity::CorrectedOldTill
        | Oddity::CorrectedNewTill
        | Oddity::Refund
        | Oddity::Discounted => return None,
    }
    Some(later)
}
