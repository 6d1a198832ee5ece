//! What the server tells of a write, in the two forms in which AWS sends it.
//!
//! Source: Amazon S3 User Guide, "Event message structure" and "EventBridge event structure".

use jiff::Timestamp;
use landing::ObjectKey;
use serde_json::{Value, json};

use super::state::Version;

const REGION: &str = "us-east-1";
const ACCOUNT: &str = "000000000000";

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventName {
    /// `ObjectCreated:Put`
    Put,
    /// `ObjectCreated:Copy`
    Copy,
    /// `ObjectCreated:CompleteMultipartUpload`
    CompleteMultipartUpload,
    /// `ObjectRemoved:Delete`
    Delete,
    /// `ObjectRemoved:DeleteMarkerCreated`
    DeleteMarkerCreated,
}

impl EventName {
    /// As a notification names it: without the `s3:` of the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Put => "ObjectCreated:Put",
            Self::Copy => "ObjectCreated:Copy",
            Self::CompleteMultipartUpload => "ObjectCreated:CompleteMultipartUpload",
            Self::Delete => "ObjectRemoved:Delete",
            Self::DeleteMarkerCreated => "ObjectRemoved:DeleteMarkerCreated",
        }
    }

    /// Whether an object stands there after it.
    pub fn is_created(self) -> bool {
        match self {
            Self::Put | Self::Copy | Self::CompleteMultipartUpload => true,
            Self::Delete | Self::DeleteMarkerCreated => false,
        }
    }

    fn reason(self) -> &'static str {
        match self {
            Self::Put => "PutObject",
            Self::Copy => "CopyObject",
            Self::CompleteMultipartUpload => "CompleteMultipartUpload",
            Self::Delete | Self::DeleteMarkerCreated => "DeleteObject",
        }
    }
}

/// One write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectEvent {
    /// The bucket's name.
    pub bucket: String,
    /// The key, decoded.
    pub key: ObjectKey,
    /// Size in bytes; nothing after a deletion.
    pub size: Option<u64>,
    /// The entity tag, without quotes; nothing after a deletion.
    pub etag: Option<String>,
    /// The version, where the bucket keeps versions.
    pub version_id: Option<String>,
    /// The order of this write among those of its key.
    pub sequencer: String,
    /// What happened.
    pub event_name: EventName,
    /// When.
    pub at: Timestamp,
}

impl ObjectEvent {
    pub(crate) fn of(event_name: EventName, bucket: &str, key: &str, version: &Version) -> Self {
        let content = version.content.as_ref().filter(|_| event_name.is_created());
        Self {
            bucket: bucket.to_owned(),
            key: ObjectKey::new(key),
            size: content.map(|content| content.bytes),
            etag: content.map(|content| content.etag.clone()),
            version_id: (version.id != super::state::NULL_VERSION).then(|| version.id.clone()),
            sequencer: format!("{:018X}", version.sequence),
            event_name,
            at: version.at,
        }
    }

    /// The event as S3 sends it to Lambda, SQS and SNS: one record, the key form-encoded.
    pub fn notification(&self) -> Value {
        let mut object = json!({
            "key": self.key.to_notification(),
            "sequencer": self.sequencer,
        });
        set(&mut object, "size", self.size.map(Value::from));
        set(&mut object, "eTag", self.etag.clone().map(Value::from));
        set(&mut object, "versionId", self.version_id.clone().map(Value::from));
        json!({ "Records": [{
            "eventVersion": "2.4",
            "eventSource": "aws:s3",
            "awsRegion": REGION,
            "eventTime": format!("{:.3}", self.at),
            "eventName": self.event_name.as_str(),
            "userIdentity": { "principalId": format!("AWS:{ACCOUNT}") },
            "requestParameters": { "sourceIPAddress": "127.0.0.1" },
            "responseElements": {
                "x-amz-request-id": self.sequencer,
                "x-amz-id-2": self.sequencer,
            },
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": "riacho",
                "bucket": {
                    "name": self.bucket,
                    "ownerIdentity": { "principalId": ACCOUNT },
                    "arn": format!("arn:aws:s3:::{}", self.bucket),
                },
                "object": object,
            },
        }] })
    }

    /// The event as EventBridge sends it: the key as it stands, names in kebab-case.
    pub fn event_bridge(&self) -> Value {
        let mut object = json!({ "key": self.key, "sequencer": self.sequencer });
        set(&mut object, "size", self.size.map(Value::from));
        set(&mut object, "etag", self.etag.clone().map(Value::from));
        set(&mut object, "version-id", self.version_id.clone().map(Value::from));
        let kind = if self.event_name.is_created() { "Object Created" } else { "Object Deleted" };
        json!({
            "version": "0",
            "id": self.sequencer,
            "detail-type": kind,
            "source": "aws.s3",
            "account": ACCOUNT,
            "time": format!("{:.0}", self.at),
            "region": REGION,
            "resources": [format!("arn:aws:s3:::{}", self.bucket)],
            "detail": {
                "version": "0",
                "bucket": { "name": self.bucket },
                "object": object,
                "request-id": self.sequencer,
                "requester": ACCOUNT,
                "source-ip-address": "127.0.0.1",
                "reason": self.event_name.reason(),
            },
        })
    }
}

fn set(object: &mut Value, name: &str, value: Option<Value>) {
    if let (Some(fields), Some(value)) = (object.as_object_mut(), value) {
        fields.insert(name.to_owned(), value);
    }
}
