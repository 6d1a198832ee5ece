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
