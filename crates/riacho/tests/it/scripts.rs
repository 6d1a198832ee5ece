//! Table scripts from the command line, on real parts.

use serde_json::json;

use crate::support::Dev;

const KEY: &str =
    "raw/source=pos/endpoint=getTransactions/busDt=2026-11-01/storeId=1/20261104T090000Z.json";

/// A lake with one business date of one store, nothing of it loaded.
fn lake() -> Dev {
    let dev = Dev::start(&["--no-load"]);
    let fetched = dev.riacho(&[
        "--json",
        "fetch",
        "--time",
        "2026-11-04T09:00:00Z",
        "--endpoint",
        "getTransactions",
        "--partition",
        "busDt=2026-11-01",
        "--partition",
        "storeId=1",
    ]);
    assert_eq!(fetched.code, 0, "{fetched:?}");
    dev
}

#[test]
fn a_frozen_endpoint_takes_what_a_reviewed_script_made_room_for() {
    let dev = lake();
    let config = dev.dir.path().join("riacho.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let frozen = text
        .replace("endpoints.getTransactions]", "endpoints.getTransactions]\nschema = \"freeze\"");
    assert_ne!(frozen, text);
    std::fs::write(&config, frozen).unwrap();

    let nothing = dev.riacho(&["schema", "sql"]);
    assert_eq!(nothing.code, 2, "{nothing:?}");
    let sample = dev.dir.path().join("sample.json");
    std::fs::write(&sample, r#"{"transactions":[{"transactionId":1,"amount":1.5}]}"#).unwrap();
    let of = ["--endpoint", "pos.getTransactions", "--for", sample.to_str().unwrap()];
    let first = dev.riacho(&[&["schema", "sql"], &of[..]].concat());
    assert_eq!(first.code, 0, "{first:?}");
    let script = dev.dir.path().join("first.sql");
    std::fs::write(&script, &first.out).unwrap();
    let applied = dev.riacho(&["--json", "schema", "apply", script.to_str().unwrap()]);
    assert_eq!(applied.code, 0, "{applied:?}");
    assert_eq!(applied.json()["tables"], 1);

    let refused = dev.riacho(&["--json", "load", KEY]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert_eq!(
        refused.json()["summary"]["objects"][0]["error"]["kind"],
        "schema_frozen",
        "{refused:?}"
    );
    let address = format!("s3://riacho-lake/{KEY}");
    let rest = dev.riacho(&["--json", "schema", "sql", "--for", &address]);
    assert_eq!(rest.code, 0, "{rest:?}");
    std::fs::write(&script, rest.json()["sql"].as_str().unwrap()).unwrap();
    assert_eq!(dev.riacho(&["schema", "apply", script.to_str().unwrap()]).code, 0);
    let again = dev.riacho(&["schema", "apply", script.to_str().unwrap()]);
    assert_eq!(again.code, 1, "{again:?}");
    assert!(again.err.contains("write it anew"), "{again:?}");

    let loaded = dev.riacho(&["--json", "replay"]);
    assert_eq!(loaded.code, 0, "{loaded:?}");
    assert_eq!(loaded.json()["summary"]["loaded"], 1);
    let nothing = dev.riacho(&["--json", "schema", "sql", "--for", &address]);
    assert_eq!(nothing.json()["sql"], json!(null), "{nothing:?}");
    let same = dev.riacho(&["schema", "diff"]);
    assert_eq!((same.code, same.err.as_str()), (0, ""), "{same:?}");
    assert_eq!(dev.riacho(&["--json", "schema", "index"]).json(), json!({ "indexes": [] }));
    let whole = dev.riacho(&["schema", "sql", "pos.getTransactions"]);
    assert!(whole.out.contains("CREATE TABLE \"pos\".\"transactions\""), "{whole:?}");
}
