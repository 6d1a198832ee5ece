//! A field is renamed: the suspicion, its cures, and what a person's word brings about.

use serde_json::{Value, json};

use crate::support::{Dev, Ran, tell_api};

const ENDPOINT: &str = "pos.getGuestChecks";

fn fetch_and_load(dev: &Dev, date: &str, time: &str) -> Value {
    let partition = format!("busDt={date}");
    let fetched = dev.riacho(&[
        "--json",
        "fetch",
        "--time",
        time,
        "--endpoint",
        "getGuestChecks",
        "--partition",
        &partition,
        "--partition",
        "storeId=1",
        "--partition",
        "storeId=99 CB/CB",
    ]);
    assert_eq!(fetched.code, 0, "{fetched:?}");
    let loaded = dev.riacho(&["--json", "load", "--prefix", "raw/"]);
    assert_eq!(loaded.code, 0, "{loaded:?}");
    loaded.json()["summary"].clone()
}

fn accept(dev: &Dev, arguments: &[&str]) -> Ran {
    let start = ["--json", "schema", "accept"];
    dev.riacho(&start.iter().chain(arguments).copied().collect::<Vec<_>>())
}

#[test]
fn a_likely_rename_is_said_and_accepted_and_all_that_landed_comes_under_the_old_name() {
    let dev = Dev::start(&["--no-load"]);
    fetch_and_load(&dev, "2026-11-01", "2026-11-04T09:00:00Z");
    tell_api(
        &dev,
        "POST",
        &json!({ "fault": "renamed_taxes", "endpoint": "getGuestChecks", "bus_dt": "2026-11-03" }),
    );
    let summary = fetch_and_load(&dev, "2026-11-03", "2026-11-05T09:00:00Z");
    assert_eq!(summary["likely_renames"], 1, "{summary}");

    let likely = dev.riacho(&["--json", "schema"]).json()["likely_renames"][0].clone();
    assert_eq!(
        (&likely["new"], &likely["old"]),
        (&json!("/guestChecks/taxation"), &json!("/guestChecks/taxes"))
    );
    assert_eq!(likely["configuration"], r#"renames = { "/taxation" = "/taxes" }"#);
    let id = likely["id"].to_string();
    let told = dev.riacho(&["schema"]);
    assert!(told.out.contains(&format!("riacho schema accept {id}")), "{told:?}");

    let tried = accept(&dev, &[&id, "--dry-run"]).json();
    assert_eq!((&tried["objects"], &tried["dry_run"]), (&json!(2), &json!(true)), "{tried}");
    let accepted = accept(&dev, &[&id]);
    assert_eq!(accepted.code, 0, "{accepted:?}");
    let accepted = accepted.json();
    assert_eq!(accepted["rows"], tried["rows"]);
    assert_eq!(accepted["summary"]["loaded"], 2, "{accepted}");
    assert_eq!(accepted["left"], json!({ "objects": 0, "rows": 0 }));
    assert_eq!(dev.riacho(&["--json", "schema"]).json()["likely_renames"], json!([]));

    // A second time there is nothing left to do, and the same rename may be named in full.
    let again = accept(&dev, &[ENDPOINT, "--rename", "/taxation=/taxes"]).json();
    assert_eq!((&again["counts_already"], &again["objects"]), (&json!(true), &json!(0)), "{again}");
    for wrong in [
        &["4711"][..],
        &[ENDPOINT],
        &[ENDPOINT, "--rename", "taxation"],
        &[ENDPOINT, "--rename", "/taxes=/taxation"],
        &[ENDPOINT, "--rename", "/x=/nothing"],
        &["pos", "--rename", "/a=/b"],
    ] {
        let refused = accept(&dev, wrong);
        assert_eq!(refused.code, 2, "{wrong:?} {refused:?}");
    }
}

#[test]
fn a_rename_that_is_declared_late_moves_what_landed_before() {
    let dev = Dev::start(&["--no-load"]);
    fetch_and_load(&dev, "2026-11-01", "2026-11-04T09:00:00Z");
    tell_api(&dev, "POST", &json!({ "fault": "renamed_taxes", "bus_dt": "2026-11-03" }));
    fetch_and_load(&dev, "2026-11-03", "2026-11-05T09:00:00Z");
    let file = dev.dir.path().join("riacho.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let declared = text.replace("# renames = { \"/taxation\"", "renames = { \"/taxation\"");
    assert_ne!(text, declared);
    std::fs::write(&file, declared).unwrap();
    // It is declared: nobody has to be told any more.
    assert_eq!(dev.riacho(&["--json", "schema"]).json()["likely_renames"], json!([]));
    let moved = accept(&dev, &[ENDPOINT, "--rename", "/taxation=/taxes"]).json();
    assert_eq!((&moved["counts_already"], &moved["summary"]["loaded"]), (&json!(true), &json!(2)));
    assert_eq!(moved["left"]["rows"], 0);
}
