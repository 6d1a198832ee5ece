//! From the tables every value of an object can be rebuilt exactly; what is not kept is a list.
#![allow(clippy::unwrap_used)]

mod common;
mod rebuild;

use common::{Shredded, rules, shred_with};
use normalise::{ColumnType, Contract, DeclaredType, Pointer, Renames, Rules, Schema};
use proptest::prelude::*;
use rebuild::Rebuilt;
use rebuild::compare::{EXCEPTIONS, difference, difference_as_declared};
use rebuild::json::Json;
use rebuild::renamed::under_old_names;

fn scalar() -> impl Strategy<Value = String> {
    let two = || 0..70_u32;
    prop_oneof![
        3 => Just("null".to_owned()),
        2 => any::<bool>().prop_map(|value| value.to_string()),
        2 => any::<i64>().prop_map(|value| value.to_string()),
        3 => "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?",
        1 => "-?[1-9](\\.[0-9]{1,3})?[eE][+-]?[0-9]{4,20}",
        2 => "\"(0|1|true|false|-?[1-9][0-9]{0,3}(\\.[0-9]{1,3})?(e[0-9])?)\"",
        3 => "[a-z\"\\\\é🎂\u{0}/\u{7f}\n]{0,6}".prop_map(|t| serde_json::to_string(&t).unwrap()),
        2 => "\"(\\\\u(0000|d83c|dF82|0041|002f|007e)|\\\\/|x){1,3}\"",
        3 => (0..10_000_u32, 0..14_u32, 0..33_u32)
            .prop_map(|(year, month, day)| format!("\"{year:04}-{month:02}-{day:02}\"")),
        3 => (two(), two(), two(), "(\\.[0-9]{1,7})?(|Z|z|[+-][01][0-9]:[0-6][0-9]|\\+02)")
            .prop_map(|(h, m, s, tail)| format!("\"2024-02-29T{h:02}:{m:02}:{s:02}{tail}\"")),
        1 => "\"(0001|9999)-(01-01|12-31)T(00:00:00|23:59:59\\.999999)(|Z|[+-]14:59)\"",
    ]
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => "[abC]",
        2 => id(),
        2 => "[aAb_~/ .]{0,3}",
        1 => Just("_row".to_owned()),
        1 => Just("_overflow".to_owned()),
        1 => Just("value".to_owned()),
        1 => Just("_key".to_owned()),
        1 => "(\\\\u(0000|d83c|DF82|0041|002f|002F|007e|0022)|\\\\/|a|~){1,3}",
    ]
}

/// A name that makes a map of its object, if the others are such too.
fn id() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[12]",
        1 => "\\\\u003[12]",
        1 => Just("2026-11-01".to_owned()),
        1 => Just("01890a5d-ac96-774b-bcce-b302099a8057".to_owned()),
    ]
}

fn members(members: Vec<(String, String)>) -> String {
    let members: Vec<_> =
        members.iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
    format!("{{{}}}", members.join(","))
}

/// Few names and all kinds of values, so that shapes clash.
fn value() -> impl Strategy<Value = String> {
    scalar().prop_recursive(7, 60, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6)
                .prop_map(|items| format!("[{}]", items.join(" , "))),
            prop::collection::vec((id(), inner.clone()), 0..4).prop_map(members),
            prop::collection::vec((name(), inner), 0..8).prop_map(members),
        ]
    })
}

fn object() -> impl Strategy<Value = String> {
    prop::collection::vec(value(), 1..5).prop_map(|documents| documents.join("\n"))
}

/// No declared maps, or such at places that documents often have.
fn any_rules() -> impl Strategy<Value = Rules> {
    const PLACES: [&str; 6] = ["/a", "/b", "/C", "/a/b", "/b/a", "/a/_key"];
    let maps = prop_oneof![
        Just(Vec::new()),
        prop::sample::subsequence(&PLACES[..], 1..4)
            .prop_map(|maps| maps.into_iter().map(|map| map.parse().unwrap()).collect()),
    ];
    (bounds(), maps).prop_map(|(rules, maps)| {
        // The names of a map are no fields that could be renamed.
        let maps = if rules.renames.is_empty() { maps } else { Vec::new() };
        Rules { maps, ..rules }
    })
}

/// The default bounds, and bounds that even small documents meet.
fn bounds() -> impl Strategy<Value = Rules> {
    prop_oneof![
        3 => Just(rules("t")),
        1 => renames().prop_map(|pairs| {
            let pairs = pairs.iter().map(|(new, old)| (new.parse().unwrap(), old.parse().unwrap()));
            Rules { renames: pairs.collect(), ..rules("t") }
        }),
        1 => (0..4_usize, 1..4_usize, 0..6_usize, 1..4_usize, 0..80_usize, 0..40_usize).prop_map(
            |(depth, keys, columns, tables, row, jsonb)| {
                let mut narrow = rules("t");
                narrow.limits.max_flatten_depth = depth;
                narrow.limits.max_object_keys = keys;
                narrow.limits.max_columns = columns;
                narrow.limits.max_tables = tables;
                narrow.limits.max_row_bytes = row;
                narrow.limits.max_jsonb_bytes = jsonb;
                narrow
            }
        ),
    ]
}

/// A type declared for one name, or for all.
fn types() -> impl Strategy<Value = Vec<DeclaredType>> {
    let of = prop::sample::select(ColumnType::ALL.to_vec());
    let declared = ("[ab*]", of).prop_map(|(pattern, of)| DeclaredType { pattern, of });
    prop_oneof![3 => Just(Vec::new()), 1 => declared.prop_map(|declared| vec![declared])]
}

/// Names of the root, of what stands in it and in its arrays; some over several steps.
fn renames() -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    const PAIRS: [(&str, &str); 7] = [
        ("/b", "/a"),
        ("/C", "/b"),
        ("/b", "/C"),
        ("/a/b", "/a/a"),
        ("/a/C", "/a/b"),
        ("/a/b/C", "/a/b/a"),
        ("/C/a", "/C/b"),
    ];
    prop::sample::subsequence(&PAIRS, 1..4)
}

fn check(text: &str, rules: &Rules, shredded: &Shredded) -> Result<(), TestCaseError> {
    check_by(difference, text, rules, shredded)
}

fn check_by(
    difference: fn(&Json, &Rebuilt) -> Option<String>,
    text: &str,
    rules: &Rules,
    shredded: &Shredded,
) -> Result<(), TestCaseError> {
    let pairs = rules.renames.iter().map(|(new, old)| (new.to_string(), old.to_string()));
    let renames = Renames::new(pairs);
    let records = rebuild::records(text, &Pointer::default());
    let records: Vec<_> =
        records.into_iter().map(|record| under_old_names(record, &renames)).collect();
    let rebuilt = rebuild::rebuild(shredded);
    prop_assert_eq!(records.len(), rebuilt.len());
    for (stood, held) in records.iter().zip(rebuilt.values()) {
        let found = difference(stood, held);
        prop_assert!(found.is_none(), "{}", found.unwrap());
    }
    Ok(())
}

fn rows(shredded: &Shredded) -> Vec<Vec<std::collections::BTreeMap<String, String>>> {
    shredded.schema.tables.iter().map(|table| shredded.rows(&table.name)).collect()
}

proptest! {
    // `PROPTEST_CASES` says how many; 256 without.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_value_of_a_sequence_of_objects_is_rebuilt_and_a_replay_gives_the_same_rows(
        texts in prop::collection::vec(object(), 1..4), rules in any_rules(), types in types(),
        chunk in 1_usize..60,
    ) {
        let compare = if types.is_empty() { difference } else { difference_as_declared };
        // What is declared to be JSON keeps the names inside of it.
        let types = if rules.renames.is_empty() { types } else { Vec::new() };
        let rules = Rules { types, ..rules };
        let check = |text: &str, shredded: &Shredded| check_by(compare, text, &rules, shredded);
        let mut schema = Schema::default();
        for text in &texts {
            let shredded =
                shred_with(rules.clone(), schema, text.as_bytes(), &[], usize::MAX).unwrap();
            check(text, &shredded)?;
            schema = shredded.schema;
        }
        let frozen = Rules { contract: Contract::Freeze, ..rules.clone() };
        let replay = |text: &String, size: usize| {
            shred_with(frozen.clone(), schema.clone(), text.as_bytes(), &[], size).unwrap()
        };
        for text in texts.iter().rev() {
            let (first, again) = (replay(text, usize::MAX), replay(text, chunk));
            prop_assert!(first.changes().is_empty(), "{:?}", first.changes());
            prop_assert_eq!(rows(&first), rows(&again));
            check(text, &first)?;
        }
    }
}

/// Found by the fuzzer, in the comparison itself.
#[test]
fn zero_times_any_power_of_ten_is_rebuilt() {
    let text = r#"{"a":"x"}{"a":0e131974124}{"a":0.000e2}{"a":0e-3}"#;
    let shredded =
        shred_with(Rules::default(), Schema::default(), text.as_bytes(), &[], usize::MAX).unwrap();
    check(text, &Rules::default(), &shredded).unwrap();
}

#[test]
fn the_page_lists_what_is_not_kept() {
    let page = include_str!("../../../docs/normalisation.md");
    let (_, tail) = page.split_once("## What is not kept\n").unwrap();
    let section = tail.split("\n## ").next().unwrap();
    let listed: Vec<_> = section.lines().filter_map(|line| line.strip_prefix("- ")).collect();
    assert_eq!(listed, EXCEPTIONS);
}
