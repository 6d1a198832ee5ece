//! The lake itself: a client, and the calls that look at one object. Writing is in `write` and
//! `upload`, listing in `listing`.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::SdkError;
use bytes::Bytes;
use landing::{LandedObject, ObjectKey};

use crate::translate::{Request, quoted, status_of};
use crate::{Head, LakeError, Reading, client};

/// A client of S3, or of what stands in for it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Lake {
    pub(crate) client: Client,
}

impl Lake {
    /// The lake that the standard AWS environment names, `AWS_ENDPOINT_URL[_S3]` included.
    pub async fn from_env() -> Self {
        Self::new(client::from_env().await)
    }

    /// A lake behind a given address with given keys: the embedded one.
    pub fn at_endpoint(endpoint: &str, access_key: &str, secret_key: &str) -> Self {
        Self::new(client::at_endpoint(endpoint, access_key, secret_key))
    }

    /// A lake behind a given client.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Opens an object: its very version where that is known, else the bytes of its entity tag.
    pub async fn read(&self, object: &LandedObject) -> Result<Reading, LakeError> {
        let mut request = Request::new("GetObject", &object.bucket, &object.key);
        request.version_id.clone_from(&object.version_id);
        let mut call = self.client.get_object().bucket(&object.bucket).key(object.key.as_str());
        match (&object.version_id, &object.etag) {
            (Some(version_id), _) => call = call.version_id(version_id),
            (None, Some(etag)) => {
                request.etag = Some(etag.clone());
                call = call.if_match(quoted(etag));
            }
            (None, None) => {}
        }
        let output = call.send().await.map_err(|error| request.failed(error))?;
        Ok(Reading::new(request.object, &object.key, output))
    }

    /// What S3 says of an object, or nothing where there is none.
    pub async fn head(&self, bucket: &str, key: &ObjectKey) -> Result<Option<Head>, LakeError> {
        let request = Request::new("HeadObject", bucket, key);
        let call = self.client.head_object().bucket(bucket).key(key.as_str());
        match call.send().await {
            Ok(output) => Ok(Some(Head::of_head(output))),
            Err(error) if status_of(&error) == Some(404) => Ok(None),
            Err(error) => Err(request.failed(error)),
        }
    }

    /// A small object whole, with its entity tag, or nothing where there is none.
    pub async fn get_bytes(
        &self,
        bucket: &str,
        key: &ObjectKey,
        bytes_max: u64,
    ) -> Result<Option<(Bytes, String)>, LakeError> {
        let object = LandedObject::named(bucket, key.clone());
        let reading = match self.read(&object).await {
            Ok(reading) => reading,
            Err(LakeError::NoSuchKey { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let etag = reading.head.etag.clone();
        Ok(Some((reading.collect(bytes_max).await?, etag)))
    }

    /// A small object as text; what is not UTF-8 in it is replaced.
    pub async fn get_text(
        &self,
        bucket: &str,
        key: &ObjectKey,
        bytes_max: u64,
    ) -> Result<Option<(String, String)>, LakeError> {
        let found = self.get_bytes(bucket, key, bytes_max).await?;
        Ok(found.map(|(bytes, etag)| (String::from_utf8_lossy(&bytes).into_owned(), etag)))
    }

    /// Deletes an object; one that does not exist is deleted already.
    pub async fn delete(&self, bucket: &str, key: &ObjectKey) -> Result<(), LakeError> {
        let request = Request::new("DeleteObject", bucket, key);
        let call = self.client.delete_object().bucket(bucket).key(key.as_str());
        match call.send().await {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(error)) if error.raw().status().as_u16() == 404 => Ok(()),
            Err(error) => Err(request.failed(error)),
        }
    }
}
