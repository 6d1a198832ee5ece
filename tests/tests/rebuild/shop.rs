//! A shop with orders that have lines, prices, and a stock that is guarded.

use serde_json::{Value, json};
use tests::Pipe;

pub(crate) const CONFIGURATION: &str = r#"
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

[sources.shop.endpoints.stock]
path = "/stock/{day}"
write = "replace"
vanish_limit = 0.5
"#;

pub(crate) fn key(endpoint: &str, day: u32, hour: u32) -> String {
    format!("raw/source=shop/endpoint={endpoint}/day={day}/20261105T{hour:02}0000Z.json")
}

pub(crate) fn order(id: u32, version: u32, lines: &[u32]) -> Value {
    let lines = lines.iter().map(|n| json!({ "n": n })).collect::<Vec<_>>();
    json!({ "id": id, "v": version, "total": f64::from(id) + 0.5, "lines": lines })
}

/// Orders in two scopes, of which two have records in common; prices; a record that is rejected.
pub(crate) async fn shop() -> Pipe {
    let pipe = Pipe::configured(CONFIGURATION).await;
    let first =
        json!([order(1, 1, &[1, 2]), order(2, 2, &[3]), order(3, 1, &[]), order(3, 1, &[])]);
    pipe.put(&key("orders", 1, 6), first.to_string()).await;
    let second = json!([order(1, 2, &[4]), order(2, 1, &[5]), order(4, 1, &[6, 7])]);
    pipe.put(&key("orders", 2, 6), second.to_string()).await;
    pipe.put(&key("orders", 2, 5), json!([order(9, 9, &[9])]).to_string()).await;
    for day in [1, 2] {
        let prices = json!([{ "id": 1, "v": day, "p": 1 }, { "id": day + 1, "v": 1, "p": "a" }]);
        pipe.put(&key("prices", day, 6), prices.to_string()).await;
    }
    for answer in pipe.deliver().await {
        answer.unwrap();
    }
    pipe
}

/// All that stands, technical columns included; not how long a load took, nor how many of its rows
/// were written for a while and gave way later.
pub(crate) async fn all(pipe: &Pipe) -> Vec<String> {
    let sql = "SELECT to_jsonb(t)::text FROM shop.orders t
        UNION ALL SELECT to_jsonb(t)::text FROM shop.orders__lines t
        UNION ALL SELECT to_jsonb(t)::text FROM shop.prices t
        UNION ALL SELECT (to_jsonb(t) - 'at')::text FROM riacho.rejects t
        UNION ALL SELECT (to_jsonb(t) - '{loaded_at,duration,rows}'::text[])::text FROM riacho.objects t
        UNION ALL SELECT to_jsonb(t)::text FROM riacho.shadows t ORDER BY 1";
    pipe.sql(sql).await.into_iter().flatten().flatten().collect()
}

pub(crate) async fn schemas(pipe: &Pipe) -> String {
    pipe.one("SELECT count(*) FROM pg_namespace WHERE nspname LIKE '%rebuild%'").await
}

/// Of each table that differs: rows that go and come.
pub(crate) fn differences(said: &Value) -> Vec<String> {
    let differing = said["tables"].as_array().unwrap().iter().filter(|one| one["differs"] == true);
    let told = differing.map(|one| format!("{}: -{} +{}", one["table"], one["gone"], one["come"]));
    told.map(|line| line.replace('"', "")).collect()
}
