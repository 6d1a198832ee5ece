//! fetch, load, status, schema and replay against real parts.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Dev, PATIENCE, tell_api};

const TIME: &str = "2026-11-04T09:00:00Z";
const KEY: &str =
    "raw/source=pos/endpoint=getTransactions/busDt=2026-11-01/storeId=1/20261104T090000Z.json";

fn fetch(dev: &Dev, time: &str) -> crate::support::Ran {
    dev.riacho(&[
        "--json",
        "fetch",
        "--time",
        time,
        "--endpoint",
        "getTransactions",
        "--partition",
        "busDt=2026-11-01..2026-11-02",
        "--partition",
        "storeId=1",
        "--partition",
        "storeId=99 CB/CB",
    ])
}

#[test]
fn what_is_fetched_loads_once_however_often_it_is_told() {
    let dev = Dev::start(&["--no-load"]);
    let fetched = fetch(&dev, TIME);
    assert_eq!(fetched.code, 0, "{fetched:?}");
    assert_eq!(fetched.json()["written_count"], 4);
    let again = fetch(&dev, TIME);
    assert_eq!(
        (again.json()["written_count"].clone(), again.json()["skipped"].clone()),
        (json!(0), json!(4))
    );

    let loaded = dev.riacho(&["--json", "load", "--prefix", "raw/"]);
    assert_eq!(loaded.code, 0, "{loaded:?}");
    assert_eq!(loaded.json()["summary"]["loaded"], 4);
    let again = dev.riacho(&["--json", "load", KEY]);
    assert_eq!(again.json()["summary"]["already_loaded"], 1, "{again:?}");
    assert_eq!(again.json()["summary"]["rows"], 0);

    let status = dev.riacho(&["status"]);
    assert_eq!(status.code, 0, "{status:?}");
    assert!(status.out.contains("No failure is open."), "{status:?}");
    let tables = dev.riacho(&["--json", "schema"]).json();
    assert_eq!(tables["tables"][0]["table"], "pos.transactions");
    let columns = dev.riacho(&["--json", "schema", "pos.transactions"]).json();
    assert!(columns.as_array().unwrap().iter().any(|column| column["column"] == "amount"));
    assert_eq!(dev.riacho(&["schema", "pos.nothing"]).code, 2);
}

#[test]
fn a_key_that_is_mistyped_is_no_failure_of_an_object() {
    let dev = Dev::start(&["--no-load"]);
    for key in ["nonsense", "raw/nonsense", KEY] {
        let ran = dev.riacho(&["load", key]);
        assert_eq!(ran.code, 2, "{ran:?}");
    }
    assert_eq!(dev.riacho(&["status"]).code, 0);
}

#[test]
fn a_failure_is_listed_and_leaves_when_its_cause_is_mended() {
    let dev = Dev::start(&["--no-load"]);
    let configuration = dev.dir.path().join("riacho.toml");
    let good = std::fs::read_to_string(&configuration).unwrap();
    let mistyped = good.replace("records = \"/transactions\"", "records = \"/transaction\"");
    std::fs::write(&configuration, &mistyped).unwrap();
    fetch(&dev, TIME);
    let loaded = dev.riacho(&["--json", "load", "--prefix", "raw/"]);
    assert_eq!(loaded.code, 1, "{loaded:?}");
    assert_eq!(loaded.json()["summary"]["failed"], 4);

    let status = dev.riacho(&["--json", "status"]);
    assert_eq!(status.code, 1);
    assert_eq!(status.json()["open"].as_array().unwrap().len(), 4);
    assert_eq!(status.json()["open"][0]["kind"], "records_missing");
    let replayed = dev.riacho(&["--json", "replay"]);
    assert_eq!(replayed.code, 1, "nothing is mended yet: {replayed:?}");

    std::fs::write(&configuration, &good).unwrap();
    let replayed = dev.riacho(&["--json", "replay", "--kind", "records_missing"]);
    assert_eq!(replayed.code, 0, "{replayed:?}");
    assert_eq!(replayed.json()["replayed"]["loaded"], 4);
    assert_eq!(replayed.json()["open"], 0);
    assert_eq!(dev.riacho(&["status"]).code, 0);
}

#[test]
fn a_scope_that_fails_is_worth_another_try_and_stops_no_other() {
    let dev = Dev::start(&["--no-load"]);
    tell_api(
        &dev,
        "POST",
        &json!({ "fault": "server_error", "store": "1", "bus_dt": "2026-11-01" }),
    );
    let fetched = fetch(&dev, TIME);
    assert_eq!(fetched.code, 3, "{fetched:?}");
    assert_eq!(fetched.json()["written_count"], 3);
    assert_eq!(fetched.json()["failed"][0]["reason"], "server_error");
    tell_api(&dev, "DELETE", &json!({}));
    let again = fetch(&dev, TIME);
    assert_eq!(again.code, 0, "{again:?}");
    assert_eq!(again.json()["written_count"], 1);
}

#[test]
fn a_field_with_several_columns_has_a_view_that_schema_names() {
    let dev = Dev::start(&["--no-load"]);
    tell_api(&dev, "POST", &json!({"fault": "not_a_number", "store": "1"}));
    assert_eq!(fetch(&dev, TIME).code, 0);
    assert_eq!(dev.riacho(&["load", "--prefix", "raw/"]).code, 0);
    let views = dev.riacho(&["--json", "schema"]).json()["views"].clone();
    let expected = json!([{"view": "pos_views.transactions", "of": "pos.transactions",
        "whatever_the_type": "amount__any"}]);
    assert_eq!(views, expected);
    let shown = dev.riacho(&["schema"]);
    assert!(shown.out.contains("Views: what to query"), "{shown:?}");
    let columns = dev.riacho(&["--json", "schema", "pos_views.transactions"]).json();
    let any = json!({"column": "amount__any", "type": "jsonb"});
    assert!(columns.as_array().unwrap().contains(&any), "{columns}");
}

#[test]
fn a_put_loads_by_itself_and_a_restart_finds_what_was_put_meanwhile() {
    let mut dev = Dev::start(&[]);
    fetch(&dev, TIME);
    wait_for(&dev, "loaded", 4);
    dev.restart(&["--no-load"]);
    fetch(&dev, "2026-11-04T10:00:00Z");
    assert_eq!(endpoint(&dev)["unchanged"], 0);
    dev.restart(&[]);
    wait_for(&dev, "unchanged", 4);
}

#[test]
fn a_running_dev_takes_up_a_changed_configuration() {
    let dev = Dev::start(&[]);
    let file = dev.dir.path().join("riacho.toml");
    let good = std::fs::read_to_string(&file).unwrap();
    let frozen = good.replace("records = \"/transactions\"", "records = \"/transaction\"");
    std::fs::write(&file, frozen).unwrap();
    fetch(&dev, TIME);
    wait_for(&dev, "failed", 4);
    std::fs::write(&file, good).unwrap();
    fetch(&dev, "2026-11-04T10:00:00Z");
    wait_for(&dev, "loaded", 4);
    wait_for(&dev, "superseded", 4);
    let deadline = Instant::now() + PATIENCE;
    while dev.riacho(&["status"]).code != 0 {
        assert!(Instant::now() < deadline, "the manifest never became empty");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The one endpoint's line of the ledger's account.
fn endpoint(dev: &Dev) -> Value {
    dev.riacho(&["--json", "status"]).json()["endpoints"][0].clone()
}

fn wait_for(dev: &Dev, status: &str, number: u64) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = endpoint(dev);
        if found[status] == number {
            return;
        }
        assert!(Instant::now() < deadline, "{status} is not {number}: {found}");
        std::thread::sleep(Duration::from_millis(100));
    }
}
