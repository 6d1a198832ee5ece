//! What no event told.

use super::*;

/// Lets an object seem to have been written long ago: what is young may still have its event coming.
async fn age(manifest: &Manifest) -> (manifest::Changed, Option<ObjectKey>) {
    let later = Timestamp::now() + SignedDuration::from_mins(20);
    manifest.reconcile_at(None, RUN, later).await.unwrap()
}

#[tokio::test]
async fn an_object_whose_event_never_came_is_found() {
    let kit = Kit::new().await;
    kit.land(&key(1), "{\"id\":1}").await;
    kit.put(&key(2), "{\"id\":2}").await;
    let manifest = manifest(&kit);
    let answer = handle(&manifest, &json!({})).await;
    assert_eq!(answer["listed"], 0, "young objects are given time");
    let (changed, next) = age(&manifest).await;
    assert_eq!((changed.listed.len(), next), (1, None));
    assert_eq!(open(&kit).await, [key(2)]);
    assert_eq!(kit.json(&error_log_key(2)).await.unwrap()["kind"], "never_loaded");
    let answer = handle(&manifest, &json!({ "replay": {} })).await;
    assert_eq!(answer["replayed"], json!({ "loaded": 1, "failed": 0, "left": 0 }));
    assert!(open(&kit).await.is_empty());
    assert_eq!(kit.sql("select id from shop.orders order by id").await, ["1", "2"]);
}

#[tokio::test]
async fn an_overwritten_object_whose_event_never_came_is_found() {
    let kit = Kit::new().await;
    kit.land(&key(1), "{\"id\":1}").await;
    kit.put(&key(1), "{\"id\":10}").await;
    let (changed, _) = age(&manifest(&kit)).await;
    assert_eq!(changed.listed.len(), 1);
}

#[tokio::test]
async fn list_and_error_logs_are_brought_together_from_both_sides() {
    let kit = Kit::new().await;
    let manifest = manifest(&kit);
    kit.land(&key(1), "<html>").await;
    let answer = handle(&manifest, &json!({ "compact": true })).await;
    assert_eq!((&answer["listed"], &answer["open"]), (&json!(1), &json!(1)));
    kit.lake.delete(BUCKET, &ObjectKey::new(error_log_key(1))).await.unwrap();
    let schedule = include_str!("../../../../events/manifest/schedule.json");
    let answer = handle(&manifest, &serde_json::from_str(schedule).unwrap()).await;
    assert_eq!((&answer["resolved"], &answer["open"]), (&json!(1), &json!(0)));
}

#[tokio::test]
async fn an_error_log_left_behind_by_an_object_that_is_loaded_goes() {
    let kit = Kit::new().await;
    kit.land(&key(1), "{\"id\":1}").await;
    let stale = json!({ "bucket": BUCKET, "key": key(1), "kind": "dead_letter", "message": "m",
        "first_failed_at": long_ago().to_string(), "last_failed_at": long_ago().to_string(), "attempts": 1 });
    kit.put(&error_log_key(1), stale.to_string()).await;
    let answer = handle(&manifest(&kit), &json!({})).await;
    assert_eq!(answer["open"], 0, "{answer}");
    assert!(kit.json(&error_log_key(1)).await.is_none());
}

#[tokio::test]
async fn a_failure_whose_error_log_was_deleted_is_listed_again() {
    let kit = Kit::new().await;
    let manifest = manifest(&kit);
    kit.land(&key(1), "<html>").await;
    kit.lake.delete(BUCKET, &ObjectKey::new(error_log_key(1))).await.unwrap();
    age(&manifest).await;
    assert_eq!(open(&kit).await, [key(1)]);
    assert_eq!(kit.json(&error_log_key(1)).await.unwrap()["kind"], "html");
}
