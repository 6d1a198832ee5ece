//! Raw objects of unknown length: they appear whole or not at all.

use landing::Compression;
use objects::{Put, Upload, UploadOptions};
use sha2::{Digest, Sha256};

use crate::place::{LAKE, Place, key, noise, start};

const NAME: &str = "raw/source=s/endpoint=e/20261102T061500Z.json";

fn upload(place: &Place, name: &str, compression: Compression) -> Upload {
    let options = UploadOptions { run_id: "run-1".to_owned(), compression, content_type: None };
    place.lake.uploader(LAKE, &key(name), options)
}

async fn push_all(upload: &mut Upload, body: &[u8]) {
    for chunk in body.chunks(100_000) {
        upload.push(chunk).await.unwrap();
    }
}

#[tokio::test]
async fn small_and_large_bodies_appear_only_when_finished() {
    let place = start().await;
    for (name, bytes) in [("raw/small.json", 5), ("raw/large.json", 20 << 20)] {
        let body = noise(5, bytes);
        let mut upload = upload(&place, name, Compression::None);
        push_all(&mut upload, &body).await;
        assert_eq!(place.lake.head(LAKE, &key(name)).await.unwrap(), None);
        let metadata = [("pages".to_owned(), "3".to_owned())].into();
        let uploaded = upload.finish(metadata).await.unwrap();
        assert!(matches!(uploaded.put, Put::Written(_)), "{name}");
        assert_eq!(uploaded.bytes, bytes as u64);
        assert_eq!(uploaded.sha256, sha256(&body));
        let (stored, _) = place.lake.get_bytes(LAKE, &key(name), u64::MAX).await.unwrap().unwrap();
        assert!(stored == body, "{name} is stored as it was pushed");
        let metadata = place.metadata(name).await;
        assert_eq!(metadata["pages"], "3");
        assert_eq!(metadata["sha256"], sha256(&body));
        let head = place.lake.head(LAKE, &key(name)).await.unwrap().unwrap();
        assert_eq!(head.content_type.as_deref(), Some("application/json"));
    }
    assert!(place.keys("staging/").await.is_empty());
}

#[tokio::test]
async fn an_object_that_stands_there_is_left_alone() {
    let place = start().await;
    place.put(NAME, "first").await;
    for bytes in [5, 9 << 20] {
        let mut upload = upload(&place, NAME, Compression::None);
        push_all(&mut upload, &noise(6, bytes)).await;
        let uploaded = upload.finish(Default::default()).await.unwrap();
        assert_eq!(uploaded.put, Put::AlreadyThere);
    }
    let (text, _) = place.lake.get_text(LAKE, &key(NAME), 9).await.unwrap().unwrap();
    assert_eq!(text, "first");
    assert!(place.keys("staging/").await.is_empty());
    let bodies = std::fs::read_dir(place.dir.path().join("bodies")).unwrap();
    assert_eq!(bodies.count(), 1, "no part stays behind");
}

#[tokio::test]
async fn compressed_uploads_read_back_as_pushed() {
    let place = start().await;
    for compression in [Compression::Gzip, Compression::Zstd] {
        let name = format!("raw/large.json{}", compression.suffix());
        let body = noise(7, 9 << 20);
        let mut upload = upload(&place, &name, compression);
        push_all(&mut upload, &body).await;
        let uploaded = upload.finish(Default::default()).await.unwrap();
        assert_eq!(uploaded.sha256, sha256(&body), "of the body, not of its compression");
        let head = place.lake.head(LAKE, &key(&name)).await.unwrap().unwrap();
        assert_eq!(head.bytes, uploaded.stored_bytes);
        assert_eq!(head.content_encoding, None);
        let object = landing::LandedObject::named(LAKE, key(&name));
        assert!(place.decoded(&object).await.unwrap() == body, "{name}");
    }
}

#[tokio::test]
async fn an_aborted_upload_leaves_nothing() {
    let place = start().await;
    let mut upload = upload(&place, NAME, Compression::None);
    push_all(&mut upload, &noise(8, 9 << 20)).await;
    upload.abort().await;
    assert!(place.keys("").await.is_empty());
    let bodies = std::fs::read_dir(place.dir.path().join("bodies")).unwrap();
    assert_eq!(bodies.count(), 0);
}

#[tokio::test]
async fn an_empty_body_is_an_object_too() {
    let place = start().await;
    let uploaded = upload(&place, NAME, Compression::None);
    let uploaded = uploaded.finish(Default::default()).await.unwrap();
    assert!(matches!(uploaded.put, Put::Written(_)));
    assert_eq!(uploaded.bytes, 0);
}

fn sha256(body: &[u8]) -> String {
    hex::encode(Sha256::digest(body))
}
