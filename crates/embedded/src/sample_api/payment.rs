//! The payments of a day: the tender lines of its checks, whichever day the check was opened on.

use super::amount::Money;
use super::calendar::Moment;
use super::check::{Check, Kind, Line};
use super::check_document::line_id;
use super::day::Day;
use super::menu::Tender;

/// One payment, or one paid back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Payment {
    /// The id of its line on the check.
    pub(crate) id: i64,
    pub(crate) check: i64,
    pub(crate) tender: Tender,
    pub(crate) amount: Money,
    pub(crate) at: Moment,
    pub(crate) workstation: i64,
}

/// All of them.
pub(crate) fn of_day(day: &Day<'_>) -> Vec<Payment> {
    let mut payments = Vec::new();
    for check in day.checks() {
        for (position, line) in check.lines.iter().enumerate() {
            if line.business_date == day.date {
                payments.extend(payment(&check, position, line));
            }
        }
    }
    payments
}

fn payment(check: &Check, position: usize, line: &Line) -> Option<Payment> {
    let Kind::Tender(tender) = line.kind else {
        return None;
    };
    Some(Payment {
        id: line_id(check, position),
        check: check.id,
        tender,
        amount: line.amount?,
        at: line.at,
        workstation: line.workstation,
    })
}
