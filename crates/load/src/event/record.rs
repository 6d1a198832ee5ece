//! One record of an S3 notification, one EventBridge detail, one task of S3 Batch Operations, one
//! entry of a key list: each to the object it names.
//!
//! Read by field rather than by type: emulators and hand-made events leave out much of what AWS
//! sends, and `aws_lambda_events`' record insists on fields that nothing here needs.

use landing::{LandedObject, ObjectKey, Sequencer, UndecodableKey};
use serde_json::Value;

use super::{EventError, Subject, Undecodable};

/// Decodes one record of an S3 event notification; its key is form-encoded.
///
/// Source: Amazon S3 User Guide, "Event message structure".
pub(super) fn notification(record: &Value) -> Subject {
    let text = |pointer: &str| record.pointer(pointer).and_then(Value::as_str);
    let bucket = text("/s3/bucket/name");
    let (Some(bucket), Some(encoded)) = (bucket, text("/s3/object/key")) else {
        return undecodable(bucket, text("/s3/object/key"), "a record names no bucket or no key");
    };
    let key = match ObjectKey::from_notification(encoded) {
        Ok(key) => key,
        Err(error) => return bad_key(bucket, &error),
    };
    let object = LandedObject {
        version_id: text("/s3/object/versionId").and_then(version),
        etag: text("/s3/object/eTag").map(unquoted),
        sequencer: text("/s3/object/sequencer").map(|text| Sequencer(text.to_owned())),
        bytes: record.pointer("/s3/object/size").and_then(number),
        ..LandedObject::named(bucket, key)
    };
    // S3 says `ObjectCreated:Put`; some servers that speak its protocol keep the `s3:` before it.
    let name = text("/eventName").unwrap_or("ObjectCreated:Put");
    let name = name.strip_prefix("s3:").unwrap_or(name);
    if name.starts_with("ObjectCreated:") {
        Subject::Created(object)
    } else if name.starts_with("ObjectRemoved:") || name.starts_with("LifecycleExpiration:") {
        Subject::Removed(object)
    } else {
        Subject::Other { event_name: name.to_owned(), object }
    }
}

/// Decodes an EventBridge event of S3; its key stands as it is.
///
/// Source: Amazon S3 User Guide, "EventBridge event message structure".
pub(super) fn event_bridge(event: &Value) -> Subject {
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str);
    let bucket = text("/detail/bucket/name");
    let (Some(bucket), Some(key)) = (bucket, text("/detail/object/key")) else {
        return undecodable(
            bucket,
            text("/detail/object/key"),
            "the detail names no bucket or no key",
        );
    };
    let object = LandedObject {
        version_id: text("/detail/object/version-id").and_then(version),
        etag: text("/detail/object/etag").map(unquoted),
        sequencer: text("/detail/object/sequencer").map(|text| Sequencer(text.to_owned())),
        bytes: event.pointer("/detail/object/size").and_then(number),
        ..LandedObject::named(bucket, ObjectKey::new(key))
    };
    match text("/detail-type") {
        Some("Object Created") => Subject::Created(object),
        Some("Object Deleted") => Subject::Removed(object),
        other => Subject::Other { event_name: other.unwrap_or_default().to_owned(), object },
    }
}

/// Decodes a task of S3 Batch Operations; its key is percent-encoded. Schema 1.0 names the bucket
/// by ARN, 2.0 by name.
///
/// Source: Amazon S3 User Guide, "Invoke AWS Lambda function".
pub(super) fn batch_task(task: &Value) -> Subject {
    let text = |name: &str| task.get(name).and_then(Value::as_str);
    let bucket = text("s3Bucket").or_else(|| text("s3BucketArn").map(bucket_of_arn));
    let (Some(bucket), Some(encoded)) = (bucket, text("s3Key")) else {
        return undecodable(bucket, text("s3Key"), "a task names no bucket or no key");
    };
    match ObjectKey::from_percent_encoded(encoded) {
        Ok(key) => Subject::Created(LandedObject {
            version_id: text("s3VersionId").and_then(version),
            ..LandedObject::named(bucket, key)
        }),
        Err(error) => bad_key(bucket, &error),
    }
}

/// Decodes an entry of a key list: a key or `s3://` address as it stands, or an object with
/// `bucket`, `key`, `version_id`.
pub(super) fn key_entry(
    entry: &Value,
    default_bucket: Option<&str>,
) -> Result<Subject, EventError> {
    let field = |name: &str| entry.get(name).and_then(Value::as_str);
    let (bucket, key) = match entry.as_str() {
        Some(text) => match text.strip_prefix("s3://").and_then(|rest| rest.split_once('/')) {
            Some((bucket, key)) => (Some(bucket), Some(key)),
            None => (None, Some(text)),
        },
        None => (field("bucket"), field("key")),
    };
    let Some(key) = key.filter(|key| !key.is_empty()) else {
        let reason = "an entry of `keys` is neither a key nor an object with `key`";
        return Ok(undecodable(bucket, None, reason));
    };
    let Some(bucket) = bucket.or(default_bucket) else {
        return Err(EventError::NoBucket(key.to_owned()));
    };
    Ok(Subject::Created(LandedObject {
        version_id: field("version_id").and_then(version),
        ..LandedObject::named(bucket, ObjectKey::new(key))
    }))
}

fn undecodable(bucket: Option<&str>, key: Option<&str>, reason: &str) -> Subject {
    Subject::Undecodable(Undecodable {
        bucket: bucket.map(str::to_owned),
        key: key.map(str::to_owned),
        reason: reason.to_owned(),
    })
}

fn bad_key(bucket: &str, error: &UndecodableKey) -> Subject {
    undecodable(Some(bucket), Some(&error.0), &error.to_string())
}

/// `null` is the version of an object that was written before its bucket kept versions; a GET takes
/// it, so it is kept. An empty text is none.
fn version(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn unquoted(etag: &str) -> String {
    etag.trim_matches('"').to_owned()
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

fn bucket_of_arn(arn: &str) -> &str {
    arn.rsplit_once(":::").map_or(arn, |(_, bucket)| bucket)
}
