//! What the restaurants sell and how guests pay.

use super::amount::{Money, Tax};

/// Food from the kitchen.
const FOOD: Tax = Tax { number: 12, rate: 370 };
/// Drinks without alcohol.
const SOFT: Tax = Tax { number: 18, rate: 1_800 };
/// Drinks with alcohol.
const ALCOHOL: Tax = Tax { number: 28, rate: 2_700 };

/// An item of the menu; of one sold by weight, the price is a kilogramme's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Item {
    pub(crate) number: i64,
    pub(crate) price: Money,
    pub(crate) tax: Tax,
    pub(crate) by_weight: bool,
}

const fn item(number: i64, price: i64, tax: Tax) -> Item {
    Item { number, price: Money(price), tax, by_weight: false }
}

const fn by_weight(number: i64, price: i64, tax: Tax) -> Item {
    Item { by_weight: true, ..item(number, price, tax) }
}

pub(crate) const MENU: [Item; 24] = [
    item(1101, 3_490, FOOD),
    item(1104, 4_290, FOOD),
    item(1117, 2_850, FOOD),
    item(1203, 12_990, FOOD),
    item(1204, 15_790, FOOD),
    item(1210, 18_900, FOOD),
    item(1215, 9_995, FOOD),
    item(1308, 6_400, FOOD),
    item(1311, 7_250, FOOD),
    by_weight(1401, 8_990, FOOD),
    by_weight(1402, 10_490, FOOD),
    item(1502, 2_600, FOOD),
    item(1507, 3_199, FOOD),
    item(2001, 690, SOFT),
    item(2002, 850, SOFT),
    item(2010, 1_490, SOFT),
    item(2013, 1_290, SOFT),
    item(2020, 750, SOFT),
    item(3001, 1_890, ALCOHOL),
    item(3004, 1_450, ALCOHOL),
    item(3012, 3_290, ALCOHOL),
    item(3020, 16_900, ALCOHOL),
    item(3021, 24_500, ALCOHOL),
    item(3033, 2_790, ALCOHOL),
];

/// Wishes to the kitchen: items without a price of their own.
pub(crate) const MODIFIERS: [i64; 4] = [9101, 9102, 9107, 9115];

/// A way to pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tender {
    pub(crate) number: i64,
    pub(crate) name: &'static str,
    pub(crate) is_card: bool,
}

pub(crate) const CASH: Tender = Tender { number: 1, name: "Dinheiro", is_card: false };

/// In about the shares that guests use them.
pub(crate) const TENDERS: [Tender; 8] = [
    CASH,
    Tender { number: 11, name: "Crédito", is_card: true },
    Tender { number: 11, name: "Crédito", is_card: true },
    Tender { number: 11, name: "Crédito", is_card: true },
    Tender { number: 12, name: "Débito", is_card: true },
    Tender { number: 12, name: "Débito", is_card: true },
    Tender { number: 20, name: "Pix", is_card: false },
    Tender { number: 31, name: "Vale-refeição", is_card: true },
];
