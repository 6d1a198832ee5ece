use proptest::prelude::*;
use serde_json::{Map, Number, Value};

use super::super::string::unescape;
use super::super::syntax::{SyntaxError, SyntaxKind};
use super::super::twins::has_twins;
use super::{FOLDED, Kind, Tape, Token};

fn parse(json: &str) -> Tape {
    let mut tape = Tape::default();
    tape.parse(json.as_bytes(), 64).unwrap_or_else(|error| panic!("{json}: {error}"));
    tape
}

fn root(json: &str) -> Token {
    parse(json).get(0).unwrap()
}

fn fault(json: impl AsRef<[u8]>) -> SyntaxError {
    let mut tape = Tape::default();
    tape.parse(json.as_ref(), 64).expect_err("a fault")
}

fn text(token: Token, json: &[u8]) -> String {
    String::from_utf8(unescape(token.inner(json), &mut Vec::new()).to_vec()).unwrap()
}

/// The tape as serde_json would have read it.
fn rebuild(tape: &Tape, json: &[u8], index: usize) -> Value {
    let token = tape.get(index).unwrap();
    match token.kind {
        Kind::Null => Value::Null,
        Kind::False => Value::Bool(false),
        Kind::True => Value::Bool(true),
        Kind::Number => {
            let literal = std::str::from_utf8(token.raw(json)).unwrap();
            Value::Number(literal.parse::<Number>().unwrap())
        }
        Kind::String => Value::String(text(token, json)),
        Kind::Array if token.is_folded() => {
            let (mut items, mut item) = (tape.items(index).unwrap(), Tape::default());
            let mut next = || items.next(json, &mut item).then(|| rebuild(&item, json, 0));
            std::iter::from_fn(&mut next).collect()
        }
        Kind::Array => tape.entries(index).map(|(_, item)| rebuild(tape, json, item)).collect(),
        Kind::Object => {
            let member =
                |(key, value)| (text(tape.get(key).unwrap(), json), rebuild(tape, json, value));
            Value::Object(tape.members(index).map(member).collect::<Map<_, _>>())
        }
    }
}

#[test]
fn tokens_lie_flat_and_next_jumps_over_a_subtree() {
    let json = r#" {"a": [1, {"b": null}], "c": "d"} "#;
    let tape = parse(json);
    let object = tape.get(0).unwrap();
    assert_eq!((object.kind, object.len, object.next), (Kind::Object, 2, 9));
    assert_eq!(object.raw(json.as_bytes()), json.trim().as_bytes());
    let members: Vec<_> = tape.members(0).collect();
    assert_eq!(members, [(1, 2), (7, 8)]);
    assert_eq!(tape.entries(0).collect::<Vec<_>>(), [(Some(1), 2), (Some(7), 8)]);
    assert_eq!(tape.entries(2).collect::<Vec<_>>(), [(None, 3), (None, 4)]);
    assert_eq!(tape.get(8).unwrap().inner(json.as_bytes()), b"d");
    assert_eq!(tape.members(2).count(), 0, "an array has no members");
    assert_eq!(tape.entries(8).count(), 0, "a scalar has no entries");
}

#[test]
fn a_tape_is_used_again_after_a_fault() {
    let mut tape = Tape::default();
    assert!(tape.parse(b"[[[1,", 64).is_err());
    assert!(tape.parse(b"[7]", 64).is_ok());
    assert_eq!((tape.get(0).unwrap().len, tape.get(2)), (1, None));
}

#[test]
fn flags_say_what_is_special() {
    assert!(root("12").is_integer() && root("-0").is_integer());
    assert!(!root("1.0").is_integer() && !root("1e2").is_integer());
    assert!(root(r#"{"a":{}}"#).has_object() && !root(r#"{"a":[{}]}"#).has_object());
    assert!(root("[1,{}]").has_object() && !root("[1,[{}]]").has_object());
}

#[test]
fn what_postgres_cannot_hold_is_marked_up_to_the_root() {
    let whole = format!("[{{\"a\":[1,{}1]}}]", "1".repeat(131_072));
    let small = format!("0.{}", "1".repeat(16_384));
    for json in [
        r#""\u0000""#,
        r#""\ud800""#,
        r#""\udc00""#,
        r#""\ud800\ud800""#,
        r#""\ud83dx""#,
        r#"{"a":[{"\u0000":1}]}"#,
        r#"[[["\udead"]]]"#,
        "1e131072",
        "[1e-16384]",
        "0e-99999",
        "1e99999999999999999999",
        &whole,
        &small,
    ] {
        assert!(root(json).is_unrepresentable(), "{json:.40}");
    }
    let whole = "1".repeat(131_072);
    let small = format!("0.{}", "1".repeat(16_383));
    for json in
        [r#""\ud83d\ude00""#, r#"["\\u0000"]"#, "1e131071", "1e-16383", "0e99999", &whole, &small]
    {
        assert!(!root(json).is_unrepresentable(), "{json:.40}");
    }
}

#[test]
fn escapes_are_undone() {
    let json = br#""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00\ud800!\u0041""#;
    let mut tape = Tape::default();
    tape.parse(json, 1).unwrap();
    let meant = "\"\\/\u{8}\u{c}\n\r\t\u{e9}\u{1f600}\u{fffd}!A";
    assert_eq!(text(tape.get(0).unwrap(), json), meant);
}

#[test]
fn each_fault_has_its_kind_place_and_pointer() {
    let cases: [(&[u8], SyntaxKind, u64, &str, &str); 29] = [
        (b"", SyntaxKind::CutOff, 0, "", "a value"),
        (b"<p>", SyntaxKind::Html, 0, "", "HTML"),
        (b"[<]", SyntaxKind::NotJson, 1, "/0", "`<`"),
        (b"{\"a\":NaN}", SyntaxKind::NotJson, 5, "/a", "`NaN`"),
        (b"[1,Infinity]", SyntaxKind::NotJson, 3, "/1", "`Infinity`"),
        (b"[-Infinity]", SyntaxKind::NotJson, 1, "/0", "`-Infinity`"),
        (b"{\"a\":undefined}", SyntaxKind::NotJson, 5, "/a", "`undefined`"),
        (b"{'a':1}", SyntaxKind::NotJson, 1, "", "single quote"),
        (b"{\"a\":'b'}", SyntaxKind::NotJson, 5, "/a", "single quote"),
        (b"[True]", SyntaxKind::NotJson, 1, "/0", "Python"),
        (b"[1,]", SyntaxKind::NotJson, 3, "/1", "trailing comma"),
        (b"{\"a\":1,}", SyntaxKind::NotJson, 7, "", "trailing comma"),
        (b"{\"a\":1 // x\n}", SyntaxKind::NotJson, 7, "", "no comments"),
        (b"{\"a\" 1}", SyntaxKind::NotJson, 5, "/a", "`:`"),
        (b"[1}", SyntaxKind::NotJson, 2, "/1", "`,` or `]`"),
        (b"1 2", SyntaxKind::NotJson, 2, "", "the end of the value"),
        (b"[01]", SyntaxKind::NotJson, 1, "/0", "leading zero"),
        (b"[1.]", SyntaxKind::NotJson, 3, "/0", "a digit"),
        (b"[\"a\nb\"]", SyntaxKind::NotJson, 3, "/0", "control character 0x0A"),
        (b"[\"\\x\"]", SyntaxKind::NotJson, 2, "/0", "backslash"),
        (b"[\"\\u12g4\"]", SyntaxKind::NotJson, 2, "/0", "hexadecimal"),
        (b"{\"a/~\":[1,{\"b\":tru", SyntaxKind::CutOff, 18, "/a~1~0/1/b", "inside a word"),
        (b"{\"a\":\"xyz", SyntaxKind::CutOff, 9, "/a", "inside a string"),
        (b"{\"a\":\"x\xC3", SyntaxKind::CutOff, 7, "/a", "inside a character"),
        (b"{\"a\":[\"x\xE9\"]}", SyntaxKind::NotUtf8, 8, "/a/0", "0xE9"),
        (b"{\"a\":\"\xED\xA0\x80\"}", SyntaxKind::NotUtf8, 6, "/a", "0xED"),
        (b"[x,\"\xE9\"]", SyntaxKind::NotJson, 1, "/0", "`x`"),
        (b"{\0\"\0a\0", SyntaxKind::NotUtf8, 1, "", "UTF-16"),
        (b"\x1f\x8b\x08", SyntaxKind::NotJson, 0, "", "gzip"),
    ];
    for (json, kind, offset, pointer, said) in cases {
        let error = fault(json);
        let shown = String::from_utf8_lossy(json);
        assert_eq!((error.kind, error.at.offset), (kind, offset), "{shown}: {error}");
        assert_eq!(error.pointer.as_deref(), Some(pointer), "{shown}: {error}");
        assert!(error.detail.contains(said), "{shown}: {error}");
    }
}

#[test]
fn a_fault_is_moved_to_its_place_in_the_object() {
    let base = super::super::Place { offset: 100, line: 7, column: 20 };
    let near = fault("[1,x]").rebase(&base, "/r/3");
    assert_eq!((near.at.offset, near.at.line, near.at.column), (103, 7, 23));
    assert_eq!(near.pointer.as_deref(), Some("/r/3/1"));
    let below = fault("[1,\n x]").rebase(&base, "");
    assert_eq!((below.at.offset, below.at.line, below.at.column), (105, 8, 2));
}

#[test]
fn an_excerpt_is_short_readable_and_keeps_broken_bytes() {
    let error = fault(b"[\"\x01\xE9\"]");
    assert_eq!(error.excerpt, "[\"\\u{1}\\xE9\"]");
    let long = format!("[\"{}\",x{}]", "\u{e9}".repeat(500), "\u{1f600}".repeat(500));
    let excerpt = fault(&long).excerpt;
    assert!(excerpt.chars().count() <= 200 && excerpt.contains("\u{e9}\",x\u{1f600}"), "{excerpt}");
    assert!(!excerpt.contains("\\x"), "{excerpt}");
}

#[test]
fn a_hundred_thousand_levels_are_refused_not_crashed_on() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let json = open.repeat(100_000) + "1" + &close.repeat(100_000);
        let error = fault(&json);
        assert_eq!(error.kind, SyntaxKind::TooDeep);
        assert_eq!(error.at.offset, 64 * open.len() as u64);
        let mut tape = Tape::default();
        assert!(tape.parse(json.as_bytes(), 100_000).is_ok());
        assert!(tape.parse(json.as_bytes(), 99_999).is_err());
    }
}

fn json_text() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("false".to_owned()),
        any::<i64>().prop_map(|value| value.to_string()),
        "-?(0|[1-9][0-9]{0,6})(\\.[0-9]{1,6})?([eE][+-]?[0-9])?",
        any::<String>().prop_map(|value| Value::String(value).to_string()),
        "\"([a-z\u{e9}]|\\\\[\"\\\\/bfnrt]|\\\\u[0-9a-c][0-9a-fA-F]{3}|\\\\ud83d\\\\ude0a){0,9}\"",
    ];
    scalar.prop_recursive(5, 64, 6, |inner| {
        let space = "[ \t\r\n]{0,2}";
        let spaced = (space, inner, space).prop_map(|(left, value, right)| left + &value + &right);
        prop_oneof![
            prop::collection::vec(spaced.clone(), 0..6)
                .prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec(("[a-e]{0,2}", spaced), 0..6).prop_map(|members| {
                let member = |(name, value)| format!("\"{name}\" :{value}");
                format!("{{{}}}", members.into_iter().map(member).collect::<Vec<_>>().join(","))
            }),
        ]
    })
}

/// JSON with a few bytes changed.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        prop::sample::select(b"{}[],:\"\\ \n0123-+.eEtfnu\x00\x1f'/".to_vec()),
        any::<u8>(),
    ];
    let change = (any::<prop::sample::Index>(), byte, 0..3_u8);
    (json_text(), prop::collection::vec(change, 0..4)).prop_map(|(text, changes)| {
        let mut bytes = text.into_bytes();
        for (place, byte, how) in changes {
            let at = place.index(bytes.len() + 1);
            match how {
                0 => bytes.insert(at, byte),
                1 if at < bytes.len() => bytes[at] = byte,
                _ => bytes.truncate(at.max(1)),
            }
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_tape_holds_what_serde_json_reads(json in json_text()) {
        let tape = parse(&json);
        let expected: Value = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(rebuild(&tape, json.as_bytes(), 0), expected);
    }

    #[test]
    fn damaged_json_is_judged_as_serde_json_judges_it(json in damaged()) {
        let verdict = Tape::default().parse(&json, 100);
        match serde_json::from_slice::<Value>(&json) {
            Ok(_) => prop_assert!(verdict.is_ok(), "{:?}", verdict),
            // Sound JSON that serde_json's types can't hold; ours can.
            Err(error) if error.to_string().contains("out of range") => {}
            Err(error) if error.to_string().contains("surrogate") => {}
            Err(error) if error.to_string().contains("hex escape") => {}
            Err(error) => {
                let fault = verdict.expect_err(&format!("{error}"));
                // serde_json looks at UTF-8 and at hexadecimal digits later than at the end.
                if std::str::from_utf8(&json).is_ok() && fault.kind == SyntaxKind::CutOff {
                    prop_assert!(error.is_eof(), "{fault} {error}");
                }
            }
        }
    }

    #[test]
    fn a_folded_tape_says_what_a_whole_one_says(json in json_text(), fold_above in 0_usize..20) {
        let (whole, json) = (parse(&json), json.as_bytes());
        let mut folded = Tape { fold_above, ..Tape::default() };
        folded.parse(json, 64).unwrap();
        prop_assert_eq!(rebuild(&folded, json, 0), rebuild(&whole, json, 0));
        prop_assert_eq!(has_twins(json, &folded, 0), has_twins(json, &whole, 0));
        for token in &whole.tokens {
            let start = token.start as usize;
            prop_assert_eq!(folded.pointer_to(json, start), whole.pointer_to(json, start));
        }
        let (first, of_whole) = (folded.get(0).unwrap(), whole.get(0).unwrap());
        prop_assert_eq!(first.len, of_whole.len);
        prop_assert_eq!(first.flags & !FOLDED, of_whole.flags);
    }

    #[test]
    fn a_fault_is_placed_alike_where_arrays_are_folded(json in damaged(), fold_above in 0_usize..20) {
        let whole = Tape::default().parse(&json, 9).map_err(|error| error.to_string());
        let mut folded = Tape { fold_above, ..Tape::default() };
        prop_assert_eq!(folded.parse(&json, 9).map_err(|error| error.to_string()), whole);
    }

    #[test]
    fn any_bytes_are_judged_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = Tape::default().parse(&bytes, 4);
    }
}
