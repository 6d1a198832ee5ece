//! Laws that hold for every document.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;

use common::{Shredded, rules, shred_by, shred_with};
use normalise::{Prepared, Schema};
use proptest::prelude::*;

/// Documents with few names and all kinds of values, so that shapes clash.
fn document() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|value| value.to_string()),
        any::<i64>().prop_map(|value| value.to_string()),
        (any::<i32>(), 0..1000_u32).prop_map(|(whole, part)| format!("{whole}.{part:03}")),
        "[a-z\"\\\\é🎂]{0,6}".prop_map(|text| serde_json::to_string(&text).unwrap()),
        Just("\"2024-02-29\"".to_owned()),
        Just("\"2024-02-29T10:11:12Z\"".to_owned()),
        Just("\"\\u0000\"".to_owned()),
        Just("1e400".to_owned()),
    ];
    scalar.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5)
                .prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec(("[abC]{1,2}", inner), 0..6).prop_map(|members| {
                let members: Vec<_> =
                    members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
                format!("{{{}}}", members.join(" , "))
            }),
        ]
    })
}

fn documents() -> impl Strategy<Value = String> {
    prop::collection::vec(document(), 1..6).prop_map(|documents| documents.join("\n"))
}

fn everything(shredded: &Shredded) -> Vec<(String, Vec<String>)> {
    let tables = &shredded.schema.tables;
    tables.iter().map(|table| (table.name.clone(), shredded.shown(&table.name))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn chunks_and_batches_make_no_difference(text in documents(), chunk in 1_usize..50) {
        let whole = shred_with(rules("t"), Schema::default(), text.as_bytes(), &[], usize::MAX);
        let whole = whole.unwrap();
        let parts = shred_with(rules("t"), Schema::default(), text.as_bytes(), &[], chunk).unwrap();
        prop_assert_eq!(&parts.summary, &whole.summary);
        prop_assert_eq!(parts.tables(), whole.tables());
        prop_assert_eq!(parts.schema.tables, whole.schema.tables);
    }

    #[test]
    fn an_object_leaves_no_trace_in_what_was_prepared(
        known in documents(),
        other in documents(),
        text in documents(),
    ) {
        let whole = |schema, text: &str| {
            shred_with(rules("t"), schema, text.as_bytes(), &[], usize::MAX).unwrap()
        };
        let schema = whole(Schema::default(), &known).schema;
        let prepared = Prepared::new(rules("t"), Arc::new(schema.clone()));
        let by_prepared = |text: &str| {
            shred_by(prepared.shredder(7, &[]), text.as_bytes(), usize::MAX).unwrap()
        };
        by_prepared(&other);
        let (second, alone) = (by_prepared(&text), whole(schema, &text));
        prop_assert_eq!(everything(&second), everything(&alone));
        prop_assert_eq!(second.changes(), alone.changes());
        prop_assert_eq!(second.summary, alone.summary);
    }

    #[test]
    fn with_the_catalog_of_the_first_time_the_second_changes_nothing(text in documents()) {
        let first = shred_with(rules("t"), Schema::default(), text.as_bytes(), &[], usize::MAX);
        let first = first.unwrap();
        let again = shred_with(rules("t"), first.schema.clone(), text.as_bytes(), &[], 7).unwrap();
        prop_assert!(again.changes().is_empty(), "{:?}", again.changes());
        prop_assert_eq!(everything(&again), everything(&first));
    }

    #[test]
    fn arbitrary_bytes_give_rows_or_an_error_with_a_place(
        bytes in prop::collection::vec(any::<u8>(), 0..200), chunk in 1_usize..20,
    ) {
        if let Err(error) = shred_with(rules("t"), Schema::default(), &bytes, &[], chunk) {
            prop_assert!(error.position.byte_offset.unwrap() <= bytes.len() as u64);
        }
    }
}
