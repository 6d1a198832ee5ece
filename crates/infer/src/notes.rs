//! What a person should look at: arrays, likely money, dates that stay text, maps, drift.

use crate::Finding;
use crate::around::Place;
use crate::fields::{self, Field};
use crate::infer::Counted;
use crate::profile::Node;
use crate::shape::Shape;

const MONEY_PLACES: std::ops::RangeInclusive<usize> = 2..=4;
const MAP_MIN: usize = 2;

/// What becomes of each array of a record.
pub(crate) fn arrays(records: &Node) -> Vec<Finding> {
    let fields = fields::all(records, true);
    let arrays = fields.iter().filter(|field| field.node.arrays > 0);
    let finding = |field: &Field<'_>| {
        let node = field.node;
        let (items, most) = (node.items, node.items_max);
        let why = match node.records() {
            Some(_) => format!("a child table: {items} rows here, at most {most} under one"),
            None if items == 0 => "an array, empty in every sample".to_owned(),
            None => format!("jsonb: {items} values that are no objects, at most {most} at once"),
        };
        Finding { pointer: field.pointer(), why }
    };
    arrays.map(finding).collect()
}

/// The other notes.
pub(crate) fn find(records: &Node, counted: &Counted, place: &Place) -> Vec<Finding> {
    let mut notes = Vec::new();
    if is_map(records) && place.path.is_empty() {
        let why = format!("{}: each name would become a column", map_of(records));
        notes.push(Finding { pointer: "/".to_owned(), why });
    }
    for field in fields::all(records, true) {
        let said = [odd_dates(&field), local_times(&field), mixed(&field), money(&field)];
        let map =
            is_map(field.node).then(|| format!("{}: {}", map_of(field.node), held(field.node)));
        for why in said.into_iter().flatten().chain(map) {
            notes.push(Finding { pointer: field.pointer(), why });
        }
    }
    if !place.path.is_empty() {
        notes.extend(maps_around(&counted.root, place));
    }
    notes.extend(drift(records));
    notes
}

fn odd_dates(field: &Field<'_>) -> Option<String> {
    let form = field.node.shapes.iter().find_map(|(shape, count)| match shape {
        Shape::OddDate(form) => Some((*form, *count)),
        _ => None,
    });
    let (form, count) = form?;
    let example = field.node.example.as_deref().unwrap_or_default();
    Some(format!("stays text: {count} dates written {form}, `{example}`"))
}

fn local_times(field: &Field<'_>) -> Option<String> {
    let is_utc = crate::names::utc_suffix(field.name()).is_some();
    let count = field.node.of(Shape::Timestamp);
    (count > 0 && !is_utc).then(|| {
        format!("{count} times without a zone: a timestamp; declare timestamptz if they are UTC")
    })
}

/// Kinds that end in columns beside each other.
fn mixed(field: &Field<'_>) -> Option<String> {
    let node = field.node;
    let mut kinds = node
        .shapes
        .keys()
        .filter_map(|shape| match shape {
            Shape::Null => None,
            Shape::Boolean => Some("booleans"),
            Shape::Bit | Shape::Integer | Shape::Decimal => Some("numbers"),
            Shape::Date => Some("dates"),
            Shape::Timestamp | Shape::Timestamptz => Some("times"),
            Shape::QuotedInteger | Shape::QuotedDecimal | Shape::OddDate(_) | Shape::Text => {
                Some("texts")
            }
        })
        .chain((node.objects > 0).then_some("objects"))
        .chain((node.arrays > 0).then_some("arrays"))
        .collect::<Vec<_>>();
    kinds.dedup();
    (kinds.len() > 1).then(|| format!("{} by turns: each in its own column", kinds.join(", ")))
}

fn money(field: &Field<'_>) -> Option<String> {
    let node = field.node;
    let is_money = node.of(Shape::Decimal) > 0 && MONEY_PLACES.contains(&node.places_max);
    is_money.then(|| format!("likely money: up to {} places, kept exactly", node.places_max))
}

fn is_map(node: &Node) -> bool {
    let is_id = |name: &String| {
        let digits = name.bytes().filter(u8::is_ascii_digit).count();
        let is_hex = name.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        digits > 0 && is_hex && (digits == name.len() || name.len() >= 8)
    };
    let names = node.members.len();
    node.overflowed || (names >= MAP_MIN && node.members.keys().all(is_id))
}

fn map_of(node: &Node) -> String {
    let more = if node.overflowed { "more than " } else { "" };
    let names = node.members.len();
    format!("a map keyed by ids ({more}{names} names)")
}

/// What becomes of a map of a record, declared where it must be.
fn held(map: &Node) -> &'static str {
    if is_declared(map) || map.members.values().any(|member| member.objects > 0) {
        "rows of a child table, their names in `_key`"
    } else {
        "jsonb, as no object is among its values; `maps` makes rows of it"
    }
}

/// Whether load would not know the map by the names of its members.
fn is_declared(map: &Node) -> bool {
    map.overflowed || !map.members.keys().all(|name| normalise::is_map_key(name))
}

/// Maps to declare: names like ids, but none that load knows by itself.
pub(crate) fn maps(records: &Node) -> Vec<Finding> {
    let mut maps = Vec::<Field<'_>>::new();
    for field in fields::all(records, true) {
        // Below a map the names on the way are ids, which a declaration leaves out.
        let is_inside = maps.iter().any(|map| field.path.starts_with(&map.path));
        if is_map(field.node) && !is_inside {
            maps.push(field);
        }
    }
    let declared = maps.iter().filter(|map| is_declared(map.node));
    declared.map(|map| Finding { pointer: map.pointer(), why: map_of(map.node) }).collect()
}

fn maps_around(root: &Node, place: &Place) -> Vec<Finding> {
    let inside = place.pointer().unwrap_or_default();
    let around = fields::all(root, false).into_iter();
    let maps = around.filter(|field| is_map(field.node) && field.pointer() != inside);
    maps.map(|field| Finding { pointer: field.pointer(), why: map_of(field.node) }).collect()
}

/// Fields that not every sample has.
fn drift(records: &Node) -> Vec<Finding> {
    let rare = fields::all(records, true).into_iter().filter(|field| {
        // Below a place that is rare itself nothing more is to be said.
        let depth_is_one = field.path.len() == 1;
        depth_is_one && field.node.samples < records.samples
    });
    let finding = |field: Field<'_>| Finding {
        pointer: field.pointer(),
        why: format!("in {} of the {} samples with records", field.node.samples, records.samples),
    };
    rare.map(finding).collect()
}
