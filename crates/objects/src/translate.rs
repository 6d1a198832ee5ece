//! The one place where the SDK's errors become ours. What S3's codes mean is `s3_codes`'.

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use landing::ObjectKey;

use crate::LakeError;
use crate::s3_codes::{Meaning, meaning};

/// What was asked of S3, for the error's words.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) operation: &'static str,
    pub(crate) object: String,
    pub(crate) version_id: Option<String>,
    pub(crate) etag: Option<String>,
}

impl Request {
    pub(crate) fn new(operation: &'static str, bucket: &str, key: &ObjectKey) -> Self {
        Self::of(operation, format!("{bucket}/{key}"))
    }

    pub(crate) fn of(operation: &'static str, object: String) -> Self {
        Self { operation, object, version_id: None, etag: None }
    }

    /// Translates an error of any operation.
    pub(crate) fn failed<E>(&self, error: SdkError<E, HttpResponse>) -> LakeError
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let Some(status) = status_of(&error) else {
            return self.unreachable(error);
        };
        let code = error.code().unwrap_or_default().to_owned();
        let message = error.message().unwrap_or_default().to_owned();
        self.answered(status, code, message)
    }

    fn unreachable<E>(&self, error: SdkError<E, HttpResponse>) -> LakeError
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        LakeError::Unreachable {
            operation: self.operation,
            object: self.object.clone(),
            source: Box::new(error),
        }
    }

    pub(crate) fn answered(&self, status: u16, code: String, message: String) -> LakeError {
        let (operation, object) = (self.operation, self.object.clone());
        match meaning(&code, status, self.version_id.is_some()) {
            Meaning::NoBucket => LakeError::NoSuchBucket { object },
            Meaning::Missing | Meaning::NoVersion => self.missing(),
            Meaning::Archived => LakeError::Archived { object },
            Meaning::KeyTooLong => LakeError::KeyTooLong { object },
            Meaning::Changed => {
                LakeError::Changed { object, etag: self.etag.clone().unwrap_or_default() }
            }
            Meaning::Throttled => LakeError::Throttled { operation, object, code },
            Meaning::Denied => LakeError::Denied { operation, object, code },
            Meaning::Unknown => LakeError::Refused { operation, object, status, code, message },
        }
    }

    fn missing(&self) -> LakeError {
        let object = self.object.clone();
        match self.version_id.clone() {
            Some(version_id) => LakeError::NoSuchVersion { object, version_id },
            None => LakeError::NoSuchKey { object },
        }
    }
}

/// The HTTP status of S3's answer, if it answered.
pub(crate) fn status_of<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

/// S3 writes entity tags in quotes, its events without: inside the house they have none.
pub(crate) fn unquoted(etag: Option<&str>) -> String {
    etag.unwrap_or_default().trim_matches('"').to_owned()
}

/// As headers take it.
pub(crate) fn quoted(etag: &str) -> String {
    format!("\"{}\"", etag.trim_matches('"'))
}
