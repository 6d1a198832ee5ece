//! The list and what is derived from it.

use std::collections::BTreeSet;
use std::sync::Arc;

use landing::{LandedObject, ObjectKey, Position};
use load::error_log::{self, Failure};

use super::*;

async fn fail(kit: &Kit, store: u32) {
    let failure = Failure {
        kind: "not_json".to_owned(),
        message: "found `<` & more; \"fetch\" again".to_owned(),
        position: Position::default(),
        excerpt: Some("<script>".to_owned()),
        violation: None,
        attempts: 1,
        at: Timestamp::now(),
    };
    let object = LandedObject {
        version_id: Some(format!("v{store}")),
        ..LandedObject::named(BUCKET, ObjectKey::new(key(store)))
    };
    error_log::record(&kit.lake, &object, failure).await.unwrap();
}

#[tokio::test]
async fn an_error_log_is_listed_when_it_comes_and_gone_when_it_goes() {
    let kit = Kit::new().await;
    let manifest = without_database(&kit).await;
    fail(&kit, 1).await;
    let created = s3_event("ObjectCreated:Put", &error_log_key(1));
    let answer = handle(&manifest, &created).await;
    assert_eq!(answer, json!({ "listed": 1, "resolved": 0, "unlisted": 0, "open": 1 }));
    assert_eq!(open(&kit).await, [key(1)]);
    let again = handle(&manifest, &created).await;
    assert_eq!((&again["listed"], &again["open"]), (&json!(0), &json!(1)));

    let object = ObjectKey::new(key(1));
    error_log::resolve(&kit.lake, BUCKET, &object).await.unwrap();
    // The late word of the creation does not bring the line back.
    let removed = s3_event("ObjectRemoved:DeleteMarkerCreated", &error_log_key(1));
    for event in [removed, created] {
        handle(&manifest, &event).await;
        assert!(open(&kit).await.is_empty());
    }
}

#[tokio::test]
async fn the_csv_is_what_s3_batch_operations_takes_and_the_page_is_safe() {
    let kit = Kit::new().await;
    let manifest = without_database(&kit).await;
    let odd = "raw/source=shop/endpoint=orders/store=S%C3%A3o+1/x y.json";
    fail(&kit, 1).await;
    let object = LandedObject {
        version_id: Some("w".to_owned()),
        ..LandedObject::named(BUCKET, ObjectKey::new(odd))
    };
    let failure = Failure {
        kind: "empty".to_owned(),
        message: String::new(),
        position: Position::default(),
        excerpt: None,
        violation: None,
        attempts: 1,
        at: Timestamp::now(),
    };
    error_log::record(&kit.lake, &object, failure).await.unwrap();
    let keys = BTreeSet::from([ObjectKey::new(odd), ObjectKey::new(key(1))]);
    manifest.follow(&keys).await.unwrap();
    assert_eq!(
        kit.text("manifests/open.csv").await.unwrap(),
        format!(
            "{BUCKET},raw/source%3Dshop/endpoint%3Dorders/store%3D1/20261102T060000Z.json,v1\n\
             {BUCKET},raw/source%3Dshop/endpoint%3Dorders/store%3DS%25C3%25A3o%2B1/x%20y.json,w\n"
        )
    );
    let page = kit.text("manifests/index.html").await.unwrap();
    assert!(page.contains("2 objects are open"), "{page}");
    assert!(page.contains("&lt;script&gt;") && !page.contains("<script>"));
}

#[tokio::test]
async fn twenty_writers_at_once_lose_no_line() {
    let kit = Arc::new(Kit::new().await);
    let writers = (0..20).map(|store| {
        let kit = Arc::clone(&kit);
        tokio::spawn(async move {
            let manifest = without_database(&kit).await;
            fail(&kit, store).await;
            let event = s3_event("ObjectCreated:Put", &error_log_key(store));
            handle(&manifest, &event).await;
        })
    });
    for writer in futures::future::join_all(writers).await {
        writer.unwrap();
    }
    let mut expected: Vec<_> = (0..20).map(key).collect();
    expected.sort();
    assert_eq!(open(&kit).await, expected);
    let csv = kit.text("manifests/open.csv").await.unwrap();
    assert_eq!(csv.lines().count(), 20);
    let page = kit.text("manifests/index.html").await.unwrap();
    assert!(page.contains("20 objects are open"));
    assert_eq!(history(&kit).await.len(), 20);
}

#[tokio::test]
async fn what_came_and_went_stands_in_the_history_of_its_day() {
    let kit = Kit::new().await;
    let manifest = without_database(&kit).await;
    fail(&kit, 1).await;
    handle(&manifest, &s3_event("ObjectCreated:Put", &error_log_key(1))).await;
    let object = ObjectKey::new(key(1));
    error_log::resolve(&kit.lake, BUCKET, &object).await.unwrap();
    handle(&manifest, &s3_event("ObjectRemoved:Delete", &error_log_key(1))).await;
    let mut changes: Vec<_> = history(&kit)
        .await
        .into_iter()
        .map(|line| {
            assert_eq!(line["key"], key(1));
            line["change"].as_str().unwrap().to_owned()
        })
        .collect();
    changes.sort();
    assert_eq!(changes, ["listed", "resolved"]);
}

async fn history(kit: &Kit) -> Vec<Value> {
    let today = Timestamp::now().strftime("manifests/history/%Y/%m/%d/").to_string();
    let mut listing = kit.lake.list(BUCKET, &today);
    let mut lines = Vec::new();
    while let Some(listed) = listing.next().await.unwrap() {
        let text = kit.text(listed.key.as_str()).await.unwrap();
        lines.extend(text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()));
    }
    lines
}
