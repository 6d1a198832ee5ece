//! The audit's last part: what stands in the tables is what the ledger says, and a row that is
//! missing or too many is found.
#![allow(clippy::unwrap_used, clippy::panic)]

use serde_json::Value;
use tests::{Pipe, workspace_binary};
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

async fn riacho(pipe: &Pipe, arguments: &[&str]) -> (i32, Value) {
    let mut command = Command::new(workspace_binary("riacho").unwrap());
    let ran =
        command.arg("--json").args(arguments).envs(pipe.environment()).output().await.unwrap();
    let said = serde_json::from_slice(&ran.stdout);
    let said = said.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&ran.stderr)));
    (ran.status.code().unwrap(), said)
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
    let (code, said) = riacho(&pipe, &["audit", "--grace", "0"]).await;
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
    let (code, said) = riacho(&pipe, &["audit", "--grace", "0"]).await;
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
        let cured = riacho(&pipe, &cure.split(' ').collect::<Vec<_>>()).await;
        assert_eq!(cured.0, 0, "{cured:?}");
    }
    let (code, said) = riacho(&pipe, &["audit", "--grace", "0"]).await;
    assert_eq!(code, 0, "{said}");
}
