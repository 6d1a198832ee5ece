//! What happens at and beyond the bounds, and with input that is not what it should be: nothing is
//! lost, or the object fails with a place and a cure.
#![allow(clippy::unwrap_used)]

mod common;

use common::{rules, shred, shred_with};
use normalise::{Contract, Limits, Rules, Schema};

fn bounded(change: impl Fn(&mut Limits)) -> Rules {
    let mut rules = rules("t");
    change(&mut rules.limits);
    rules
}

fn failure(rules: Rules, text: &[u8]) -> normalise::NormaliseError {
    shred_with(rules, Schema::default(), text, &[], usize::MAX).err().unwrap()
}

#[test]
fn a_string_that_text_cannot_hold_stands_verbatim_as_json() {
    let shredded = shred(
        rules("t"),
        r#"{"a":"x"}{"a":"nul\u0000"}{"a":"\ud800"}{"b":["\u0000"]}{"a":1e999999}"#,
    );
    assert_eq!(
        shredded.shown("t"),
        [
            "a=x",
            r#"a__v_json="nul\u0000""#,
            r#"a__v_json="\ud800""#,
            r#"b=["\u0000"]"#,
            "a__v_json=1e999999"
        ]
    );
    assert_eq!(shredded.columns("t"), ["a text", "a__v_json json", "b json"]);
}

#[test]
fn a_name_that_text_cannot_hold_stands_in_the_overflow() {
    let shredded = shred(rules("t"), r#"{"a\u0000/b":1,"c":2}"#);
    assert_eq!(shredded.shown("t"), [r#"c=2 _overflow={"/a\u0000~1b":[1]}"#]);
}

#[test]
fn a_name_that_stands_twice_counts_the_last_time() {
    let shredded = shred(rules("t"), r#"{"a":1,"b":{"c":1},"a":2,"b":{"d":4},"a":3}"#);
    assert_eq!(shredded.shown("t"), [r#"a=3 b__d=4 _overflow={"/a":[1,2],"/b":[{"c":1}]}"#]);
    assert_eq!(shredded.summary.notices.len(), 2);
}

#[test]
fn a_name_that_stands_twice_inside_one_value_keeps_the_value_as_it_is_written() {
    let shredded = shred(
        rules("t"),
        r#"{"a":[[{"b":1,"b":2}]]}{"a":[[{"b":1}]]}{"a":[{"c":[[{"x":1,"\u0078":2}]]},[{"b":1,"b":2}]]}"#,
    );
    assert_eq!(shredded.columns("t"), ["a json", "a__v_jsonb jsonb"]);
    assert_eq!(shredded.shown("t"), [r#"a=[[{"b":1,"b":2}]]"#, r#"a__v_jsonb=[[{"b":1}]]"#, ""]);
    assert_eq!(shredded.columns("t__a"), ["c json", "value json"]);
    assert_eq!(shredded.shown("t__a"), [r#"c=[[{"x":1,"\u0078":2}]]"#, r#"value=[{"b":1,"b":2}]"#]);
    let kept =
        Rules { records: "/r".parse().unwrap(), keep: vec!["/n".parse().unwrap()], ..rules("t") };
    let shredded = shred(kept, r#"{"n":{"a":1,"a":2},"r":[{}]}"#);
    assert_eq!(shredded.columns("t"), ["n json"]);
}

#[test]
fn names_that_fall_together_get_columns_of_their_own() {
    let shredded = shred(rules("t"), r#"{"Name":1,"name":2,"NAME":3,"_row":4,"_object_id":5}"#);
    let columns = shredded.columns("t");
    assert_eq!(columns.len(), 5);
    assert_eq!(columns[0], "name bigint");
    assert!(columns[1].starts_with("name_") && columns[3].starts_with("_row_"), "{columns:?}");
}

#[test]
fn names_of_any_kind_fit_and_stay_apart() {
    let long = "x".repeat(200);
    let text = format!(
        r#"{{"{long}":1,"{long}y":2,"select":3,"a\"; drop table t; --":4,"🎂":5,"🍺":6,"":7}}"#
    );
    let shredded = shred(rules("t"), &text);
    let row = &shredded.rows("t")[0];
    assert_eq!(row.len(), 9, "{row:?}");
    assert!(row.keys().all(|name| name.len() <= 63));
    let paths: Vec<_> = shredded.schema.tables[0].columns.iter().map(|c| c.path.as_str()).collect();
    assert!(paths.contains(&"/a\"; drop table t; --") && paths.contains(&"/"));
}

#[test]
fn a_map_with_many_keys_lands_as_jsonb_and_one_within_the_bound_as_columns() {
    let map = |keys: usize| {
        let members: Vec<_> = (0..keys).map(|key| format!("\"k{key}\":{key}")).collect();
        format!("{{\"m\":{{{}}}}}", members.join(","))
    };
    let limit = Limits::default().max_object_keys;
    assert_eq!(shred(rules("t"), &map(limit)).columns("t").len(), limit);
    let wide = shred(rules("t"), &map(limit + 1));
    assert_eq!(wide.columns("t"), ["m jsonb"]);
    assert_eq!(wide.summary.notices[0].kind.name(), "wide_object");
    let root = map(10_000).replace("{\"m\":", "").replace("}}", "}");
    assert_eq!(shred(rules("t"), &root).columns("t"), ["value jsonb"]);
}

#[test]
fn fields_beyond_the_column_limit_land_in_the_overflow() {
    let shredded =
        shred(bounded(|limits| limits.max_columns = 2), r#"{"a":1,"b":2,"c":"x","d":{"e":[1]}}"#);
    assert_eq!(shredded.shown("t"), [r#"a=1 b=2 _overflow={"/c":["x"],"/d/e":[[1]]}"#]);
}

#[test]
fn arrays_beyond_the_table_limit_land_as_jsonb() {
    let shredded =
        shred(bounded(|limits| limits.max_tables = 2), r#"{"a":[{"x":1}],"b":[{"y":2}]}"#);
    assert_eq!(shredded.tables(), ["t", "t__a"]);
    assert_eq!(shredded.shown("t"), [r#"b=[{"y":2}]"#]);
}

#[test]
fn a_row_too_wide_for_a_page_moves_its_last_cells_to_the_overflow() {
    let members: Vec<_> = (0..450).map(|at| format!("\"k{at}\":\"{at:030}\"")).collect();
    let text = format!("{{{}}}", members.join(","));
    let shredded = shred(rules("t"), &text);
    let row = &shredded.rows("t")[0];
    assert!(row.len() < 340 && row.contains_key("k0") && !row.contains_key("k449"));
    assert!(row["_overflow"].contains(&format!("\"/k449\":[\"{:030}\"]", 449)));
}

#[test]
fn nesting_beyond_the_bounds_lands_as_jsonb_or_fails_with_its_place() {
    let nested = |levels: usize| format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels));
    let shredded = shred(rules("t"), &nested(20));
    assert_eq!(shredded.columns("t").len(), 1);
    assert!(shredded.columns("t")[0].ends_with(" jsonb"));
    let error = failure(rules("t"), nested(100_000).as_bytes());
    assert_eq!(error.kind.name(), "too_deep");
    assert!(error.position.pointer.unwrap().starts_with("/a/a/a"));
}

#[test]
fn what_is_no_json_fails_with_kind_and_place() {
    for (text, kind, offset) in [
        (&b""[..], "empty", 0),
        (b" \n ", "empty", 3),
        (b"<!DOCTYPE html><html>", "html", 0),
        (b"{\"a\":1", "cut_off", 6),
        (b"{\"a\":NaN}", "not_json", 5),
        (b"{\"a\":1,}", "not_json", 7),
        (b"{\"a\":\"\xff\"}", "not_utf8", 6),
        (b"\xff\xfe{\0", "not_utf8", 0),
        (b"{\"a\":1}\n{\"b\":tru}", "not_json", 13),
    ] {
        let error = failure(rules("t"), text);
        assert_eq!(
            (error.kind.name(), error.position.byte_offset),
            (kind, Some(offset)),
            "{error}"
        );
    }
    let error = failure(rules("t"), b"{\"a\":1}\n{\"b\":[1,nul]}");
    assert_eq!((error.position.line, error.position.pointer.as_deref()), (Some(2), Some("/b/1")));
}

#[test]
fn a_byte_order_mark_and_a_bare_scalar_are_taken() {
    assert_eq!(shred(rules("t"), "\u{feff}{\"a\":1}").shown("t"), ["a=1"]);
    assert_eq!(shred(rules("t"), "42").shown("t"), ["value=42"]);
    assert_eq!(shred(rules("t"), "{}").rows("t").len(), 1);
}

#[test]
fn a_number_of_400_digits_is_kept_to_the_last() {
    let digits = "1234567890".repeat(40);
    let shredded = shred(rules("t"), &format!("{{\"a\":{digits}.5,\"b\":{digits}}}"));
    assert_eq!(shredded.shown("t"), [format!("a={digits}.5 b={digits}")]);
}

#[test]
fn a_document_without_the_records_is_an_error_in_disguise() {
    let records = || Rules { records: "/data/items".parse().unwrap(), ..rules("t") };
    for text in [r#"{"error":"no"}"#, r#"{"data":{}}"#, "[]", r#"{"data":null}"#, "1"] {
        assert_eq!(failure(records(), text.as_bytes()).kind.name(), "records_missing", "{text}");
    }
    for text in [r#"{"data":{"items":[]}}"#, r#"{"data":{"items":null}}"#] {
        assert_eq!(shred(records(), text).summary.records, 0, "{text}");
    }
    let second = failure(records(), b"{\"data\":{\"items\":[]}}\n{\"error\":1}");
    assert_eq!(second.position.line, Some(2));
}

#[test]
fn contracts_say_what_a_change_may_do() {
    let schema = shred(rules("t"), r#"{"a":1,"c":[{"x":1}]}"#).schema;
    let with = |contract| Rules { contract, ..rules("t") };
    let same = br#"{"a":2,"c":[{"x":2}]}"#;
    let new = br#"{"a":2,"b":3,"c":[{"y":1}],"d":[{"z":1}]}"#;
    assert!(shred_with(with(Contract::Freeze), schema.clone(), same, &[], usize::MAX).is_ok());
    let error =
        shred_with(with(Contract::Freeze), schema.clone(), new, &[], usize::MAX).err().unwrap();
    assert_eq!(error.kind.name(), "schema_frozen");
    assert!(error.message.contains("`/b`"), "{error}");
    let discarded = shred_with(with(Contract::Discard), schema, new, &[], usize::MAX).unwrap();
    assert_eq!(discarded.shown("t"), ["a=2"]);
    let paths: Vec<_> =
        discarded.summary.notices.iter().map(|notice| notice.path.as_str()).collect();
    assert_eq!(paths, ["/b", "/c/y", "/d"]);
}

#[test]
fn what_stands_elsewhere_because_of_a_bound_is_no_change_of_shape() {
    let text = r#"{"a":1,"b":2,"c":[{"x":1}],"d":[{"y":1}]}"#;
    let narrow = |contract| {
        let mut narrow = Rules { contract, ..rules("t") };
        (narrow.limits.max_columns, narrow.limits.max_tables) = (2, 2);
        narrow
    };
    let first = shred(narrow(Contract::Evolve), text);
    assert_eq!(first.shown("t"), [r#"a=1 b=2 _overflow={"/d":[[{"y":1}]]}"#]);
    for contract in [Contract::Freeze, Contract::Discard] {
        let again =
            shred_with(narrow(contract), first.schema.clone(), text.as_bytes(), &[], usize::MAX);
        assert_eq!(again.unwrap().shown("t"), first.shown("t"), "{contract:?}");
        // Where there is no `_overflow` yet, it would be new.
        let before = shred(narrow(contract), r#"{"a":1,"b":2}"#).schema;
        let found = shred_with(narrow(contract), before, br#"{"e":1}"#, &[], usize::MAX);
        match contract {
            Contract::Freeze => assert_eq!(found.err().unwrap().kind.name(), "schema_frozen"),
            _ => assert_eq!(found.unwrap().shown("t"), [""]),
        }
    }
}

#[test]
fn a_second_shredding_with_the_catalog_of_the_first_changes_nothing() {
    let text =
        r#"{"a":1,"a2":"x","n":{"m":[1]},"c":[{"x":1,"d":[{"e":1}]}],"a":"dup"}{"a":2.5}[1]"#;
    let first = shred(rules("t"), text);
    let again =
        shred_with(rules("t"), first.schema.clone(), text.as_bytes(), &[], usize::MAX).unwrap();
    assert!(again.changes().is_empty(), "{:?}", again.changes());
    assert_eq!(again.shown("t"), first.shown("t"));
    assert_eq!(again.schema, first.schema);
}
