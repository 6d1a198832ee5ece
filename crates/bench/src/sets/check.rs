//! One guest check, of about 4.6 KB: who sat where, what was ordered, taxed and paid.

use embedded::sample_api::Dice;
use jiff::ToSpan;
use jiff::civil::{Date, DateTime};

use super::writing::Members;

const NAMES: [&str; 12] = [
    "Café da Manhã",
    "Mesa 12",
    "Balcão",
    "Pátio – João",
    "Ñandú",
    "Terraço 🌇",
    "Bar 🍺",
    "Crème brûlée",
    "O'Brien",
    "Tab \"Smith\"",
    "München",
    "東京 2",
];
const REMARKS: [&str; 6] =
    ["", "no onions", "sem gelo", "bien cuit s'il vous plaît", "🎂 birthday", "allergy: nuts"];
const TAX_CODES: [&str; 3] = ["28", "28,31", "28,31,40"];
const RATES: [&str; 4] = ["21", "12", "7.5", "5"];

/// Which check of which document is wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CheckPlace {
    pub(crate) id: i64,
    /// Its number within the document.
    pub(crate) number: i64,
    pub(crate) business_date: Date,
    /// Later states of the same checks have higher ones.
    pub(crate) revision: i64,
}

/// How many rows a check makes below its own.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Below {
    pub(crate) taxes: i64,
    pub(crate) lines: i64,
}

struct Moments {
    opened: DateTime,
    closed: DateTime,
    updated: DateTime,
    business_date: Date,
}

fn local(utc: DateTime) -> DateTime {
    utc.saturating_sub(3.hours())
}

/// Writes a check.
pub(crate) fn write(out: &mut String, dice: &mut Dice, place: CheckPlace) -> Below {
    let opening = place.business_date.at(11, 0, 0, 0);
    let opened = opening.saturating_add(dice.between(0, 43_199).seconds());
    let closed = opened.saturating_add(dice.between(600, 9_000).seconds());
    let moments = Moments {
        opened,
        closed,
        updated: closed.saturating_add((place.revision * 60).minutes()),
        business_date: place.business_date,
    };
    let is_closed = !dice.percent(2);
    let below = Below { taxes: dice.between(1, 3), lines: dice.between(6, 10) };
    let employee = dice.between(10_000, 99_999);
    let mut check = Members::open(out);
    head(&mut check, dice, place, &moments, is_closed);
    let (sold, discount) = (dice.between(2_000, 60_000), -dice.between(0, 900));
    totals(&mut check, dice, (sold, discount), is_closed);
    seats(&mut check, dice, employee);
    check.array("taxes", below.taxes, |index, tax| {
        tax.bare("taxNum", 28 + index).money("txblSlsTtl", sold);
        tax.money("taxCollTtl", sold * dice.between(5, 21) / 100);
        let rate = (!dice.percent(2)).then(|| dice.pick(&RATES));
        tax.maybe("taxRate", rate).bare("type", if dice.percent(50) { 1 } else { 3 });
    });
    check.array("detailLines", below.lines, |index, line| {
        let is_last = index + 1 == below.lines;
        let id = place.id * 100 + index + 1;
        detail_line(line, dice, (id, index + 1), &moments, employee);
        what_was_it(line, dice, is_last && is_closed);
    });
    check.close();
    below
}

fn head(
    check: &mut Members<'_>,
    dice: &mut Dice,
    place: CheckPlace,
    moments: &Moments,
    is_closed: bool,
) {
    let date = moments.business_date.to_string();
    check.bare("guestCheckId", place.id).bare("chkNum", 1_000 + place.number % 9_000);
    check.text("opnBusDt", &date);
    check.time("opnUTC", moments.opened).time("opnLcl", local(moments.opened));
    if is_closed {
        check.text("clsdBusDt", &date);
        check.time("clsdUTC", moments.closed).time("clsdLcl", local(moments.closed));
    } else {
        check.bare("clsdBusDt", "null").bare("clsdUTC", "null").bare("clsdLcl", "null");
    }
    check.time("lastTransUTC", moments.closed).time("lastTransLcl", local(moments.closed));
    check.time("lastUpdatedUTC", moments.updated).time("lastUpdatedLcl", local(moments.updated));
    check.bare("clsdFlag", is_closed).bare("gstCnt", dice.between(1, 8));
}

fn totals(check: &mut Members<'_>, dice: &mut Dice, (sold, discount): (i64, i64), is_closed: bool) {
    let total = sold + discount;
    check.money("subTtl", sold);
    let untaxed = dice.percent(10).then_some("0.0");
    check.maybe("nonTxblSlsTtl", untaxed);
    check.money("chkTtl", total).money("dscTtl", discount);
    check.money("payTtl", if is_closed { total } else { 0 });
    if is_closed {
        check.bare("balDueTtl", "null");
    } else {
        check.money("balDueTtl", total);
    }
}

fn seats(check: &mut Members<'_>, dice: &mut Dice, employee: i64) {
    check.bare("rvcNum", 101).bare("otNum", 1).bare("ocNum", "null");
    let table = dice.between(1, 119);
    if !dice.percent(5) {
        check.bare("tblNum", table);
    }
    if dice.percent(30) {
        check.text("tblName", dice.pick(&NAMES));
    } else {
        check.text("tblName", &table.to_string());
    }
    check.bare("empNum", employee).bare("numSrvcRd", dice.between(1, 4));
    check.bare("numChkPrntd", dice.between(0, 2));
}

fn detail_line(
    line: &mut Members<'_>,
    dice: &mut Dice,
    (id, number): (i64, i64),
    moments: &Moments,
    employee: i64,
) {
    let at = moments.opened.saturating_add(dice.between(1, 7_200).seconds());
    line.bare("guestCheckLineItemId", id).bare("rvcNum", 101).bare("dtlOtNum", 1);
    line.bare("dtlOcNum", "null").bare("lineNum", number).bare("dtlId", number);
    line.time("detailUTC", at).time("detailLcl", local(at));
    line.time("lastUpdateUTC", moments.updated).time("lastUpdateLcl", local(moments.updated));
    line.text("busDt", &moments.business_date.to_string());
    let quantity = if dice.percent(85) { 1 } else { dice.between(2, 6) };
    let total = dice.between(200, 6_000) * quantity;
    line.bare("wsNum", dice.between(1, 19));
    line.money("dspTtl", total).bare("dspQty", quantity);
    line.money("aggTtl", total).bare("aggQty", quantity);
    line.bare("chkEmpId", employee * 1_000 + 454).bare("chkEmpNum", employee);
    line.bare("svcRndNum", dice.between(1, 3));
    if !dice.percent(10) {
        line.bare("seatNum", dice.between(1, 8));
    }
    if dice.percent(8) {
        line.text("refInfo", dice.pick(&REMARKS));
    }
}

fn what_was_it(line: &mut Members<'_>, dice: &mut Dice, is_payment: bool) {
    let amount = dice.between(200, 9_000);
    if is_payment {
        line.object("tenderMedia", |paid| {
            paid.bare("tmedNum", dice.between(1, 11)).money("amount", amount);
            if dice.percent(50) {
                paid.bare("tip", "null");
            } else {
                paid.money("tip", amount / 10);
            }
        });
        return;
    }
    match dice.between(1, 100) {
        1..=4 => line.object("discount", |less| {
            less.bare("dscNum", dice.between(1, 39)).money("amount", -amount);
            less.text("reason", dice.pick(&NAMES));
        }),
        5..=7 => line.object("serviceCharge", |charge| {
            charge.bare("svcNum", dice.between(1, 8)).money("amount", amount);
        }),
        _ => line.object("menuItem", |item| {
            item.bare("miNum", dice.between(1_000, 9_999)).bare("modFlag", dice.percent(10));
            item.bare("inclTax", format_args!("{}.{:06}", amount / 1_000, amount * 97 % 1_000_000));
            item.text("activeTaxes", dice.pick(&TAX_CODES));
            item.bare("prcLvl", dice.between(1, 4));
        }),
    };
}
