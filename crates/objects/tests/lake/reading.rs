//! Which bytes a reader gets, and what it is told where there are none.

use bytes::Bytes;
use landing::{Classify, FailureKind, LandedObject};
use objects::{Lake, PutOptions};

use crate::place::{LAKE, VERSIONED, key, start};

#[tokio::test]
async fn an_event_with_a_version_reads_that_version() {
    let place = start().await;
    let name = key("raw/k.json");
    let put = |body: &'static str| {
        let body = Bytes::from_static(body.as_bytes());
        place.lake.put(VERSIONED, &name, body, PutOptions::default())
    };
    let one = put("one").await.unwrap();
    put("two").await.unwrap();
    let mut object = LandedObject::named(VERSIONED, name.clone());
    assert_eq!(place.decoded(&object).await.unwrap(), "two");
    object.version_id.clone_from(&one.version_id);
    object.etag = Some("of another".to_owned());
    let reading = place.lake.read(&object).await.unwrap();
    assert_eq!(reading.head.version_id, one.version_id);
    assert_eq!(reading.head.etag, one.etag);

    object.version_id = Some("never".to_owned());
    let error = place.lake.read(&object).await.unwrap_err();
    assert_eq!(error.name(), "no_such_version");
    assert_eq!(error.kind(), FailureKind::Permanent);
}

#[tokio::test]
async fn an_event_of_bytes_that_were_overwritten_is_tried_again_later() {
    let place = start().await;
    let mut object = place.put("k.json", "one").await;
    let head = place.lake.head(LAKE, &object.key).await.unwrap().unwrap();
    object.etag = Some(head.etag);
    assert_eq!(place.decoded(&object).await.unwrap(), "one");
    place.put("k.json", "two").await;
    let error = place.decoded(&object).await.unwrap_err();
    assert_eq!(error.name(), "changed");
    assert_eq!(error.kind(), FailureKind::Transient);
}

#[tokio::test]
async fn what_is_missing_is_permanent_and_what_is_ours_to_mend_is_not() {
    let place = start().await;
    let missing = LandedObject::named(LAKE, key("missing"));
    let error = place.lake.read(&missing).await.unwrap_err();
    assert_eq!(error.name(), "no_such_key");
    assert_eq!(error.kind(), FailureKind::Permanent);
    assert_eq!(place.lake.head(LAKE, &missing.key).await.unwrap(), None);
    let got = place.lake.get_text(LAKE, &missing.key, 10).await;
    assert_eq!(got.unwrap(), None);
    place.lake.delete(LAKE, &missing.key).await.unwrap();

    let nowhere = LandedObject::named("no-such-bucket", key("k"));
    let error = place.lake.read(&nowhere).await.unwrap_err();
    assert_eq!(error.name(), "no_such_bucket");
    assert_eq!(error.kind(), FailureKind::Transient);

    let endpoint = place.server.endpoint();
    let stranger = Lake::at_endpoint(&endpoint, "test", "wrong");
    let error = stranger.read(&missing).await.unwrap_err();
    assert_eq!(error.name(), "access_denied");
    assert_eq!(error.kind(), FailureKind::Transient);

    place.server.stop().await;
    let error = place.lake.read(&missing).await.unwrap_err();
    assert_eq!(error.name(), "s3_unreachable");
    assert_eq!(error.kind(), FailureKind::Transient);
    assert!(error.to_string().contains("lake/missing"), "{error}");
}

#[tokio::test]
async fn a_small_object_comes_whole_or_not_at_all() {
    let place = start().await;
    place.put("list.csv", "store\n1\n").await;
    let (text, etag) = place.lake.get_text(LAKE, &key("list.csv"), 8).await.unwrap().unwrap();
    assert_eq!(text, "store\n1\n");
    assert_eq!(etag.len(), 32);
    let error = place.lake.get_text(LAKE, &key("list.csv"), 7).await.unwrap_err();
    assert_eq!(error.name(), "too_large");
}

#[tokio::test]
async fn a_listing_pages_through_keys_of_any_kind() {
    let place = start().await;
    let odd = "raw/store=S%C3%A3o +é\u{1}&/x.json";
    place.put(odd, "{}").await;
    let puts = (0..1005).map(|number| {
        let name = key(&format!("many/{number:04}"));
        let lake = &place.lake;
        async move {
            let put = lake.put(LAKE, &name, Bytes::new(), PutOptions::default());
            put.await.unwrap();
        }
    });
    futures::stream::StreamExt::collect::<Vec<_>>(futures::stream::StreamExt::buffer_unordered(
        futures::stream::iter(puts),
        8,
    ))
    .await;
    assert_eq!(place.keys("raw/").await, [odd]);
    let keys = place.keys("many/").await;
    assert_eq!(keys.len(), 1005);
    assert!(keys.is_sorted());
    let mut rest = place.lake.list(LAKE, "many/").start_after(&key("many/1003"));
    let last = rest.next().await.unwrap().unwrap();
    assert_eq!(last.key, key("many/1004"));
    assert_eq!((last.bytes, last.etag.len()), (0, 32));
    assert_eq!(rest.next().await.unwrap(), None);
}
