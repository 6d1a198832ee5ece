//! Where the suite runs, and the few words it is written in.

use std::collections::HashMap;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use embedded::s3::{S3Options, S3Server};

/// A server that speaks S3.
pub(crate) struct Place {
    pub(crate) name: &'static str,
    pub(crate) client: Client,
}

/// Runs a case against the embedded server, and against moto's where there is one.
pub(crate) async fn everywhere(case: impl AsyncFn(&Place)) {
    let dir = tempfile::tempdir().unwrap();
    let server = S3Server::start(S3Options::new(dir.path(), &[])).await;
    let server = server.unwrap();
    let client = client(&server.endpoint(), "test");
    case(&Place { name: "embedded", client }).await;
    server.stop().await;
    if let Ok(endpoint) = std::env::var("RIACHO_MOTO_ENDPOINT") {
        let client = self::client(&endpoint, "test");
        case(&Place { name: "moto", client }).await;
    }
}

/// An ordinary client.
pub(crate) fn client(endpoint: &str, secret_key: &str) -> Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .force_path_style(true)
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", secret_key, None, None, "test"));
    Client::from_conf(config.build())
}

impl Place {
    /// A bucket of its own for each case.
    pub(crate) async fn bucket(&self, versioned: bool) -> String {
        let name = format!("case-{:016x}", fastrand::u64(..));
        let create = self.client.create_bucket().bucket(&name);
        create.send().await.unwrap();
        if versioned {
            let enabled = VersioningConfiguration::builder();
            let enabled = enabled.status(BucketVersioningStatus::Enabled).build();
            let put = self.client.put_bucket_versioning().bucket(&name);
            let put = put.versioning_configuration(enabled);
            put.send().await.unwrap();
        }
        name
    }

    /// Writes an object; returns its entity tag.
    pub(crate) async fn put(&self, bucket: &str, key: &str, body: &str) -> String {
        let put = self.client.put_object().bucket(bucket).key(key);
        let put = put.body(ByteStream::from(body.as_bytes().to_vec()));
        put.send().await.unwrap().e_tag.unwrap()
    }
}

/// An object's bytes and metadata.
pub(crate) async fn body_of(
    place: &Place,
    bucket: &str,
    key: &str,
) -> (Vec<u8>, HashMap<String, String>) {
    let get = place.client.get_object().bucket(bucket).key(key);
    let object = get.send().await.unwrap();
    let metadata = object.metadata.unwrap_or_default();
    (object.body.collect().await.unwrap().to_vec(), metadata)
}

/// The HTTP status of an answer.
pub(crate) fn status<T, E>(outcome: &Result<T, SdkError<E, HttpResponse>>) -> u16 {
    match outcome {
        Ok(_) => 200,
        Err(error) => error.raw_response().map_or(0, |it| it.status().as_u16()),
    }
}

/// The error code of an answer.
pub(crate) fn code<T, E: ProvideErrorMetadata>(
    outcome: &Result<T, SdkError<E, HttpResponse>>,
) -> String {
    let error = outcome.as_ref().err();
    let code = error.and_then(|error| error.as_service_error()?.code());
    code.unwrap_or_default().to_owned()
}

/// The keys of a page.
pub(crate) fn keys(page: &ListObjectsV2Output) -> Vec<String> {
    let keys = page.contents().iter().filter_map(|object| object.key());
    keys.map(str::to_owned).collect()
}
