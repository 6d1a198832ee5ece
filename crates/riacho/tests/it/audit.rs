//! `riacho audit`: what does not agree is found, each with the command that mends it.

use serde_json::Value;

use crate::support::{Dev, Ran};

const DAY: &str = "raw/source=pos/endpoint=getTransactions/busDt=2026-11-01";

fn at(store: &str, time: &str) -> String {
    format!("{DAY}/storeId={store}/{time}.json")
}

fn audit(dev: &Dev, more: &[&str]) -> Ran {
    let asked = ["--json", "audit", "--grace", "0", "--endpoint", "getTransactions"];
    let scopes = ["--partition", "busDt=2026-11-01..2026-11-01"];
    let stores =
        ["--partition", "storeId=1", "--partition", "storeId=2", "--partition", "storeId=0042"];
    dev.riacho(&[&asked[..], &scopes[..], &stores[..], more].concat())
}

fn fetch(dev: &Dev, store: &str, time: &str) -> Ran {
    let store = format!("storeId={store}");
    let scope = ["--partition", "busDt=2026-11-01..2026-11-01", "--partition", &store];
    let asked = ["--json", "fetch", "--time", time, "--endpoint", "getTransactions"];
    dev.riacho(&[&asked[..], &scope[..]].concat())
}

/// Kind and object or scope of each difference.
fn differences(ran: &Ran) -> Vec<(String, String)> {
    let document = ran.json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let differences = document["differences"].as_array().unwrap();
    differences.iter().map(|one| (text(&one["kind"]), text(&one["what"]))).collect()
}

#[test]
fn what_is_missing_lost_overwritten_gone_or_failed_is_found_and_its_cure_mends_it() {
    let dev = Dev::start(&["--no-load"]);
    fetch(&dev, "1", "2026-11-04T09:00:00Z");
    fetch(&dev, "2", "2026-11-04T09:00:00Z");
    let (first, second) = (at("1", "20261104T090000Z"), at("2", "20261104T090000Z"));
    let ran = audit(&dev, &[]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let missing = "pos getTransactions busDt=2026-11-01/storeId=0042".to_owned();
    let pair = |kind: &str, what: &str| (kind.to_owned(), what.to_owned());
    assert_eq!(
        differences(&ran),
        [
            pair("never_loaded", &first),
            pair("never_loaded", &second),
            pair("never_fetched", &missing)
        ]
    );
    // Within the grace they are under way.
    let later = dev.riacho(&["--json", "audit", "--endpoint", "getTransactions"]);
    assert_eq!(later.json()["groups"][0]["counts"]["under_way"], 2, "{later:?}");

    for difference in ran.json()["differences"].as_array().unwrap() {
        let cure = difference["cure"].as_str().unwrap().strip_prefix("riacho ").unwrap();
        let cured = dev.riacho(&cure.split(' ').collect::<Vec<_>>());
        assert_eq!(cured.code, 0, "{cure}: {cured:?}");
    }
    dev.riacho(&["load", "--prefix", "raw/"]);
    let well = audit(&dev, &["--by", "storeId"]);
    assert_eq!(well.code, 0, "{well:?}");
    let groups = well.json()["groups"].clone();
    assert_eq!(groups.as_array().unwrap().len(), 3);
    for group in groups.as_array().unwrap() {
        assert_eq!(group["counts"]["loaded"], 1, "{group}");
        assert_eq!(group["counts"]["expected_scopes"], 1, "{group}");
    }
    assert!(well.json()["rows"]["pos getTransactions"].as_u64().unwrap() > 3);

    dev.put(&second, "{\"transactions\":[]}");
    dev.remove(&first);
    dev.put("raw/nonsense.json", "{}");
    let failed = at("0042", "20271104T110000Z");
    dev.put(&failed, "{\"transactions\":[");
    assert_eq!(dev.riacho(&["load", &failed]).code, 1);
    let ran = audit(&dev, &[]);
    // Objects of no endpoint are for an audit of everything.
    let expected = [
        pair("failed", &failed),
        pair("gone", &first),
        pair("overwritten", &second),
        pair("never_fetched", "pos getTransactions busDt=2026-11-01/storeId=1"),
    ];
    assert_eq!(sorted(differences(&ran)), sorted(expected.into()), "{ran:?}");
    let all = dev.riacho(&["audit", "--grace", "0"]);
    assert_eq!(all.code, 1);
    assert!(all.out.contains("raw/nonsense.json"), "{all:?}");
}

fn sorted(mut differences: Vec<(String, String)>) -> Vec<(String, String)> {
    differences.sort();
    differences
}
