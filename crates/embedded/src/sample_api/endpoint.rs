//! The five operations that the API has.

use serde::{Deserialize, Serialize};

/// An operation, named in commands as in its address (`getGuestChecks`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Endpoint {
    /// Invoices as the tax office has them.
    #[serde(rename = "getFiscalInvoice")]
    FiscalInvoice,
    /// Checks with taxes and lines.
    #[serde(rename = "getGuestChecks")]
    GuestChecks,
    /// Payments that a card's owner disputes.
    #[serde(rename = "getChargeBack")]
    ChargeBack,
    /// Payments.
    #[serde(rename = "getTransactions")]
    Transactions,
    /// Cash boxes.
    #[serde(rename = "getCashManagementDetails")]
    CashManagementDetails,
}

impl Endpoint {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::FiscalInvoice,
        Self::GuestChecks,
        Self::ChargeBack,
        Self::Transactions,
        Self::CashManagementDetails,
    ];

    /// Where it is asked.
    pub fn path(self) -> &'static str {
        match self {
            Self::FiscalInvoice => "/bi/getFiscalInvoice",
            Self::GuestChecks => "/res/getGuestChecks",
            Self::ChargeBack => "/org/getChargeBack",
            Self::Transactions => "/trans/getTransactions",
            Self::CashManagementDetails => "/inv/getCashManagementDetails",
        }
    }

    /// The field of its answer that holds the records.
    pub fn records(self) -> &'static str {
        match self {
            Self::FiscalInvoice => "fiscalInvoices",
            Self::GuestChecks => "guestChecks",
            Self::ChargeBack => "chargeBacks",
            Self::Transactions => "transactions",
            Self::CashManagementDetails => "cashManagement",
        }
    }
}
