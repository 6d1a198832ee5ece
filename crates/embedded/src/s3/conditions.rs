//! S3's conditional requests, as tests of what stands there.
//!
//! Source: Amazon S3 User Guide, "Conditional requests".

use http::HeaderMap;
use s3s::dto::{ETag, ETagCondition, Timestamp as HttpTime};
use s3s::{S3Result, s3_error};

use super::reading::last_modified;
use super::state::{Content, Version};

/// What a write asks of the object before it.
#[derive(Debug, Default, Clone)]
pub(crate) struct WriteCondition {
    pub(crate) if_match: Option<ETagCondition>,
    pub(crate) if_none_match: Option<ETagCondition>,
}

impl WriteCondition {
    /// From the headers: the protocol crate does not know them for CopyObject.
    pub(crate) fn of_headers(headers: &HeaderMap) -> Self {
        let condition = |name| {
            let value = headers.get(name)?;
            ETagCondition::parse_http_header(value.as_bytes()).ok()
        };
        Self {
            if_match: condition(http::header::IF_MATCH),
            if_none_match: condition(http::header::IF_NONE_MATCH),
        }
    }

    /// Tests what stands there; a delete marker counts as nothing.
    pub(crate) fn check(&self, current: Option<&Content>) -> S3Result<()> {
        match (&self.if_none_match, current) {
            (Some(ETagCondition::ETag(_)), _) => {
                return Err(s3_error!(NotImplemented, "If-None-Match takes only `*` here"));
            }
            (Some(ETagCondition::Any), Some(_)) => return Err(failed()),
            (Some(ETagCondition::Any) | None, _) => {}
        }
        match (&self.if_match, current) {
            (Some(_), None) => Err(s3_error!(NoSuchKey)),
            (Some(condition), Some(content)) if !matches(condition, content) => Err(failed()),
            _ => Ok(()),
        }
    }
}

/// What a read asks of the object.
#[derive(Debug, Default)]
pub(crate) struct ReadCondition {
    pub(crate) if_match: Option<ETagCondition>,
    pub(crate) if_none_match: Option<ETagCondition>,
    pub(crate) if_modified_since: Option<HttpTime>,
    pub(crate) if_unmodified_since: Option<HttpTime>,
}

impl ReadCondition {
    /// Entity tags outweigh dates: RFC 9110, 13.2.2.
    pub(crate) fn check(&self, version: &Version, content: &Content) -> S3Result<()> {
        let at = last_modified(version.at);
        let allowed = match (&self.if_match, &self.if_unmodified_since) {
            (Some(condition), _) => matches(condition, content),
            (None, Some(since)) => at <= *since,
            (None, None) => true,
        };
        if !allowed {
            return Err(failed());
        }
        let known = match (&self.if_none_match, &self.if_modified_since) {
            (Some(condition), _) => matches(condition, content),
            (None, Some(since)) => at <= *since,
            (None, None) => false,
        };
        if known {
            return Err(not_modified(content));
        }
        Ok(())
    }
}

fn matches(condition: &ETagCondition, content: &Content) -> bool {
    match condition {
        ETagCondition::Any => true,
        ETagCondition::ETag(etag) => etag.value() == content.etag,
    }
}

fn failed() -> s3s::S3Error {
    s3_error!(PreconditionFailed, "At least one of the pre-conditions you specified did not hold")
}

fn not_modified(content: &Content) -> s3s::S3Error {
    let mut error = s3_error!(NotModified);
    if let Ok(etag) = ETag::Strong(content.etag.clone()).to_http_header() {
        error.set_headers(HeaderMap::from_iter([(http::header::ETAG, etag)]));
    }
    error
}
