//! Every kind of value followed by every other, in the same place.
#![allow(clippy::unwrap_used, clippy::panic, unreachable_pub)]

mod common;
#[path = "matrix/kinds.rs"]
mod kinds;
#[path = "matrix/page.rs"]
mod page;
mod rebuild;

use std::collections::BTreeSet;

use common::{Shredded, rules, shred_with};
use kinds::{KINDS, Kind, PLACES, Place};
use normalise::{Change, Column, Pointer, Schema};

/// What the second of two objects led to, in the words of the page, names as at the root.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    shown: String,
    changes: Vec<String>,
}

fn take(schema: &Schema, text: &str) -> Shredded {
    let shredded = shred_with(rules("t"), schema.clone(), text.as_bytes(), &[], usize::MAX);
    shredded.unwrap()
}

/// The object is rebuilt from its rows.
fn assert_rebuilt(text: &str, shredded: &Shredded) {
    let stood = rebuild::records(text, &Pointer::default());
    let held = rebuild::rebuild(shredded);
    assert_eq!(held.len(), stood.len(), "{text}");
    for (stood, held) in stood.iter().zip(held.values()) {
        assert_eq!(rebuild::compare::difference(stood, held), None, "{text}");
    }
}

/// Runs a pair at a place, and checks what holds for every pair.
fn pair(place: &Place, first: &Kind, second: &Kind) -> Outcome {
    let (one, other) = (place.object(first), place.object(second));
    let before = take(&Schema::default(), &one);
    let after = take(&before.schema, &other);
    assert_rebuilt(&one, &before);
    assert_rebuilt(&other, &after);
    let replays = [(&one, &before), (&other, &after), (&one, &before)];
    for (text, held) in replays {
        let again = take(&after.schema, text);
        assert!(again.changes().is_empty(), "{one} then {other}: {:?}", again.changes());
        for table in &held.schema.tables {
            assert_eq!(again.rows(&table.name), held.rows(&table.name), "{one} then {other}");
        }
    }
    let changes = after.changes().into_iter().map(|change| said(place, &after.schema, change));
    let changes: Vec<_> = changes.collect();
    Outcome { shown: shown(place, &after), changes }
}

/// A change with names as at the root.
fn said(place: &Place, schema: &Schema, change: &Change) -> String {
    let table = |number: usize| place.at_root(&schema.tables[number].name);
    match change {
        Change::AddTable { table } => format!("table {}", place.at_root(&table.name)),
        Change::AddColumn { table: at, column } => {
            format!("column {}.{} {}", table(*at), own_name(place, column), column.of)
        }
        Change::Widen { table: at, column } => {
            format!(
                "widen {}.{}",
                table(*at),
                own_name(place, &schema.tables[*at].columns[*column])
            )
        }
    }
}

fn own_name(place: &Place, column: &Column) -> String {
    column.name.strip_prefix(place.prefix).unwrap_or(&column.name).to_owned()
}

/// Where the field stands: its columns, and the child table's name; what was added or widened is
/// marked.
fn shown(place: &Place, shredded: &Shredded) -> String {
    let changes: Vec<_> =
        shredded.changes().into_iter().map(|c| said(place, &shredded.schema, c)).collect();
    let is_asked = |start: String| changes.iter().any(|change| change.starts_with(&start));
    let mut cells = Vec::new();
    for held in &shredded.schema.tables {
        let rows = shredded.rows(&held.name);
        let filled: BTreeSet<_> = rows.iter().flat_map(|row| row.keys()).collect();
        if rows.is_empty() || !held.name.starts_with(place.table) {
            continue;
        }
        let name = place.at_root(&held.name);
        let is_child = name != "t";
        let is_new = is_asked(format!("table {name}"));
        if is_child {
            cells.push(format!("{}`{name}`", if is_new { "+" } else { "" }));
        }
        for column in held.columns.iter().filter(|column| filled.contains(&column.name)) {
            let own = own_name(place, column);
            let added = is_asked(format!("column {name}.{own} "));
            let widened = is_asked(format!("widen {name}.{own}"));
            let mark = if added {
                "+"
            } else if widened {
                "≈"
            } else {
                ""
            };
            let is_field = !is_child && own.starts_with('x');
            if is_field || is_child && added && !is_new {
                cells.push(format!("{mark}`{own}`"));
            }
        }
    }
    if cells.is_empty() { "–".to_owned() } else { cells.join(" ") }
}

/// What one kind gives alone, at the root: columns with their types.
fn alone(kind: &Kind) -> String {
    let shredded = take(&Schema::default(), &PLACES[0].object(kind));
    let mut held = Vec::new();
    for table in &shredded.schema.tables {
        for column in table.columns.iter().filter(|column| column.name != "id") {
            let prefix = if table.parent.is_some() { "t__x." } else { "" };
            held.push(format!("`{prefix}{} {}`", column.name, column.of));
        }
    }
    if held.is_empty() { "no column".to_owned() } else { held.join(", ") }
}

fn pairs(place: &Place) -> Vec<Vec<Outcome>> {
    KINDS
        .iter()
        .map(|first| KINDS.iter().map(|second| pair(place, first, second)).collect())
        .collect()
}

#[test]
fn each_kind_after_each_other_has_the_same_outcome_everywhere() {
    let [root, others @ ..] = &PLACES;
    let at_root = pairs(root);
    for place in others {
        for ((first, expected), found) in KINDS.iter().zip(&at_root).zip(pairs(place)) {
            for ((second, expected), found) in KINDS.iter().zip(expected).zip(found) {
                assert_eq!(
                    found, *expected,
                    "{} then {} in {}",
                    first.name, second.name, place.name
                );
            }
        }
    }
}

#[test]
fn what_was_there_before_is_never_taken_away() {
    for first in &KINDS {
        for second in &KINDS {
            let before = take(&Schema::default(), &PLACES[0].object(first));
            let after = take(&before.schema, &PLACES[0].object(second));
            for (held, now) in before.schema.tables.iter().zip(&after.schema.tables) {
                let names = |columns: &[Column]| -> Vec<_> {
                    columns.iter().map(|c| (c.name.clone(), c.path.clone())).collect()
                };
                let now = names(&now.columns);
                assert!(now.starts_with(&names(&held.columns)), "{} {}", first.name, second.name);
            }
        }
    }
}

#[test]
#[allow(clippy::disallowed_methods, reason = "asked for by whoever runs the tests")]
fn the_page_shows_the_matrix_as_it_is() {
    let alone: Vec<_> = KINDS.iter().map(alone).collect();
    let page = page::render(&alone, &pairs(&PLACES[0]));
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/shape-changes.md");
    if std::env::var_os("RIACHO_WRITE_PAGES").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    let held = std::fs::read_to_string(path).unwrap_or_default();
    assert!(held == page, "docs/shape-changes.md is not of today; RIACHO_WRITE_PAGES=1 writes it");
}
