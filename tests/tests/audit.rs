//! The audit's last part: what stands in the tables is what the ledger says, and a row that is
//! missing or too many is found.
#![allow(clippy::unwrap_used, clippy::panic)]

use serde_json::Value;
use tests::{BUCKET, Pipe, workspace_binary};
use tokio::process::Command;

const CONFIGURATION: &str = r#"
[lake]
bucket = "${RIACHO_BUCKET}"

[sources.shop]
base_url = "http://127.0.0.1:9"

[sources.shop.partitions]
day = { kind = "list", values = ["1", "2"] }

[sources.shop.endpoints.orders]
path = "/orders/{day}"
key = ["/id"]
version = "/v"
write = "replace"

[sources.shop.endpoints.prices]
path = "/prices/{day}"
key = ["/id"]
version = "/v"
write = "merge"
"#;

fn key(endpoint: &str, day: u32) -> String {
    format!("raw/source=shop/endpoint={endpoint}/day={day}/20261105T060000Z.json")
}

#[tokio::test]
async fn rows_that_are_missing_or_too_many_are_found_and_those_that_gave_way_are_not_missed() {
    let pipe = Pipe::configured(CONFIGURATION).await;
    for endpoint in ["orders", "prices"] {
        // Record 1 is newer in the second object, 2 in the first; 3 is rejected once.
        let first = r#"[{"id":1,"v":1},{"id":2,"v":2},{"id":3,"v":1},{"id":3,"v":1}]"#;
        pipe.put(&key(endpoint, 1), first).await;
        pipe.put(&key(endpoint, 2), r#"[{"id":1,"v":2},{"id":2,"v":1},{"id":4,"v":1}]"#).await;
    }
    pipe.deliver().await;
    let (code, said) = pipe.riacho(&["audit", "--grace", "0"]).await;
    assert_eq!(code, 0, "{said}");
    assert_eq!(
        (&said["rows"]["shop orders"], &said["rows"]["shop prices"]),
        (&4.into(), &4.into())
    );

    pipe.sql("DELETE FROM shop.orders WHERE id = 4").await;
    pipe.sql(
        "INSERT INTO shop.prices (_object_id, _row, id) SELECT _object_id, 90 + n, 90 + n
        FROM shop.prices, generate_series(1, 5) n WHERE id = 4",
    )
    .await;
    let (code, said) = pipe.riacho(&["audit", "--grace", "0"]).await;
    assert_eq!(code, 1, "{said}");
    let found =
        said["differences"].as_array().unwrap().iter().map(|one| {
            format!("{} {}: {}", one["kind"], one["what"], one["detail"]).replace('"', "")
        });
    assert_eq!(
        found.collect::<Vec<_>>(),
        [
            format!("rows {}: the ledger says 2 records, 1 stand", key("orders", 2)),
            format!("rows {}: the ledger says 3 records, 7 stand", key("prices", 2)),
        ]
    );
    for one in said["differences"].as_array().unwrap() {
        let cure = one["cure"].as_str().unwrap().strip_prefix("riacho ").unwrap();
        let cured = pipe.riacho(&cure.split(' ').collect::<Vec<_>>()).await;
        assert_eq!(cured.0, 0, "{cured:?}");
    }
    let (code, said) = pipe.riacho(&["audit", "--grace", "0"]).await;
    assert_eq!(code, 0, "{said}");
}

/// Kinds, and what they are of.
fn differences(said: &Value) -> Vec<String> {
    let each = said["differences"].as_array().unwrap().iter();
    each.map(|one| format!("{} {}", one["kind"], one["what"]).replace('"', "")).collect()
}

#[tokio::test]
async fn what_is_not_configured_is_audited_by_name_and_a_name_that_stands_nowhere_is_refused() {
    let pipe = Pipe::configured(CONFIGURATION).await;
    let elsewhere = "raw/source=gh/endpoint=issues/1.json";
    pipe.put(elsewhere, r#"[{"id":1}]"#).await;
    let audit = async |more: &[&str]| {
        let asked = ["audit", "--grace", "0", "--source", "gh", "--endpoint", "issues"];
        pipe.riacho(&[&asked[..], more].concat()).await
    };
    let (code, said) = audit(&[]).await;
    assert_eq!((code, differences(&said)), (1, vec![format!("never_loaded {elsewhere}")]));
    pipe.deliver().await;
    let (code, said) = audit(&[]).await;
    assert_eq!(code, 0, "{said}");
    assert_eq!(said["groups"][0]["counts"]["loaded"], 1, "{said}");
    assert_eq!(said["rows"]["gh issues"], 1, "{said}");
    // Gone from the lake, it is known from the ledger.
    pipe.client.delete_object().bucket(BUCKET).key(elsewhere).send().await.unwrap();
    let (code, said) = audit(&[]).await;
    assert_eq!((code, differences(&said)), (1, vec![format!("gone {elsewhere}")]));

    for asked in [
        &["--source", "ghh"][..],
        &["--endpoint", "isues"],
        &["--source", "gh", "--endpoint", "orders"],
        &["--source", "gh", "--partition", "day=1"],
    ] {
        let asked = [&["audit"][..], asked].concat();
        let mut command = Command::new(workspace_binary("riacho").unwrap());
        let ran = command.args(&asked).envs(pipe.environment()).output().await.unwrap();
        assert_eq!(ran.status.code(), Some(2), "{asked:?}: {ran:?}");
    }
}

#[tokio::test]
async fn a_change_of_write_is_one_difference_with_one_cure() {
    let mut pipe = Pipe::configured(CONFIGURATION).await;
    for hour in 6..9 {
        for day in [1, 2] {
            let key = key("prices", day).replace("T06", &format!("T{hour:02}"));
            // Each gives way in part to the next, of its own scope or of the other.
            let body = format!(r#"[{{"id":{hour},"v":{day}}},{{"id":7,"v":{hour}}}]"#);
            pipe.put(&key, body).await;
        }
    }
    pipe.deliver().await;
    let audit = ["audit", "--grace", "0", "--endpoint", "prices"];
    let (code, said) = pipe.riacho(&audit).await;
    assert_eq!(code, 0, "{said}");
    for (write, rows) in [("replace", 2), ("merge", 3)] {
        let changed = CONFIGURATION.replace("write = \"merge\"", &format!("write = \"{write}\""));
        pipe.reconfigure(&changed);
        let (code, said) = pipe.riacho(&audit).await;
        assert_eq!((code, differences(&said)), (1, vec!["write_changed shop prices".to_owned()]));
        let cure =
            said["differences"][0]["cure"].as_str().unwrap().strip_prefix("riacho ").unwrap();
        let (code, cured) = pipe.riacho(&cure.split(' ').collect::<Vec<_>>()).await;
        assert_eq!(code, 0, "{cured}");
        let (code, said) = pipe.riacho(&audit).await;
        assert_eq!((code, &said["rows"]["shop prices"]), (0, &rows.into()), "{said}");
    }
}
