//! Records with more values than are kept in memory at a time come out as small ones do.
#![allow(clippy::unwrap_used)]

mod common;

use std::fmt::Write as _;

use common::{rules, shred, shred_with};
use normalise::{Contract, Pointer, Rules, Schema};

const ITEMS: usize = 50_000;

fn pointer(text: &str) -> Pointer {
    text.parse().unwrap()
}

/// A record with a long array of objects, some with arrays of their own, one item no object.
fn record(last: &str) -> String {
    let mut json = String::from(r#"{"id":7,"lines":["#);
    for n in 0..ITEMS {
        match n % 1_000 {
            1 => write!(json, r#"{{"n":{n},"parts":[{{"p":1}},{{"p":[1,2]}}]}},"#).unwrap(),
            2 => write!(json, r#"{{"n":{n},"parts":[[{{"q":1,"q":2}}]]}},"#).unwrap(),
            3 => write!(json, r#""no object {n}","#).unwrap(),
            _ => write!(json, r#"{{"n":{n} , "t":"x"}} ,"#).unwrap(),
        }
    }
    json + last + r#"],"behind":true}"#
}

#[test]
fn a_long_array_becomes_rows() {
    let shredded = shred(rules("t"), &record(r#"{"n":-1}"#));
    assert_eq!(shredded.shown("t"), ["id=7 behind=true"]);
    let lines = shredded.rows("t__lines");
    assert_eq!(lines.len(), ITEMS + 1);
    for (n, line) in lines.iter().take(ITEMS).enumerate() {
        assert_eq!((&line["_row"], &line["_parent_row"]), (&n.to_string(), &"0".to_owned()));
        match n % 1_000 {
            2 => assert_eq!(line["parts"], r#"[[{"q":1,"q":2}]]"#),
            3 => assert_eq!(line["value"], format!("\"no object {n}\"")),
            _ => assert_eq!(line["n"], n.to_string()),
        }
    }
    assert_eq!(shredded.shown("t__lines__parts").len(), 2 * ITEMS / 1_000);
    let parts = shredded.rows("t__lines__parts");
    assert_eq!(
        (parts[3]["_parent_row"].as_str(), parts[3]["p__v_jsonb"].as_str()),
        ("1001", "[1,2]")
    );
}

#[test]
fn a_long_array_of_numbers_is_one_value() {
    let numbers = (0..300_000).map(|n: u32| n.to_string()).collect::<Vec<_>>().join(",");
    let shredded =
        shred(rules("t"), &format!(r#"{{"a":[{numbers}],"b":[[{numbers}],{{"c":1}}]}}"#));
    assert_eq!(shredded.rows("t")[0]["a"], format!("[{numbers}]"));
    let items = shredded.rows("t__b");
    assert_eq!(
        (items[0]["value"].as_str(), items[1]["c"].as_str()),
        (&*format!("[{numbers}]"), "1")
    );
}

#[test]
fn what_a_long_array_lacks_or_must_not_have_is_named_with_its_place() {
    let required = Rules { required: vec![pointer("/lines/n")], ..rules("t") };
    let objects = record(r#"{"n":null}"#).replace("\"no object", "{\"n\":0},{\"n\":\"");
    let objects = objects.replace("3\",", "3\"},");
    let rejects = shred(required, &objects).batches.remove(0).rejects;
    let lacking = ITEMS + ITEMS / 1_000;
    assert_eq!(rejects[0].pointer, format!("/lines/{lacking}/n"));

    let schema = shred(rules("t"), &record(r#"{"n":1}"#)).schema;
    let frozen = Rules { contract: Contract::Freeze, ..rules("t") };
    let text = record(r#"{"n":1,"new":2}"#);
    let error = shred_with(frozen, schema, text.as_bytes(), &[], usize::MAX).err().unwrap();
    assert_eq!(error.position.pointer, Some(format!("/lines/{ITEMS}/new")));
    let place = text.find("2}],\"behind").unwrap() as u64;
    assert_eq!(error.position.byte_offset, Some(place));
}

#[test]
fn a_fault_in_a_long_array_is_placed() {
    let text = record("{\"n\":tru}");
    let error = shred_with(rules("t"), Schema::default(), text.as_bytes(), &[], usize::MAX);
    let error = error.err().unwrap();
    assert_eq!(error.position.pointer, Some(format!("/lines/{ITEMS}/n")));
    assert_eq!(error.position.byte_offset, Some(text.find("tru}").unwrap() as u64));
}
