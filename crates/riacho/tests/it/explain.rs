//! `riacho explain`: from rows back to the bytes that they came from.

use serde_json::{Value, json};

use crate::support::Dev;

const FIRST: &str =
    "raw/source=pos/endpoint=getGuestChecks/busDt=2026-11-01/storeId=1/20261104T090000Z.json";
const SECOND: &str =
    "raw/source=pos/endpoint=getGuestChecks/busDt=2026-11-01/storeId=1/20261104T100000Z.json";

fn fetch(dev: &Dev, time: &str) {
    let scope = ["--partition", "busDt=2026-11-01..2026-11-01", "--partition", "storeId=1"];
    let asked = ["--json", "fetch", "--time", time, "--endpoint", "getGuestChecks"];
    let ran = dev.riacho(&[&asked[..], &scope[..]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn a_row_leads_back_to_its_bytes_its_request_and_what_stood_before() {
    let dev = Dev::start(&["--no-load"]);
    fetch(&dev, "2026-11-04T09:00:00Z");
    assert_eq!(dev.riacho(&["load", FIRST]).code, 0);
    let body = dev.object(FIRST);
    let document: Value = serde_json::from_str(&body).unwrap();
    let checks = document["guestChecks"].as_array().unwrap();
    let lines = checks.iter().enumerate().flat_map(|(check, record)| {
        let lines = record["detailLines"].as_array().unwrap();
        (0..lines.len()).map(move |line| (check, line))
    });
    let mut seen = 0;
    for (row, (check, line)) in lines.enumerate() {
        let table = "pos.guest_checks__detail_lines";
        let ran = dev.riacho(&["--json", "explain", table, FIRST, &row.to_string()]);
        assert_eq!(ran.code, 0, "{ran:?}");
        let explained = ran.json();
        assert_eq!(
            explained["fragment"]["pointer"],
            format!("/guestChecks/{check}/detailLines/{line}")
        );
        let place = |name: &str| explained["fragment"][name].as_u64().unwrap() as usize;
        let bytes = &body[place("offset")..place("offset") + place("length")];
        let expected = &checks[check]["detailLines"][line];
        assert_eq!(&serde_json::from_str::<Value>(bytes).unwrap(), expected);
        assert!(ran.out.contains(bytes), "digit for digit: {ran:?}");
        seen += 1;
    }
    assert!(seen > 10, "{seen} lines are no test");

    let root = dev.riacho(&["explain", "guest_checks", FIRST, "1"]);
    assert_eq!(root.code, 0, "{root:?}");
    for said in ["/guestChecks/1", "POST", "No earlier object of its scope is known."] {
        assert!(root.out.contains(said), "{said}: {root:?}");
    }
}

#[test]
fn a_row_that_does_not_stand_is_told_with_the_reason() {
    let dev = Dev::start(&["--no-load"]);
    fetch(&dev, "2026-11-04T09:00:00Z");
    assert_eq!(dev.riacho(&["load", FIRST]).code, 0);
    // The same scope later, with a field more so that its bytes differ.
    let drift = json!({"fault": "unknown_field"});
    crate::support::tell_api(&dev, "POST", &drift);
    fetch(&dev, "2026-11-04T10:00:00Z");
    assert_eq!(dev.riacho(&["load", SECOND]).code, 0);
    let gone = dev.riacho(&["explain", "pos.guest_checks", FIRST, "0"]);
    assert_eq!(gone.code, 1, "{gone:?}");
    assert!(gone.out.contains("a later object of its scope may have replaced it"), "{gone:?}");
    let stands = dev.riacho(&["--json", "explain", "pos.guest_checks", SECOND, "0"]).json();
    assert_eq!(stands["before"][0]["key"], FIRST);
    assert_eq!(stands["before"][0]["status"], "superseded");
    for (table, object) in [("pos.nothing", FIRST), ("pos.guest_checks", "raw/nothing")] {
        assert_eq!(dev.riacho(&["explain", table, object, "0"]).code, 2);
    }
}
