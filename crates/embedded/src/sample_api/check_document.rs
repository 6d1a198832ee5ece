//! Writes a check as `getGuestChecks` answers it: names, order, nulls and all.

use super::amount::Money;
use super::check::{Check, ErrorCode, Kind, Line};
use super::json::Json;

/// A line's id has six bits for its place on the check.
const LINES_A_CHECK: i64 = 64;
/// The tax is part of the price.
const INCLUSIVE: i64 = 3;

/// The check with its taxes and lines.
pub(crate) fn write(check: &Check) -> Json {
    let mut fields = head(check);
    fields.extend(totals(check));
    fields.extend(named([
        ("rvcNum", check.revenue_centre.into()),
        ("otNum", check.order_type.into()),
        ("ocNum", check.order_channel.into()),
        ("tblNum", check.table_number.into()),
        ("tblName", check.table_name.as_str().into()),
        ("empNum", check.employee.into()),
        ("numSrvcRd", check.rounds().into()),
        ("numChkPrntd", check.times_printed.into()),
        ("taxes", taxes(check)),
        ("detailLines", lines(check)),
    ]));
    Json::Object(fields)
}

/// The id of the line at a place on the check.
pub(crate) fn line_id(check: &Check, position: usize) -> i64 {
    check.id * LINES_A_CHECK + i64::try_from(position).unwrap_or_default()
}

fn head(check: &Check) -> Vec<(String, Json)> {
    let mut fields = named([
        ("guestCheckId", check.id.into()),
        ("chkNum", check.number.into()),
        ("opnBusDt", Json::text(check.business_date)),
        ("opnUTC", check.opened.utc()),
        ("opnLcl", check.opened.local()),
    ]);
    // A check that is still open has no such fields at all.
    if let Some(closing) = check.closed {
        fields.extend(named([
            ("clsdBusDt", Json::text(closing.business_date)),
            ("clsdUTC", closing.at.utc()),
            ("clsdLcl", closing.at.local()),
        ]));
    }
    fields.extend(named([
        ("lastTransUTC", check.last_transaction().utc()),
        ("lastTransLcl", check.last_transaction().local()),
        ("lastUpdatedUTC", check.last_updated.utc()),
        ("lastUpdatedLcl", check.last_updated.local()),
        ("clsdFlag", check.closed.is_some().into()),
        ("gstCnt", check.guests.into()),
    ]));
    fields
}

fn totals(check: &Check) -> Vec<(String, Json)> {
    let or_null = |amount: Money| (amount != Money::ZERO).then_some(amount);
    named([
        ("subTtl", check.subtotal().into()),
        ("nonTxblSlsTtl", or_null(check.service()).into()),
        ("chkTtl", check.due().into()),
        ("dscTtl", check.discounts().into()),
        ("payTtl", check.paid().into()),
        ("balDueTtl", or_null(check.due() - check.paid()).into()),
    ])
}

fn taxes(check: &Check) -> Json {
    let tax = |entry: &super::check::TaxedSales| {
        Json::object([
            ("taxNum", entry.tax.number.into()),
            ("txblSlsTtl", entry.sales.into()),
            ("taxCollTtl", entry.tax.collected_on(entry.sales).into()),
            ("taxRate", Json::Number(entry.tax.rate_literal())),
            ("type", INCLUSIVE.into()),
        ])
    };
    Json::List(check.taxed_sales().iter().map(tax).collect())
}

fn lines(check: &Check) -> Json {
    let line = |(position, line)| self::line(check, position, line);
    Json::List(check.lines.iter().enumerate().map(line).collect())
}

fn line(check: &Check, position: usize, line: &Line) -> Json {
    let place = i64::try_from(position).unwrap_or_default() + 1;
    let updated = line.at.plus_seconds(2);
    let (variant, what) = variant(line);
    Json::object([
        ("guestCheckLineItemId", line_id(check, position).into()),
        ("rvcNum", check.revenue_centre.into()),
        ("dtlOtNum", check.order_type.into()),
        ("dtlOcNum", check.order_channel.into()),
        ("lineNum", place.into()),
        ("dtlId", place.into()),
        ("detailUTC", line.at.utc()),
        ("detailLcl", line.at.local()),
        ("lastUpdateUTC", updated.utc()),
        ("lastUpdateLcl", updated.local()),
        ("busDt", Json::text(line.business_date)),
        ("wsNum", line.workstation.into()),
        ("dspTtl", line.amount.unwrap_or(Money::ZERO).into()),
        ("dspQty", line.quantity.into()),
        ("aggTtl", line.amount.into()),
        ("aggQty", line.quantity.into()),
        ("chkEmpId", (10_400_000 + check.employee).into()),
        ("chkEmpNum", check.employee.into()),
        ("svcRndNum", line.round.into()),
        ("seatNum", line.seat.into()),
        (variant, what),
    ])
}

/// What the line is about: exactly one of five.
fn variant(line: &Line) -> (&'static str, Json) {
    let amount = line.amount.unwrap_or(Money::ZERO);
    match &line.kind {
        Kind::MenuItem { number, tax, price_level } => {
            let included = tax.included_in(amount);
            ("menuItem", menu_item(*number, false, included, tax.number, *price_level))
        }
        Kind::Modifier { number, tax } => ("menuItem", menu_item(*number, true, 0, tax.number, 1)),
        Kind::Discount { number } => ("discount", Json::object([("dscNum", (*number).into())])),
        Kind::ServiceCharge { number } => (
            "serviceCharge",
            Json::object([("svcChgNum", (*number).into()), ("inclTax", Json::millionths(0))]),
        ),
        Kind::Tender(tender) => (
            "tenderMedia",
            Json::object([("tmedNum", tender.number.into()), ("name", tender.name.into())]),
        ),
        Kind::Correction { of, code, .. } => ("errorCode", error_code(*of, *code)),
    }
}

fn menu_item(number: i64, is_modifier: bool, included: i64, tax: i64, price_level: i64) -> Json {
    Json::object([
        ("miNum", number.into()),
        ("modFlag", is_modifier.into()),
        ("inclTax", Json::millionths(included)),
        ("activeTaxes", Json::text(tax)),
        ("prcLvl", price_level.into()),
    ])
}

fn error_code(of: i64, code: ErrorCode) -> Json {
    match code {
        ErrorCode::Scalar(code) => code.into(),
        ErrorCode::Object { kind, message } => Json::object([
            ("type", kind.into()),
            ("objectNum", of.into()),
            ("message", message.into()),
        ]),
    }
}

fn named<const N: usize>(fields: [(&str, Json); N]) -> Vec<(String, Json)> {
    fields.map(|(name, value)| (name.to_owned(), value)).into()
}
