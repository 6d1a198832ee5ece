//! What the configuration says of single fields: what may change, what must be there, and what is
//! said of a value that goes against it.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Shredded, rules, shred, shred_with};
use normalise::{
    ColumnType, Contract, DeclaredContract, DeclaredType, NormaliseError, RejectReason, Rules,
    Schema,
};

fn contracts(rest: Contract, fields: &[(&str, Contract)]) -> Rules {
    let contracts = fields
        .iter()
        .map(|(pattern, of)| DeclaredContract { pattern: (*pattern).to_owned(), of: *of });
    Rules { contract: rest, contracts: contracts.collect(), ..rules("t") }
}

fn after(rules: &Rules, schema: &Schema, text: &str) -> Result<Shredded, NormaliseError> {
    shred_with(rules.clone(), schema.clone(), text.as_bytes(), &[], usize::MAX)
}

fn notices(shredded: &Shredded) -> Vec<&str> {
    shredded.summary.notices.iter().map(|notice| notice.path.as_str()).collect()
}

#[test]
fn a_frozen_field_takes_no_column_variant_widening_or_table_and_its_neighbours_evolve() {
    let strict = contracts(Contract::Evolve, &[("/o", Contract::Freeze)]);
    let schema = shred(strict.clone(), r#"{"o":{"n":1,"c":[{"x":1}]},"p":1}"#).schema;
    for change in [
        r#"{"o":{"new":1}}"#,
        r#"{"o":{"n":"text"}}"#,
        r#"{"o":{"n":1.5}}"#,
        r#"{"o":{"d":[{"x":1}]}}"#,
        r#"{"o":{"c":[{"y":1}]}}"#,
        r#"{"o":{"c":[{"x":{"y":1}}]}}"#,
        r#"{"o":7}"#,
    ] {
        let error = after(&strict, &schema, change).err().unwrap();
        assert_eq!(error.kind.name(), "schema_frozen", "{change}");
        let rule = error.violation.unwrap().rule;
        assert_eq!(rule, r#"schema = { "/o" = "freeze" }"#);
    }
    let free = r#"{"o":{"n":2,"c":[{"x":2}]},"p":"text","other":1,"oo":2}"#;
    assert_eq!(
        after(&strict, &schema, free).unwrap().shown("t"),
        ["o__n=2 p__v_text=text other=1 oo=2"]
    );
}

#[test]
fn a_pattern_freezes_every_field_of_such_a_name_wherever_it_stands() {
    let strict = contracts(Contract::Evolve, &[("*Amount", Contract::Freeze)]);
    let schema = shred(strict.clone(), r#"{"c":[{"taxAmount":1}]}"#).schema;
    for change in [r#"{"c":[{"taxAmount":"1"}]}"#, r#"{"tipAmount":1}"#, r#"{"aAmount":{"b":1}}"#] {
        assert!(after(&strict, &schema, change).is_err(), "{change}");
    }
    assert!(after(&strict, &schema, r#"{"c":[{"taxAmount":2,"rate":1}],"amount":1}"#).is_ok());
}

#[test]
fn the_longest_pointer_counts_before_patterns_and_these_before_the_rest() {
    let mixed = contracts(
        Contract::Freeze,
        &[
            ("/a", Contract::Discard),
            ("/a/b", Contract::Evolve),
            ("n*", Contract::Evolve),
            ("/nope", Contract::Freeze),
        ],
    );
    let schema = shred(mixed.clone(), r#"{"id":1,"nope":1}"#).schema;
    let taken = after(&mixed, &schema, r#"{"id":2,"a":{"b":{"c":1},"x":2},"note":"y"}"#).unwrap();
    assert_eq!(taken.shown("t"), ["id=2 a__b__c=1 note=y"]);
    assert_eq!(notices(&taken), ["/a/x"]);
    assert!(after(&mixed, &schema, r#"{"nope":"text"}"#).is_err());
    assert!(after(&mixed, &schema, r#"{"rest":1}"#).is_err());
}

#[test]
fn a_field_that_is_named_to_be_left_out_is_so_from_the_first_object_on() {
    let quiet =
        contracts(Contract::Evolve, &[("/debug", Contract::Discard), ("_*", Contract::Discard)]);
    let text = r#"{"id":1,"debug":{"a":1,"b":[{"c":1}]},"_x":1,"_x":[1],"c":[{"_y":1,"z":2}]}"#;
    let shredded = shred(quiet, text);
    assert_eq!(shredded.tables(), ["t", "t__c"]);
    assert_eq!(shredded.shown("t"), ["id=1"]);
    assert_eq!(shredded.shown("t__c"), ["z=2"]);
    let discarded = shredded.summary.notices.iter().filter(|n| n.kind.name() == "discarded");
    let discarded: Vec<_> = discarded.map(|notice| notice.path.as_str()).collect();
    assert_eq!(discarded, ["/_x", "/c/_y", "/debug/a", "/debug/b"]);
}

#[test]
fn a_field_whose_column_stands_is_filled_on_when_it_is_discarded() {
    let schema = shred(rules("t"), r#"{"id":1,"old":1}"#).schema;
    let quiet = contracts(Contract::Evolve, &[("/old", Contract::Discard)]);
    let shredded = after(&quiet, &schema, r#"{"id":2,"old":2}{"id":3,"old":"x"}"#).unwrap();
    assert_eq!(shredded.shown("t"), ["id=2 old=2", "id=3"]);
    assert_eq!(notices(&shredded), ["/old"]);
}

#[test]
fn the_first_shape_of_a_field_that_its_pointer_freezes_is_no_change_whenever_it_comes() {
    let strict = contracts(Contract::Evolve, &[("/taxes", Contract::Freeze)]);
    let schema = shred(strict.clone(), r#"{"id":1,"taxes":null}"#).schema;
    let first = after(&strict, &schema, r#"{"taxes":[{"n":1}]}{"taxes":[{"n":2,"r":1.5}]}"#);
    let schema = first.unwrap().schema;
    assert_eq!(schema.tables[1].columns.len(), 2);
    assert!(after(&strict, &schema, r#"{"taxes":[{"new":1}]}"#).is_err());
}

#[test]
fn a_new_table_under_a_free_field_repeats_a_frozen_key() {
    let keyed = Rules {
        key: vec!["/id".parse().unwrap()],
        ..contracts(Contract::Evolve, &[("/id", Contract::Freeze)])
    };
    let schema = shred(keyed.clone(), r#"{"id":1}"#).schema;
    let shredded = after(&keyed, &schema, r#"{"id":2,"c":[{"x":1}]}"#).unwrap();
    assert_eq!(shredded.shown("t__c"), ["id=2 x=1"]);
}

#[test]
fn a_key_that_is_configured_late_is_not_left_out_with_new_fields() {
    let schema = shred(rules("t"), r#"{"a":1}"#).schema;
    let keyed = Rules { key: vec!["/id".parse().unwrap()], ..contracts(Contract::Discard, &[]) };
    assert_eq!(
        after(&keyed, &schema, r#"{"a":2,"id":7,"new":1}"#).unwrap().shown("t"),
        ["a=2 id=7"]
    );
}

#[test]
fn a_review_is_shown_what_is_frozen_and_not_what_is_to_be_left_out() {
    let strict =
        contracts(Contract::Freeze, &[("/f", Contract::Freeze), ("/d", Contract::Discard)]);
    let schema = shred(strict.clone(), r#"{"f":1}"#).schema;
    let shown = after(&strict.for_review(), &schema, r#"{"f":"x","d":1,"n":1}"#).unwrap();
    assert_eq!(shown.shown("t"), ["f__v_text=x n=1"]);
}

#[test]
fn what_only_the_overflow_can_hold_is_a_change_of_its_own_field_alone() {
    let mixed = contracts(Contract::Evolve, &[("/f", Contract::Freeze), ("/d", Contract::Discard)]);
    let schema = shred(mixed.clone(), r#"{"f":1,"g":1,"d":1}"#).schema;
    let taken = after(&mixed, &schema, r#"{"g":1,"g":2,"d":1,"d":2}"#).unwrap();
    assert_eq!(taken.shown("t"), [r#"g=2 _overflow={"/g":[1]}"#]);
    assert!(notices(&taken).contains(&"/d"));
    let error = after(&mixed, &schema, r#"{"f":1,"f":2}"#).err().unwrap();
    assert_eq!(error.violation.unwrap().path, "/f");
}

#[test]
fn a_rule_that_names_the_new_name_of_a_rename_holds_for_the_column_that_goes_on() {
    let renamed = Rules {
        renames: vec![("/taxation".parse().unwrap(), "/taxes".parse().unwrap())],
        types: vec![DeclaredType { pattern: "/taxation/r".to_owned(), of: ColumnType::Numeric }],
        ..contracts(Contract::Evolve, &[("/taxation", Contract::Freeze)])
    };
    let first = shred(renamed.clone(), r#"{"taxes":[{"n":1,"r":"1.50"}]}"#);
    assert_eq!(first.shown("t__taxes"), ["n=1 r=1.50"]);
    assert!(after(&renamed, &first.schema, r#"{"taxation":[{"new":1}]}"#).is_err());
}

#[test]
fn no_items_and_no_members_are_no_change_where_rows_and_columns_of_them_stand() {
    let strict = contracts(Contract::Freeze, &[]);
    let schema = shred(strict.clone(), r#"{"id":1,"c":[{"x":1}],"o":{"m":1}}"#).schema;
    let error = after(&strict, &schema, r#"{"new":1}"#).err().unwrap();
    assert!(error.message.contains(r#"{ "*" = "freeze", "/new" = "evolve" }"#), "{error}");
    let shredded = after(&strict, &schema, r#"{"id":2,"c":[ ],"o":{}}"#).unwrap();
    assert_eq!(shredded.shown("t"), ["id=2"]);
    assert_eq!(notices(&shredded), ["/c", "/o"]);
    assert!(after(&strict, &schema, r#"{"id":[]}"#).is_err());
    assert!(after(&strict, &schema, r#"{"c":[1]}"#).is_err());
}

#[test]
fn a_violation_says_rule_place_column_and_value() {
    let strict = Rules {
        records: "/checks".parse().unwrap(),
        types: vec![DeclaredType { pattern: "*Rate".to_owned(), of: ColumnType::Numeric }],
        ..contracts(Contract::Freeze, &[("/note", Contract::Evolve)])
    };
    let schema = shred(strict.clone(), r#"{"checks":[{"c":[{"aRate":"1.5"}]}]}"#).schema;
    let text = "{\"checks\":[{\"c\":[]},\n  {\"c\":[{\"aRate\":2}, {\"aRate\":\"N/A\"}]}]}";
    let error = after(&strict, &schema, text).err().unwrap();
    let start = text.find("\"N/A\"").unwrap() as u64;
    assert_eq!(error.position.byte_offset, Some(start));
    assert_eq!(error.position.line, Some(2));
    assert_eq!(error.position.pointer.as_deref(), Some("/checks/1/c/1/aRate"));
    assert!(error.excerpt.as_deref().unwrap().contains(r#"{"aRate":"N/A"}"#), "{error:?}");
    let violation = error.violation.clone().unwrap();
    assert_eq!(violation.rule, r#"schema = { "*" = "freeze" }"#);
    assert_eq!(violation.path, "/checks/c/aRate");
    assert_eq!(violation.column.as_deref(), Some("t__c.a_rate"));
    assert_eq!((violation.wanted.as_deref(), &*violation.met), (Some("numeric"), "text"));
    assert_eq!(violation.value, "\"N/A\"");
    for said in
        [r#"types = { "*Rate" = "numeric" }"#, r#"schema = { …, "/c/aRate" = "evolve" }"#, "replay"]
    {
        assert!(error.message.contains(said), "{said}: {error}");
    }
    let error = after(&strict, &schema, r#"{"checks":[{"d":[{"x":1}]}]}"#).err().unwrap();
    assert_eq!(error.violation.unwrap().column, None);
    assert_eq!(error.position.pointer.as_deref(), Some("/checks/0/d"));
}

#[test]
fn a_record_that_lacks_a_required_field_is_rejected_and_its_neighbours_stay() {
    let strict = Rules {
        required: vec!["/id".parse().unwrap(), "/o/m".parse().unwrap(), "/c/x".parse().unwrap()],
        ..rules("t")
    };
    let whole = r#"{"id":1,"o":{"m":0},"c":[{"x":false},{"x":{}}]}"#;
    let empty = r#"{"id":2,"o":{"m":[]},"c":[]}"#;
    for (record, pointer) in [
        (r#"{"o":{"m":0},"c":[]}"#, "/id"),
        (r#"{"id":null,"o":{"m":0},"c":[]}"#, "/id"),
        (r#"{"id":1,"o":{"m":null},"c":[]}"#, "/o/m"),
        (r#"{"id":1,"o":{},"c":[]}"#, "/o/m"),
        (r#"{"id":1,"o":null,"c":[]}"#, "/o/m"),
        (r#"{"id":1,"o":5,"c":[]}"#, "/o/m"),
        (r#"{"id":1,"o":{"m":1}}"#, "/c/x"),
        (r#"{"id":1,"o":{"m":1},"c":[{"x":1},{"y":2}]}"#, "/c/1/x"),
        (r#"{"id":1,"o":{"m":1},"c":[{"x":1},null]}"#, "/c/1/x"),
        (r#"{"id":1,"o":{"m":1},"c":{"x":null}}"#, "/c/x"),
        ("7", "/id"),
    ] {
        let shredded = shred(strict.clone(), &format!("{whole}{record}{empty}"));
        let reject = &shredded.batches[0].rejects[0];
        assert_eq!(reject.reason, RejectReason::RequiredMissing, "{record}");
        assert_eq!((&*reject.pointer, reject.row), (pointer, 1), "{record}");
        assert_eq!(reject.json.as_deref(), Some(record));
        assert_eq!(reject.bytes.clone().unwrap().start, whole.len() as u64);
        let rows: Vec<_> = shredded.rows("t").iter().map(|row| row["_row"].clone()).collect();
        assert_eq!(rows, ["0", "2"], "{record}");
    }
}

#[test]
fn a_required_field_is_met_by_its_new_name_too() {
    let renames = [("/taxation", "/taxes"), ("/taxes/rate", "/taxes/taxRate")];
    let renames = renames.map(|(new, old)| (new.parse().unwrap(), old.parse().unwrap()));
    let strict = Rules {
        required: vec!["/taxes/taxRate".parse().unwrap()],
        renames: renames.into(),
        ..rules("t")
    };
    let kept = r#"{"taxes":[{"taxRate":1},{"rate":2}]}{"taxation":[{"taxRate":1},{"rate":2}]}"#;
    assert_eq!(shred(strict.clone(), kept).summary.rejects, 0);
    let shredded = shred(strict, r#"{"taxation":[{"rate":1},{"ratio":2}]}"#);
    assert_eq!(shredded.batches[0].rejects[0].pointer, "/taxation/1/taxRate");
}

#[test]
fn each_member_of_a_map_must_have_what_is_required_of_it() {
    let strict = Rules {
        required: vec!["/c/x".parse().unwrap(), "/n/x".parse().unwrap()],
        maps: vec!["/n".parse().unwrap()],
        ..rules("t")
    };
    let whole = r#"{"c":{"10":{"x":1},"11":{"x":2}},"n":{"a":{"x":1},"x":{"x":1}}}"#;
    assert_eq!(shred(strict.clone(), whole).summary.rejects, 0);
    for (record, pointer) in [
        (r#"{"c":{"10":{"x":1},"11":{"y":2}},"n":{}}"#, "/c/11/x"),
        (r#"{"c":[],"n":{"a":{"x":1},"b":{}}}"#, "/n/b/x"),
    ] {
        let shredded = shred(strict.clone(), record);
        assert_eq!(shredded.batches[0].rejects[0].pointer, pointer, "{record}");
    }
}

#[test]
fn a_frozen_array_that_comes_as_a_map_is_a_change_and_said_with_its_place() {
    let strict = contracts(Contract::Freeze, &[]);
    let schema = shred(strict.clone(), r#"{"c":[{"x":1}]}"#).schema;
    let error = after(&strict, &schema, r#"{"c":{"10":{"x":1}}}"#).err().unwrap();
    assert_eq!(error.position.byte_offset, Some(5));
    assert_eq!(error.violation.unwrap().met, "map");
}

#[test]
fn a_rejected_record_does_not_displace_one_of_its_key() {
    let strict = Rules {
        key: vec!["/id".parse().unwrap()],
        version: Some("/v".parse().unwrap()),
        required: vec!["/x".parse().unwrap()],
        ..rules("t")
    };
    let shredded = shred(strict, r#"{"id":1,"v":1,"x":1}{"id":1,"v":2}{"v":3}"#);
    assert_eq!(shredded.shown("t"), ["id=1 v=1 x=1"]);
    let reasons: Vec<_> = shredded.batches[0].rejects.iter().map(|r| r.reason.name()).collect();
    assert_eq!(reasons, ["required_missing", "key_missing"]);
}

#[test]
fn declared_types_read_what_means_one_thing_alone_and_leave_the_rest_to_variants() {
    for (of, read, other) in [
        ("boolean", r#"true|false|0|1|"0"|"1"|"true"|"false""#, r#"2|""|"yes"|"TRUE"|1.0|"01"|[]"#),
        ("bigint", r#"5|"5"|"-9223372036854775808""#, r#""5.0"|"+5"|" 5"|"05"|""|"1e2"|5.5|true"#),
        ("numeric", r#"5|0.10|"12.50"|"1e2"|"-0.00""#, r#""1,5"|"+5"|"0x1"|".5"|"5."|"NaN"|false"#),
        ("text", r#""a"|1.50|true|"2026-01-01""#, "[]|{}"),
        ("date", r#""2026-01-01""#, r#""2026-01-01T00:00:00"|"2026-02-30"|20260101"#),
        ("timestamp", r#""2026-01-01T00:00:00""#, r#""2026-01-01T00:00:00Z"|"2026-01-01""#),
        (
            "timestamptz",
            r#""2026-01-01T00:00:00"|"2026-01-01T00:00:00Z"|"2026-01-01T02:00:00+02:00""#,
            r#""2026-01-01"|"2026-01-01 00:00:00"|1767225600"#,
        ),
        ("jsonb", r#"1|"x"|true|{"a":[{"b":1}]}|[{"c":1}]|{}|[]"#, r#""\u0000""#),
        ("json", r#"1|"x"|true|{"a":[{"b":1}]}|[{"c":1}]|{}|[]|"\u0000""#, ""),
    ] {
        let typed = Rules {
            types: vec![DeclaredType { pattern: "/f".to_owned(), of: of.parse().unwrap() }],
            ..rules("t")
        };
        let fields = |values: &str| {
            let values = values.split('|').filter(|value| !value.is_empty());
            values.map(|value| format!("{{\"f\":{value}}}")).collect::<Vec<_>>()
        };
        for record in fields(read) {
            let shown = shred(typed.clone(), &record).shown("t");
            assert!(shown[0].starts_with("f="), "{of} {record}: {shown:?}");
        }
        for record in fields(other) {
            let shredded = shred(typed.clone(), &record);
            assert_eq!(shredded.columns("t")[0], format!("f {of}"), "{record}");
            let shown = &shredded.shown("t")[0];
            assert!(!shown.starts_with("f="), "{of} {record}: {shown}");
        }
    }
}

#[test]
fn what_is_declared_bigint_stays_so_whatever_comes_before() {
    let typed = Rules {
        types: vec![DeclaredType { pattern: "/n".to_owned(), of: ColumnType::Bigint }],
        ..rules("t")
    };
    let shredded = shred(typed, r#"{"n":1.5}{"n":"7"}{"n":2.5}{"n":8}"#);
    assert_eq!(shredded.columns("t"), ["n bigint", "n__v_numeric numeric"]);
    assert_eq!(shredded.shown("t"), ["n__v_numeric=1.5", "n=7", "n__v_numeric=2.5", "n=8"]);
}
