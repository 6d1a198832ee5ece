//! Maps keyed by ids become rows with `_key`: recognised by their names, or declared.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Shredded, rules, shred, shred_with};
use normalise::{Contract, Origin, Rules, Schema};

fn declared(maps: &[&str]) -> Rules {
    Rules { maps: maps.iter().map(|map| map.parse().unwrap()).collect(), ..rules("t") }
}

fn under(rules: Rules, schema: &Schema, text: &str) -> Shredded {
    shred_with(rules, schema.clone(), text.as_bytes(), &[], usize::MAX).unwrap()
}

fn notices(shredded: &Shredded) -> Vec<(&str, &str)> {
    let notices = shredded.summary.notices.iter();
    notices.map(|notice| (notice.kind.name(), notice.path.as_str())).collect()
}

#[test]
fn a_map_keyed_by_ids_becomes_rows_with_their_keys() {
    let shredded = shred(
        rules("t"),
        r#"{"id":7,"items":{"1001":{"name":"tea","sizes":[{"ml":200}]},"1002":{"name":"cake"}}}"#,
    );
    assert_eq!(shredded.tables(), ["t", "t__items", "t__items__sizes"]);
    assert_eq!(shredded.shown("t"), ["id=7"]);
    assert_eq!(shredded.columns("t__items"), ["_key text", "name text"]);
    assert_eq!(shredded.shown("t__items"), ["_key=1001 name=tea", "_key=1002 name=cake"]);
    assert_eq!(shredded.rows("t__items")[1]["_parent_row"], "0");
    assert_eq!(shredded.shown("t__items__sizes"), ["ml=200"]);
    let table = &shredded.schema.tables[1];
    assert_eq!(table.columns[0].origin, Origin::MapKey);
    let paths: Vec<_> = table.columns.iter().map(|column| column.path.as_str()).collect();
    assert_eq!(paths, ["/items", "/items/name"]);
}

#[test]
fn uuids_and_dates_are_ids_and_one_other_name_makes_columns() {
    for key in ["01890a5d-ac96-774b-bcce-b302099a8057", "2026-11-01", "0"] {
        let shredded = shred(rules("t"), &format!(r#"{{"m":{{"{key}":{{"x":1}}}}}}"#));
        assert_eq!(shredded.shown("t__m"), [format!("_key={key} x=1")]);
    }
    let shredded = shred(rules("t"), r#"{"m":{"1":{"x":1},"total":{"x":2}}}"#);
    assert_eq!(shredded.shown("t"), ["m__1__x=1 m__total__x=2"]);
}

#[test]
fn an_id_is_known_however_its_characters_are_escaped() {
    let shredded = shred(rules("t"), r#"{"m":{"\u0031":{"x":1}}}"#);
    assert_eq!(shredded.shown("t__m"), ["_key=1 x=1"]);
}

#[test]
fn a_map_without_objects_is_one_value_as_an_array_without_objects_is() {
    let shredded = shred(rules("t"), r#"{"m":{"1":5,"2":[6],"3":null},"n":{"1":{},"2":5}}"#);
    assert_eq!(shredded.shown("t"), [r#"m={"1":5,"2":[6],"3":null}"#]);
    assert_eq!(shredded.shown("t__n"), ["_key=1", "_key=2 value=5"]);
}

#[test]
fn a_declared_map_becomes_rows_whatever_its_names_and_values() {
    let text = r#"{"m":{"tea":{"x":1},"a\/b":5,"":null},"o":[{"n":{"one":1}}]}"#;
    let shredded = shred(declared(&["/m", "/o/n"]), text);
    assert_eq!(shredded.shown("t__m"), ["_key=tea x=1", "_key=a/b value=5", "_key= value=null"]);
    assert_eq!(shredded.shown("t__o__n"), ["_key=one value=1"]);
    let empty = shred(declared(&["/m"]), r#"{"m":{}}{"m":null}{"m":[1]}{"m":"x"}"#);
    assert_eq!(empty.tables(), ["t"]);
    assert_eq!(empty.shown("t"), ["m={}", "", "m=[1]", "m__v_text=x"]);
}

#[test]
fn a_declared_map_with_a_name_that_text_cannot_hold_stands_verbatim() {
    let shredded = shred(declared(&["/m"]), r#"{"m":{"a":{"x":1},"\u0000":{"x":2}}}"#);
    assert_eq!(shredded.shown("t"), [r#"m={"a":{"x":1},"\u0000":{"x":2}}"#]);
    assert_eq!(shredded.columns("t"), ["m json"]);
}

#[test]
fn arrays_and_maps_of_one_field_share_a_table() {
    let shredded = shred(rules("t"), r#"{"m":[{"x":1}]}{"m":{"5":{"x":2}}}{"m":[{"x":3}]}"#);
    assert_eq!(shredded.columns("t__m"), ["x bigint", "_key text"]);
    assert_eq!(shredded.shown("t__m"), ["x=1", "x=2 _key=5", "x=3"]);
}

#[test]
fn a_field_called_key_and_the_key_of_a_map_keep_apart() {
    for (text, origins) in [
        (r#"{"m":{"5":{"_key":"own"}}}"#, [Origin::MapKey, Origin::Field]),
        (r#"{"m":[{"_key":"own"}]}{"m":{"5":{}}}"#, [Origin::Field, Origin::MapKey]),
    ] {
        let shredded = shred(rules("t"), text);
        let columns = &shredded.schema.tables[1].columns;
        assert_eq!([columns[0].origin, columns[1].origin], origins, "{text}");
        assert!(columns[0].name == "_key" && columns[1].name.starts_with("_key_"), "{text}");
        let again = under(rules("t"), &shredded.schema, text);
        assert!(again.changes().is_empty());
        assert_eq!(again.shown("t__m"), shredded.shown("t__m"));
    }
}

#[test]
fn a_key_that_stands_twice_in_a_map_keeps_both_rows_in_order() {
    let shredded = shred(rules("t"), r#"{"m":{"5":{"x":1},"6":{"x":2},"5":{"x":3}}}"#);
    assert_eq!(shredded.shown("t__m"), ["_key=5 x=1", "_key=6 x=2", "_key=5 x=3"]);
    assert_eq!(notices(&shredded), []);
}

#[test]
fn a_map_directly_inside_a_map_stands_whole() {
    let shredded = shred(rules("t"), r#"{"m":{"2026-11-01":{"1":{"x":1}},"2026-11-02":{"y":2}}}"#);
    assert_eq!(
        shredded.shown("t__m"),
        [r#"_key=2026-11-01 value={"1":{"x":1}}"#, "_key=2026-11-02 y=2"]
    );
    let spread = shred(rules("t"), r#"{"m":{"1":{"n":{"2":{"x":1}}}}}"#);
    assert_eq!(spread.shown("t__m__n"), ["_key=2 x=1"]);
}

#[test]
fn the_order_of_arrival_makes_no_difference_to_where_a_map_stands() {
    let texts = [
        r#"{"m":{"1":{"x":1}}}"#,
        r#"{"m":{"a":{"x":1}}}"#,
        r#"{"m":{"1":{"x":1},"a":{"x":2}}}"#,
        r#"{"m":{"1":5}}"#,
    ];
    for first in 0..texts.len() {
        let turned = (0..texts.len()).map(|place| texts[(first + place) % texts.len()]);
        let catalog = shred(rules("t"), &turned.collect::<String>()).schema;
        let again = under(rules("t"), &catalog, &texts.concat());
        assert!(again.changes().is_empty());
        assert_eq!(again.rows("t__m").len(), 1);
        assert_eq!(
            again.rows("t").iter().map(|row| row.len() - 2).collect::<Vec<_>>(),
            [0, 1, 2, 1],
            "{first}"
        );
    }
}

#[test]
fn a_catalog_in_which_ids_are_columns_sends_a_map_to_rows() {
    let catalog = shred(rules("t"), r#"{"m":{"1":{"x":1},"a":2}}"#).schema;
    let shredded = under(rules("t"), &catalog, r#"{"m":{"1":{"x":1}}}"#);
    assert_eq!(shredded.shown("t"), [""]);
    assert_eq!(shredded.shown("t__m"), ["_key=1 x=1"]);
}

#[test]
fn a_map_of_any_width_becomes_rows() {
    let members: Vec<_> = (0..2_000).map(|key| format!(r#""{key}":{{"x":{key}}}"#)).collect();
    let shredded = shred(rules("t"), &format!(r#"{{"m":{{{}}}}}"#, members.join(",")));
    assert_eq!(shredded.rows("t__m").len(), 2_000);
    assert_eq!(shredded.columns("t__m"), ["_key text", "x bigint"]);
    assert_eq!(notices(&shredded), []);
}

#[test]
fn a_map_beyond_the_table_limit_lands_as_jsonb_and_keys_have_room_beyond_the_column_limit() {
    let mut narrow = rules("t");
    narrow.limits.max_tables = 1;
    let shredded = shred(narrow, r#"{"m":{"1":{"x":1}}}"#);
    assert_eq!(shredded.shown("t"), [r#"m={"1":{"x":1}}"#]);
    assert_eq!(notices(&shredded), [("table_limit", "/m")]);
    let mut narrow = rules("t");
    narrow.limits.max_columns = 1;
    let shredded = shred(narrow, r#"{"m":[{"x":1}]}{"m":{"1":{"x":2}}}"#);
    assert_eq!(shredded.shown("t__m"), ["x=1", "x=2 _key=1"]);
}

#[test]
fn contracts_say_of_maps_what_they_say_of_arrays() {
    let with = |contract| Rules { contract, ..rules("t") };
    let map = r#"{"id":1,"m":{"1":{"x":2}}}"#;
    let before = shred(rules("t"), r#"{"id":1}"#).schema;
    let frozen = shred_with(with(Contract::Freeze), before.clone(), map.as_bytes(), &[], 9);
    let error = frozen.err().unwrap();
    assert!(error.kind.name() == "schema_frozen" && error.message.contains("`/m`"), "{error}");
    let discarded = under(with(Contract::Discard), &before, map);
    assert_eq!(discarded.tables(), ["t"]);
    assert_eq!(notices(&discarded), [("discarded", "/m")]);
    // An array made the table: its keys are new.
    let before = shred(rules("t"), r#"{"id":1,"m":[{"x":2}]}"#).schema;
    let frozen = shred_with(with(Contract::Freeze), before.clone(), map.as_bytes(), &[], 9);
    assert_eq!(frozen.err().unwrap().kind.name(), "schema_frozen");
    let discarded = under(with(Contract::Discard), &before, map);
    assert_eq!(discarded.shown("t__m"), ["x=2"]);
    assert_eq!(notices(&discarded), [("discarded", "/m")]);
    let stood = shred(rules("t"), map);
    assert_eq!(under(with(Contract::Freeze), &stood.schema, map).shown("t__m"), ["_key=1 x=2"]);
}

#[test]
fn the_records_key_repeats_in_the_rows_of_a_map() {
    let keyed = Rules { key: vec!["/id".parse().unwrap()], ..rules("t") };
    let shredded = shred(keyed, r#"{"m":{"1":{"x":2}},"id":9}"#);
    assert_eq!(shredded.shown("t__m"), ["id=9 _key=1 x=2"]);
}
