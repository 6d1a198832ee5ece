//! The objects under a prefix, page by page, in the order of their keys.

use std::collections::VecDeque;

use aws_sdk_s3::types::{EncodingType, Object};
use jiff::Timestamp;
use landing::{LandedObject, ObjectKey};

use crate::reading::timestamp;
use crate::translate::{Request, unquoted};
use crate::{Lake, LakeError};

/// An object as a listing shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The decoded key.
    pub key: ObjectKey,
    /// The entity tag, without quotes.
    pub etag: String,
    /// Size in bytes, as stored.
    pub bytes: u64,
    /// When it was written.
    pub last_modified: Timestamp,
}

impl Listed {
    /// The object as an event would name it.
    pub fn landed(&self, bucket: &str) -> LandedObject {
        LandedObject {
            etag: Some(self.etag.clone()),
            bytes: Some(self.bytes),
            ..LandedObject::named(bucket, self.key.clone())
        }
    }
}

/// A listing under way; holds one page at a time.
#[derive(Debug)]
pub struct Listing {
    lake: Lake,
    bucket: String,
    prefix: String,
    start_after: Option<String>,
    token: Option<String>,
    finished: bool,
    page: VecDeque<Listed>,
}

impl Lake {
    /// Lists the objects whose keys begin with `prefix`.
    pub fn list(&self, bucket: &str, prefix: &str) -> Listing {
        Listing {
            lake: self.clone(),
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
            start_after: None,
            token: None,
            finished: false,
            page: VecDeque::new(),
        }
    }
}

impl Listing {
    /// Begins after a key, that need not exist.
    pub fn start_after(mut self, key: &ObjectKey) -> Self {
        self.start_after = Some(key.as_str().to_owned());
        self
    }

    /// The next object, or nothing at the end.
    pub async fn next(&mut self) -> Result<Option<Listed>, LakeError> {
        loop {
            if let Some(listed) = self.page.pop_front() {
                return Ok(Some(listed));
            }
            match self.next_page().await? {
                Some(page) => self.page = page.into(),
                None => return Ok(None),
            }
        }
    }

    /// The next up to 1,000 objects, or nothing at the end. A page may be empty.
    pub async fn next_page(&mut self) -> Result<Option<Vec<Listed>>, LakeError> {
        if self.finished {
            return Ok(None);
        }
        let request = Request::of("ListObjectsV2", format!("{}/{}", self.bucket, self.prefix));
        let output = self
            .lake
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .prefix(&self.prefix)
            .set_start_after(self.start_after.clone())
            .set_continuation_token(self.token.take())
            // XML cannot carry every character that a key may hold.
            .encoding_type(EncodingType::Url)
            .send()
            .await
            .map_err(|error| request.failed(error))?;
        self.token = output.next_continuation_token().map(str::to_owned);
        self.finished = self.token.is_none();
        let encoded = output.encoding_type() == Some(&EncodingType::Url);
        let objects = output.contents.unwrap_or_default();
        Ok(Some(objects.iter().filter_map(|object| listed(object, encoded)).collect()))
    }
}

fn listed(object: &Object, encoded: bool) -> Option<Listed> {
    let key = object.key()?;
    let key = match encoded {
        // The encoding is the form's, where `+` is a space: Amazon S3 API Reference, ListObjectsV2.
        true => ObjectKey::from_notification(key).unwrap_or_else(|_| ObjectKey::new(key)),
        false => ObjectKey::new(key),
    };
    Some(Listed {
        key,
        etag: unquoted(object.e_tag()),
        bytes: object.size().and_then(|size| u64::try_from(size).ok())?,
        last_modified: timestamp(object.last_modified()),
    })
}
