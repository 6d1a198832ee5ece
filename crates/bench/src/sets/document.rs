//! Whole answers: the envelope, and checks until the wished size is reached; in pieces, so that one
//! of many gigabytes needs no memory.

use std::fmt::Write;

use embedded::sample_api::Dice;
use jiff::civil::Date;

use super::check::{self, CheckPlace};
use super::dice;

/// Bytes of a piece, about.
const PIECE_BYTES: usize = 1 << 20;

/// How many rows a set makes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Counts {
    pub(crate) checks: i64,
    pub(crate) taxes: i64,
    pub(crate) lines: i64,
    pub(crate) bytes: u64,
}

impl Counts {
    /// Rows of all three tables.
    pub(crate) fn rows(&self) -> i64 {
        self.checks + self.taxes + self.lines
    }

    /// Adds those of another document.
    pub(crate) fn add(&mut self, other: Self) {
        self.checks += other.checks;
        self.taxes += other.taxes;
        self.lines += other.lines;
        self.bytes += other.bytes;
    }
}

/// One answer of the endpoint.
#[derive(Debug, Clone)]
pub(crate) struct DocumentPlan {
    /// What its dice are named by.
    pub(crate) seed: String,
    pub(crate) business_date: Date,
    pub(crate) store: u32,
    pub(crate) first_id: i64,
    pub(crate) revision: i64,
    /// It ends with the first check beyond it.
    pub(crate) bytes: u64,
}

/// An answer that is written piece by piece.
#[derive(Debug)]
pub(crate) struct Document {
    plan: DocumentPlan,
    dice: Dice,
    counts: Counts,
    is_whole: bool,
}

impl Document {
    pub(crate) fn new(plan: DocumentPlan) -> Self {
        let dice = dice::named(&plan.seed);
        Self { plan, dice, counts: Counts::default(), is_whole: false }
    }

    /// The rows and bytes of the pieces so far.
    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    /// The next piece, none after the last.
    pub(crate) fn piece(&mut self) -> Option<String> {
        if self.is_whole {
            return None;
        }
        let mut out = String::with_capacity(PIECE_BYTES + 16 * 1024);
        if self.counts.bytes == 0 {
            let _ = write!(
                out,
                "{{\"curUTC\":\"{}T05:06:06\",\"locRef\":\"99 CB {:04}\",\"guestChecks\":[",
                self.plan.business_date, self.plan.store
            );
        }
        while out.len() < PIECE_BYTES && !self.is_whole {
            self.check(&mut out);
            self.is_whole = self.counts.bytes + out.len() as u64 >= self.plan.bytes;
        }
        if self.is_whole {
            out.push_str("]}");
        }
        self.counts.bytes += out.len() as u64;
        Some(out)
    }

    fn check(&mut self, out: &mut String) {
        if self.counts.checks > 0 {
            out.push(',');
        }
        let place = CheckPlace {
            id: self.plan.first_id + self.counts.checks,
            number: self.counts.checks,
            business_date: self.plan.business_date,
            revision: self.plan.revision,
        };
        let below = check::write(out, &mut self.dice, place);
        self.counts.checks += 1;
        self.counts.taxes += below.taxes;
        self.counts.lines += below.lines;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn plan(bytes: u64, revision: i64) -> DocumentPlan {
        DocumentPlan {
            seed: format!("test/{revision}"),
            business_date: Date::constant(2024, 1, 1),
            store: 1,
            first_id: 1_000,
            revision,
            bytes,
        }
    }

    fn whole(plan: DocumentPlan) -> (String, Counts) {
        let mut document = Document::new(plan);
        let text = std::iter::from_fn(|| document.piece()).collect();
        (text, document.counts())
    }

    #[test]
    fn a_plan_gives_the_same_bytes_every_time() {
        assert_eq!(whole(plan(3_000_000, 0)), whole(plan(3_000_000, 0)));
        assert_ne!(whole(plan(100_000, 0)).0, whole(plan(100_000, 1)).0);
    }

    #[test]
    fn the_bytes_of_a_plan_stay_what_they_are() {
        // Results of different days can only be compared where the data is the same.
        let (text, counts) = whole(plan(30_000, 0));
        let sum = text
            .bytes()
            .fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
        assert_eq!((sum, counts.bytes), (530_803_597_169_255_735, 31_933));
    }

    #[test]
    fn it_is_json_and_the_counts_are_true() {
        let (text, counts) = whole(plan(2_500_000, 0));
        let read: Value = serde_json::from_str(&text).unwrap();
        let checks = read["guestChecks"].as_array().unwrap();
        let below = |name: &str| -> usize {
            checks.iter().map(|check| check[name].as_array().unwrap().len()).sum()
        };
        assert_eq!(checks.len(), usize::try_from(counts.checks).unwrap());
        assert_eq!(below("taxes"), usize::try_from(counts.taxes).unwrap());
        assert_eq!(below("detailLines"), usize::try_from(counts.lines).unwrap());
        assert_eq!(text.len() as u64, counts.bytes);
        assert!((2_500_000..2_510_000).contains(&text.len()));
    }
}
