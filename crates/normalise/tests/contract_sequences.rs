//! Contracts of fields over chance sequences of objects: what a rule keeps out never lands, and what
//! it does not name lands as if there were no rule.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Shredded, rules, shred_with};
use normalise::{Change, Contract, DeclaredContract, Rules, Schema};
use proptest::prelude::*;

/// Few names and all kinds of values, so that shapes clash.
fn value() -> impl Strategy<Value = String> {
    let scalar = prop_oneof!["null|true|7|1\\.5|\"x\"|\"2026-01-01\"|\\[\\]|\\{\\}|\\[1\\]"];
    scalar.prop_recursive(4, 24, 4, |inner| {
        let members =
            prop::collection::btree_map("[abc]", inner.clone(), 0..4).prop_map(|members| {
                let members: Vec<_> =
                    members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
                format!("{{{}}}", members.join(","))
            });
        let items = prop::collection::vec(inner, 1..4).prop_map(|i| format!("[{}]", i.join(",")));
        prop_oneof![2 => members, 1 => items]
    })
}

fn record() -> impl Strategy<Value = String> {
    (value(), value(), value())
        .prop_map(|(a, b, c)| format!("{{\"id\":1,\"a\":{a},\"b\":{b},\"c\":{c}}}"))
}

fn with(of: Contract) -> Rules {
    let contracts = [("/a", of), ("/c/b", of)];
    let contracts = contracts
        .map(|(pattern, of)| DeclaredContract { pattern: pattern.to_owned(), of })
        .to_vec();
    Rules { contracts, ..rules("t") }
}

fn is_named(path: &str) -> bool {
    ["/a", "/c/b"].iter().any(|place| {
        path.strip_prefix(place).is_some_and(|tail| tail.is_empty() || tail.starts_with('/'))
    })
}

/// The tables and columns that a schema has at named fields, or at the others.
fn parts(schema: &Schema, named: bool) -> Vec<String> {
    let mut parts = Vec::new();
    for table in &schema.tables {
        parts.extend(Some(table.name.clone()).filter(|_| is_named(&table.path) == named));
        let columns = table.columns.iter().filter(|column| is_named(&column.path) == named);
        parts.extend(columns.map(|column| format!("{}.{} {}", table.name, column.name, column.of)));
    }
    parts
}

fn shredded(rules: Rules, schema: &Schema, text: &str) -> Option<Shredded> {
    shred_with(rules, schema.clone(), text.as_bytes(), &[], usize::MAX).ok()
}

fn path<'s>(schema: &'s Schema, change: &'s Change) -> &'s str {
    match change {
        Change::AddTable { table } => &table.path,
        Change::AddColumn { column, .. } => &column.path,
        Change::Widen { table, column } => &schema.tables[*table].columns[*column].path,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_named_to_be_discarded_never_lands_and_the_rest_does_as_without_the_rule(
        texts in prop::collection::vec(record(), 1..5)
    ) {
        let (mut free, mut strict) = (Schema::default(), Schema::default());
        for text in &texts {
            free = shredded(rules("t"), &free, text).unwrap().schema;
            strict = shredded(with(Contract::Discard), &strict, text).unwrap().schema;
        }
        prop_assert_eq!(parts(&strict, true), Vec::<String>::new());
        let (mut strict, mut free) = (parts(&strict, false), parts(&free, false));
        strict.sort();
        free.sort();
        prop_assert_eq!(strict, free);
    }

    #[test]
    fn what_is_frozen_keeps_its_shape_and_an_object_fails_for_that_alone(
        texts in prop::collection::vec(record(), 2..6)
    ) {
        let mut schema = Schema::default();
        for text in &texts {
            let stood = |place: &str| {
                let tables = schema.tables.iter().map(|table| &table.path);
                let columns = schema.tables.iter().flat_map(|table| &table.columns);
                let is_at = |path: &String| format!("{path}/").starts_with(&format!("{place}/"));
                tables.chain(columns.map(|column| &column.path)).any(is_at)
            };
            let (has_a, has_b) = (stood("/a"), stood("/c/b"));
            let is_frozen = |path: &str| {
                is_named(path) && (if path.starts_with("/a") { has_a } else { has_b })
            };
            let free = shredded(rules("t"), &schema, text).unwrap();
            // An empty container is none where parts of the field stand.
            let changed = free.changes().into_iter().filter(|change| match change {
                Change::AddColumn { column, .. } => column.of != normalise::ColumnType::Jsonb,
                _ => true,
            });
            let changes_a_frozen_one = changed.map(|c| path(&free.schema, c)).any(is_frozen);
            match shredded(with(Contract::Freeze), &schema, text) {
                None => prop_assert!(free.changes().iter().any(|c| is_frozen(path(&free.schema, c)))),
                Some(kept) => {
                    prop_assert!(!changes_a_frozen_one, "{text}");
                    let mut paths = kept.changes().into_iter().map(|c| path(&kept.schema, c));
                    prop_assert!(!paths.any(is_frozen), "{text}");
                    schema = kept.schema;
                }
            }
        }
    }
}
