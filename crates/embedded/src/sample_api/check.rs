//! A guest check and its lines, as the restaurant knows them. How they are drawn is `day`'s, how
//! they are written `documents`'.

use jiff::civil::Date;

use super::amount::{Money, Quantity, Tax};
use super::calendar::Moment;
use super::menu::Tender;

/// A check.
#[derive(Debug, Clone)]
pub(crate) struct Check {
    pub(crate) id: i64,
    pub(crate) number: i64,
    pub(crate) business_date: Date,
    pub(crate) opened: Moment,
    /// None while guests still sit there.
    pub(crate) closed: Option<Closing>,
    pub(crate) last_updated: Moment,
    /// Whether it was opened again after its first closing.
    pub(crate) reopened: bool,
    pub(crate) guests: i64,
    pub(crate) revenue_centre: i64,
    pub(crate) order_type: i64,
    pub(crate) order_channel: Option<i64>,
    pub(crate) table_number: i64,
    pub(crate) table_name: String,
    pub(crate) employee: i64,
    pub(crate) times_printed: i64,
    pub(crate) lines: Vec<Line>,
}

/// When a check was closed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Closing {
    pub(crate) business_date: Date,
    pub(crate) at: Moment,
}

/// A line of a check.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) business_date: Date,
    pub(crate) at: Moment,
    pub(crate) workstation: i64,
    pub(crate) round: i64,
    pub(crate) seat: i64,
    pub(crate) quantity: Quantity,
    /// None on lines that are wishes to the kitchen.
    pub(crate) amount: Option<Money>,
    pub(crate) kind: Kind,
}

/// What a line is about.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    MenuItem {
        number: i64,
        tax: Tax,
        price_level: i64,
    },
    Modifier {
        number: i64,
        tax: Tax,
    },
    Discount {
        number: i64,
    },
    ServiceCharge {
        number: i64,
    },
    Tender(Tender),
    /// Takes an item back.
    Correction {
        of: i64,
        tax: Tax,
        code: ErrorCode,
    },
}

/// The API writes the reason of a correction in two ways, by the age of the till.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ErrorCode {
    Scalar(&'static str),
    Object { kind: i64, message: &'static str },
}

/// The sales of one tax within a check.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TaxedSales {
    pub(crate) tax: Tax,
    pub(crate) sales: Money,
}

impl Check {
    /// Items and what was taken back of them.
    pub(crate) fn items(&self) -> Money {
        self.total(|kind| {
            matches!(kind, Kind::MenuItem { .. } | Kind::Modifier { .. } | Kind::Correction { .. })
        })
    }

    /// Discounts; a negative amount.
    pub(crate) fn discounts(&self) -> Money {
        self.total(|kind| matches!(kind, Kind::Discount { .. }))
    }

    /// Service charges.
    pub(crate) fn service(&self) -> Money {
        self.total(|kind| matches!(kind, Kind::ServiceCharge { .. }))
    }

    /// Items less discounts.
    pub(crate) fn subtotal(&self) -> Money {
        self.items() + self.discounts()
    }

    /// What the guests owe in all.
    pub(crate) fn due(&self) -> Money {
        self.subtotal() + self.service()
    }

    /// What they paid.
    pub(crate) fn paid(&self) -> Money {
        self.total(|kind| matches!(kind, Kind::Tender(_)))
    }

    /// The sales of each tax, before discounts, by the tax's number.
    pub(crate) fn taxed_sales(&self) -> Vec<TaxedSales> {
        let mut taxed = Vec::<TaxedSales>::new();
        for line in &self.lines {
            let (Some(tax), Some(amount)) = (line.kind.tax(), line.amount) else {
                continue;
            };
            match taxed.iter_mut().find(|entry| entry.tax == tax) {
                Some(entry) => entry.sales = entry.sales + amount,
                None => taxed.push(TaxedSales { tax, sales: amount }),
            }
        }
        taxed.sort_by_key(|entry| entry.tax.number);
        taxed
    }

    /// How often something was ordered.
    pub(crate) fn rounds(&self) -> i64 {
        self.lines.iter().map(|line| line.round).max().unwrap_or(1)
    }

    /// When its last line was entered.
    pub(crate) fn last_transaction(&self) -> Moment {
        let last = self.lines.iter().map(|line| line.at).max();
        last.unwrap_or(self.opened)
    }

    fn total(&self, counts: impl Fn(&Kind) -> bool) -> Money {
        self.lines.iter().filter(|line| counts(&line.kind)).filter_map(|line| line.amount).sum()
    }
}

impl Kind {
    fn tax(&self) -> Option<Tax> {
        match self {
            Self::MenuItem { tax, .. }
            | Self::Modifier { tax, .. }
            | Self::Correction { tax, .. } => Some(*tax),
            Self::Discount { .. } | Self::ServiceCharge { .. } | Self::Tender(_) => None,
        }
    }
}
