//! A large record is handed out in parts: the same rows as in one, whoever gives way to whom.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use common::{Shredded, rules, shred_in_parts, shred_with};
use normalise::{BATCH_BYTES, Batch, Contract, NormaliseError, Rules, Schema, Shredder, TableRows};
use proptest::prelude::*;

type Row = BTreeMap<String, String>;

const CHUNK: usize = 64 << 10;

fn keyed() -> Rules {
    let pointer = |text: &str| text.parse().unwrap();
    Rules { key: vec![pointer("/id")], version: Some(pointer("/v")), ..rules("t") }
}

/// What stands in the tables when each batch has done as it says, by table and number.
fn standing(shredded: Shredded) -> BTreeMap<String, BTreeMap<String, Row>> {
    let Shredded { schema, batches, summary } = shredded;
    let mut tables: BTreeMap<String, BTreeMap<String, Row>> = BTreeMap::new();
    for batch in batches {
        let mut gone: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
        gone.insert(usize::MAX, batch.displaced.iter().map(ToString::to_string).collect());
        for (number, table) in schema.tables.iter().enumerate() {
            let (above, link) = match table.parent {
                None => (usize::MAX, "_row"),
                Some(parent) => (parent, "_parent_row"),
            };
            let above = gone[&above].clone();
            let held = tables.entry(table.name.clone()).or_default();
            let lost = held.iter().filter(|(_, row)| above.contains(&row[link]));
            let lost: BTreeSet<_> = lost.map(|(row, _)| row.clone()).collect();
            held.retain(|row, _| !lost.contains(row));
            gone.insert(number, lost);
        }
        let one =
            Shredded { schema: schema.clone(), batches: vec![batch], summary: summary.clone() };
        for table in &schema.tables {
            for row in one.rows(&table.name) {
                if let Some(parent) = table.parent {
                    let parents = &tables[&schema.tables[parent].name];
                    assert!(parents.contains_key(&row["_parent_row"]), "a row before its parent");
                }
                let before = tables.get_mut(&table.name).unwrap().insert(row["_row"].clone(), row);
                assert_eq!(before, None);
            }
        }
    }
    tables
}

/// `widens`: numbers of one field are of two types.
fn records(widens: bool) -> impl Strategy<Value = String> {
    let whole = (prop::collection::vec(0..300_u16, 0..40), 0..3_u8);
    let item = (0..3_u8, prop::collection::vec("[a-c]{0,9}", 0..4), any::<bool>(), whole).prop_map(
        move |(kind, parts, is_map, (whole, odd))| {
            let parts: Vec<_> = parts.iter().map(|part| format!(r#"{{"p":"{part}"}}"#)).collect();
            let map = if is_map { r#","by":{"1":{"q":1},"2":{"q":"x"}}"# } else { "" };
            // A long value that `jsonb` holds, one that only `json` does, and numbers that widen a column.
            let whole = match odd {
                0 => format!("{whole:?}"),
                1 => format!(r#"[[{{"twice":1,"twice":{whole:?}}}]]"#),
                _ => r#""short""#.to_owned(),
            };
            let half = if widens && odd == 1 { ".5" } else { "" };
            match kind {
                0 => r#""none""#.to_owned(),
                _ => format!(
                    r#"{{"n":{kind}{half},"whole":{whole},"parts":[{}]{map},"end":true}}"#,
                    parts.join(" , ")
                ),
            }
        },
    );
    let items = prop::collection::vec(item, 0..5);
    let record = (0..3_u8, 0..4_u8, items).prop_map(|(id, version, items)| {
        let items = items.join(",");
        format!(r#"{{"id":{id},"items":[{items}],"v":{version},"more":[{{"m":{id}}}]}}"#)
    });
    prop::collection::vec(record, 1..8).prop_map(|records| format!("[{}]", records.join(", ")))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn a_record_in_parts_is_the_same_record(
        text in records(false), chunk in 1_usize..400, part in 0_usize..300, is_keyed in any::<bool>(),
    ) {
        let rules = if is_keyed { keyed() } else { rules("t") };
        let shred = |sizes| {
            let (rules, schema) = (rules.clone(), Schema::default());
            shred_in_parts(rules, schema, text.as_bytes(), &[], sizes).unwrap()
        };
        let (whole, parts) = (shred((usize::MAX, usize::MAX)), shred((chunk, part)));
        prop_assert_eq!(parts.summary.rejects, whole.summary.rejects);
        prop_assert_eq!(&parts.schema.tables, &whole.schema.tables);
        prop_assert_eq!(standing(parts), standing(whole));
    }

    #[test]
    fn a_column_that_is_widened_leaves_long_values_as_they_are(
        text in records(true), chunk in 1_usize..400, part in 0_usize..300, is_keyed in any::<bool>(),
    ) {
        let rules = if is_keyed { keyed() } else { rules("t") };
        let shred = |chunk, part| {
            let mut shredder =
                Shredder::new(rules.clone(), Schema::default(), 7, &[]).in_parts_of(part);
            for chunk in text.as_bytes().chunks(chunk) {
                shredder.push(chunk).unwrap();
            }
            shredder.finish().unwrap();
            let batches = vec![shredder.take_batch()];
            standing(Shredded { schema: shredder.schema().clone(), batches, summary: shredder.summary() })
        };
        prop_assert_eq!(shred(chunk, part), shred(usize::MAX, usize::MAX));
    }
}

/// A record of some megabytes, and a small one before and behind it.
fn text(last_item: &str) -> String {
    let mut text = String::from(r#"[{"id":1},{"id":2,"items":["#);
    for n in 0..60_000 {
        write!(text, r#"{{"n":{n},"t":"a text that takes some bytes","u":[{{"m":{n}}}]}},"#)
            .unwrap();
    }
    write!(text, r#"{last_item}]}},{{"id":3,"items":[{{"n":7}}]}}]"#).unwrap();
    text
}

/// Takes it all as `load` does, or without ever going on with what is under way.
fn take(
    rules: Rules,
    schema: Schema,
    text: &str,
    walks_on: bool,
) -> Result<Shredded, NormaliseError> {
    let mut shredder = Shredder::new(rules, schema, 7, &[]);
    let mut batches = Vec::new();
    for chunk in text.as_bytes().chunks(CHUNK) {
        shredder.push(chunk)?;
        while walks_on && shredder.is_under_way() {
            batches.push(shredder.take_batch());
            shredder.walk_on()?;
        }
    }
    shredder.finish()?;
    batches.push(shredder.take_batch());
    Ok(Shredded { schema: shredder.schema().clone(), batches, summary: shredder.summary() })
}

#[test]
fn a_large_record_comes_in_batches_of_bounded_size_its_root_row_first() {
    let text = text("null");
    let shredded = take(rules("t"), Schema::default(), &text, true).unwrap();
    let sizes = shredded
        .batches
        .iter()
        .map(|batch| batch.tables.iter().map(|rows| rows.bytes()).sum::<usize>());
    let sizes: Vec<_> = sizes.collect();
    assert!(sizes.len() > 5 && sizes.iter().all(|bytes| *bytes <= BATCH_BYTES), "{sizes:?}");
    let (last, others) = shredded.batches.split_last().unwrap();
    assert!(others.iter().all(|batch| batch.under_way == Some(1)));
    assert_eq!(last.under_way, None);
    let whole = shred_with(rules("t"), Schema::default(), text.as_bytes(), &[], usize::MAX);
    assert!(standing(shredded) == standing(whole.unwrap()));
}

#[test]
fn who_never_walks_on_gets_the_same_rows() {
    let text = text("null");
    let parts = take(rules("t"), Schema::default(), &text, true).unwrap();
    let left_alone = take(rules("t"), Schema::default(), &text, false).unwrap();
    assert_eq!(left_alone.batches.len(), 1);
    assert!(standing(left_alone) == standing(parts));
}

#[test]
fn a_fault_in_a_later_part_or_behind_it_has_the_same_place() {
    let schema = take(rules("t"), Schema::default(), &text("null"), true).unwrap().schema;
    let frozen = Rules { contract: Contract::Freeze, ..rules("t") };
    let faulty = [text(r#"{"n":1,"new":2}"#), text("null").replace(r#","items":[{"n":7}"#, "; ")];
    for text in faulty {
        let (schema, bytes) = (schema.clone(), text.as_bytes());
        let whole = shred_with(frozen.clone(), schema.clone(), bytes, &[], usize::MAX).err();
        let parts = take(frozen.clone(), schema, &text, true).err();
        assert!(whole.as_ref().unwrap().position.byte_offset.unwrap() > 3 << 20, "{whole:?}");
        assert_eq!(parts, whole);
    }
}

#[test]
fn a_value_of_megabytes_is_not_copied_into_the_rows() {
    let numbers = (0..600_000).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    let text = format!(r#"[{{"id":1}},{{"id":2,"all":[{numbers}],"behind":"x"}}]"#);
    let parts = take(rules("t"), Schema::default(), &text, true).unwrap();
    let has_passages = |batch: &Batch| batch.tables.iter().any(TableRows::has_passages);
    assert!(parts.batches.iter().any(has_passages));
    let whole = shred_with(rules("t"), Schema::default(), text.as_bytes(), &[], usize::MAX);
    let whole = whole.unwrap();
    assert!(!whole.batches.iter().any(has_passages));
    assert!(standing(parts) == standing(whole));
}
