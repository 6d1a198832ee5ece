//! How documents become rows, by the rules of the contract's "Tables" and "Types".
#![allow(clippy::unwrap_used)]

mod common;

use common::{rules, shred, shred_with};
use normalise::{Rules, Schema};

#[test]
fn objects_flatten_and_arrays_of_objects_become_children() {
    let shredded = shred(
        rules("checks"),
        r#"{"guestCheckId":1,"menuItem":{"inclTax":20.809091,"x":{"y":true}},
            "taxes":[{"taxNum":28,"parts":[{"p":1},{"p":2}]},{"taxNum":29}],"tags":["a",1]}"#,
    );
    assert_eq!(shredded.tables(), ["checks", "checks__taxes", "checks__taxes__parts"]);
    assert_eq!(
        shredded.shown("checks"),
        [r#"guest_check_id=1 menu_item__incl_tax=20.809091 menu_item__x__y=true tags=["a",1]"#]
    );
    assert_eq!(shredded.shown("checks__taxes"), ["tax_num=28", "tax_num=29"]);
    let parts = shredded.rows("checks__taxes__parts");
    assert_eq!(parts[1]["_row"], "1");
    assert_eq!(parts[1]["_parent_row"], "0");
    assert_eq!(parts[1]["_object_id"], "7");
    assert_eq!(shredded.schema.tables[2].path, "/taxes/parts");
    assert_eq!(shredded.schema.tables[2].columns[0].path, "/taxes/parts/p");
}

#[test]
fn every_input_form_gives_records() {
    for text in [
        "[{\"a\":1},{\"a\":2}]",
        "{\"a\":1}\n{\"a\":2}\n",
        "{\"a\":1}{\"a\":2}",
        "[{\"a\":1}] [{\"a\":2}]",
    ] {
        assert_eq!(shred(rules("t"), text).shown("t"), ["a=1", "a=2"], "{text}");
    }
}

#[test]
fn types_follow_the_literals() {
    let shredded = shred(
        rules("t"),
        r#"{"b":true,"i":9007199254740993,"big":9223372036854775808,"n":1.50,"e":1e3,"s":"x",
            "d":"2024-02-29","nd":"2023-02-29","ts":"2024-01-01T09:09:09","tz":"2024-01-01T09:09:09.5-03:00",
            "null":null,"empty":[],"obj":{}}"#,
    );
    assert_eq!(
        shredded.columns("t"),
        [
            "b boolean",
            "i bigint",
            "big numeric",
            "n numeric",
            "e numeric",
            "s text",
            "d date",
            "nd text",
            "ts timestamp",
            "tz timestamptz",
            "empty jsonb",
            "obj jsonb"
        ]
    );
    let row = &shredded.rows("t")[0];
    assert_eq!(row["big"], "9223372036854775808");
    assert_eq!(row["n"], "1.50");
    assert_eq!(row["e"], "1000");
    assert_eq!(row["tz"], "2024-01-01T12:09:09.5Z");
}

#[test]
fn a_clash_of_types_goes_to_a_variant_and_the_main_column_stays() {
    let shredded = shred(
        rules("t"),
        r#"{"a":1}{"a":"N/A"}{"a":true}{"a":2}{"a":[1]}{"a":{"b":1}}{"a":"2024-01-01"}"#,
    );
    assert_eq!(
        shredded.shown("t"),
        [
            "a=1",
            "a__v_text=N/A",
            "a__v_boolean=true",
            "a=2",
            "a__v_jsonb=[1]",
            "a__b=1",
            "a__v_text=2024-01-01"
        ]
    );
}

#[test]
fn a_decimal_widens_the_rows_at_hand_in_place() {
    let shredded = shred(rules("t"), r#"{"a":1,"b":5}{"b":6}{"a":10000,"b":7}{"a":-2.50}{"a":3}"#);
    assert_eq!(shredded.columns("t"), ["a numeric", "b bigint"]);
    assert_eq!(shredded.shown("t"), ["a=1 b=5", "b=6", "a=10000 b=7", "a=-2.50", "a=3"]);
}

#[test]
fn a_large_table_is_not_rewritten_for_a_decimal() {
    let mut schema = shred(rules("t"), r#"{"a":1}"#).schema;
    schema.tables[0].rewritable = false;
    let shredded = shred_with(rules("t"), schema, br#"{"a":1.5}{"a":2}"#, &[], usize::MAX).unwrap();
    assert_eq!(shredded.shown("t"), ["a__v_numeric=1.5", "a=2"]);
}

#[test]
fn an_item_that_is_no_object_stands_in_value() {
    let shredded = shred(rules("t"), r#"[1,"x",{"a":1},[2]]"#);
    assert_eq!(shredded.shown("t"), ["value=1", "value=\"x\"", "a=1", "value=[2]"]);
    let shredded = shred(rules("t"), r#"{"mixed":[{"a":1},5,null,{"value":2}]}"#);
    let rows = shredded.shown("t__mixed");
    assert_eq!(rows[..3], ["a=1", "value=5", "value=null"]);
    assert!(rows[3].starts_with("value_") && rows[3].ends_with("=2"), "{rows:?}");
}

#[test]
fn partitions_fill_where_the_record_has_no_such_field() {
    let shredded = shred_with(
        rules("t"),
        Schema::default(),
        br#"{"a":1}{"a":2,"busDt":"2026-10-31"}{"busDt":null}"#,
        &[("busDt", "2026-11-01"), ("storeId", "0042 \"x\"")],
        usize::MAX,
    )
    .unwrap();
    assert_eq!(
        shredded.shown("t"),
        [
            "a=1 bus_dt=2026-11-01 store_id=0042 \"x\"",
            "a=2 bus_dt=2026-10-31 store_id=0042 \"x\"",
            "bus_dt=2026-11-01 store_id=0042 \"x\""
        ]
    );
}

fn checks() -> Rules {
    Rules {
        records: "/guestChecks".parse().unwrap(),
        keep: vec!["/locRef".parse().unwrap()],
        key: vec!["/guestCheckId".parse().unwrap()],
        version: Some("/lastUpdatedUTC".parse().unwrap()),
        ..rules("guest_checks")
    }
}

#[test]
fn kept_values_stand_in_each_root_row_and_in_the_envelope() {
    let shredded = shred(
        checks(),
        r#"{"curUTC":"2024-05-05T06:06:06","locRef":"99 CB CB","guestChecks":[{"guestCheckId":1}],"other":[{"x":1}]}"#,
    );
    assert_eq!(shredded.shown("guest_checks"), ["guest_check_id=1 loc_ref=99 CB CB"]);
    assert_eq!(
        shredded.summary.envelope.as_deref(),
        Some(r#"{"curUTC":"2024-05-05T06:06:06","locRef":"99 CB CB","other":[{"x":1}]}"#)
    );
    assert_eq!(shredded.summary.notices[0].path, "/other");
    assert_eq!(shredded.schema.tables[0].columns[0].path, "/guestChecks/guestCheckId");
}

#[test]
fn a_kept_value_behind_the_records_is_said_of_the_rows_that_have_been() {
    let shredded = shred(
        checks(),
        r#"{"guestChecks":[{"guestCheckId":1},{"guestCheckId":2}],"locRef":"late"}{"locRef":"L2","guestChecks":[{"guestCheckId":3}]}"#,
    );
    let late = &shredded.batches[0].late_keeps[0];
    assert_eq!((late.first_row, late.end_row, late.cell.as_slice()), (0, 2, &b"late"[..]));
    assert_eq!(shredded.shown("guest_checks")[2], "guest_check_id=3 loc_ref=L2");
}

#[test]
fn children_repeat_the_key_even_where_it_comes_last() {
    let shredded = shred(
        checks(),
        r#"{"guestChecks":[{"taxes":[{"taxNum":28,"sub":[{"z":1}]}],"guestCheckId":1122334455}]}"#,
    );
    assert_eq!(shredded.shown("guest_checks__taxes"), ["guest_check_id=1122334455 tax_num=28"]);
    assert_eq!(shredded.shown("guest_checks__taxes__sub"), ["guest_check_id=1122334455 z=1"]);
}

#[test]
fn records_that_cannot_be_kept_are_rejected_and_their_neighbours_stay() {
    let shredded = shred(
        checks(),
        r#"{"guestChecks":[{"guestCheckId":1},{"x":1},{"guestCheckId":null},{"guestCheckId":"N/A"},{"guestCheckId":{}},5,{"guestCheckId":1},{"guestCheckId":2}]}"#,
    );
    let rejects: Vec<_> = shredded.batches[0]
        .rejects
        .iter()
        .map(|reject| (reject.row, reject.reason.name(), reject.json.as_deref().unwrap()))
        .collect();
    assert_eq!(
        rejects,
        [
            (1, "key_missing", r#"{"x":1}"#),
            (2, "key_missing", r#"{"guestCheckId":null}"#),
            (3, "key_type", r#"{"guestCheckId":"N/A"}"#),
            (4, "key_missing", r#"{"guestCheckId":{}}"#),
            (5, "not_an_object", "5"),
            (6, "key_twice", r#"{"guestCheckId":1}"#),
        ]
    );
    let rows = shredded.rows("guest_checks");
    assert_eq!((rows[0]["_row"].as_str(), rows[1]["_row"].as_str()), ("0", "7"));
    assert_eq!((shredded.summary.records, shredded.summary.rejects), (8, 6));
}

#[test]
fn of_two_versions_in_one_object_the_newer_stands() {
    let text = br#"{"guestChecks":[{"guestCheckId":1,"lastUpdatedUTC":"2024-01-01T00:00:00","v":"old","taxes":[{"t":1}]},{"guestCheckId":2},{"guestCheckId":1,"lastUpdatedUTC":"2024-01-02T00:00:00","v":"new"}]}"#;
    let together = shred_with(checks(), Schema::default(), text, &[], usize::MAX).unwrap();
    assert_eq!(together.rows("guest_checks").len(), 2);
    assert!(together.rows("guest_checks__taxes").is_empty());
    let reject = &together.batches[0].rejects[0];
    assert_eq!(reject.reason.name(), "key_twice");
    let bytes = reject.bytes.clone().unwrap();
    let fragment = &text[bytes.start as usize..bytes.end as usize];
    assert!(fragment.starts_with(b"{\"guestCheckId\":1") && fragment.ends_with(b"}"));
    // The same when the older one has already been handed out.
    let apart = shred_with(checks(), Schema::default(), text, &[], 1).unwrap();
    let displaced: Vec<_> = apart.batches.iter().flat_map(|batch| &batch.displaced).collect();
    assert_eq!(displaced, [&0]);
}

#[test]
fn a_declared_rename_goes_on_in_the_old_place() {
    let renamed = Rules {
        renames: vec![
            ("/taxation".parse().unwrap(), "/taxes".parse().unwrap()),
            ("/total".parse().unwrap(), "/ttl".parse().unwrap()),
        ],
        ..rules("t")
    };
    let shredded = shred(
        renamed,
        r#"{"ttl":1,"taxes":[{"n":1}]}{"total":2,"taxation":[{"n":2}]}{"ttl":3,"total":4}"#,
    );
    assert_eq!(shredded.tables(), ["t", "t__taxes"]);
    assert_eq!(shredded.shown("t__taxes"), ["n=1", "n=2"]);
    assert_eq!(shredded.shown("t")[1], "ttl=2");
    assert_eq!(shredded.shown("t")[2], r#"ttl=4 _overflow={"/ttl":[3]}"#);
}

#[test]
fn of_two_names_in_one_object_the_newest_counts_wherever_it_stands() {
    let pairs = [
        ("/total", "/ttl"),
        ("/sum", "/total"),
        ("/taxation", "/taxes"),
        ("/menuEntry", "/menuItem"),
        ("/taxes/rate", "/taxes/pct"),
    ];
    let pairs = pairs.iter().map(|(new, old)| (new.parse().unwrap(), old.parse().unwrap()));
    let renamed = Rules { renames: pairs.collect(), ..rules("t") };
    for (text, row, taxes) in [
        (r#"{"ttl":1,"total":2}"#, r#"ttl=2 _overflow={"/ttl":[1]}"#, &[][..]),
        (r#"{"total":2,"ttl":1}"#, r#"ttl=2 _overflow={"/ttl":[1]}"#, &[]),
        (r#"{"sum":3,"ttl":1,"total":2}"#, r#"ttl=3 _overflow={"/total":[2],"/ttl":[1]}"#, &[]),
        (r#"{"total":null,"ttl":1}"#, "ttl=1", &[]),
        (
            r#"{"taxation":[{"n":2}],"taxes":[{"n":1}]}"#,
            r#"_overflow={"/taxes":[[{"n":1}]]}"#,
            &["n=2"],
        ),
        (
            r#"{"menuEntry":{"id":2},"menuItem":{"id":1}}"#,
            r#"menu_item__id=2 _overflow={"/menuItem":[{"id":1}]}"#,
            &[],
        ),
        (
            r#"{"taxation":[{"rate":2,"pct":1},{"pct":3}]}"#,
            "",
            &[r#"pct=2 _overflow={"/taxes/pct":[1]}"#, "pct=3"],
        ),
    ] {
        let shredded = shred(renamed.clone(), text);
        assert_eq!(shredded.shown("t"), [row], "{text}");
        if !taxes.is_empty() {
            assert_eq!(shredded.shown("t__taxes"), taxes, "{text}");
        }
        let kinds: Vec<_> = shredded.summary.notices.iter().map(|n| n.kind.name()).collect();
        let is_clash = row.contains("_overflow") || taxes.len() > 1;
        assert_eq!(kinds.contains(&"rename_clash"), is_clash, "{text}");
    }
}

#[test]
fn a_rename_in_the_catalog_counts_like_a_declared_one() {
    let first = shred(rules("t"), r#"{"id":1,"ttl":1,"taxes":[{"n":1}]}"#);
    let mut schema = first.schema;
    schema.renames = vec![
        ("/taxation".to_owned(), "/taxes".to_owned()),
        ("/total".to_owned(), "/ttl".to_owned()),
        ("/number".to_owned(), "/id".to_owned()),
    ];
    let keyed = Rules { key: vec!["/number".parse().unwrap()], ..rules("t") };
    let text = br#"{"number":2,"total":2,"taxation":[{"n":2}]}"#;
    let accepted = shred_with(keyed, schema.clone(), text, &[], usize::MAX).unwrap();
    assert!(accepted.changes().is_empty());
    assert_eq!(accepted.shown("t"), ["id=2 ttl=2"]);
    assert_eq!(accepted.shown("t__taxes"), ["n=2"]);
    assert_eq!(accepted.schema.renames, schema.renames);
}

#[test]
fn a_rename_declared_after_the_new_name_landed_goes_on_in_the_old_place() {
    let first = shred(rules("t"), r#"{"ttl":1,"taxes":[{"n":1}]}"#);
    let text = br#"{"total":2,"taxation":[{"n":2}]}"#;
    let undeclared = shred_with(rules("t"), first.schema, text, &[], usize::MAX).unwrap();
    assert_eq!(undeclared.tables(), ["t", "t__taxes", "t__taxation"]);
    let renamed = Rules {
        renames: vec![
            ("/taxation".parse().unwrap(), "/taxes".parse().unwrap()),
            ("/total".parse().unwrap(), "/ttl".parse().unwrap()),
        ],
        ..rules("t")
    };
    let text = br#"{"total":2,"taxation":[{"n":2}]}{"ttl":3,"taxes":[{"n":3}]}"#;
    let declared = shred_with(renamed, undeclared.schema, text, &[], usize::MAX).unwrap();
    assert!(declared.changes().is_empty());
    assert_eq!(declared.shown("t"), ["ttl=2", "ttl=3"]);
    assert_eq!(declared.shown("t__taxes"), ["n=2", "n=3"]);
    assert!(declared.rows("t__taxation").is_empty());
}

#[test]
fn declared_types_read_what_inference_would_not() {
    let declared = |pattern: &str, of: &str| normalise::DeclaredType {
        pattern: pattern.to_owned(),
        of: of.parse().unwrap(),
    };
    let typed = Rules {
        types: vec![
            declared("*UTC", "timestamptz"),
            declared("/flag", "boolean"),
            declared("/price", "numeric"),
            declared("/code", "text"),
        ],
        ..rules("t")
    };
    let shredded = shred(
        typed,
        r#"{"opnUTC":"2024-01-01T09:09:09","flag":1,"price":"12.50","code":42}{"opnUTC":"soon","flag":7,"price":"x"}"#,
    );
    assert_eq!(
        shredded.shown("t"),
        [
            "opn_utc=2024-01-01T09:09:09Z flag=true price=12.50 code=42",
            "opn_utc__v_text=soon flag__v_bigint=7 price__v_text=x"
        ]
    );
}
