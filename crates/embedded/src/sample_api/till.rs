//! Rings up the lines of one check, from the first order to the payment.

use jiff::civil::Date;

use super::amount::{Money, Quantity};
use super::calendar::Moment;
use super::check::{Check, Closing, ErrorCode, Kind, Line};
use super::dice::Dice;
use super::menu::{Item, MENU, MODIFIERS, TENDERS};
use super::ordering::Oddity;

const MOST_ITEMS: i64 = 12;

/// A till with a check on its screen.
#[derive(Debug)]
pub(crate) struct Till<'a> {
    check: &'a mut Check,
    dice: &'a mut Dice,
    /// The business date that lines are booked on.
    date: Date,
    /// The time of the last entry.
    clock: Moment,
}

/// Where on the check a line goes.
#[derive(Debug, Clone, Copy)]
struct Place {
    round: i64,
    seat: i64,
}

impl<'a> Till<'a> {
    /// Opens the check on the till.
    pub(crate) fn new(check: &'a mut Check, dice: &'a mut Dice, date: Date, clock: Moment) -> Self {
        Self { check, dice, date, clock }
    }

    /// Rings up what the guests order, and takes back what they did not get.
    pub(crate) fn order(&mut self, oddity: Oddity) {
        let guests = self.check.guests;
        let items = match oddity {
            Oddity::Refund => 1,
            Oddity::CorrectedOldTill | Oddity::CorrectedNewTill => 3,
            Oddity::None | Oddity::LeftOpen | Oddity::Reopened | Oddity::Discounted => {
                (guests + self.dice.between(0, guests + 1)).min(MOST_ITEMS)
            }
        };
        for turn in 0..items {
            let place = Place { round: 1 + turn / 3, seat: 1 + turn % guests };
            self.order_item(place, oddity == Oddity::Refund);
        }
        self.correct(oddity);
    }

    fn order_item(&mut self, place: Place, is_refund: bool) {
        let item = self.dice.pick(&MENU);
        let ordered = quantity(&item, self.dice);
        let quantity = if is_refund { -ordered } else { ordered };
        let kind = Kind::MenuItem {
            number: item.number,
            tax: item.tax,
            price_level: self.dice.pick(&[1, 1, 3]),
        };
        self.ring(place, quantity, Some(item.price.times(quantity)), kind);
        if self.dice.percent(18) && !is_refund {
            let number = self.dice.pick(&MODIFIERS);
            let kind = Kind::Modifier { number, tax: item.tax };
            self.ring(place, Quantity::ONE, None, kind);
        }
    }

    /// Takes back the last item.
    fn correct(&mut self, oddity: Oddity) {
        let code = match oddity {
            Oddity::CorrectedOldTill => ErrorCode::Scalar(self.dice.pick(&["EC-102", "EC-115"])),
            Oddity::CorrectedNewTill => ErrorCode::Object {
                kind: self.dice.between(1, 4),
                message: self.dice.pick(&["Lançamento em duplicidade", "Item não servido"]),
            },
            Oddity::None
            | Oddity::Refund
            | Oddity::LeftOpen
            | Oddity::Reopened
            | Oddity::Discounted => return,
        };
        let last = self.check.lines.iter().rev().find_map(|line| {
            let Kind::MenuItem { number, tax, .. } = line.kind else {
                return None;
            };
            Some((line.clone(), number, tax))
        });
        if let Some((line, of, tax)) = last {
            let place = Place { round: line.round, seat: line.seat };
            let amount = line.amount.map(|amount| -amount);
            self.ring(place, -line.quantity, amount, Kind::Correction { of, tax, code });
        }
    }

    /// Ten reais, or fifteen percent of the items.
    pub(crate) fn discount(&mut self, oddity: Oddity) {
        if oddity != Oddity::Discounted {
            return;
        }
        let items = self.check.items();
        let amount = if items > Money(5_000) && self.dice.percent(50) {
            Money(1_000)
        } else {
            items.percent(15)
        };
        self.give(amount);
    }

    /// Takes an amount off the check.
    pub(crate) fn give(&mut self, amount: Money) {
        let number = self.dice.pick(&[201, 204, 210]);
        self.ring(self.end(), Quantity::ONE, Some(-amount), Kind::Discount { number });
    }

    /// Ten percent, which most guests at a table pay.
    pub(crate) fn charge_service(&mut self, oddity: Oddity) {
        let is_table = self.check.order_type == 1;
        if !is_table || oddity == Oddity::Refund || !self.dice.percent(85) {
            return;
        }
        let amount = self.check.subtotal().percent(10);
        let kind = Kind::ServiceCharge { number: 1 };
        self.ring(self.end(), Quantity::ONE, Some(amount), kind);
    }

    /// Pays what is due, in one part or two, or pays back; then closes the check.
    pub(crate) fn settle(&mut self) {
        let open = self.check.due() - self.check.paid();
        let first = if open > Money(8_000) && self.dice.percent(20) {
            open.percent(40)
        } else {
            Money::ZERO
        };
        for amount in [first, open - first] {
            if amount != Money::ZERO {
                let kind = Kind::Tender(self.dice.pick(&TENDERS));
                self.ring(self.end(), Quantity::ONE, Some(amount), kind);
            }
        }
        let at = self.clock.plus_seconds(self.dice.between(5, 90));
        self.check.closed = Some(Closing { business_date: self.date, at });
        self.clock = at;
        self.save();
    }

    /// Sends the check as it stands.
    pub(crate) fn save(&mut self) {
        self.check.last_updated = self.clock.plus_seconds(self.dice.between(1, 2_400));
    }

    /// The last round, first seat: where what concerns the whole check is rung up.
    fn end(&self) -> Place {
        Place { round: self.check.rounds(), seat: 1 }
    }

    fn ring(&mut self, place: Place, quantity: Quantity, amount: Option<Money>, kind: Kind) {
        self.clock = self.clock.plus_seconds(self.dice.between(20, 600));
        self.check.lines.push(Line {
            business_date: self.date,
            at: self.clock,
            workstation: self.dice.between(1, 8),
            round: place.round,
            seat: place.seat,
            quantity,
            amount,
            kind,
        });
    }
}

fn quantity(item: &Item, dice: &mut Dice) -> Quantity {
    if item.by_weight {
        Quantity(dice.between(180, 940))
    } else {
        Quantity(1_000 * dice.pick(&[1, 1, 1, 1, 2, 3]))
    }
}
