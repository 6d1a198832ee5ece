//! Failures that nobody wrote down.

use super::*;

fn on_failure(payload: &Value, condition: &str) -> Value {
    json!({ "version": "1.0", "timestamp": "2026-11-02T06:19:31.417Z",
        "requestContext": { "requestId": "r", "functionArn": "arn:aws:lambda:us-east-1:1:function:load:$LATEST",
            "condition": condition, "approximateInvokeCount": 3 },
        "requestPayload": payload,
        "responsePayload": { "errorType": "Sandbox.Timedout", "errorMessage": "Task timed out after 300.00 seconds" } })
}

#[tokio::test]
async fn an_event_that_was_given_up_is_listed_with_the_functions_last_words() {
    let kit = Kit::new().await;
    kit.put(&key(1), "{}").await;
    let event = on_failure(&s3_event("ObjectCreated:Put", &key(1)), "RetriesExhausted");
    let answer = handle(&manifest(&kit), &event).await;
    assert_eq!((&answer["listed"], &answer["open"]), (&json!(1), &json!(1)));
    let log = kit.json(&error_log_key(1)).await.unwrap();
    assert_eq!(log["kind"], "retries_exhausted");
    assert_eq!(log["attempts"], 3);
    assert_eq!(log["last_failed_at"], "2026-11-02T06:19:31.417Z");
    assert!(log["message"].as_str().unwrap().contains("timed out"));
    assert_eq!(
        kit.sql("select status, error->>'kind' from riacho.objects").await,
        ["failed retries_exhausted"]
    );
    let report = kit.load(&key(1)).await;
    assert!(report.is_resolved(), "{report:?}");
    assert!(kit.json(&error_log_key(1)).await.is_none());
}

#[tokio::test]
async fn it_may_come_in_sqs_with_fetchs_failures_and_need_no_database() {
    let kit = Kit::new().await;
    let manifest = without_database(&kit).await;
    let event = messages(&[
        on_failure(&s3_event("ObjectCreated:Put", &key(1)), "EventAgeExceeded"),
        on_failure(&json!({ "source": "pos", "time": "2026-11-02T07:15:00Z" }), "RetriesExhausted"),
        on_failure(&messages(&[s3_event("ObjectCreated:Put", &key(2))]), "RetriesExhausted"),
        json!("not an object"),
    ]);
    let answer = handle(&manifest, &event).await;
    assert_eq!(answer["batchItemFailures"], json!([]));
    assert_eq!((&answer["listed"], &answer["unlisted"]), (&json!(2), &json!(2)));
    assert_eq!(open(&kit).await, [key(1), key(2)]);
    assert_eq!(kit.json(&error_log_key(1)).await.unwrap()["kind"], "event_age_exceeded");
}

#[tokio::test]
async fn a_dead_letter_is_listed_and_an_error_log_event_beside_it_followed() {
    let kit = Kit::new().await;
    let manifest = without_database(&kit).await;
    let event = messages(&[
        s3_event("ObjectCreated:Put", &key(1)),
        s3_event("ObjectRemoved:Delete", &error_log_key(2)),
    ]);
    let answer = handle(&manifest, &event).await;
    assert_eq!((&answer["listed"], &answer["resolved"]), (&json!(1), &json!(0)));
    assert_eq!(kit.json(&error_log_key(1)).await.unwrap()["kind"], "dead_letter");
}

#[tokio::test]
async fn an_object_that_loaded_all_the_same_is_not_listed() {
    let kit = Kit::new().await;
    kit.land(&key(1), "{\"id\":1}").await;
    let head = kit.lake.head(BUCKET, &ObjectKey::new(key(1))).await.unwrap().unwrap();
    let mut payload = s3_event("ObjectCreated:Put", &key(1));
    payload["Records"][0]["s3"]["object"]["eTag"] = json!(head.etag);
    let answer = handle(&manifest(&kit), &on_failure(&payload, "RetriesExhausted")).await;
    assert_eq!(answer["listed"], 0);
    assert!(kit.json(&error_log_key(1)).await.is_none());
}

#[tokio::test]
async fn what_load_wrote_of_an_object_says_more_than_a_lost_event() {
    let kit = Kit::new().await;
    kit.land(&key(1), "<html>").await;
    let event = on_failure(&s3_event("ObjectCreated:Put", &key(1)), "RetriesExhausted");
    handle(&manifest(&kit), &event).await;
    assert_eq!(kit.json(&error_log_key(1)).await.unwrap()["kind"], "html");
    assert_eq!(open(&kit).await, [key(1)]);
}
