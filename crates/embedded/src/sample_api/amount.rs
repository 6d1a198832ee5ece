//! Exact decimals: money in centavos, tax to six places, quantities to three. No float anywhere.

use std::iter::Sum;
use std::ops::{Add, Neg, Sub};

/// Money in centavos.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Money(pub(crate) i64);

/// A quantity in thousandths: pieces, or kilogrammes on the buffet's scales.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quantity(pub(crate) i64);

/// A tax and its rate in hundredths of a percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tax {
    pub(crate) number: i64,
    pub(crate) rate: i64,
}

impl Money {
    pub(crate) const ZERO: Self = Self(0);

    /// A share of the amount in percent.
    pub(crate) fn percent(self, share: i64) -> Self {
        Self(rounded(i128::from(self.0) * i128::from(share), 100))
    }

    /// The price of a quantity.
    pub(crate) fn times(self, quantity: Quantity) -> Self {
        Self(rounded(i128::from(self.0) * i128::from(quantity.0), 1_000))
    }

    pub(crate) fn literal(self) -> String {
        decimal(self.0, 2)
    }
}

impl Quantity {
    pub(crate) const ONE: Self = Self(1_000);

    pub(crate) fn literal(self) -> String {
        decimal(self.0, 3)
    }
}

impl Neg for Quantity {
    type Output = Self;

    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl Tax {
    /// The tax that an amount includes, in millionths.
    pub(crate) fn included_in(self, amount: Money) -> i64 {
        let (numerator, denominator) = self.fraction(amount);
        rounded(numerator * 10_000, denominator)
    }

    /// The tax that an amount includes, as it is collected.
    pub(crate) fn collected_on(self, amount: Money) -> Money {
        let (numerator, denominator) = self.fraction(amount);
        Money(rounded(numerator, denominator))
    }

    pub(crate) fn rate_literal(self) -> String {
        decimal(self.rate, 2)
    }

    fn fraction(self, amount: Money) -> (i128, i128) {
        (i128::from(amount.0) * i128::from(self.rate), i128::from(10_000 + self.rate))
    }
}

/// Writes a decimal as programs do: no zeros at the end, an integer where it is one.
pub(crate) fn decimal(units: i64, places: usize) -> String {
    let digits = format!("{:0width$}", units.unsigned_abs(), width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    let fraction = fraction.trim_end_matches('0');
    let sign = if units < 0 { "-" } else { "" };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}")
}

/// Divides and rounds half away from zero.
fn rounded(numerator: i128, denominator: i128) -> i64 {
    let half = if numerator < 0 { -denominator } else { denominator } / 2;
    i64::try_from((numerator + half) / denominator).unwrap_or(i64::MAX)
}

impl Add for Money {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Money {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Neg for Money {
    type Output = Self;

    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::{Money, Quantity, Tax, decimal};

    #[test]
    fn decimals_have_no_zeros_at_the_end() {
        assert_eq!(decimal(-1_000, 2), "-10");
        assert_eq!(decimal(10_990, 2), "109.9");
        assert_eq!(decimal(-5, 2), "-0.05");
        assert_eq!(decimal(20_809_091, 6), "20.809091");
        assert_eq!(decimal(0, 6), "0");
    }

    #[test]
    fn an_included_tax_is_the_difference_to_the_net_amount() {
        let tax = Tax { number: 28, rate: 2_100 };
        assert_eq!(tax.included_in(Money(11_990)), 20_809_091);
        assert_eq!(tax.collected_on(Money(11_990)), Money(2_081));
        assert_eq!(tax.collected_on(Money(-11_990)), Money(-2_081));
    }

    #[test]
    fn halves_are_rounded_away_from_zero() {
        assert_eq!(Money(5).percent(10), Money(1));
        assert_eq!(Money(-5).percent(10), Money(-1));
        assert_eq!(Money(7_990).times(Quantity(412)), Money(3_292));
    }
}
