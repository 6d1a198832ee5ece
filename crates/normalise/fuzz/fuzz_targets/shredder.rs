//! Any bytes under any rules: rows that a replay gives again and that rebuild what stood, or an
//! error with a place. The first bytes choose the rules and the chunks; the rest is the object.
#![no_main]

#[path = "../../tests/common/mod.rs"]
mod common;
#[path = "../../tests/rebuild/mod.rs"]
mod rebuild;

use std::collections::BTreeSet;

use common::{Shredded, rules, shred_with};
use libfuzzer_sys::fuzz_target;
use rebuild::compare::{difference, difference_as_declared};
use normalise::{ColumnType, Contract, DeclaredType, Pointer, Rules, Schema};

fuzz_target!(|bytes: &[u8]| {
    let Some((&[variant, bounds, chunk], object)) = bytes.split_first_chunk::<3>() else {
        return;
    };
    let rules = chosen(variant, bounds);
    let whole = shred_with(rules.clone(), Schema::default(), object, &[], usize::MAX);
    let parts = shred_with(rules.clone(), Schema::default(), object, &[], 1 + usize::from(chunk));
    let (whole, parts) = match (whole, parts) {
        (Ok(whole), Ok(parts)) => (whole, parts),
        (Err(one), Err(other)) => {
            assert_eq!(one.position.byte_offset, other.position.byte_offset);
            assert!(one.position.byte_offset.unwrap() <= object.len() as u64);
            return;
        }
        (one, other) => panic!("{:?} in one, {:?} in chunks", one.err(), other.err()),
    };
    assert_eq!(whole.schema.tables, parts.schema.tables);
    let frozen = Rules { contract: Contract::Freeze, ..rules.clone() };
    let again = shred_with(frozen, whole.schema.clone(), object, &[], usize::MAX).unwrap();
    assert!(again.changes().is_empty(), "{:?}", again.changes());
    // A replay may find the first of a field's columns wider than it was when a row was written,
    // but never another column.
    for (table, held) in whole.schema.tables.iter().enumerate() {
        assert_eq!(whole.rows(&held.name), again.rows(&held.name), "table {table}");
    }
    if rules.renames.is_empty() {
        check(object, &rules, &whole);
    }
});

fn pointer(text: &str) -> Pointer {
    text.parse().unwrap()
}

fn chosen(variant: u8, bounds: u8) -> Rules {
    let mut chosen = rules("t");
    let has = |bit: u8| variant & (1 << bit) != 0;
    if has(0) {
        chosen.records = pointer("/r");
    }
    if has(1) {
        chosen.key = vec![pointer("/k")];
        chosen.version = has(2).then(|| pointer("/v"));
    }
    if has(3) {
        chosen.keep = vec![pointer("/n")];
    }
    if has(4) {
        chosen.renames = vec![(pointer("/b"), pointer("/a"))];
    }
    if has(5) {
        let of = [
            ColumnType::Timestamptz,
            ColumnType::Numeric,
            ColumnType::Boolean,
            ColumnType::Jsonb,
        ][usize::from(variant >> 6)];
        chosen.types = vec![DeclaredType { pattern: "a*".to_owned(), of }];
    }
    let maps = if bounds & 1 != 0 { &["/a", "/b/a"][..] } else { &[] };
    chosen.maps = maps.iter().map(|map| pointer(map)).collect();
    if bounds & 128 != 0 {
        chosen.limits.max_flatten_depth = usize::from(bounds & 3);
        chosen.limits.max_object_keys = 1 + usize::from(bounds >> 1 & 3);
        chosen.limits.max_columns = 1 + usize::from(bounds >> 2 & 3);
        chosen.limits.max_tables = 1 + usize::from(bounds >> 3 & 3);
        // A key that left a row for the overflow stands in both.
        if chosen.key.is_empty() {
            chosen.limits.max_row_bytes = usize::from(bounds >> 4 & 7) * 12;
        }
    } else if bounds & 2 != 0 {
        chosen.limits.max_jsonb_bytes = usize::from(bounds >> 2 & 31);
    }
    chosen
}

fn check(object: &[u8], rules: &Rules, shredded: &Shredded) {
    let text = std::str::from_utf8(object).unwrap();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let records = rebuild::records(text, &rules.records);
    if records.len() as u64 != shredded.summary.records {
        // Only a document that has its records twice is read in another way here.
        assert!(!rules.records.is_root());
        return;
    }
    let gone = shredded.batches.iter().flat_map(|batch| &batch.rejects);
    let gone: BTreeSet<_> = gone.map(|reject| i64::from(reject.row)).collect();
    let rebuilt = rebuild::rebuild(shredded);
    assert_eq!(rebuilt.len() + gone.len(), records.len());
    let difference = if rules.types.is_empty() { difference } else { difference_as_declared };
    for (row, held) in &rebuilt {
        let stood = &records[usize::try_from(*row).unwrap()];
        if let Some(found) = difference(stood, held) {
            panic!("row {row}: {found}");
        }
    }
}
