//! Types that must be declared, for inference goes by the value alone.

use std::collections::BTreeMap;

use crate::TypeFinding;
use crate::fields::{self, Field};
use crate::names::{is_flag, utc_suffix};
use crate::profile::Node;
use crate::shape::Shape;

/// All of them, patterns first.
pub(crate) fn find(records: &Node) -> Vec<TypeFinding> {
    let fields = fields::all(records, true);
    let mut types = utc(&fields);
    for field in &fields {
        if let Some((of, why)) = declared(field)
            && !field.name().is_empty()
            && !field.pointer().contains('*')
        {
            let pattern = field.pointer();
            types.push(TypeFinding { pattern, of: of.to_owned(), why });
        }
    }
    types
}

/// Zone-less times whose names say UTC, by the way in which they say it.
fn utc(fields: &[Field<'_>]) -> Vec<TypeFinding> {
    let mut by_suffix = BTreeMap::<&str, Vec<&str>>::new();
    for field in fields {
        if field.node.of(Shape::Timestamp) > 0
            && let Some(suffix) = utc_suffix(field.name())
        {
            by_suffix.entry(suffix).or_default().push(field.name());
        }
    }
    let finding = |(suffix, mut names): (&str, Vec<&str>)| {
        names.sort_unstable();
        names.dedup();
        TypeFinding {
            pattern: format!("*{suffix}"),
            of: "timestamptz".to_owned(),
            why: format!("times without a zone whose names say UTC: {}", names.join(", ")),
        }
    };
    by_suffix.into_iter().map(finding).collect()
}

fn declared(field: &Field<'_>) -> Option<(&'static str, String)> {
    let node = field.node;
    let (bits, booleans) = (node.of(Shape::Bit), node.of(Shape::Boolean));
    let only_bits = node.only(|shape| shape == Shape::Bit);
    if bits > 0 && booleans > 0 && node.only(|s| matches!(s, Shape::Bit | Shape::Boolean)) {
        return Some(("boolean", format!("0 or 1 {bits} times, true or false {booleans} times")));
    }
    if only_bits && bits > 1 && is_flag(field.name()) {
        return Some((
            "boolean",
            format!("0 or 1 in all of {bits} values, and the name is a flag's"),
        ));
    }
    let quoted = node.of(Shape::QuotedInteger) + node.of(Shape::QuotedDecimal);
    let is_number = |shape| {
        use Shape::{Bit, Decimal, Integer, QuotedDecimal, QuotedInteger};
        matches!(shape, Bit | Integer | Decimal | QuotedInteger | QuotedDecimal)
    };
    if quoted == 0 || !node.only(is_number) {
        return None;
    }
    let plain = node.scalars() - quoted;
    let decimals = node.of(Shape::Decimal) + node.of(Shape::QuotedDecimal);
    match (plain, decimals) {
        // Digits alone in quotes are as often a code as a count.
        (0, 0) => None,
        (0, _) => Some(("numeric", format!("decimals in quotes, {quoted} of them"))),
        (_, 0) => Some(("bigint", format!("in quotes {quoted} times, without {plain} times"))),
        (_, _) => Some(("numeric", format!("in quotes {quoted} times, without {plain} times"))),
    }
}
