//! ListObjectsV2 and its elder: keys in the order of their bytes, rolled up at a delimiter, in
//! pages.
//!
//! Source: Amazon S3 API Reference, ListObjectsV2.

use std::ops::Bound;

use landing::ObjectKey;
use s3s::dto::{
    CommonPrefix, ETag, EncodingType, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input,
    ListObjectsV2Output, Object, ObjectStorageClass,
};
use s3s::{S3Result, s3_error};

use super::reading::{last_modified, signed};
use super::state::{Bucket, Content, Version};
use super::store::Store;

const KEYS_MAX: i32 = 1000;

/// What to list.
struct Query<'a> {
    prefix: &'a str,
    delimiter: &'a str,
    /// A key, or a prefix that was rolled up: what begins with it was seen.
    after: &'a str,
    keys_max: usize,
    encoded: bool,
}

#[derive(Default)]
struct Page {
    objects: Vec<Object>,
    prefixes: Vec<CommonPrefix>,
    /// Where to go on, if there is more.
    next: Option<String>,
}

impl Page {
    fn len(&self) -> usize {
        self.objects.len() + self.prefixes.len()
    }
}

pub(crate) fn list_v2(store: &Store, input: ListObjectsV2Input) -> S3Result<ListObjectsV2Output> {
    let token = input.continuation_token.as_deref().map(from_token);
    let after = token.transpose()?.or_else(|| input.start_after.clone());
    let keys_max = input.max_keys.unwrap_or(KEYS_MAX).clamp(0, KEYS_MAX);
    let encoded = is_url(input.encoding_type.as_ref());
    let page = list(
        store,
        &input.bucket,
        &Query {
            prefix: input.prefix.as_deref().unwrap_or_default(),
            delimiter: input.delimiter.as_deref().unwrap_or_default(),
            after: after.as_deref().unwrap_or_default(),
            keys_max: usize::try_from(keys_max).unwrap_or_default(),
            encoded,
        },
    )?;
    Ok(ListObjectsV2Output {
        name: Some(input.bucket),
        prefix: Some(text(input.prefix.unwrap_or_default(), encoded)),
        max_keys: Some(keys_max),
        key_count: i32::try_from(page.len()).ok(),
        continuation_token: input.continuation_token,
        is_truncated: Some(page.next.is_some()),
        next_continuation_token: page.next.map(hex::encode),
        contents: Some(page.objects),
        common_prefixes: Some(page.prefixes),
        delimiter: input.delimiter.map(|it| text(it, encoded)),
        encoding_type: input.encoding_type,
        start_after: input.start_after.map(|it| text(it, encoded)),
        ..ListObjectsV2Output::default()
    })
}

pub(crate) fn list_v1(store: &Store, input: ListObjectsInput) -> S3Result<ListObjectsOutput> {
    let keys_max = input.max_keys.unwrap_or(KEYS_MAX).clamp(0, KEYS_MAX);
    let encoded = is_url(input.encoding_type.as_ref());
    let page = list(
        store,
        &input.bucket,
        &Query {
            prefix: input.prefix.as_deref().unwrap_or_default(),
            delimiter: input.delimiter.as_deref().unwrap_or_default(),
            after: input.marker.as_deref().unwrap_or_default(),
            keys_max: usize::try_from(keys_max).unwrap_or_default(),
            encoded,
        },
    )?;
    Ok(ListObjectsOutput {
        name: Some(input.bucket),
        prefix: Some(text(input.prefix.unwrap_or_default(), encoded)),
        marker: Some(text(input.marker.unwrap_or_default(), encoded)),
        max_keys: Some(keys_max),
        is_truncated: Some(page.next.is_some()),
        next_marker: page.next.map(|it| text(it, encoded)),
        contents: Some(page.objects),
        common_prefixes: Some(page.prefixes),
        delimiter: input.delimiter.map(|it| text(it, encoded)),
        encoding_type: input.encoding_type,
        ..ListObjectsOutput::default()
    })
}

fn list(store: &Store, bucket: &str, query: &Query<'_>) -> S3Result<Page> {
    store.bucket(bucket, |bucket| Ok(page_of(bucket, query)))
}

fn page_of(bucket: &Bucket, query: &Query<'_>) -> Page {
    let mut page = Page::default();
    let mut last = String::new();
    let start = query.prefix.max(query.after);
    let range = (Bound::Included(start), Bound::Unbounded);
    for (key, versions) in bucket.objects.range::<str, _>(range) {
        let Some(tail) = key.strip_prefix(query.prefix) else {
            break;
        };
        let rolled_up = rolled_up(query, key, tail);
        let shown = rolled_up.unwrap_or(key);
        let newest = versions.last();
        let content = newest.and_then(|version| Some((version, version.content.as_ref()?)));
        let Some((version, content)) = content else {
            continue;
        };
        if is_seen(query, shown) || (rolled_up.is_some() && shown == last) {
            continue;
        }
        if page.len() == query.keys_max {
            page.next = (query.keys_max > 0).then_some(last);
            break;
        }
        shown.clone_into(&mut last);
        match rolled_up {
            Some(prefix) => page
                .prefixes
                .push(CommonPrefix { prefix: Some(text(prefix.to_owned(), query.encoded)) }),
            None => page.objects.push(listed(key, version, content, query.encoded)),
        }
    }
    page
}

/// The part of the key up to the first delimiter after the prefix.
fn rolled_up<'a>(query: &Query<'_>, key: &'a str, tail: &str) -> Option<&'a str> {
    if query.delimiter.is_empty() {
        return None;
    }
    let end = tail.find(query.delimiter)? + query.delimiter.len();
    key.get(..query.prefix.len() + end)
}

fn is_seen(query: &Query<'_>, shown: &str) -> bool {
    !query.after.is_empty() && shown <= query.after
}

fn listed(key: &str, version: &Version, content: &Content, encoded: bool) -> Object {
    Object {
        e_tag: Some(ETag::Strong(content.etag.clone())),
        key: Some(text(key.to_owned(), encoded)),
        last_modified: Some(last_modified(version.at)),
        size: Some(signed(content.bytes)),
        storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
        ..Object::default()
    }
}

pub(crate) fn is_url(encoding: Option<&EncodingType>) -> bool {
    encoding.is_some_and(|encoding| encoding.as_str() == EncodingType::URL)
}

/// Form encoding, as clients undo it: XML cannot carry every character.
pub(crate) fn text(plain: String, encoded: bool) -> String {
    if encoded { ObjectKey::new(plain).to_notification() } else { plain }
}

/// A token is the last thing shown; in hexadecimal, so that no one reads a key out of it.
fn from_token(token: &str) -> S3Result<String> {
    hex::decode(token)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| s3_error!(InvalidArgument, "The continuation token provided is incorrect"))
}
