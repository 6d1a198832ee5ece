//! Writes on condition, raced.

use bytes::Bytes;
use futures::future::join_all;
use objects::{ConditionalPut, Put, PutOptions};

use crate::place::{LAKE, Place, key, start};

#[tokio::test]
async fn a_new_object_is_never_an_old_one_overwritten() {
    let place = start().await;
    let put = |body: &'static str| {
        let options = PutOptions {
            metadata: [("Run Id".to_owned(), "é 1".to_owned())].into(),
            content_type: None,
        };
        let body = Bytes::from_static(body.as_bytes());
        let name = key("raw/k.json");
        let lake = place.lake.clone();
        async move { lake.put_new(LAKE, &name, body, options).await }
    };
    let first = put("one").await.unwrap();
    assert!(matches!(first, Put::Written(written) if written.etag.len() == 32));
    assert_eq!(put("two").await.unwrap(), Put::AlreadyThere);
    let (text, _) = place.lake.get_text(LAKE, &key("raw/k.json"), 9).await.unwrap().unwrap();
    assert_eq!(text, "one");
    assert_eq!(place.metadata("raw/k.json").await["run-id"], "%C3%A9 1");
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_writers_of_one_list_lose_no_line() {
    let place = start().await;
    let writers = (0..20).map(|writer| append(&place, format!("line {writer}\n")));
    join_all(writers).await;
    let (text, _) = place.lake.get_text(LAKE, &key("open.jsonl"), 1 << 20).await.unwrap().unwrap();
    let mut lines = text.lines().collect::<Vec<_>>();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines.len(), 20, "{text}");
}

/// Read, change, write on condition, and again where another was first.
async fn append(place: &Place, line: String) {
    let name = key("open.jsonl");
    loop {
        let found = place.lake.get_text(LAKE, &name, 1 << 20).await.unwrap();
        let (text, etag) = found.map_or((String::new(), None), |(text, etag)| (text, Some(etag)));
        let body = Bytes::from(text + &line);
        let put =
            place.lake.put_if_match(LAKE, &name, body, etag.as_deref(), PutOptions::default());
        match put.await.unwrap() {
            ConditionalPut::Written(_) => return,
            ConditionalPut::Conflict => {}
        }
    }
}

#[tokio::test]
async fn a_condition_on_what_was_deleted_is_a_conflict() {
    let place = start().await;
    let name = key("k");
    place.put("k", "one").await;
    let head = place.lake.head(LAKE, &name).await.unwrap().unwrap();
    place.lake.delete(LAKE, &name).await.unwrap();
    let put = place.lake.put_if_match(
        LAKE,
        &name,
        Bytes::from_static(b"two"),
        Some(&head.etag),
        PutOptions::default(),
    );
    assert_eq!(put.await.unwrap(), ConditionalPut::Conflict);
}
