//! One business day of one store: the checks that it opened, and those of the day before that it
//! closed, late or again. Everything else that the API tells follows from these.

use jiff::civil::{Date, Weekday};

use super::calendar::days_after;
use super::check::Check;
use super::dice::Dice;
use super::{aftermath, ordering, stores};

/// Who is asked, and about how busy a place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) checks_per_day: u32,
}

/// The scope of a question.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Day<'a> {
    pub(crate) world: World,
    pub(crate) store: &'a str,
    pub(crate) date: Date,
}

impl<'a> Day<'a> {
    /// The dice of one decision of the day.
    pub(crate) fn dice(&self, what: &str) -> Dice {
        let date = self.date.to_string();
        Dice::of(self.world.seed, &[what, self.store, &date])
    }

    /// The same store on another day.
    pub(crate) fn shifted(&self, days: i64) -> Day<'a> {
        Self { date: days_after(self.date, days), ..*self }
    }

    /// The checks that the API tells of the day: opened on it, or closed on it.
    pub(crate) fn checks(&self) -> Vec<Check> {
        if stores::is_closed(self.store, self.date) {
            return Vec::new();
        }
        let carried = self
            .shifted(-1)
            .opened()
            .into_iter()
            .zip(0..)
            .filter_map(|(check, position)| aftermath::of(&check, position, self));
        carried.chain(self.opened()).collect()
    }

    /// The checks opened on the day, as they stood when it ended.
    pub(crate) fn opened(&self) -> Vec<Check> {
        if stores::is_closed(self.store, self.date) {
            return Vec::new();
        }
        (0..self.check_count()).map(|position| ordering::check(self, position)).collect()
    }

    fn check_count(&self) -> i64 {
        let usual = i64::from(self.world.checks_per_day);
        let busy = match self.date.weekday() {
            Weekday::Friday | Weekday::Saturday => 130,
            Weekday::Sunday => 115,
            Weekday::Monday | Weekday::Tuesday | Weekday::Wednesday | Weekday::Thursday => 100,
        };
        let chance = self.dice("count").between(90, 110);
        (usual * busy * chance / 10_000).clamp(usual.min(1), ordering::MOST_CHECKS)
    }
}
