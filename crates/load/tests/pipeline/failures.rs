//! What fails, and what is written down of it.

use landing::{Classify, LandedObject, ObjectKey};
use load::{Deadline, Run, Verdict};
use serde_json::json;

use crate::kit::{BUCKET, Kit, RUN};

const KEY: &str = "raw/source=shop/endpoint=orders/day=2026-11-01/20261102T060000Z.json";
const ERROR_LOG: &str =
    "errors/source=shop/endpoint=orders/day=2026-11-01/20261102T060000Z.json.error.json";

#[tokio::test]
async fn a_cut_off_object_leaves_no_row_and_an_error_log_that_says_where() {
    let kit = Kit::new().await;
    let report = kit.land(KEY, "{\"id\":1}\n{\"id\":2,\"total\":").await;
    assert_eq!(report.outcome, Verdict::Failed);
    let log = kit.json(ERROR_LOG).await.unwrap();
    assert_eq!(log["kind"], "cut_off");
    assert_eq!(log["key"], KEY);
    assert_eq!(log["bucket"], BUCKET);
    assert_eq!(log["line"], 2);
    assert_eq!(log["attempts"], 1);
    assert!(log["version_id"].is_null() || log["version_id"].is_string());
    assert_eq!(
        kit.sql("select status, error->>'kind' from riacho.objects").await,
        ["failed cut_off"]
    );
    assert_eq!(kit.sql("select to_regclass('shop.orders')").await, ["-"]);
}

#[tokio::test]
async fn each_bad_body_has_a_name_of_its_own() {
    let kit = Kit::new().await;
    let bodies: [(&str, &[u8]); 5] = [
        ("empty", b""),
        ("empty", b" \n "),
        ("html", b"<!doctype html><html><body>Login</body></html>"),
        ("not_utf8", b"{\"name\":\"Jos\xe9\"}"),
        ("not_json", b"{\"a\":NaN}"),
    ];
    for (number, (kind, body)) in bodies.into_iter().enumerate() {
        let key = format!("raw/source=shop/endpoint=orders/{number}.json");
        let report = kit.land(&key, body).await;
        assert_eq!(report.outcome, Verdict::Failed, "{kind}: {report:?}");
        assert_eq!(report.error.unwrap().kind, kind);
    }
}

#[tokio::test]
async fn a_second_failure_keeps_the_time_of_the_first_and_counts_on() {
    let kit = Kit::new().await;
    kit.land(KEY, "{").await;
    let first = kit.json(ERROR_LOG).await.unwrap();
    kit.load(KEY).await;
    let second = kit.json(ERROR_LOG).await.unwrap();
    assert_eq!(second["attempts"], 2);
    assert_eq!(second["first_failed_at"], first["first_failed_at"]);
    assert_ne!(second["last_failed_at"], first["last_failed_at"]);
}

#[tokio::test]
async fn a_mended_object_loads_and_its_error_log_goes() {
    let kit = Kit::new().await;
    kit.land(KEY, "{").await;
    assert!(kit.json(ERROR_LOG).await.is_some());
    let report = kit.land(KEY, r#"{"id":1}"#).await;
    assert_eq!(report.outcome, Verdict::Loaded, "{report:?}");
    assert!(kit.json(ERROR_LOG).await.is_none());
    assert_eq!(kit.sql("select id from shop.orders").await, ["1"]);
}

#[tokio::test]
async fn a_key_outside_the_layout_is_written_down_too() {
    let kit = Kit::new().await;
    let report = kit.land("raw/stray.json", "{}").await;
    assert_eq!(report.outcome, Verdict::Failed);
    let log = kit.json("errors/stray.json.error.json").await.unwrap();
    assert_eq!(log["kind"], "unknown_layout");
}

#[tokio::test]
async fn an_object_that_is_gone_is_a_permanent_failure() {
    let kit = Kit::new().await;
    let report = kit.load(KEY).await;
    assert_eq!(report.outcome, Verdict::Failed);
    assert_eq!(report.error.unwrap().kind, "no_such_key");
}

#[tokio::test]
async fn a_database_that_is_down_condemns_nothing() {
    let kit = Kit::new().await;
    kit.put(KEY, "{\"id\":1}").await;
    let lookup: load::Lookup = std::sync::Arc::new(|name| match name {
        "DATABASE_URL" => Some("postgres://u@127.0.0.1:9/d".to_owned()),
        _ => None,
    });
    let loader = load::Loader::from_lookup(kit.lake.clone(), lookup).await.unwrap();
    let object = LandedObject::named(BUCKET, ObjectKey::new(KEY));
    let report = loader.load(&object, RUN).await;
    assert_eq!(report.outcome, Verdict::Retry, "{report:?}");
    assert!(kit.json(ERROR_LOG).await.is_none());
    let failure = loader
        .handle(&json!({ "keys": [{ "bucket": BUCKET, "key": KEY }] }), RUN)
        .await
        .unwrap_err();
    assert!(failure.to_string().contains(KEY), "{failure}");
}

#[tokio::test]
async fn no_object_is_begun_when_the_time_is_up() {
    let kit = Kit::new().await;
    kit.put(KEY, "{\"id\":1}").await;
    let now = std::time::SystemTime::now();
    let run = Run { deadline: Deadline::at(now, now), ..RUN };
    let object = LandedObject::named(BUCKET, ObjectKey::new(KEY));
    let report = kit.loader.load(&object, run).await;
    assert_eq!(report.outcome, Verdict::Retry);
    assert_eq!(report.error.unwrap().kind, "out_of_time");
    let error = load::LoadError::OutOfTime;
    assert_eq!(error.kind(), landing::FailureKind::Transient);
}

/// An endpoint that must not lose more than a fifth of a scope's records.
const GUARDED: &str = r#"
[sources.shop.endpoints.orders]
path = "/orders/{day}"
records = "/orders"
write = "replace"
vanish_limit = 0.2
"#;

#[tokio::test]
async fn what_vanishes_beyond_the_limit_waits_for_a_person() {
    let kit = Kit::with_endpoint(GUARDED).await;
    kit.land(KEY, r#"{"orders":[{"id":1},{"id":2},{"id":3}]}"#).await;
    let later = KEY.replace("T06", "T07");
    let report = kit.land(&later, r#"{"orders":[{"id":1}]}"#).await;
    assert_eq!(report.error.unwrap().kind, "vanished");
    assert_eq!(kit.sql("select count(*) from shop.orders").await, ["3"]);
    let answer = kit.handle(&json!({ "keys": [later], "force": true })).await;
    assert_eq!(answer["loaded"], 1, "{answer}");
    assert_eq!(kit.sql("select id from shop.orders").await, ["1"]);
}

#[tokio::test]
async fn an_answer_without_its_records_is_an_error_in_disguise() {
    let kit = Kit::with_endpoint(GUARDED).await;
    let report = kit.land(KEY, r#"{"error":"try later"}"#).await;
    assert_eq!(report.error.unwrap().kind, "records_missing");
    let later = KEY.replace("T06", "T07");
    let report = kit.land(&later, r#"{"orders":null}"#).await;
    assert_eq!(report.outcome, Verdict::Loaded, "{report:?}");
}

/// Holds the object's line in the ledger, as another loader that is at it would.
async fn occupied(kit: &Kit) -> warehouse::Warehouse {
    let url = kit.database_url.clone();
    let lookup = move |name: &str| (name == "DATABASE_URL").then(|| url.clone());
    let settings = warehouse::DatabaseSettings::from_lookup(&lookup).unwrap();
    warehouse::Warehouse::connect(settings, warehouse::Timeouts::default()).await.unwrap()
}

#[tokio::test]
async fn a_load_that_time_runs_out_on_is_given_up_and_leaves_no_trace() {
    let kit = Kit::new().await;
    kit.put(KEY, "{\"id\":1}").await;
    let key = ObjectKey::new(KEY);
    let location = landing::RawLocation::parse(&key).unwrap();
    let object = LandedObject::named(BUCKET, key);
    let facts = warehouse::ObjectFacts {
        object: object.clone(),
        object_time: location.object_time().unwrap().timestamp(),
        location: location.clone(),
        sha256: None,
        force: false,
    };
    let rules = load::EndpointRules::of(kit.loader.configuration(), &location).unwrap();
    let mut other = occupied(&kit).await;
    let begun = other.begin(&facts, &rules.facts).await.unwrap();
    let now = std::time::SystemTime::now();
    let run = Run { deadline: Deadline::at(now + std::time::Duration::from_secs(2), now), ..RUN };
    let report = kit.loader.load(&object, run).await;
    assert_eq!(report.error.unwrap().kind, "out_of_time");
    drop(begun);
    drop(other);
    let report = kit.load(KEY).await;
    assert_eq!(report.outcome, Verdict::Loaded, "{report:?}");
}
