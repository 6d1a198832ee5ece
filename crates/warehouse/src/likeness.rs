//! How likely it is that a field which came is one that went: from what the tables hold of both, and
//! from their names. Pure, and advice only: numbers are compared as floats here and nowhere else.

use std::collections::BTreeSet;

use normalise::{ColumnType, snake_case};

/// From this score on a rename is said to be likely.
pub(crate) const LIKELY: f64 = 0.5;
/// Fewer records than this prove nothing by what they hold.
const PAIRS_MIN: usize = 3;
/// Less in common, and two shapes are of two things.
const SHAPE_MIN: f64 = 0.4;

/// Values of one field as texts that equal values share; none where it is not set.
pub(crate) type Values = Vec<Option<String>>;

/// A scalar field, or one of the scalars inside of an object or of an array's items.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scalar {
    /// Where it stands within the field; empty for the field itself.
    pub(crate) tail: String,
    pub(crate) of: Option<ColumnType>,
    pub(crate) values: Values,
}

/// A field as one side has it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Side {
    /// Its name.
    pub(crate) name: String,
    /// What it is made of: itself alone, or what stands inside of it.
    pub(crate) scalars: Vec<Scalar>,
    /// Whether it is or holds an array of objects.
    pub(crate) has_rows: bool,
    /// The share of the records that have it.
    pub(crate) presence: f64,
}

/// Why a rename seems likely, part by part; each from 0 to 1.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub(crate) struct Evidence {
    /// Of the same records, how many hold the equal value before and after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) same_records: Option<(usize, usize)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) types: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) shape: Option<f64>,
    pub(crate) values: f64,
    pub(crate) presence: f64,
    pub(crate) names: f64,
}

/// Compares what came with what went. `pairs` are the values of the same records after and before.
pub(crate) fn compare(
    new: &Side,
    old: &Side,
    pairs: &[(String, String)],
) -> Option<(f64, Evidence)> {
    let presence =
        new.presence.min(old.presence) / new.presence.max(old.presence).max(f64::EPSILON);
    let mut evidence =
        Evidence { presence, names: names(&new.name, &old.name), ..Evidence::default() };
    let score = match (new.scalars.as_slice(), old.scalars.as_slice()) {
        ([one], [other]) if is_plain(new, one) && is_plain(old, other) => {
            let types = types(one.of?, other.of?)?;
            evidence.types = Some(types);
            evidence.values = values(one, other);
            by_values(&mut evidence, types, pairs)
        }
        _ if is_composite(new) && is_composite(old) => {
            let shape = shape(new, old);
            evidence.shape = Some(shape).filter(|shape| *shape >= SHAPE_MIN)?.into();
            evidence.values = inner_values(new, old);
            0.5 * shape + 0.2 * evidence.values + 0.15 * evidence.presence + 0.15 * evidence.names
        }
        _ => return None,
    };
    Some((score, evidence))
}

fn by_values(evidence: &mut Evidence, types: f64, pairs: &[(String, String)]) -> f64 {
    let Evidence { values, presence, names, .. } = *evidence;
    if pairs.len() < PAIRS_MIN {
        return 0.35 * values + 0.2 * types + 0.2 * presence + 0.25 * names;
    }
    let equal = pairs.iter().filter(|(one, other)| one == other).count();
    evidence.same_records = Some((equal, pairs.len()));
    0.55 * share(equal, pairs.len()) + 0.15 * types + 0.15 * presence + 0.15 * names
}

impl Evidence {
    /// The same in words.
    pub(crate) fn words(&self) -> String {
        let mut words = Vec::new();
        if let Some((equal, of)) = self.same_records {
            words.push(format!("{equal} of {of} records hold the same value as before"));
        } else if self.values > 0.0 {
            words.push(format!("values overlap by {:.0}%", 100.0 * self.values));
        }
        if let Some(shape) = self.shape {
            words.push(format!("{:.0}% of the shape is the same", 100.0 * shape));
        }
        if let Some(types) = self.types {
            words.push(if types < 1.0 { "kindred types" } else { "same type" }.to_owned());
        }
        words.push(format!("as frequent by {:.0}%", 100.0 * self.presence));
        words.push(format!("names alike by {:.0}%", 100.0 * self.names));
        words.join(", ")
    }
}

fn is_plain(side: &Side, scalar: &Scalar) -> bool {
    !side.has_rows && scalar.tail.is_empty()
}

fn is_composite(side: &Side) -> bool {
    side.scalars.iter().all(|scalar| !scalar.tail.is_empty() || side.has_rows)
}

fn types(one: ColumnType, other: ColumnType) -> Option<f64> {
    use ColumnType::{Bigint, Date, Numeric, Timestamp, Timestamptz};
    let kindred = [&[Bigint, Numeric][..], &[Date, Timestamp, Timestamptz]];
    if one == other {
        return Some(1.0);
    }
    let both = |group: &&[ColumnType]| group.contains(&one) && group.contains(&other);
    kindred.iter().any(both).then_some(0.6)
}

/// Of all that is inside of either the share that both have, with the same type.
fn shape(one: &Side, other: &Side) -> f64 {
    let set = |side: &Side| {
        let members = side.scalars.iter().map(|s| format!("{}:{:?}", s.tail, s.of));
        members.chain(side.has_rows.then(|| "[]".to_owned())).collect::<BTreeSet<_>>()
    };
    let (one, other) = (set(one), set(other));
    let common = one.intersection(&other).filter(|member| *member != "[]").count();
    if common == 0 {
        return 0.0;
    }
    share(one.intersection(&other).count(), one.union(&other).count())
}

fn inner_values(one: &Side, other: &Side) -> f64 {
    let pairs = one.scalars.iter().filter_map(|scalar| {
        let twin = other.scalars.iter().find(|o| o.tail == scalar.tail && o.of == scalar.of)?;
        Some(values(scalar, twin))
    });
    let overlaps = pairs.collect::<Vec<_>>();
    let sum = overlaps.iter().sum::<f64>();
    if overlaps.is_empty() { 0.0 } else { sum / overlaps.len() as f64 }
}

/// The share of the new values that the old field had too, or that are at least within its range.
fn values(new: &Scalar, old: &Scalar) -> f64 {
    let distinct =
        |scalar: &Scalar| scalar.values.iter().flatten().cloned().collect::<BTreeSet<_>>();
    let (news, olds) = (distinct(new), distinct(old));
    if news.is_empty() || olds.is_empty() {
        return 0.0;
    }
    let overlap = share(news.intersection(&olds).count(), news.len());
    match new.of {
        // Two values are soon in common.
        Some(ColumnType::Boolean) => 0.5 * overlap,
        Some(ColumnType::Bigint | ColumnType::Numeric) => {
            let number = |text: &String| text.parse::<f64>().ok();
            let olds = olds.iter().filter_map(number).collect::<Vec<_>>();
            let (least, most) =
                (olds.iter().copied().reduce(f64::min), olds.iter().copied().reduce(f64::max));
            let is_within = |number: &f64| least <= Some(*number) && Some(*number) <= most;
            let within = news.iter().filter_map(number).filter(is_within).count();
            overlap.max(0.6 * share(within, news.len()))
        }
        // As ISO 8601 writes them, times stand in the order of their texts.
        Some(ColumnType::Date | ColumnType::Timestamp | ColumnType::Timestamptz) => {
            let is_within =
                |text: &&String| olds.first() <= Some(*text) && Some(*text) <= olds.last();
            overlap.max(0.6 * share(news.iter().filter(is_within).count(), news.len()))
        }
        _ => overlap,
    }
}

/// How alike two names are: by their pairs of letters, or by how they begin.
fn names(one: &str, other: &str) -> f64 {
    let (one, other) = (snake_case(one), snake_case(other));
    let pairs = |name: &str| {
        let letters = name.chars().filter(|c| *c != '_').collect::<Vec<_>>();
        letters.windows(2).map(<[char]>::to_vec).collect::<BTreeSet<_>>()
    };
    let (first, second) = (pairs(&one), pairs(&other));
    let common = first.intersection(&second).count();
    let by_pairs = share(2 * common, first.len() + second.len());
    let begins = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    by_pairs.max(share(begins, one.len().max(other.len())))
}

fn share(part: usize, whole: usize) -> f64 {
    // Samples are far below 2^52.
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scalar(name: &str, of: ColumnType, values: &[&str]) -> Side {
        let values = values.iter().map(|value| Some((*value).to_owned())).collect();
        let scalar = Scalar { tail: String::new(), of: Some(of), values };
        Side { name: name.to_owned(), scalars: vec![scalar], has_rows: false, presence: 1.0 }
    }

    fn score(new: &Side, old: &Side, pairs: &[(&str, &str)]) -> f64 {
        let pairs: Vec<_> = pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        compare(new, old, &pairs).map_or(0.0, |(score, _)| score)
    }

    #[test]
    fn the_same_records_with_the_same_values_prove_most() {
        let (new, old) = (
            scalar("amount", ColumnType::Numeric, &["1", "2", "3"]),
            scalar("chkTtl", ColumnType::Numeric, &["1", "2", "3"]),
        );
        assert!(score(&new, &old, &[("1", "1"), ("2", "2"), ("3", "3")]) > 0.8);
        assert!(score(&new, &old, &[("1", "7"), ("2", "8"), ("3", "9")]) < LIKELY);
    }

    #[test]
    fn fields_with_nothing_in_common_are_no_pair() {
        let note = scalar("customerFeedback", ColumnType::Text, &["nice", "cold soup"]);
        let number = scalar("chkNum", ColumnType::Bigint, &["1", "2"]);
        let store = scalar("locRef", ColumnType::Text, &["99 CB CB"]);
        assert_eq!(score(&note, &number, &[]), 0.0);
        assert!(score(&note, &store, &[]) < LIKELY);
    }

    #[test]
    fn items_of_one_shape_are_a_pair_and_of_two_shapes_are_none() {
        let rows = |name: &str, tails: &[&str]| Side {
            name: name.to_owned(),
            scalars: tails
                .iter()
                .map(|tail| Scalar {
                    tail: (*tail).to_owned(),
                    of: Some(ColumnType::Bigint),
                    values: vec![Some("7".to_owned())],
                })
                .collect(),
            has_rows: true,
            presence: 1.0,
        };
        let (taxation, taxes) = (rows("taxation", &["/n", "/r"]), rows("taxes", &["/n", "/r"]));
        assert!(score(&taxation, &taxes, &[]) > 0.8);
        assert_eq!(score(&taxation, &rows("payments", &["/tender", "/tip"]), &[]), 0.0);
        assert_eq!(score(&taxation, &scalar("n", ColumnType::Bigint, &["7"]), &[]), 0.0);
    }
}
