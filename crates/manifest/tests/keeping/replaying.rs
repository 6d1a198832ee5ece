//! From the list back into the tables.

use super::*;

/// Three objects that failed, listed.
async fn failed() -> (Kit, Manifest) {
    let kit = Kit::new().await;
    kit.land(&key(1), "<html>").await;
    kit.land(&key(2), "{").await;
    kit.land(&key(3), "").await;
    let manifest = manifest(&kit);
    let answer = handle(&manifest, &json!({})).await;
    assert_eq!(answer["open"], 3);
    (kit, manifest)
}

#[tokio::test]
async fn what_was_mended_leaves_the_list_and_what_was_not_stays() {
    let (kit, manifest) = failed().await;
    kit.put(&key(1), "{\"id\":1}").await;
    kit.put(&key(2), "{\"id\":2}").await;
    let answer = handle(&manifest, &json!({ "replay": {} })).await;
    assert_eq!(answer["replayed"], json!({ "loaded": 2, "failed": 1, "left": 0 }));
    assert_eq!((&answer["resolved"], &answer["open"]), (&json!(2), &json!(1)));
    assert_eq!(open(&kit).await, [key(3)]);
    assert_eq!(kit.sql("select id from shop.orders order by id").await, ["1", "2"]);
}

#[tokio::test]
async fn a_kind_a_prefix_or_keys_select() {
    let (kit, manifest) = failed().await;
    for store in 1..=3 {
        kit.put(&key(store), "{\"id\":1}").await;
    }
    let replayed = async |replay: Value| {
        let answer = handle(&manifest, &json!({ "replay": replay })).await;
        answer["replayed"]["loaded"].as_u64().unwrap()
    };
    assert_eq!(replayed(json!({ "kind": "html" })).await, 1);
    assert_eq!(open(&kit).await, [key(2), key(3)]);
    assert_eq!(replayed(json!({ "keys": [key(2)] })).await, 1);
    assert_eq!(open(&kit).await, [key(3)]);
    let prefix = "raw/source=shop/";
    assert_eq!(replayed(json!({ "prefix": prefix })).await, 3);
    assert!(open(&kit).await.is_empty());
}

#[tokio::test]
async fn a_replay_that_is_misspelt_replays_nothing() {
    let (kit, manifest) = failed().await;
    for replay in [
        json!({ "key": "raw/a" }),
        json!({ "prefix": "errors/" }),
        json!({ "keys": [], "kind": "html" }),
    ] {
        let event = json!({ "replay": replay });
        let error = manifest.handle(&event, RUN).await.unwrap_err();
        assert_eq!(error.name(), "bad_replay", "{error}");
    }
    assert_eq!(open(&kit).await.len(), 3);
}

#[tokio::test]
async fn what_time_does_not_suffice_for_is_left_and_said() {
    let (kit, manifest) = failed().await;
    let now = std::time::SystemTime::now();
    let run = load::Run { deadline: load::Deadline::at(now, now), ..RUN };
    let answer = manifest.handle(&json!({ "replay": {} }), run).await.unwrap();
    assert_eq!(answer["replayed"]["left"], 3);
    assert_eq!(open(&kit).await.len(), 3);
}
