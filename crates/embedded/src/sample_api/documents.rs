//! The answers of the five endpoints about one day of one store.

use super::calendar::answered;
use super::day::Day;
use super::json::Json;
use super::{Endpoint, stores};
use super::{cash_document, check_document, fiscal_document, payment_document};

/// The whole answer.
pub(crate) fn answer(endpoint: Endpoint, day: &Day<'_>) -> Json {
    let records = match endpoint {
        Endpoint::GuestChecks => day.checks().iter().map(check_document::write).collect(),
        Endpoint::FiscalInvoice => fiscal_document::invoices(day),
        Endpoint::ChargeBack => payment_document::charge_backs(day),
        Endpoint::Transactions => payment_document::transactions(day),
        Endpoint::CashManagementDetails => cash_document::boxes(day),
    };
    let time = ("curUTC", answered(day.date).utc());
    let location = ("locRef", stores::location(day.store).into());
    let records = (endpoint.records(), Json::List(records));
    if endpoint == Endpoint::GuestChecks {
        // Neither store nor date: the one endpoint that leaves them to the question.
        return Json::object([time, location, records]);
    }
    let store = ("storeId", day.store.into());
    let date = ("busDt", Json::text(day.date));
    Json::object([time, location, store, date, records])
}
