//! One suite by an ordinary client, passed by the embedded server and, where `RIACHO_MOTO_ENDPOINT`
//! names one, by moto's: what both do is taken to be what S3 does. Where moto falls short of AWS's
//! documents, the embedded server is held to those in `embedded_only`.

use crate::place::{self, Place, body_of, code, everywhere, status};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    CompletedMultipartUpload, CompletedPart, Delete, EncodingType, MetadataDirective,
    ObjectIdentifier,
};
use futures::future::join_all;

const PART_BYTES: usize = 5 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn one_of_32_racing_writers_is_first() {
    everywhere(async |place: &Place| {
        let bucket = place.bucket(false).await;
        let writers = (0..32).map(|writer| {
            let put = place.client.put_object().bucket(&bucket).key("raced");
            put.if_none_match("*")
                .body(ByteStream::from(format!("writer {writer}").into_bytes()))
                .send()
        });
        let outcomes = join_all(writers).await;
        let statuses = outcomes.iter().map(status).collect::<Vec<_>>();
        assert_eq!(count(&statuses, 200), 1, "{}: {statuses:?}", place.name);
        assert_eq!(count(&statuses, 412), 31, "{}: {statuses:?}", place.name);
        let winner = outcomes.iter().position(Result::is_ok).unwrap();
        let (body, _) = body_of(place, &bucket, "raced").await;
        assert_eq!(body, format!("writer {winner}").as_bytes());
    })
    .await;
}

#[tokio::test]
async fn a_write_on_condition_needs_the_entity_tag_that_stands() {
    everywhere(async |place: &Place| {
        let bucket = place.bucket(false).await;
        let first = place.put(&bucket, "k", "one").await;
        let put = |etag: &str, body: &'static str| {
            let put = place.client.put_object().bucket(&bucket).key("k");
            put.if_match(etag).body(ByteStream::from_static(body.as_bytes())).send()
        };
        assert_eq!(status(&put(&first, "two").await), 200);
        assert_eq!(status(&put(&first, "three").await), 412);
        assert_eq!(body_of(place, &bucket, "k").await.0, b"two");
        let missing = place.client.put_object().bucket(&bucket).key("missing");
        let missing = missing.if_match(&first).send().await;
        assert_eq!(status(&missing), 404, "{}", place.name);
    })
    .await;
}

#[tokio::test]
async fn a_reader_who_has_it_gets_304_and_one_who_means_another_412() {
    everywhere(async |place: &Place| {
        let bucket = place.bucket(false).await;
        let etag = place.put(&bucket, "k", "body").await;
        let get = || place.client.get_object().bucket(&bucket).key("k");
        assert_eq!(status(&get().if_none_match(&etag).send().await), 304);
        assert_eq!(status(&get().if_none_match("\"other\"").send().await), 200);
        assert_eq!(status(&get().if_match(&etag).send().await), 200);
        assert_eq!(status(&get().if_match("\"other\"").send().await), 412);
        let head = place.client.head_object().bucket(&bucket).key("k");
        assert_eq!(status(&head.if_none_match(&etag).send().await), 304);
    })
    .await;
}

#[tokio::test]
async fn a_key_and_another_below_it_stand_together() {
    everywhere(async |place: &Place| {
        let bucket = place.bucket(false).await;
        place.put(&bucket, "n/x", "above").await;
        place.put(&bucket, "n/x/y", "below").await;
        assert_eq!(body_of(place, &bucket, "n/x").await.0, b"above");
        assert_eq!(body_of(place, &bucket, "n/x/y").await.0, b"below");
    })
    .await;
}

#[tokio::test]
async fn odd_keys_are_kept_as_they_are() {
    let keys = [
        "a b+c%2Fd.json",
        "raw/source=s/store=S%C3%A3o%20Jos%C3%A9/1.json",
        "raw/São José/日本/🦀.json",
        "a//b",
        "ends/",
        "q?a=b&c#d",
        "quote'\"<>&;.json",
        "~!$*()_-.,:@[]{}|^`\\",
    ];
    everywhere(async |place: &Place| {
        let bucket = place.bucket(false).await;
        for key in keys {
            place.put(&bucket, key, key).await;
            assert_eq!(body_of(place, &bucket, key).await.0, key.as_bytes());
        }
        let mut wanted = keys.map(str::to_owned);
        wanted.sort();
        let listed = place.client.list_objects_v2().bucket(&bucket);
        let listed = listed.send().await.unwrap();
        assert_eq!(place::keys(&listed), wanted, "{}", place.name);
    })
    .await;
}

#[tokio::test]
async fn an_encoded_listing_decodes_as_a_form() {
    everywhere(async |place: &Place| {
        let bucket = place.bucket(false).await;
        place.put(&bucket, "p/a b+c%é\u{1}.json", "").await;
        let listed = place.client.list_objects_v2().bucket(&bucket).prefix("p/");
        let listed = listed.encoding_type(EncodingType::Url).send().await.unwrap();
        let key = place::keys(&listed).remove(0);
        let decoded = landing::ObjectKey::from_notification(&key).unwrap();
        assert_eq!(decoded.as_str(), "p/a b+c%é\u{1}.json", "{}: {key}", place.name);
    })
    .await;
}

#[tokio::test]
async fn listings_page_and_roll_up() {
    everywhere(async |place: &Place| {
        let bucket = place.bucket(false).await;
        for key in ["a/1", "a/2", "b/1", "b/2", "b/3", "c", "d/1"] {
            place.put(&bucket, key, "x").await;
        }
        for keys_max in 1..=4 {
            let (keys, prefixes) = paged(place, &bucket, keys_max).await;
            assert_eq!(keys, ["c"], "{} by {keys_max}", place.name);
            assert_eq!(prefixes, ["a/", "b/", "d/"], "{} by {keys_max}", place.name);
        }
        let list = || place.client.list_objects_v2().bucket(&bucket);
        let after = list().start_after("b/2").send().await.unwrap();
        assert_eq!(place::keys(&after), ["b/3", "c", "d/1"]);
        let under = list().prefix("b/").max_keys(2).send().await.unwrap();
        assert_eq!(place::keys(&under), ["b/1", "b/2"]);
        assert_eq!(under.is_truncated(), Some(true));
        assert_eq!(under.key_count(), Some(2));
    })
    .await;
}

async fn paged(place: &Place, bucket: &str, keys_max: i32) -> (Vec<String>, Vec<String>) {
    let (mut keys, mut prefixes, mut token) = (Vec::new(), Vec::new(), None);
    loop {
        let list = place.client.list_objects_v2().bucket(bucket);
        let list = list.delimiter("/").max_keys(keys_max);
        let page = list.set_continuation_token(token).send().await.unwrap();
        assert!(page.key_count() <= Some(keys_max));
        keys.extend(place::keys(&page));
        let rolled_up = page.common_prefixes().iter();
        prefixes.extend(rolled_up.filter_map(|it| it.prefix()).map(str::to_owned));
        token = page.next_continuation_token().map(str::to_owned);
        if token.is_none() {
            return (keys, prefixes);
        }
    }
}

#[tokio::test]
async fn versions_are_kept_and_a_deletion_is_a_marker() {
    everywhere(async |place: &Place| {
        let bucket = place.bucket(true).await;
        let put = |body: &'static str| {
            let put = place.client.put_object().bucket(&bucket).key("k");
            put.body(ByteStream::from_static(body.as_bytes())).send()
        };
        let one = put("one").await.unwrap().version_id.unwrap();
        let two = put("two").await.unwrap().version_id.unwrap();
        assert_ne!(one, two);
        let get = || place.client.get_object().bucket(&bucket).key("k");
        let old = get().version_id(&one).send().await.unwrap();
        assert_eq!(old.version_id(), Some(one.as_str()));
        assert_eq!(old.body.collect().await.unwrap().to_vec(), b"one");

        let delete = || place.client.delete_object().bucket(&bucket).key("k");
        let deleted = delete().send().await.unwrap();
        assert_eq!(deleted.delete_marker(), Some(true));
        assert!(deleted.version_id.is_some());
        assert_eq!(code(&get().send().await), "NoSuchKey");
        let again = place.client.put_object().bucket(&bucket).key("k");
        assert_eq!(status(&again.if_none_match("*").send().await), 200, "a marker is nothing");

        let versions = place.client.list_object_versions().bucket(&bucket);
        let versions = versions.send().await.unwrap();
        assert_eq!(versions.versions().len(), 3);
        assert_eq!(versions.delete_markers().len(), 1);
        delete().version_id(&two).send().await.unwrap();
        assert_eq!(status(&get().version_id(&two).send().await), 404);
    })
    .await;
}

#[tokio::test]
async fn metadata_and_types_come_back_as_written() {
    everywhere(async |place: &Place| {
        let bucket = place.bucket(false).await;
        let put = place.client.put_object().bucket(&bucket).key("k");
        put.metadata("sha256", "abc")
            .metadata("Run-Id", "1 2")
            .content_type("application/json")
            .content_encoding("gzip")
            .body(ByteStream::from_static(b"{}"))
            .send()
            .await
            .unwrap();
        let head = place.client.head_object().bucket(&bucket).key("k");
        let head = head.send().await.unwrap();
        let metadata = head.metadata().unwrap();
        assert_eq!(metadata["sha256"], "abc");
        assert_eq!(metadata["run-id"], "1 2");
        assert_eq!(head.content_type(), Some("application/json"));
        assert_eq!(head.content_encoding(), Some("gzip"));
        assert_eq!(head.content_length(), Some(2));
        assert_eq!(head.e_tag(), Some("\"99914b932bd37a50b983c5e7c90ae93b\""));
    })
    .await;
}

#[tokio::test]
async fn a_range_is_a_part() {
    everywhere(async |place: &Place| {
        let bucket = place.bucket(false).await;
        place.put(&bucket, "k", "0123456789").await;
        let get = |range: &'static str| {
            let get = place.client.get_object().bucket(&bucket).key("k");
            get.range(range).send()
        };
        for (range, wanted) in [("bytes=2-4", "234"), ("bytes=7-", "789"), ("bytes=-2", "89")] {
            let part = get(range).await.unwrap();
            assert!(part.content_range().is_some_and(|it| it.ends_with("/10")));
            let body = part.body.collect().await.unwrap();
            assert_eq!(body.to_vec(), wanted.as_bytes(), "{} {range}", place.name);
        }
        assert_eq!(status(&get("bytes=10-").await), 416);
    })
    .await;
}

#[tokio::test]
async fn a_copy_takes_metadata_along_or_new_ones() {
    everywhere(async |place: &Place| {
        let bucket = place.bucket(false).await;
        let put = place.client.put_object().bucket(&bucket).key("from é");
        let put = put.metadata("a", "1").body(ByteStream::from_static(b"body"));
        put.send().await.unwrap();
        let source = format!("{bucket}/from%20%C3%A9");
        let copy = |key: &str| {
            let copy = place.client.copy_object().bucket(&bucket).key(key);
            copy.copy_source(&source)
        };
        copy("plain").send().await.unwrap();
        let replaced = copy("replaced").metadata_directive(MetadataDirective::Replace);
        replaced.metadata("b", "2").send().await.unwrap();
        let (body, metadata) = body_of(place, &bucket, "plain").await;
        assert_eq!((body.as_slice(), metadata["a"].as_str()), (&b"body"[..], "1"));
        let (body, metadata) = body_of(place, &bucket, "replaced").await;
        assert_eq!((body.as_slice(), metadata["b"].as_str()), (&b"body"[..], "2"));
        assert!(!metadata.contains_key("a"));
    })
    .await;
}

#[tokio::test]
async fn parts_become_an_object_when_all_are_named() {
    everywhere(async |place: &Place| {
        let bucket = place.bucket(false).await;
        let create = place.client.create_multipart_upload().bucket(&bucket);
        let create = create.key("big").metadata("pages", "3").send().await;
        let upload_id = create.unwrap().upload_id.unwrap();
        let mut parts = Vec::new();
        for (number, bytes) in [(1, PART_BYTES), (2, 3)] {
            let part = place.client.upload_part().bucket(&bucket).key("big");
            let part = part.upload_id(&upload_id).part_number(number);
            let body = vec![b'0' + number as u8; bytes];
            let part = part.body(ByteStream::from(body)).send().await.unwrap();
            parts.push(part_of(number, part.e_tag));
        }
        let head = place.client.head_object().bucket(&bucket).key("big");
        assert_eq!(status(&head.send().await), 404, "not before it is complete");
        let complete = place.client.complete_multipart_upload().bucket(&bucket);
        let complete = complete.key("big").upload_id(&upload_id);
        let complete = complete.multipart_upload(all_of(parts)).send().await.unwrap();
        assert!(complete.e_tag().is_some_and(|etag| etag.ends_with("-2\"")));
        let (body, metadata) = body_of(place, &bucket, "big").await;
        assert_eq!(body.len(), PART_BYTES + 3);
        assert!(body.ends_with(b"1222"));
        assert_eq!(metadata["pages"], "3");
    })
    .await;
}

#[tokio::test]
async fn parts_can_be_copied_from_an_object() {
    everywhere(async |place: &Place| {
        let bucket = place.bucket(false).await;
        place.put(&bucket, "source", "0123456789").await;
        let create = place.client.create_multipart_upload().bucket(&bucket);
        let upload_id = create.key("joined").send().await.unwrap().upload_id.unwrap();
        let copy = place.client.upload_part_copy().bucket(&bucket).key("joined");
        let copy = copy.upload_id(&upload_id).part_number(1);
        let copy = copy.copy_source(format!("{bucket}/source"));
        let copied = copy.copy_source_range("bytes=2-5").send().await.unwrap();
        let etag = copied.copy_part_result.and_then(|result| result.e_tag);
        let complete = place.client.complete_multipart_upload().bucket(&bucket);
        let complete = complete.key("joined").upload_id(&upload_id);
        let parts = all_of(vec![part_of(1, etag)]);
        complete.multipart_upload(parts).send().await.unwrap();
        assert_eq!(body_of(place, &bucket, "joined").await.0, b"2345");
    })
    .await;
}

#[tokio::test]
async fn an_aborted_upload_is_gone() {
    everywhere(async |place: &Place| {
        let bucket = place.bucket(false).await;
        let create = place.client.create_multipart_upload().bucket(&bucket);
        let upload_id = create.key("k").send().await.unwrap().upload_id.unwrap();
        let abort = place.client.abort_multipart_upload().bucket(&bucket);
        abort.key("k").upload_id(&upload_id).send().await.unwrap();
        let uploads = place.client.list_multipart_uploads().bucket(&bucket);
        assert!(uploads.send().await.unwrap().uploads().is_empty());
    })
    .await;
}

#[tokio::test]
async fn many_are_deleted_at_once_and_what_is_missing_is_missing() {
    everywhere(async |place: &Place| {
        let bucket = place.bucket(false).await;
        place.put(&bucket, "a", "1").await;
        place.put(&bucket, "b", "2").await;
        let named = ["a", "b", "never"].map(|key| {
            let object = ObjectIdentifier::builder().key(key);
            object.build().unwrap()
        });
        let delete = Delete::builder().set_objects(Some(named.into()));
        let delete = delete.build().unwrap();
        let deleted = place.client.delete_objects().bucket(&bucket);
        let deleted = deleted.delete(delete).send().await.unwrap();
        assert_eq!(deleted.deleted().len(), 3, "{}", place.name);
        let get = place.client.get_object().bucket(&bucket).key("a");
        assert_eq!(code(&get.send().await), "NoSuchKey");
        let nowhere = place.client.get_object().bucket("no-such-bucket-here");
        assert_eq!(code(&nowhere.key("a").send().await), "NoSuchBucket");
        let head = place.client.head_bucket().bucket("no-such-bucket-here");
        assert_eq!(status(&head.send().await), 404);
        let head = place.client.head_bucket().bucket(&bucket);
        assert_eq!(status(&head.send().await), 200);
    })
    .await;
}

fn count(statuses: &[u16], wanted: u16) -> usize {
    statuses.iter().filter(|status| **status == wanted).count()
}

fn part_of(number: i32, etag: Option<String>) -> CompletedPart {
    let part = CompletedPart::builder().part_number(number);
    part.set_e_tag(etag).build()
}

fn all_of(parts: Vec<CompletedPart>) -> CompletedMultipartUpload {
    let upload = CompletedMultipartUpload::builder();
    upload.set_parts(Some(parts)).build()
}
