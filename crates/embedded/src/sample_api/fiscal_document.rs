//! The answer of `getFiscalInvoice`: what the tax office has of each check.

use super::amount::Money;
use super::check::{Check, TaxedSales};
use super::day::Day;
use super::dice::Dice;
use super::json::Json;

/// One invoice for each check that was closed on the day.
pub(crate) fn invoices(day: &Day<'_>) -> Vec<Json> {
    let checks = day.checks();
    let closed = checks
        .iter()
        .filter(|check| check.closed.is_some_and(|closing| closing.business_date == day.date));
    closed.map(|check| invoice(day, check)).collect()
}

fn invoice(day: &Day<'_>, check: &Check) -> Json {
    let mut dice = day.dice(&format!("invoice {}", check.id));
    let taxes = check.taxed_sales();
    let collected = taxes.iter().map(|entry| entry.tax.collected_on(entry.sales)).sum::<Money>();
    let issued = check.closed.map_or(check.last_updated, |closing| closing.at);
    let kind = match (check.reopened, check.due() < Money::ZERO) {
        (true, _) => "substitution",
        (false, true) => "return",
        (false, false) => "sale",
    };
    let access_key =
        (0..4).map(|_| format!("{:011}", dice.between(0, 99_999_999_999))).collect::<String>();
    let customer = dice.percent(30).then(|| customer(&mut dice));
    let taxes = taxes.iter().map(tax).collect();
    Json::object([
        // A check opened again gets a second invoice: the last digit tells them apart.
        ("invoiceId", (check.id * 10 + i64::from(check.reopened)).into()),
        ("guestCheckId", check.id.into()),
        ("series", "001".into()),
        ("accessKey", Json::Text(access_key)),
        ("type", kind.into()),
        ("issuedUTC", issued.utc()),
        ("issuedLcl", issued.local()),
        ("customer", customer.into()),
        ("amount", check.due().into()),
        ("tax", collected.into()),
        ("taxes", Json::List(taxes)),
    ])
}

fn customer(dice: &mut Dice) -> Json {
    let name = dice.pick(&["Conceição A.", "João P.", "Íris M.", "Antônio L.", "Zoë D'Ávila"]);
    Json::object([
        ("name", name.into()),
        ("taxId", Json::Text(format!("***.{:03}.***-**", dice.between(0, 999)))),
    ])
}

fn tax(entry: &TaxedSales) -> Json {
    Json::object([
        ("taxNum", entry.tax.number.into()),
        ("base", entry.sales.into()),
        ("rate", Json::Number(entry.tax.rate_literal())),
        ("amount", entry.tax.collected_on(entry.sales).into()),
    ])
}
