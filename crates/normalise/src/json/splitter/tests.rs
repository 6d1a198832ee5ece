use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::syntax::{SyntaxError, SyntaxKind};
use super::super::tape::Tape;
use super::{Piece, Splitter};

/// A piece that owns its bytes.
#[derive(Debug, Clone, PartialEq)]
enum Owned {
    Start(u64, u64, u64),
    Record { json: String, line: u64, column: u64, offset: u64, index: Option<u64> },
    Around { parents: Vec<String>, name: String, json: String, oversized: bool },
    End { found: bool },
}

fn own(piece: Piece<'_>) -> Owned {
    let text = |json: &[u8]| String::from_utf8_lossy(json).into_owned();
    match piece {
        Piece::DocumentStart { at } => Owned::Start(at.offset, at.line, at.column),
        Piece::Record { json, at, index } => Owned::Record {
            json: text(&json),
            line: at.line,
            column: at.column,
            offset: at.offset,
            index,
        },
        Piece::Around { parents, name, json, oversized, .. } => Owned::Around {
            parents: parents.to_vec(),
            name: name.to_owned(),
            json: text(json),
            oversized,
        },
        Piece::DocumentEnd { found } => Owned::End { found },
    }
}

/// Splits chunks; the pieces up to the error, if there is one.
fn split_chunks<'a>(
    records: &[&str],
    limit: usize,
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<Owned>, Option<SyntaxError>) {
    let records = records.iter().map(|token| (*token).to_owned()).collect();
    let mut splitter = Splitter::new(records, limit);
    let mut pieces = Vec::new();
    let mut sink = |piece: Piece<'_>| {
        pieces.push(own(piece));
        Ok::<(), SyntaxError>(())
    };
    let mut outcome = Ok(());
    for chunk in chunks {
        outcome = outcome.and_then(|()| splitter.push(chunk, &mut sink).map(|_| ()));
    }
    let error = outcome.and_then(|()| splitter.finish(&mut sink)).err();
    (pieces, error)
}

fn split(records: &[&str], text: &str) -> (Vec<Owned>, Option<SyntaxError>) {
    split_chunks(records, 1 << 20, [text.as_bytes()])
}

fn records_of(pieces: &[Owned]) -> Vec<String> {
    let json = |piece: &Owned| match piece {
        Owned::Record { json, .. } => Some(json.clone()),
        _ => None,
    };
    pieces.iter().filter_map(json).collect()
}

fn records(way: &[&str], text: &str) -> Vec<String> {
    let (pieces, error) = split(way, text);
    assert_eq!(error, None, "in {text}");
    records_of(&pieces)
}

fn fault(way: &[&str], text: impl AsRef<[u8]>) -> SyntaxError {
    let (_, error) = split_chunks(way, 1 << 20, [text.as_ref()]);
    error.expect("an error")
}

#[test]
fn without_a_way_an_array_gives_its_items_and_anything_else_is_one_record() {
    assert_eq!(records(&[], r#"[{"a":1}, 2 ,"x,]", [] ]"#), [r#"{"a":1}"#, "2", r#""x,]""#, "[]"]);
    assert_eq!(records(&[], r#"{"a":[1,2]}"#), [r#"{"a":[1,2]}"#]);
    assert_eq!(records(&[], "12"), ["12"]);
    assert_eq!(records(&[], "null"), ["null"]);
    assert_eq!(records(&[], " [ ] "), Vec::<String>::new());
}

#[test]
fn json_lines_and_texts_without_separators_are_documents_of_their_own() {
    let (pieces, error) = split(&[], "{\"a\":1}\n{\"a\":2}\r\n[3][4]5\"x\"");
    assert_eq!(error, None);
    assert_eq!(records_of(&pieces), ["{\"a\":1}", "{\"a\":2}", "3", "4", "5", "\"x\""]);
    let last = pieces.iter().rev().find_map(|piece| match piece {
        Owned::Record { index, .. } => Some(*index),
        _ => None,
    });
    assert_eq!(last, Some(None));
}

#[test]
fn the_way_leads_through_objects_and_everything_beside_it_is_around() {
    let text = r#"{"cur":"x","data":{"n":[1],"items":[{"a":1},{"a":2}],"m":null},"next":7}"#;
    let (pieces, error) = split(&["data", "items"], text);
    assert_eq!(error, None);
    assert_eq!(records_of(&pieces), [r#"{"a":1}"#, r#"{"a":2}"#]);
    let around: Vec<_> = pieces
        .iter()
        .filter_map(|piece| match piece {
            Owned::Around { parents, name, json, .. } => {
                Some((parents.join("/"), name.as_str(), json.as_str()))
            }
            _ => None,
        })
        .collect();
    let data = || "data".to_owned();
    assert_eq!(
        around,
        [
            (String::new(), "cur", "\"x\""),
            (data(), "n", "[1]"),
            (data(), "m", "null"),
            (String::new(), "next", "7"),
        ]
    );
    assert_eq!(pieces.last(), Some(&Owned::End { found: true }));
}

#[test]
fn a_name_with_escapes_leads_the_way_too() {
    assert_eq!(records(&["g\u{fc}est"], r#"{"g\u00fcest":[1]}"#), ["1"]);
}

#[test]
fn an_empty_array_and_null_are_found_and_hold_no_records() {
    for text in [r#"{"r":[]}"#, r#"{"r":null}"#] {
        let (pieces, error) = split(&["r"], text);
        assert_eq!((error, records_of(&pieces)), (None, Vec::new()));
        assert!(matches!(pieces.last(), Some(Owned::End { found: true })), "{text}");
    }
    assert_eq!(records(&["r"], r#"{"r":{"a":1}}"#), [r#"{"a":1}"#]);
}

#[test]
fn a_document_without_the_records_place_is_not_found() {
    for text in [r#"{"error":"busy"}"#, "[1,{\"r\":[]}]", "7", "\"r\"", r#"{"d":3}"#, r#"{"d":{}}"#]
    {
        let (pieces, error) = split(&["d", "r"], text);
        assert_eq!((error, records_of(&pieces)), (None, Vec::new()), "{text}");
        assert!(matches!(pieces.last(), Some(Owned::End { found: false })), "{text}");
    }
}

#[test]
fn a_records_member_that_stands_twice_is_taken_twice() {
    assert_eq!(records(&["r"], r#"{"r":[1],"x":0,"r":[2]}"#), ["1", "2"]);
}

#[test]
fn a_byte_order_mark_is_passed_over_and_counted() {
    let (pieces, error) = split(&[], "\u{feff}{}");
    assert_eq!((error, pieces.first()), (None, Some(&Owned::Start(3, 1, 4))));
}

#[test]
fn places_count_lines_and_bytes() {
    let (pieces, _) = split(&[], "[\n  1,\n \"\u{e9}\", 2]");
    let places: Vec<_> = pieces
        .iter()
        .filter_map(|piece| match piece {
            Owned::Record { offset, line, column, .. } => Some((*offset, *line, *column)),
            _ => None,
        })
        .collect();
    assert_eq!(places, [(4, 2, 3), (8, 3, 2), (14, 3, 8)]);
}

#[test]
fn each_fault_has_its_kind_and_place() {
    let cases: [(&[&str], &[u8], SyntaxKind, u64); 18] = [
        (&[], b"", SyntaxKind::Empty, 0),
        (&[], b" \n\t ", SyntaxKind::Empty, 4),
        (&[], b"\xEF\xBB\xBF", SyntaxKind::Empty, 3),
        (&[], b"\xEF\xBB{}", SyntaxKind::NotUtf8, 2),
        (&[], b"\xFF\xFE{\0}\0", SyntaxKind::NotUtf8, 0),
        (&[], b"\0{\0}", SyntaxKind::NotUtf8, 0),
        (&[], b"\n<html>", SyntaxKind::Html, 1),
        (&[], b"{}\n<html>", SyntaxKind::Html, 3),
        (&[], b"[1,]", SyntaxKind::NotJson, 3),
        (&[], b"[1 2]", SyntaxKind::NotJson, 3),
        (&[], b"{},{}", SyntaxKind::NotJson, 2),
        (&[], b"[1,2", SyntaxKind::CutOff, 4),
        (&[], b"[1,{\"a\":[1", SyntaxKind::CutOff, 10),
        (&["r"], b"{\"r\":[1],}", SyntaxKind::NotJson, 9),
        (&["r"], b"{\"r\" [1]}", SyntaxKind::NotJson, 5),
        (&["r"], b"{'r':[1]}", SyntaxKind::NotJson, 1),
        (&["r"], b"{\"a\":1", SyntaxKind::CutOff, 6),
        (&["r"], b"Service unavailable", SyntaxKind::NotJson, 0),
    ];
    for (way, text, kind, offset) in cases {
        let error = fault(way, text);
        let shown = String::from_utf8_lossy(text);
        assert_eq!((error.kind, error.at.offset), (kind, offset), "{shown:?}: {error}");
    }
}

#[test]
fn a_fault_says_what_where_and_what_to_do() {
    let error = fault(&["r"], "{\"r\":[{\"a\":1},\n{\"a\":2} {\"a\":3}]}");
    assert_eq!(
        error.to_string(),
        "expected `,` or `]` behind a record, found `{` at line 2, column 9 (byte 23); have the \
         source send JSON (RFC 8259), then fetch the scope again"
    );
    assert_eq!(error.pointer.as_deref(), Some("/r/2"));
    assert_eq!(error.excerpt, "{\"r\":[{\"a\":1},\\n{\"a\":2} {\"a\":3}]}");
}

#[test]
fn a_bracket_too_few_is_told_where_it_is_missed() {
    let error = fault(&[], "{\"a\":[1,2}\n{\"a\":[3]}\n");
    assert_eq!((error.kind, error.at.offset), (SyntaxKind::NotJson, 9), "{error}");
    let error = fault(&["r"], "{\"r\":[{\"a\":{\"b\":[1,");
    assert_eq!(error.kind, SyntaxKind::CutOff);
    assert_eq!(error.pointer.as_deref(), Some("/r/0/a/b/1"));
}

#[test]
fn a_record_over_the_limit_is_refused_where_it_begins() {
    let text = "[1,\n{\"a\":\"0123456789\"}]";
    for size in [1, 3, text.len()] {
        let (pieces, error) = split_chunks(&[], 16, text.as_bytes().chunks(size));
        let error = error.expect("an error");
        assert_eq!(records_of(&pieces), ["1"]);
        assert_eq!((error.kind, error.at.offset), (SyntaxKind::RecordTooLarge, 4));
        assert_eq!(error.pointer.as_deref(), Some("/1"));
    }
    let (_, error) = split_chunks(&[], 18, [text.as_bytes()]);
    assert_eq!(error, None);
}

#[test]
fn a_large_value_around_the_records_is_let_go_and_said() {
    let text = format!("{{\"big\":[\"{}\"],\"r\":[1]}}", "x".repeat(3 << 20));
    for size in [1 << 16, text.len()] {
        let (pieces, error) = split_chunks(&["r"], 1 << 20, text.as_bytes().chunks(size));
        assert_eq!((error, records_of(&pieces)), (None, vec!["1".to_owned()]));
        let around = Owned::Around {
            parents: Vec::new(),
            name: "big".to_owned(),
            json: String::new(),
            oversized: true,
        };
        assert!(pieces.contains(&around));
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[\\PC\"\\\\\n{}\\[\\],:]{0,12}".prop_map(Value::from),
    ];
    scalar.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec(("[a-d\"\\\\\u{e9}]{0,3}", inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn render(value: &Value, pretty: bool) -> String {
    if pretty { serde_json::to_string_pretty(value).unwrap() } else { value.to_string() }
}

/// Bytes that are often nearly JSON.
fn nearly_json() -> impl Strategy<Value = Vec<u8>> {
    let words = prop::sample::select(vec![
        "{", "}", "[", "]", ",", ":", "\"", "\\", "\"r\"", "\"r\":", "\"a\":", "{\"r\":[", "1",
        "-", "0.5e3", "true", "nul", "null", " ", "\n", "\u{e9}", "\u{feff}", "\\u00e9", "<",
        "NaN", "/",
    ]);
    let token = prop_oneof![
        9 => words.prop_map(|word| word.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 1..4),
    ];
    prop::collection::vec(token, 0..40).prop_map(|tokens| tokens.concat())
}

/// Cuts `bytes` into chunks of the sizes given, over and over.
fn cut<'a>(bytes: &'a [u8], sizes: &[usize]) -> Vec<&'a [u8]> {
    let mut chunks = Vec::new();
    let mut rest = bytes;
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (chunk, behind) = rest.split_at((*size).min(rest.len()));
        chunks.push(chunk);
        rest = behind;
    }
    chunks
}

fn without_excerpt(error: Option<SyntaxError>) -> Option<SyntaxError> {
    error.map(|error| SyntaxError { excerpt: String::new(), ..error })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn concatenated_documents_give_the_records_that_serde_json_sees(
        documents in prop::collection::vec((json_value(), any::<bool>()), 1..5),
        sizes in prop::collection::vec(1_usize..40, 1..6),
    ) {
        let text: String =
            documents.iter().map(|(value, pretty)| render(value, *pretty) + "\n").collect();
        let (pieces, error) = split_chunks(&[], 1 << 20, cut(text.as_bytes(), &sizes));
        prop_assert_eq!(error, None);
        let seen: Vec<Value> = records_of(&pieces)
            .iter()
            .map(|json| serde_json::from_str(json).unwrap())
            .collect();
        let expected: Vec<Value> = documents
            .into_iter()
            .flat_map(|(value, _)| match value {
                Value::Array(items) => items,
                other => vec![other],
            })
            .collect();
        prop_assert_eq!(seen, expected);
    }

    #[test]
    fn the_way_finds_what_serde_json_finds_there(
        records in json_value(),
        beside in json_value(),
        pretty in any::<bool>(),
        sizes in prop::collection::vec(1_usize..40, 1..6),
    ) {
        let document = json!({ "a": beside, "way": { "b": beside, "\"": records }, "z": 1 });
        let text = render(&document, pretty);
        let (pieces, error) = split_chunks(&["way", "\""], 1 << 20, cut(text.as_bytes(), &sizes));
        prop_assert_eq!(error, None);
        let seen: Vec<Value> = records_of(&pieces)
            .iter()
            .map(|json| serde_json::from_str(json).unwrap())
            .collect();
        let expected = match records {
            Value::Array(items) => items,
            Value::Null => Vec::new(),
            other => vec![other],
        };
        prop_assert_eq!(seen, expected);
        let around = pieces.iter().filter_map(|piece| match piece {
            Owned::Around { name, json, .. } => Some((name.clone(), json.clone())),
            _ => None,
        });
        for (name, json) in around {
            let value: Value = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(&value, if name == "z" { &document["z"] } else { &beside });
        }
    }

    #[test]
    fn any_bytes_give_the_same_pieces_and_fault_however_they_are_cut(
        bytes in nearly_json(),
        sizes in prop::collection::vec(1_usize..20, 1..6),
        limit in 1_usize..200,
        deep in any::<bool>(),
    ) {
        let way: &[&str] = if deep { &["r"] } else { &[] };
        let (pieces, error) = split_chunks(way, limit, [bytes.as_slice()]);
        let (cut_pieces, cut_error) = split_chunks(way, limit, cut(&bytes, &sizes));
        prop_assert_eq!(&cut_pieces, &pieces);
        prop_assert_eq!(without_excerpt(cut_error), without_excerpt(error));
        let mut tape = Tape::default();
        for record in records_of(&pieces) {
            let _ = tape.parse(record.as_bytes(), 8);
        }
    }
}
