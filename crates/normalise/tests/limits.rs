//! Each bound at its limit and one past it: beyond it nothing is lost, and that it was met is said.
#![allow(clippy::unwrap_used)]

mod common;

use std::fmt::Write as _;

use common::{Shredded, rules, shred, shred_with};
use normalise::{Limits, Rules, Schema};

/// What a text comes to under rules: columns with their values, rejects, the envelope and notices;
/// or the kind of the failure and its pointer.
fn outcome(rules: &Rules, text: &str) -> String {
    let found = shred_with(rules.clone(), Schema::default(), text.as_bytes(), &[], usize::MAX);
    match found {
        Ok(shredded) => shown(&shredded),
        Err(error) => {
            let pointer = error.position.pointer.unwrap_or_default();
            format!("fails: {} {pointer}", error.kind.name()).trim_end().to_owned()
        }
    }
}

fn shown(shredded: &Shredded) -> String {
    let mut shown = String::new();
    for table in shredded.tables() {
        let columns = shredded.columns(table);
        for row in shredded.rows(table) {
            let cells = columns.iter().filter_map(|column| {
                let (name, of) = column.split_once(' ').unwrap();
                row.get(name).map(|cell| format!("{name} {of} {cell}"))
            });
            write!(shown, "{table}({}) ", cells.collect::<Vec<_>>().join(", ")).unwrap();
        }
    }
    if let Some(envelope) = &shredded.summary.envelope {
        write!(shown, "envelope {envelope} ").unwrap();
    }
    for notice in &shredded.summary.notices {
        write!(shown, "[{} {}] ", notice.kind.name(), notice.path).unwrap();
    }
    shown.trim_end().to_owned()
}

type Set = fn(&mut Limits) -> &mut usize;

/// A bound that can be configured, set low, and what a text at it and one past it come to.
struct Bound {
    name: &'static str,
    default: usize,
    set: (Set, usize),
    at: (&'static str, &'static str),
    past: (&'static str, &'static str),
}

fn bounds() -> Vec<Bound> {
    let default = Limits::default();
    vec![
        Bound {
            name: "max_record_bytes",
            default: default.max_record_bytes,
            set: (|limits| &mut limits.max_record_bytes, 8),
            at: (r#"{"a":12}"#, "t(a bigint 12)"),
            past: (r#"{"a":123}"#, "fails: record_too_large"),
        },
        Bound {
            name: "max_depth",
            default: default.max_depth,
            set: (|limits| &mut limits.max_depth, 3),
            at: (r#"{"a":[[1]]}"#, "t(a jsonb [[1]])"),
            past: (r#"{"a":[[[1]]]}"#, "fails: too_deep /a/0/0"),
        },
        Bound {
            name: "max_flatten_depth",
            default: default.max_flatten_depth,
            set: (|limits| &mut limits.max_flatten_depth, 1),
            at: (r#"{"a":{"b":1}}"#, "t(a__b bigint 1)"),
            past: (r#"{"a":{"b":{"c":1}}}"#, r#"t(a__b jsonb {"c":1}) [deep_object /a/b]"#),
        },
        Bound {
            name: "max_object_keys",
            default: default.max_object_keys,
            set: (|limits| &mut limits.max_object_keys, 2),
            at: (r#"{"o":{"a":1,"b":2}}"#, "t(o__a bigint 1, o__b bigint 2)"),
            past: (
                r#"{"o":{"a":1,"b":2,"c":3}}"#,
                r#"t(o jsonb {"a":1,"b":2,"c":3}) [wide_object /o]"#,
            ),
        },
        Bound {
            name: "max_columns",
            default: default.max_columns,
            set: (|limits| &mut limits.max_columns, 2),
            at: (r#"{"a":1,"b":2}"#, "t(a bigint 1, b bigint 2)"),
            past: (
                r#"{"a":1,"b":2,"c":3}"#,
                r#"t(a bigint 1, b bigint 2, _overflow json {"/c":[3]}) [column_limit /c]"#,
            ),
        },
        Bound {
            name: "max_tables",
            default: default.max_tables,
            set: (|limits| &mut limits.max_tables, 2),
            at: (r#"{"a":[{"x":1}]}"#, "t() t__a(x bigint 1)"),
            past: (
                r#"{"a":[{"x":1}],"b":[{"y":2}]}"#,
                r#"t(b jsonb [{"y":2}]) t__a(x bigint 1) [table_limit /b]"#,
            ),
        },
        Bound {
            name: "max_row_bytes",
            default: default.max_row_bytes,
            set: (|limits| &mut limits.max_row_bytes, 16),
            at: (r#"{"a":"xxxx","b":"yyyy"}"#, "t(a text xxxx, b text yyyy)"),
            past: (
                r#"{"a":"xxxx","b":"yyyyy"}"#,
                r#"t(a text xxxx, _overflow json {"/b":["yyyyy"]}) [wide_row /b]"#,
            ),
        },
        Bound {
            name: "max_jsonb_bytes",
            default: default.max_jsonb_bytes,
            set: (|limits| &mut limits.max_jsonb_bytes, 7),
            at: (r#"{"a":[1,2,3]}[1]"#, "t(a jsonb [1,2,3]) t(value jsonb 1)"),
            past: (r#"{"a":[1,2,34]}["12345\n"]"#, r#"t(a json [1,2,34]) t(value json "12345\n")"#),
        },
        Bound {
            name: "max_envelope_bytes",
            default: default.max_envelope_bytes,
            set: (|limits| &mut limits.max_envelope_bytes, 3),
            at: (r#"{"n":12,"r":[{"a":1}]}"#, r#"t(a bigint 1) envelope {"n":12}"#),
            past: (r#"{"n":123,"r":[{"a":1}]}"#, "t(a bigint 1) [envelope_limit /n]"),
        },
    ]
}

#[test]
fn each_bound_holds_at_its_limit_and_loses_nothing_one_past_it() {
    for bound in bounds() {
        let mut narrow = rules("t");
        if bound.name == "max_envelope_bytes" {
            narrow.records = "/r".parse().unwrap();
        }
        let (set, limit) = bound.set;
        *set(&mut narrow.limits) = limit;
        for (text, expected) in [bound.at, bound.past] {
            assert_eq!(outcome(&narrow, text), expected, "{} {text}", bound.name);
        }
        *set(&mut narrow.limits) = limit + 1;
        let widened = outcome(&narrow, bound.past.0);
        assert_ne!(widened, bound.past.1, "{}: the limit is where the test puts it", bound.name);
    }
}

#[test]
fn a_row_is_as_long_on_replay_as_it_was_though_a_column_of_it_was_widened() {
    let mut narrow = rules("t");
    narrow.limits.max_row_bytes = 38;
    let (first, second) = (r#"{"a":"xxxxxxxxxxxx","b":10000000000000001}"#, r#"{"b":0.5}"#);
    let before = shred(narrow.clone(), first);
    assert_eq!(shown(&before), "t(a text xxxxxxxxxxxx, b bigint 10000000000000001)");
    let after = shred_with(narrow.clone(), before.schema, second.as_bytes(), &[], usize::MAX);
    let schema = after.unwrap().schema;
    for (limit, is_within) in [(38, true), (37, false)] {
        narrow.limits.max_row_bytes = limit;
        let again = shred_with(narrow.clone(), schema.clone(), first.as_bytes(), &[], usize::MAX);
        let replayed = again.unwrap();
        assert_eq!(replayed.changes().is_empty(), is_within, "{limit}");
        // A row as long as this one had moved its cell out before.
        assert_eq!(replayed.shown("t"), shred(narrow.clone(), first).shown("t"), "{limit}");
    }
}

#[test]
fn the_page_has_a_line_for_each_bound_with_its_default() {
    let page = include_str!("../../../docs/normalisation.md");
    let (_, tail) = page.split_once("## Bounds\n").unwrap();
    let section = tail.split("\n## ").next().unwrap();
    for bound in bounds() {
        let default = match bound.default {
            mebi if mebi >= 1 << 20 => format!("{} MiB", mebi >> 20),
            kibi if kibi >= 1 << 16 => format!("{} KiB", kibi >> 10),
            thousands if thousands >= 1_000 => {
                format!("{},{:03}", thousands / 1_000, thousands % 1_000)
            }
            plain => plain.to_string(),
        };
        let line = format!("\n| `{}` | {default} | ", bound.name);
        assert!(section.contains(&line), "{line}");
    }
    assert_eq!(section.matches("\n| `max_").count(), bounds().len());
}

#[test]
fn a_path_of_1500_bytes_is_a_column_and_a_longer_one_overflows() {
    let named = |bytes: usize| format!(r#"{{"o":{{"{}":1}}}}"#, "x".repeat(bytes - "/o/".len()));
    let at = shred(rules("t"), &named(1_500));
    assert_eq!(at.schema.tables[0].columns[0].path.len(), 1_500);
    assert!(at.summary.notices.is_empty());
    let past = shown(&shred(rules("t"), &named(1_501)));
    let name = "x".repeat(1_498);
    assert_eq!(past, format!(r#"t(_overflow json {{"/o/{name}":[1]}}) [column_limit /o]"#));
    // In a path `/` takes two bytes.
    let escaped = format!(r#"{{"{}/":1}}"#, "x".repeat(1_498));
    assert_eq!(shred(rules("t"), &escaped).columns("t"), ["_overflow json"]);
}

#[test]
fn what_is_said_names_no_path_longer_than_the_change_log_takes() {
    let around = Rules { records: "/r".parse().unwrap(), ..rules("t") };
    let text = format!(r#"{{"{}":[{{}}],"r":[{{}}]}}"#, "é".repeat(2_000));
    let shredded = shred(around, &text);
    assert_eq!(shredded.summary.notices[0].path.len(), 1_499);
}

#[test]
fn names_of_63_bytes_stand_and_longer_ones_are_cut_and_told_apart() {
    let name = |bytes: usize| "x".repeat(bytes);
    let at = shred(rules("t"), &format!(r#"{{"{}":1,"{}":[{{"y":1}}]}}"#, name(63), name(60)));
    assert_eq!(at.columns("t"), [format!("{} bigint", name(63))]);
    assert_eq!(at.tables(), ["t".to_owned(), format!("t__{}", name(60))]);
    let past = shred(rules("t"), &format!(r#"{{"{}":1,"{}":[{{"y":1}}]}}"#, name(64), name(61)));
    let (column, table) = (&past.schema.tables[0].columns[0], &past.schema.tables[1]);
    assert!(column.name.len() == 63 && column.name.starts_with(&format!("{}_", name(54))));
    assert!(table.name.len() == 63 && table.name.starts_with(&format!("t__{}_", name(51))));
    assert_eq!((column.path.len(), table.path.len()), (65, 62));
}

#[test]
fn an_endpoint_has_100000_fields_and_what_is_more_overflows() {
    let mut wide = rules("t");
    wide.limits.max_object_keys = usize::MAX;
    let with = |nulls: usize| {
        let nulls: String = (0..nulls).map(|at| format!(r#""n{at}":null,"#)).collect();
        shown(&shred(wide.clone(), &format!(r#"{{{nulls}"last":1}}"#)))
    };
    // The record itself counts, and the last field.
    assert_eq!(with(99_998), "t(last bigint 1)");
    assert_eq!(with(99_999), r#"t(_overflow json {"/last":[1]}) [column_limit ]"#);
}

#[test]
fn a_key_of_1500_bytes_stands_and_a_longer_one_is_rejected_with_its_record() {
    let keyed = Rules { key: vec!["/k".parse().unwrap(), "/l".parse().unwrap()], ..rules("t") };
    let text = |bytes: usize| format!(r#"{{"k":"{}","l":7}}"#, "x".repeat(bytes - 8));
    assert_eq!(shred(keyed.clone(), &text(1_500)).rows("t").len(), 1);
    let past = shred(keyed.clone(), &format!("{}{}", text(1_501), r#"{"k":"a","l":1}"#));
    assert_eq!(past.shown("t"), ["k=a l=1"]);
    let reject = &past.batches[0].rejects[0];
    assert_eq!((reject.reason.name(), reject.pointer.as_str()), ("key_too_long", "/l"));
    assert_eq!(reject.json.as_deref(), Some(text(1_501).as_str()));
    // Four digits are two bytes, behind eight, and as text they are four.
    let number = |digits: usize| format!(r#"{{"k":{},"l":7}}"#, "1".repeat(digits));
    let rejects = |digits| shred(keyed.clone(), &number(digits)).summary.rejects;
    assert_eq!((rejects(4 * 369), rejects(4 * 369 + 1)), (0, 1));
}

#[test]
fn a_value_around_the_records_has_a_mebibyte_and_a_kept_one_as_much_as_a_record() {
    let bounded = |keep: &[&str]| {
        let mut bounded = Rules { records: "/r".parse().unwrap(), ..rules("t") };
        bounded.keep = keep.iter().map(|keep| keep.parse().unwrap()).collect();
        bounded.limits.max_envelope_bytes = 4 << 20;
        bounded.limits.max_record_bytes = 2 << 20;
        bounded
    };
    let text = |bytes: usize| format!(r#"{{"n":"{}","r":[{{"a":1}}]}}"#, "x".repeat(bytes - 2));
    let at = shred(bounded(&[]), &text(1 << 20));
    assert!(at.summary.envelope.unwrap().len() > 1 << 20);
    assert_eq!(outcome(&bounded(&[]), &text((1 << 20) + 1)), "t(a bigint 1) [envelope_limit /n]");
    let kept = shred(bounded(&["/n"]), &text(2 << 20));
    assert_eq!(kept.rows("t")[0]["n"].len(), (2 << 20) - 2);
    let past = outcome(&bounded(&["/n"]), &text((2 << 20) + 1));
    assert_eq!(past, "fails: record_too_large /n");
}

#[test]
fn a_thousand_notices_are_said_of_one_object() {
    let mut narrow = rules("t");
    narrow.limits.max_columns = 1;
    narrow.limits.max_object_keys = usize::MAX;
    let with = |fields: usize| {
        let fields: Vec<_> = (0..fields).map(|at| format!(r#""f{at}":{at}"#)).collect();
        let shredded = shred(narrow.clone(), &format!("{{{}}}", fields.join(",")));
        assert_eq!(shredded.rows("t")[0]["_overflow"].matches(':').count(), fields.len() - 1);
        shredded.summary.notices.len()
    };
    assert_eq!((with(1_001), with(1_002)), (1_000, 1_000));
}

#[test]
fn numbers_within_numeric_stand_in_columns_and_longer_ones_verbatim() {
    let digits = |count: usize| "7".repeat(count);
    for (at, past) in [
        (digits(131_072), digits(131_073)),
        (format!("0.{}", digits(16_383)), format!("0.{}", digits(16_384))),
        ("1e131071".to_owned(), "1e131072".to_owned()),
    ] {
        let types = |number: &str| shred(rules("t"), &format!(r#"{{"a":{number}}}"#)).columns("t");
        assert_eq!(types(&at), ["a numeric"]);
        assert_eq!(types(&past), ["a json"]);
    }
    for (number, of) in [
        ("9223372036854775807", "bigint"),
        ("9223372036854775808", "numeric"),
        ("-9223372036854775808", "bigint"),
        ("-9223372036854775809", "numeric"),
    ] {
        let shredded = shred(rules("t"), &format!(r#"{{"a":{number}}}"#));
        assert_eq!(shredded.columns("t"), [format!("a {of}")]);
        assert_eq!(shredded.shown("t"), [format!("a={number}")]);
    }
}
