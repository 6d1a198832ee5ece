//! The answer of `getCashManagementDetails`: the cash boxes and what went in and out.

use super::amount::Money;
use super::calendar::Moment;
use super::day::Day;
use super::json::Json;
use super::menu::CASH;
use super::{payment, stores};

/// Two cash boxes, for the workstations of the dining room and those of the bar.
pub(crate) fn boxes(day: &Day<'_>) -> Vec<Json> {
    if stores::is_closed(day.store, day.date) {
        return Vec::new();
    }
    let payments = payment::of_day(day);
    let cash_of = |from: i64, to: i64| {
        let here = payments
            .iter()
            .filter(|payment| payment.tender == CASH && (from..=to).contains(&payment.workstation));
        here.map(|payment| payment.amount).sum::<Money>()
    };
    vec![cash_box(day, 1, cash_of(1, 4)), cash_box(day, 2, cash_of(5, 8))]
}

fn cash_box(day: &Day<'_>, number: i64, sales: Money) -> Json {
    let mut dice = day.dice(&format!("cash box {number}"));
    let opening = Money(20_000);
    // What is above the float goes to the safe, in notes of ten.
    let skimmed = Money(-(sales.0.max(0) / 1_000 * 1_000));
    let difference = Money(dice.pick(&[0, 0, 0, 0, -50, 25, -1_000]));
    let minutes = |minutes| Moment::on(day.date, minutes);
    let movement = |kind: &str, amount: Money, at: i64, note: Json| {
        Json::object([
            ("type", kind.into()),
            ("amount", amount.into()),
            ("atUTC", minutes(at).utc()),
            ("note", note),
        ])
    };
    let mut movements = vec![movement("sales", sales, 26 * 60, Json::Null)];
    if skimmed != Money::ZERO {
        movements.push(movement("skim", skimmed, 26 * 60 + 10, "Sangria – cofre nº 1".into()));
    }
    let counted = opening + sales + skimmed + difference;
    Json::object([
        ("cashBoxId", Json::Text(format!("{}-{number}", day.store))),
        ("cashierEmpNum", (55_500 + dice.between(1, 40)).into()),
        ("openedUTC", minutes(10 * 60 + 45).utc()),
        ("closedUTC", minutes(26 * 60 + 30).utc()),
        ("openingBalance", opening.into()),
        ("closingBalance", counted.into()),
        ("difference", difference.into()),
        ("balanced", (difference == Money::ZERO).into()),
        ("movements", Json::List(movements)),
    ])
}
