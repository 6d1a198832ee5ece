//! What meets in one object by chance, and what Postgres reserves for itself.
#![allow(clippy::unwrap_used)]

mod common;

use common::{rules, shred, shred_with};
use normalise::{ColumnType, Pointer, Rules, Schema, Shredder};

fn pointer(text: &str) -> Pointer {
    text.parse().unwrap()
}

fn keyed(key: &str) -> Rules {
    Rules { key: vec![pointer(key)], ..rules("t") }
}

#[test]
fn a_field_named_like_a_system_column_gets_another_name() {
    let shredded = shred(rules("t"), r#"{"xmin":1,"xmax":2,"ctid":3,"tableoid":4,"ymin":5}"#);
    for column in &shredded.schema.tables[0].columns {
        let reserved = ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"];
        assert!(!reserved.contains(&column.name.as_str()), "{}", column.name);
    }
    assert_eq!(shredded.columns("t")[4], "ymin bigint");
}

#[test]
fn a_value_kept_late_follows_its_column_when_it_is_widened() {
    let kept = Rules { records: pointer("/r"), keep: vec![pointer("/n")], ..rules("t") };
    let shredded = shred(kept, r#"{"r":[{"a":1}],"n":1}{"n":1.5,"r":[{"a":2}]}"#);
    let keep = &shredded.batches[0].late_keeps[0];
    assert_eq!(keep.of, ColumnType::Numeric);
    assert_eq!(keep.cell, [0, 1, 0, 0, 0, 0, 0, 0, 0, 1]);
}

#[test]
fn the_texts_of_rejects_count_as_bytes_that_wait() {
    let mut shredder = Shredder::new(keyed("/k"), Schema::default(), 1, &[]);
    shredder.push(format!("{{\"v\":\"{}\"}}", "x".repeat(1_000)).as_bytes()).unwrap();
    assert!(shredder.pending_bytes() >= 1_000);
    assert_eq!(shredder.take_batch().rejects.len(), 1);
    assert_eq!(shredder.pending_bytes(), 0);
}

#[test]
fn small_records_count_with_their_keys() {
    let waiting = |rules: Rules| {
        let mut shredder = Shredder::new(rules, Schema::default(), 1, &[]);
        (0..1_000).for_each(|id| shredder.push(format!("{{\"k\":{id}}}\n").as_bytes()).unwrap());
        shredder.pending_bytes()
    };
    let (rows, with_keys) = (waiting(rules("t")), waiting(keyed("/k")));
    assert!(rows >= 40_000, "{rows}");
    assert!(with_keys >= rows + 100_000, "{with_keys}");
}

#[test]
fn keys_that_are_one_number_are_one_key() {
    let shredded = shred(keyed("/k"), r#"{"k":1.0}{"k":1.00}{"k":1.50}{"k":1}"#);
    assert_eq!(shredded.shown("t"), ["k=1.0", "k=1.50"]);
    assert_eq!(shredded.summary.rejects, 2);
}

#[test]
fn a_key_is_found_under_each_name_that_it_had() {
    let renames = vec![(pointer("/b"), pointer("/a")), (pointer("/c"), pointer("/b"))];
    let chain = Rules { renames, ..keyed("/a") };
    let shredded = shred(chain, r#"{"a":1}{"b":2}{"c":3}"#);
    assert_eq!(shredded.shown("t"), ["a=1", "a=2", "a=3"]);
    let parent = Rules { renames: vec![(pointer("/n"), pointer("/o"))], ..keyed("/o/id") };
    let shredded = shred(parent, r#"{"o":{"id":1}}{"n":{"id":2}}"#);
    assert_eq!(shredded.shown("t"), ["o__id=1", "o__id=2"]);
}

#[test]
fn a_name_with_an_escaped_slash_and_a_nul_leaves_the_overflow_json() {
    let shredded = shred(rules("t"), r#"{"a\/b\\\u0000~":1}"#);
    let overflow = &shredded.rows("t")[0]["_overflow"];
    assert_eq!(overflow, r#"{"/a~1b\\\u0000~0":[1]}"#);
    let shredded = shred(rules("t"), r#"{"\u002f\u007E1\u0000":1}"#);
    let overflow = &shredded.rows("t")[0]["_overflow"];
    assert_eq!(overflow, r#"{"/~1~01\u0000":[1]}"#);
}

#[test]
fn nothing_that_is_said_or_carried_holds_a_nul() {
    let around = Rules { records: pointer("/r"), ..rules("t") };
    let shredded = shred(around, r#"{"a\u0000":[{"b":1}],"r":[{"a":1}]}"#);
    assert!(!shredded.summary.notices.is_empty());
    assert!(shredded.summary.notices.iter().all(|notice| !notice.path.contains('\0')));
    let folders = [("d", "x\0y")];
    let shredded = shred_with(rules("t"), Schema::default(), b"{}", &folders, usize::MAX).unwrap();
    assert_eq!(shredded.columns("t"), ["d json"]);
}

#[test]
fn a_record_too_wide_for_columns_keeps_its_key() {
    let mut narrow = keyed("/k");
    narrow.limits.max_object_keys = 2;
    let shredded = shred(narrow, r#"{"k":7,"a":1,"b":2}"#);
    assert_eq!(shredded.shown("t"), [r#"k=7 value={"k":7,"a":1,"b":2}"#]);
}

#[test]
fn a_declared_type_holds_even_where_the_first_value_is_not_of_it() {
    let declared = normalise::DeclaredType {
        pattern: "*UTC".to_owned(),
        of: normalise::ColumnType::Timestamptz,
    };
    let typed = Rules { types: vec![declared], ..rules("t") };
    let shredded = shred(typed, r#"{"xUTC":""}{"xUTC":"2026-01-01T00:00:00"}"#);
    assert_eq!(shredded.shown("t"), ["x_utc__v_text=", "x_utc=2026-01-01T00:00:00Z"]);
}

#[test]
fn a_contract_begins_once_the_endpoint_has_tables() {
    for contract in [normalise::Contract::Freeze, normalise::Contract::Discard] {
        let strict = || Rules { contract, ..rules("t") };
        let first = shred(strict(), r#"{"id":1,"c":[{"x":1}]}"#);
        assert_eq!(first.tables(), ["t", "t__c"]);
        let second = shred_with(strict(), first.schema, br#"{"id":2,"new":3}"#, &[], usize::MAX);
        match contract {
            normalise::Contract::Discard => assert_eq!(second.unwrap().shown("t"), ["id=2"]),
            _ => assert_eq!(second.err().unwrap().kind.name(), "schema_frozen"),
        }
    }
}

#[test]
fn a_rename_that_leads_out_of_its_table_is_none() {
    let renamed = Rules {
        renames: vec![("/c/rate".parse().unwrap(), "/oldRate".parse().unwrap())],
        ..rules("t")
    };
    let shredded = shred(renamed, r#"{"oldRate":1,"c":[{"rate":2}]}"#);
    assert_eq!(shredded.shown("t__c"), ["rate=2"]);
}

#[test]
fn the_key_of_a_record_with_both_names_is_the_one_in_its_row() {
    let renamed = Rules {
        key: vec!["/id".parse().unwrap()],
        renames: vec![("/identifier".parse().unwrap(), "/id".parse().unwrap())],
        ..rules("t")
    };
    let shredded = shred(renamed, r#"{"id":1,"identifier":2,"c":[{"x":1}]}"#);
    assert!(shredded.shown("t")[0].starts_with("id=2 "));
    assert_eq!(shredded.shown("t__c"), ["id=2 x=1"]);
}

#[test]
fn the_key_is_that_of_the_name_that_counts_in_every_order() {
    let renames = vec![(pointer("/b"), pointer("/a")), (pointer("/n"), pointer("/o"))];
    let flat = Rules { renames: renames.clone(), ..keyed("/a") };
    let nested = Rules { renames, ..keyed("/o/id") };
    for (text, row) in [(r#"{"b":2,"a":1}"#, "a=2 "), (r#"{"b":null,"a":1}"#, "a=1")] {
        let shredded = shred(flat.clone(), text);
        assert!(shredded.shown("t")[0].starts_with(row), "{:?}", shredded.shown("t"));
        assert_eq!(shredded.batches[0].keys.len(), 1);
    }
    let shredded = shred(nested, r#"{"n":{"id":2},"o":{"id":1}}{"n":{"x":2},"o":{"id":1}}"#);
    assert!(shredded.shown("t")[0].starts_with("o__id=2 "), "{:?}", shredded.shown("t"));
    // The newer object counts, and it has no key.
    assert_eq!(shredded.batches[0].rejects[0].reason.name(), "key_missing");
}

#[test]
fn a_rename_out_of_another_object_loses_nothing_where_both_stand() {
    let moved = Rules { renames: vec![(pointer("/x/total"), pointer("/ttl"))], ..keyed("/ttl") };
    for (text, row) in [
        (r#"{"x":{"total":2}}"#, "ttl=2"),
        (r#"{"ttl":1,"x":{"total":2}}"#, r#"ttl=1 _overflow={"/ttl":[2]}"#),
        (r#"{"x":{"total":2},"ttl":1}"#, r#"ttl=2 _overflow={"/ttl":[1]}"#),
    ] {
        let shredded = shred(moved.clone(), text);
        assert_eq!(shredded.shown("t"), [row], "{text}");
        let key = i64::from_be_bytes(shredded.batches[0].keys[0].cells[0][..].try_into().unwrap());
        assert!(row.starts_with(&format!("ttl={key}")), "{text}: {key}");
    }
}

#[test]
fn many_records_that_give_way_in_one_batch_leave_the_newest() {
    let versions: Vec<_> =
        (0..50).map(|at| format!(r#"{{"id":{},"v":{at},"c":[{{"x":{at}}}]}}"#, at % 5)).collect();
    let keyed = Rules {
        key: vec!["/id".parse().unwrap()],
        version: Some("/v".parse().unwrap()),
        ..rules("t")
    };
    let shredded = shred(keyed, &versions.join("\n"));
    assert_eq!(
        shredded.shown("t"),
        ["id=0 v=45", "id=1 v=46", "id=2 v=47", "id=3 v=48", "id=4 v=49"]
    );
    assert_eq!(shredded.rows("t__c").len(), 5);
    assert_eq!(shredded.batches[0].keys.len(), 5);
    assert_eq!(shredded.summary.rows, [5, 5]);
}
