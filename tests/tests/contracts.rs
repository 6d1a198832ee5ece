//! What the configuration says of single fields, end to end: a value that goes against it fails its
//! object with rule, place and value, a record without a required field is set aside, neighbours
//! load, and what failed loads once the rule is another.
#![allow(clippy::unwrap_used, clippy::panic)]

use serde_json::{Value, json};
use tests::Pipe;

const FOLDER: &str = "raw/source=pos/endpoint=checks";

/// The configuration with this for `schema`.
fn configuration(schema: &str) -> String {
    format!(
        "[sources.pos]\nbase_url = \"http://127.0.0.1:9\"\n[sources.pos.endpoints.checks]\n\
         path = \"/checks\"\nrecords = \"/checks\"\nkey = [\"/id\"]\nwrite = \"merge\"\n\
         required = [\"/total\", \"/taxes/rate\"]\ntypes = {{ \"*Rate\" = \"numeric\" }}\n\
         schema = {schema}\n"
    )
}

const STRICT: &str = r#"{ "/taxes" = "freeze", "/debug" = "discard" }"#;

async fn deliver(pipe: &Pipe) {
    pipe.deliver().await.into_iter().for_each(|answer| drop(answer.unwrap()));
}

async fn checks(pipe: &Pipe) -> Vec<String> {
    let sql = "select concat_ws(' ', c.id, c.total, t.rate, to_jsonb(t)->>'rate__v_text')
               from pos.checks c left join pos.checks__taxes t
                 on t._object_id = c._object_id and t._parent_row = c._row order by 1";
    pipe.sql(sql).await.into_iter().flatten().flatten().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_field_that_meets_another_type_is_said_and_loads_once_it_is_let_in() {
    let mut pipe = Pipe::configured(&configuration(STRICT)).await;
    let first = r#"{"checks":[{"id":1,"total":10,"taxes":[{"rate":1}],"debug":{"x":1}}]}"#;
    pipe.put(&format!("{FOLDER}/1.json"), first).await;
    deliver(&pipe).await;
    let bad = "{\"checks\":[{\"id\":2,\"total\":5,\"taxes\":[]},\n{\"id\":3,\"total\":6,\"taxes\":[{\"rate\":\"N/A\"}]}]}";
    pipe.put(&format!("{FOLDER}/2.json"), bad).await;
    pipe.put(&format!("{FOLDER}/3.json"), r#"{"checks":[{"id":4,"total":7,"new":1,"taxes":[]}]}"#)
        .await;
    deliver(&pipe).await;
    assert_eq!(checks(&pipe).await, ["1 10 1", "4 7"], "the neighbour loads, with a new column");
    let debug = "select count(*) from riacho.columns where path like '%debug%'";
    assert_eq!(pipe.one(debug).await, "0");
    let said =
        "select count(*) from riacho.changes where kind = 'discarded' and path like '%debug/x'";
    assert_eq!(pipe.one(said).await, "1");

    let log = pipe.text("errors/source=pos/endpoint=checks/2.json.error.json").await.unwrap();
    let log: Value = serde_json::from_str(&log).unwrap();
    assert_eq!(log["kind"], "schema_frozen");
    assert_eq!(log["pointer"], "/checks/1/taxes/0/rate");
    assert_eq!(log["byte_offset"], bad.find("\"N/A\"").unwrap());
    assert_eq!(log["line"], 2);
    let violation = json!({
        "rule": "schema = { \"/taxes\" = \"freeze\" }", "path": "/checks/taxes/rate",
        "column": "checks__taxes.rate", "wanted": "bigint", "met": "text", "value": "\"N/A\"",
    });
    assert_eq!(log["violation"], violation);
    let message = log["message"].as_str().unwrap();
    assert!(message.contains(r#""/taxes/rate" = "evolve" }"#), "{message}");
    assert_eq!(pipe.open().await[0]["violation"], violation, "the manifest says it too");
    let ledger = "select error->'violation'->>'value' from riacho.objects where status = 'failed'";
    assert_eq!(pipe.one(ledger).await, "\"N/A\"");

    pipe.reconfigure(&configuration(r#"{ "/taxes" = "freeze", "/taxes/rate" = "evolve" }"#));
    pipe.manifest.invoke(&json!({ "replay": {} })).await.unwrap();
    deliver(&pipe).await;
    assert_eq!(checks(&pipe).await, ["1 10 1", "2 5", "3 6 N/A", "4 7"]);
    assert!(pipe.open().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_without_a_required_field_is_set_aside_with_its_place() {
    let pipe = Pipe::configured(&configuration("\"evolve\"")).await;
    let body = r#"{"checks":[{"id":1,"total":1,"taxes":[{"rate":1}]},{"id":2,"total":null,"taxes":[]},
        {"id":3,"total":3,"taxes":[{"rate":1},{"n":2}]},{"total":4,"taxes":[]},{"id":5,"total":5,"taxes":[]}]}"#;
    let key = format!("{FOLDER}/1.json");
    pipe.put(&key, body).await;
    let answer = pipe.load.invoke(&json!({ "keys": [key] })).await.unwrap();
    let notices = &answer["objects"][0]["notices"];
    assert_eq!(
        notices[1], "required_missing /taxes/1/rate (1 record in riacho.rejects)",
        "{answer}"
    );
    assert_eq!(checks(&pipe).await, ["1 1 1", "5 5"]);
    let rejects = pipe.sql("select \"row\", reason, pointer, json from riacho.rejects order by 1");
    let rejects: Vec<String> = rejects
        .await
        .into_iter()
        .map(|row| row.into_iter().flatten().collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(
        rejects,
        [
            r#"1 required_missing /total {"id":2,"total":null,"taxes":[]}"#,
            r#"2 required_missing /taxes/1/rate {"id":3,"total":3,"taxes":[{"rate":1},{"n":2}]}"#,
            r#"3 key_missing /id {"total":4,"taxes":[]}"#,
        ]
    );
    assert!(pipe.open().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_was_kept_stands_again_though_what_it_lacks_is_required_since() {
    let configuration = |more: &str| {
        format!(
            "[sources.pos]\nbase_url = \"http://127.0.0.1:9\"\n[sources.pos.endpoints.checks]\n\
             path = \"/checks\"\nkey = [\"/id\"]\nversion = \"/v\"\nwrite = \"replace\"\n{more}\n"
        )
    };
    let mut pipe = Pipe::configured(&configuration("")).await;
    pipe.put(&format!("{FOLDER}/store=1/20261101T000000Z.json"), r#"[{"id":1,"v":1}]"#).await;
    pipe.put(&format!("{FOLDER}/store=2/20261101T000000Z.json"), r#"[{"id":1,"v":2,"total":5}]"#)
        .await;
    deliver(&pipe).await;
    let standing = "select concat_ws(' ', id, v, total) from pos.checks order by 1";
    assert_eq!(pipe.one(standing).await, "1 2 5");
    pipe.reconfigure(&configuration("required = [\"/total\"]"));
    pipe.put(&format!("{FOLDER}/store=2/20261102T000000Z.json"), r#"[{"id":2,"v":1,"total":7}]"#)
        .await;
    deliver(&pipe).await;
    let rows: Vec<_> = pipe.sql(standing).await.into_iter().flatten().flatten().collect();
    assert_eq!(rows, ["1 1", "2 1 7"]);
}
