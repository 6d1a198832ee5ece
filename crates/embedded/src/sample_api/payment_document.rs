//! The answers of `getTransactions`, the payments of a day, and of `getChargeBack`, those that a
//! card's owner disputes.

use super::amount::Money;
use super::day::Day;
use super::dice::Dice;
use super::json::Json;
use super::payment::{Payment, of_day};

/// A dispute reaches the restaurant so many days after the payment.
const DAYS_LATER: i64 = 12;
const SECONDS_A_DAY: i64 = 86_400;

/// The payments of the day.
pub(crate) fn transactions(day: &Day<'_>) -> Vec<Json> {
    of_day(day).iter().map(|payment| transaction(day, payment)).collect()
}

fn transaction(day: &Day<'_>, payment: &Payment) -> Json {
    let id = payment.id;
    let mut dice = day.dice(&format!("transaction {id}"));
    let card = payment.tender.is_card.then(|| card(&mut dice));
    let is_refund = payment.amount < Money::ZERO;
    Json::object([
        ("transactionId", id.into()),
        ("guestCheckId", payment.check.into()),
        ("type", if is_refund { "refund" } else { "payment" }.into()),
        ("tmedNum", payment.tender.number.into()),
        ("tmedName", payment.tender.name.into()),
        ("amount", payment.amount.into()),
        ("currency", "BRL".into()),
        ("transUTC", payment.at.utc()),
        ("transLcl", payment.at.local()),
        ("wsNum", payment.workstation.into()),
        ("card", card.into()),
    ])
}

fn card(dice: &mut Dice) -> Json {
    let brand = dice.pick(&["Visa", "Mastercard", "Elo", "Hipercard"]);
    Json::object([
        ("brand", brand.into()),
        ("last4", Json::Text(format!("{:04}", dice.between(0, 9_999)))),
        ("authCode", Json::Text(format!("{:06}", dice.between(0, 999_999)))),
        ("installments", dice.pick(&[1, 1, 1, 2, 3]).into()),
    ])
}

/// On most days there is none.
pub(crate) fn charge_backs(day: &Day<'_>) -> Vec<Json> {
    let mut dice = day.dice("charge backs");
    if !dice.percent(12) {
        return Vec::new();
    }
    of_day(&day.shifted(-DAYS_LATER))
        .iter()
        .find(|payment| payment.tender.is_card && payment.amount > Money::ZERO)
        .map(|payment| charge_back(&mut dice, payment))
        .into_iter()
        .collect()
}

fn charge_back(dice: &mut Dice, payment: &Payment) -> Json {
    let raised = DAYS_LATER * SECONDS_A_DAY - dice.between(0, 3_600);
    let reason = dice.pick(&["Compra não reconhecida", "Cobrança em duplicidade"]);
    Json::object([
        ("chargeBackId", Json::Text(format!("CB-{}", payment.id))),
        ("transactionId", payment.id.into()),
        ("guestCheckId", payment.check.into()),
        ("amount", (-payment.amount).into()),
        ("reasonCode", dice.pick(&["4837", "10.4", "0083"]).into()),
        ("reason", reason.into()),
        ("raisedUTC", payment.at.plus_seconds(raised).utc()),
        ("status", "open".into()),
    ])
}
