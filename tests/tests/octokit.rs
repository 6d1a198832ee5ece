//! Real input that nobody here wrote: GitHub's webhook payloads, landed as they are, loaded through
//! S3 events without any configuration, and compared value by value with an independent flattening.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;
use tests::Pipe;

/// (endpoint, path) → how often each value stands there.
type Values = BTreeMap<(String, String), BTreeMap<String, u64>>;

fn payloads(edition: &str, server: &str) -> Vec<(String, Vec<Value>)> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let file = format!("../.tools/npm/node_modules/{edition}/{server}/index.json");
    let path = root.join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| {
        panic!("{}: {error}; `make tools` fetches the payloads", path.display())
    });
    let events: Vec<Value> = serde_json::from_str(&text).unwrap();
    let event = |event: &Value| {
        let name = event["name"].as_str().unwrap().to_owned();
        (name, event["examples"].as_array().unwrap().clone())
    };
    events.iter().map(event).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn all_of_githubs_payloads_arrive_with_every_value() {
    let pipe = Pipe::start().await;
    let mut expected = Values::new();
    let mut rows = BTreeMap::new();
    let mut landed = 0_u64;
    for (event, examples) in payloads("webhooks-examples-7", "api.github.com") {
        for (number, example) in examples.iter().enumerate() {
            let key = format!("raw/source=github/endpoint={event}/{number}.json");
            pipe.put(&key, serde_json::to_vec_pretty(example).unwrap()).await;
            landed += 1;
            expect(&event, "", example, &mut expected, &mut rows);
        }
    }
    assert_eq!(landed, 329);

    for answer in pipe.deliver().await {
        answer.unwrap();
    }

    let loaded = pipe.one("select count(*) from riacho.objects where status = 'loaded'").await;
    assert_eq!(loaded, landed.to_string(), "{:?}", pipe.open().await);
    assert!(pipe.open().await.is_empty());
    assert_eq!(pipe.one("select count(*) from riacho.rejects").await, "0");
    assert_eq!(row_counts(&pipe).await, rows);
    let found = stored(&pipe).await;
    for (place, values) in &expected {
        assert_eq!(found.get(place), Some(values), "{place:?}");
    }
    assert_eq!(found.len(), expected.len());
}

/// The independent flattening: what must be found where.
fn expect(
    event: &str,
    path: &str,
    value: &Value,
    values: &mut Values,
    rows: &mut BTreeMap<(String, String), u64>,
) {
    *rows.entry((event.to_owned(), path.to_owned())).or_default() += 1;
    let Value::Object(members) = value else {
        count(values, event, path, value);
        return;
    };
    for (name, member) in members {
        expect_member(event, &format!("{path}/{}", escaped(name)), member, values, rows);
    }
}

fn expect_member(
    event: &str,
    path: &str,
    value: &Value,
    values: &mut Values,
    rows: &mut BTreeMap<(String, String), u64>,
) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, member) in members {
                expect_member(event, &format!("{path}/{}", escaped(name)), member, values, rows);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            for item in items {
                expect(event, path, item, values, rows);
            }
        }
        Value::Null => {}
        _ => count(values, event, path, value),
    }
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn count(values: &mut Values, event: &str, path: &str, value: &Value) {
    let place = values.entry((event.to_owned(), path.to_owned())).or_default();
    *place.entry(canonical(value)).or_default() += 1;
}

/// One spelling for one value: an instant with a zone is the same in any.
fn canonical(value: &Value) -> String {
    match value {
        Value::String(text) if text.len() > "2024-01-01".len() => text
            .parse::<jiff::Timestamp>()
            .map_or_else(|_| format!("text {text}"), |instant| format!("instant {instant}")),
        Value::String(text) => format!("text {text}"),
        other => other.to_string(),
    }
}

async fn row_counts(pipe: &Pipe) -> BTreeMap<(String, String), u64> {
    let mut counts = BTreeMap::new();
    for table in pipe.sql("select endpoint, path, schema_name, table_name from riacho.tables").await
    {
        let table: Vec<String> = table.into_iter().flatten().collect();
        let sql = format!("select count(*) from \"{}\".\"{}\"", table[2], table[3]);
        let rows = pipe.one(&sql).await.parse().unwrap();
        counts.insert((table[0].clone(), table[1].clone()), rows);
    }
    counts
}

/// Every value that the tables hold, by the path that the catalog says it came from.
async fn stored(pipe: &Pipe) -> Values {
    let columns = "select endpoint, path, schema_name, table_name, column_name, type, origin \
                   from riacho.columns where origin <> 'key'";
    let mut found = Values::new();
    for column in pipe.sql(columns).await {
        let column: Vec<String> = column.into_iter().flatten().collect();
        let [endpoint, path, schema, table, name, of, origin] = column.as_slice() else { panic!() };
        let quoted = format!("\"{}\"", name.replace('"', "\"\""));
        let sql = format!(
            "set timezone = 'UTC'; select to_json({quoted})::text from \"{schema}\".\"{table}\" \
             where {quoted} is not null"
        );
        for row in pipe.sql(&sql).await {
            let text = row[0].as_deref().unwrap();
            let value: Value = serde_json::from_str(text).unwrap();
            if origin == "overflow" {
                for (path, values) in value.as_object().unwrap() {
                    for value in values.as_array().unwrap() {
                        count(&mut found, endpoint, path, value);
                    }
                }
            } else {
                assert_ne!(of, "json", "nothing here needs a verbatim column");
                count(&mut found, endpoint, path, &value);
            }
        }
    }
    found
}
