//! Compressed bodies, whole and damaged.

use landing::{Classify, FailureKind};
use objects::{DecodeLimits, LakeError};

use crate::place::{gzip, noise, start, zstd};

const BODY: &[u8] = b"{\"guestCheckId\": 1}";

#[tokio::test]
async fn the_first_bytes_say_how_an_object_is_compressed() {
    let place = start().await;
    let bodies = [
        ("plain.json", BODY.to_vec()),
        ("named.json.gz", gzip(BODY).await),
        ("named.json.zst", zstd(BODY).await),
        ("unnamed-gzip.json", gzip(BODY).await),
        ("unnamed-zstd.json", zstd(BODY).await),
        ("misnamed.json.gz", zstd(BODY).await),
    ];
    for (name, body) in bodies {
        let object = place.put(name, body).await;
        assert_eq!(place.decoded(&object).await.unwrap(), BODY, "{name}");
    }
}

#[tokio::test]
async fn one_member_follows_another() {
    let place = start().await;
    let twice = [BODY, BODY].concat();
    let gzipped = [gzip(BODY).await, gzip(BODY).await].concat();
    let object = place.put("members.json.gz", gzipped).await;
    assert_eq!(place.decoded(&object).await.unwrap(), twice);
    let frames = [zstd(BODY).await, zstd(BODY).await].concat();
    let object = place.put("frames.json.zst", frames).await;
    assert_eq!(place.decoded(&object).await.unwrap(), twice);
}

#[tokio::test]
async fn an_empty_object_is_empty_whatever_its_name() {
    let place = start().await;
    for name in ["empty.json", "empty.json.gz", "empty.json.zst"] {
        let object = place.put(name, "").await;
        assert!(place.decoded(&object).await.unwrap().is_empty(), "{name}");
    }
    let object = place.put("of-nothing.json.gz", gzip(b"").await).await;
    assert!(place.decoded(&object).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_cut_off_stream_gives_what_it_has_and_then_says_where_it_ends() {
    let place = start().await;
    let plain = noise(1, 1 << 20);
    for (name, whole) in [("cut.json.gz", gzip(&plain).await), ("cut.json.zst", zstd(&plain).await)]
    {
        let object = place.put(name, whole[..600_000].to_vec()).await;
        let mut body = place.lake.read(&object).await.unwrap().decoded();
        let mut seen = Vec::new();
        let error = loop {
            match body.chunk().await {
                Ok(chunk) => seen.extend_from_slice(&chunk.expect("an error before the end")),
                Err(error) => break error,
            }
        };
        assert_eq!(error.name(), "cut_off", "{name}: {error}");
        assert_eq!(error.kind(), FailureKind::Permanent);
        assert_eq!(error.position().byte_offset, Some(seen.len() as u64));
        assert!(seen.len() > 400_000 && plain.starts_with(&seen), "{name}");
        assert_eq!(body.chunk().await.unwrap(), None, "nothing after an error");
    }
}

#[tokio::test]
async fn what_is_called_compressed_and_is_not_is_named() {
    let place = start().await;
    let object = place.put("plain.json.gz", BODY).await;
    let error = place.decoded(&object).await.unwrap_err();
    assert_eq!(error.name(), "not_compressed");
    assert_eq!(error.kind(), FailureKind::Permanent);
}

#[tokio::test]
async fn damage_inside_is_named() {
    let place = start().await;
    let mut body = gzip(&noise(2, 10_000)).await;
    let checksum = body.len() - 6;
    body[checksum] ^= 0xff;
    let object = place.put("damaged.json.gz", body).await;
    let error = place.decoded(&object).await.unwrap_err();
    assert_eq!(error.name(), "bad_compression", "{error}");
    assert_eq!(error.position().byte_offset, Some(10_000));

    let mut trailing = gzip(BODY).await;
    trailing.extend_from_slice(b"and more");
    let object = place.put("trailing.json.gz", trailing).await;
    let error = place.decoded(&object).await.unwrap_err();
    assert_eq!(error.name(), "bad_compression", "{error}");
}

#[tokio::test]
async fn a_bomb_is_stopped_by_its_ratio_and_any_object_by_its_size() {
    let place = start().await;
    let object = place.put("bomb.json.gz", gzip(&vec![b' '; 8 << 20]).await);
    let object = object.await;
    let bounds = [
        (DecodeLimits { ratio_from_bytes: 1 << 20, ..DecodeLimits::default() }, "inflates"),
        (DecodeLimits { decoded_bytes_max: 1 << 20, ..DecodeLimits::default() }, "too_large"),
    ];
    for (limits, name) in bounds {
        let reading = place.lake.read(&object).await.unwrap();
        let mut body = reading.decoded_within(limits);
        let error = loop {
            if let Err(error) = body.chunk().await {
                break error;
            }
        };
        assert_eq!(error.name(), name);
        assert!(body.decoded_bytes() < 5 << 20, "stopped early");
    }
    assert_eq!(place.decoded(&object).await.unwrap().len(), 8 << 20);
}

#[tokio::test]
async fn a_connection_that_breaks_is_not_the_objects_fault() {
    let place = start().await;
    let object = place.put("big.json", noise(3, 8 << 20)).await;
    let mut body = place.lake.read(&object).await.unwrap().decoded();
    body.chunk().await.unwrap().unwrap();
    place.server.stop().await;
    let error = loop {
        match body.chunk().await {
            Ok(Some(_)) => {}
            Ok(None) => unreachable!("the server went away"),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, LakeError::BodyLost { .. }), "{error:?}");
    assert_eq!(error.kind(), FailureKind::Transient);
}

#[tokio::test]
async fn chunks_are_of_one_size_but_the_last() {
    let place = start().await;
    let plain = noise(4, 1_000_000);
    let object = place.put("chunks.json.zst", zstd(&plain).await).await;
    let mut body = place.lake.read(&object).await.unwrap().decoded();
    let mut sizes = Vec::new();
    while let Some(chunk) = body.chunk().await.unwrap() {
        sizes.push(chunk.len());
    }
    assert_eq!(sizes, [262_144, 262_144, 262_144, 213_568]);
    assert_eq!(body.decoded_bytes(), 1_000_000);
}
