//! What only the embedded server is asked: AWS's documents where moto falls short of them, that
//! objects outlive a restart, who is let in, and the events.

use aws_lambda_events::s3::S3Event;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};
use embedded::s3::{EventName, ObjectEvent, S3Error, S3Options, S3Server};
use futures::future::join_all;
use landing::Sequencer;
use tempfile::TempDir;

use crate::place::{Place, body_of, client, code, keys, status};

async fn start(dir: &TempDir, versioned: bool) -> (S3Server, Client) {
    let options = S3Options::new(dir.path(), &[("lake", versioned)]);
    let server = S3Server::start(options).await.unwrap();
    let client = client(&server.endpoint(), "test");
    (server, client)
}

async fn put(client: &Client, key: &str, body: &str) {
    let put = client.put_object().bucket("lake").key(key);
    let body = ByteStream::from(body.as_bytes().to_vec());
    put.body(body).send().await.unwrap();
}

#[tokio::test]
async fn objects_versions_and_uploads_outlive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let (server, client) = start(&dir, true).await;
    put(&client, "k é", "one").await;
    put(&client, "k é", "two").await;
    put(&client, "gone", "x").await;
    let delete = client.delete_object().bucket("lake").key("gone");
    delete.send().await.unwrap();
    let create = client.create_multipart_upload().bucket("lake").key("big");
    let upload_id = create.send().await.unwrap().upload_id.unwrap();
    let part = client.upload_part().bucket("lake").key("big");
    let part = part.upload_id(&upload_id).part_number(1);
    let body = ByteStream::from_static(b"part");
    let etag = part.body(body).send().await.unwrap().e_tag;
    server.stop().await;

    let (server, client) = start(&dir, true).await;
    let listed = client.list_objects_v2().bucket("lake").send().await;
    assert_eq!(keys(&listed.unwrap()), ["k é"]);
    let versions = client.list_object_versions().bucket("lake");
    let versions = versions.send().await.unwrap();
    assert_eq!(versions.versions().len(), 3);
    assert_eq!(versions.delete_markers().len(), 1);
    let part = CompletedPart::builder().part_number(1).set_e_tag(etag);
    let parts = CompletedMultipartUpload::builder().parts(part.build());
    let complete = client.complete_multipart_upload().bucket("lake");
    let complete = complete.key("big").upload_id(&upload_id);
    let complete = complete.multipart_upload(parts.build());
    complete.send().await.unwrap();
    let place = Place { name: "embedded", client };
    assert_eq!(body_of(&place, "lake", "k é").await.0, b"two");
    assert_eq!(body_of(&place, "lake", "big").await.0, b"part");
    drop(server);
}

#[tokio::test]
async fn a_directory_has_one_server() {
    let dir = tempfile::tempdir().unwrap();
    let (server, _) = start(&dir, false).await;
    let second = S3Server::start(S3Options::new(dir.path(), &[])).await;
    assert!(matches!(second, Err(S3Error::InUse(_))));
    server.stop().await;
    start(&dir, false).await.0.stop().await;
}

#[tokio::test]
async fn overwritten_and_refused_bodies_leave_no_files() {
    let dir = tempfile::tempdir().unwrap();
    let (_server, client) = start(&dir, false).await;
    for body in ["one", "two", "three"] {
        put(&client, "k", body).await;
    }
    let refused = client.put_object().bucket("lake").key("k");
    let refused = refused.if_none_match("*").send().await;
    assert_eq!(status(&refused), 412);
    let bodies = std::fs::read_dir(dir.path().join("bodies")).unwrap();
    assert_eq!(bodies.count(), 1);
}

#[tokio::test]
async fn only_the_right_signature_is_let_in() {
    let dir = tempfile::tempdir().unwrap();
    let (server, right) = start(&dir, false).await;
    put(&right, "k", "x").await;
    let wrong = client(&server.endpoint(), "wrong");
    let answer = wrong.get_object().bucket("lake").key("k").send().await;
    assert_eq!(code(&answer), "SignatureDoesNotMatch");
    let unsigned = aws_sdk_s3::Config::builder()
        .behavior_version_latest()
        .endpoint_url(server.endpoint())
        .force_path_style(true)
        .region(aws_sdk_s3::config::Region::new("us-east-1"))
        .allow_no_auth();
    let unsigned = Client::from_conf(unsigned.build());
    let answer = unsigned.get_object().bucket("lake").key("k").send().await;
    assert_eq!(status(&answer), 403);
}

/// Amazon S3 User Guide, "Working with delete markers".
#[tokio::test]
async fn a_delete_marker_cannot_be_read_by_its_id() {
    let dir = tempfile::tempdir().unwrap();
    let (_server, client) = start(&dir, true).await;
    put(&client, "k", "x").await;
    let delete = client.delete_object().bucket("lake").key("k");
    let marker = delete.send().await.unwrap().version_id.unwrap();
    let get = client.get_object().bucket("lake").key("k");
    assert_eq!(status(&get.version_id(marker).send().await), 405);
}

/// Amazon S3 User Guide, "How to prevent object overwrites with conditional writes".
#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_racing_copies_and_uploads_is_first() {
    let dir = tempfile::tempdir().unwrap();
    let (_server, client) = start(&dir, false).await;
    put(&client, "source", "x").await;
    let copies = (0..16).map(|_| {
        let copy = client.copy_object().bucket("lake").key("copied");
        copy.copy_source("lake/source").if_none_match("*").send()
    });
    let copies = join_all(copies).await;
    assert_eq!(copies.iter().filter(|it| status(it) == 200).count(), 1);
    assert_eq!(copies.iter().filter(|it| status(it) == 412).count(), 15);

    let uploads = join_all((0..8).map(|_| uploaded_if_absent(&client))).await;
    assert_eq!(uploads.iter().filter(|status| **status == 200).count(), 1);
    assert_eq!(uploads.iter().filter(|status| **status == 412).count(), 7);
    let stale = client.copy_object().bucket("lake").key("stale");
    let stale = stale.copy_source("lake/source");
    let stale = stale.copy_source_if_match("\"other\"").send().await;
    assert_eq!(status(&stale), 412);
}

async fn uploaded_if_absent(client: &Client) -> u16 {
    let create = client.create_multipart_upload().bucket("lake").key("up");
    let upload_id = create.send().await.unwrap().upload_id.unwrap();
    let part = client.upload_part().bucket("lake").key("up");
    let part = part.upload_id(&upload_id).part_number(1);
    let etag = part.send().await.unwrap().e_tag;
    let part = CompletedPart::builder().part_number(1).set_e_tag(etag);
    let parts = CompletedMultipartUpload::builder().parts(part.build());
    let complete = client.complete_multipart_upload().bucket("lake");
    let complete = complete.key("up").upload_id(upload_id);
    let complete = complete.multipart_upload(parts.build());
    status(&complete.if_none_match("*").send().await)
}

/// Amazon S3 User Guide, "Checking object integrity for data uploads".
#[tokio::test]
async fn a_body_that_is_not_what_its_checksum_says_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (_server, client) = start(&dir, false).await;
    let put = || {
        let put = client.put_object().bucket("lake").key("k");
        put.body(ByteStream::from_static(b"x"))
    };
    let of_nothing = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    let refused = put().checksum_sha256(of_nothing).send().await;
    assert_eq!(code(&refused), "BadDigest");
    let refused = put().content_md5("1B2M2Y8AsgTpgAmY7PhCfg==").send().await;
    assert_eq!(code(&refused), "BadDigest");
    let head = client.head_object().bucket("lake").key("k");
    assert_eq!(status(&head.send().await), 404);
    let right = put().checksum_algorithm(ChecksumAlgorithm::Crc64Nvme);
    assert_eq!(status(&right.send().await), 200);
}

#[tokio::test]
async fn parts_that_are_too_small_or_unknown_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (_server, client) = start(&dir, false).await;
    let create = client.create_multipart_upload().bucket("lake").key("k");
    let upload_id = create.send().await.unwrap().upload_id.unwrap();
    let mut parts = CompletedMultipartUpload::builder();
    for number in [1, 2] {
        let part = client.upload_part().bucket("lake").key("k");
        let part = part.upload_id(&upload_id).part_number(number);
        let etag = part.send().await.unwrap().e_tag;
        let part = CompletedPart::builder().part_number(number);
        parts = parts.parts(part.set_e_tag(etag).build());
    }
    let complete = |parts| {
        let complete = client.complete_multipart_upload().bucket("lake");
        let complete = complete.key("k").upload_id(&upload_id);
        complete.multipart_upload(parts).send()
    };
    assert_eq!(code(&complete(parts.build()).await), "EntityTooSmall");
    let unknown = CompletedPart::builder().part_number(3).build();
    let unknown = CompletedMultipartUpload::builder().parts(unknown);
    assert_eq!(code(&complete(unknown.build()).await), "InvalidPart");
    let abort = client.abort_multipart_upload().bucket("lake").key("k");
    abort.upload_id(&upload_id).send().await.unwrap();
    let late = client.upload_part().bucket("lake").key("k");
    let late = late.upload_id(&upload_id).part_number(1).send().await;
    assert_eq!(code(&late), "NoSuchUpload");
}

#[tokio::test]
async fn every_write_is_told_in_the_order_of_the_writes() {
    let dir = tempfile::tempdir().unwrap();
    let (server, client) = start(&dir, true).await;
    let mut events = server.events();
    put(&client, "raw/é +1.json", "{}").await;
    put(&client, "raw/é +1.json", "[]").await;
    let copy = client.copy_object().bucket("lake").key("copy");
    let copy = copy.copy_source("lake/raw/%C3%A9%20%2B1.json");
    copy.send().await.unwrap();
    assert_eq!(uploaded_if_absent(&client).await, 200);
    let delete = client.delete_object().bucket("lake").key("copy");
    delete.send().await.unwrap();
    server.stop().await;

    let mut told: Vec<ObjectEvent> = Vec::new();
    while let Some(event) = events.recv().await {
        told.push(event);
    }
    let names = told.iter().map(|event| event.event_name);
    assert_eq!(
        names.collect::<Vec<_>>(),
        [
            EventName::Put,
            EventName::Put,
            EventName::Copy,
            EventName::CompleteMultipartUpload,
            EventName::DeleteMarkerCreated,
        ]
    );
    let order = |event: &ObjectEvent| Sequencer(event.sequencer.clone());
    assert!(told.is_sorted_by(|one, next| order(one) < order(next)));
    assert_eq!((told[0].size, told[4].size), (Some(2), None));
}

#[tokio::test]
async fn an_event_is_what_aws_sends() {
    let dir = tempfile::tempdir().unwrap();
    let (server, client) = start(&dir, true).await;
    let mut events = server.events();
    put(&client, "raw/store=São 1+2/a.json", "{}").await;
    let event = events.recv().await.unwrap();
    let parsed: S3Event = serde_json::from_value(event.notification()).unwrap();
    let record = &parsed.records[0];
    assert_eq!(record.event_name.as_deref(), Some("ObjectCreated:Put"));
    assert_eq!(record.s3.bucket.name.as_deref(), Some("lake"));
    let object = &record.s3.object;
    let key = object.key.as_deref().unwrap();
    assert_eq!(key, "raw/store%3DS%C3%A3o+1%2B2/a.json");
    assert_eq!(object.size, Some(2));
    assert_eq!(object.version_id, event.version_id);
    assert_eq!(object.sequencer.as_ref(), Some(&event.sequencer));
    assert_eq!(object.e_tag.as_deref(), Some("99914b932bd37a50b983c5e7c90ae93b"));

    let bridged = event.event_bridge();
    assert_eq!(bridged["detail-type"], "Object Created");
    let object = &bridged["detail"]["object"];
    assert_eq!(object["key"], "raw/store=São 1+2/a.json");
    assert_eq!(object["version-id"], event.version_id.clone().unwrap());
}
