//! Why a scope could not be fetched, and what may be done about it. Every outside error becomes one
//! of these here.

use std::time::Duration;

use landing::{Classify, FailureKind};
use objects::LakeError;
use secrets::SecretError;

/// How much of an answer is repeated in a report, in characters.
const EXCERPT: usize = 200;

/// Why a scope could not be fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Failure {
    /// Its stable name, for programs.
    pub(crate) reason: &'static str,
    /// What happened and what to do.
    pub(crate) message: String,
    /// Whether another run can help.
    pub(crate) kind: FailureKind,
    /// Whether another attempt within this run can.
    pub(crate) retry: Retry,
    /// What the API answered, if it did.
    pub(crate) status: Option<u16>,
    /// How its answer began.
    pub(crate) excerpt: Option<String>,
}

/// Whether, and when, to try again within the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Retry {
    /// It would end the same way.
    Never,
    /// After a pause that grows.
    Backoff,
    /// Not before this long; the whole source waits.
    After(Duration),
    /// Once, with the secrets read anew.
    WithFreshSecrets,
}

impl Classify for Failure {
    fn kind(&self) -> FailureKind {
        self.kind
    }
}

impl Failure {
    /// A failure that another attempt may mend.
    pub(crate) fn passing(reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            kind: FailureKind::Transient,
            retry: Retry::Backoff,
            status: None,
            excerpt: None,
        }
    }

    /// A failure that stays until somebody changes something; another run may find it changed.
    pub(crate) fn standing(reason: &'static str, message: impl Into<String>) -> Self {
        Self { retry: Retry::Never, ..Self::passing(reason, message) }
    }

    /// A failure that only another request would mend.
    pub(crate) fn permanent(reason: &'static str, message: impl Into<String>) -> Self {
        Self { kind: FailureKind::Permanent, ..Self::standing(reason, message) }
    }

    /// The same, with how the answer began.
    pub(crate) fn with_excerpt(self, body: &[u8]) -> Self {
        Self { excerpt: excerpt(body), ..self }
    }
}

impl From<LakeError> for Failure {
    /// The SDK has tried often enough by then.
    fn from(error: LakeError) -> Self {
        let failure = Self::standing("lake", causes(&error));
        Self { kind: error.kind(), ..failure }
    }
}

impl From<SecretError> for Failure {
    fn from(error: SecretError) -> Self {
        Self::standing(error.name(), error.to_string())
    }
}

/// An error and what lies behind it, in one line.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}

/// The first characters of a body on one line; none where there is nothing to see.
fn excerpt(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let visible = words.chars().filter(|letter| !letter.is_control());
    let excerpt = visible.take(EXCERPT).collect::<String>();
    (!excerpt.is_empty()).then_some(excerpt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_one_short_line() {
        assert_eq!(excerpt(b" <html>\n\t<b>no</b>\0 ").as_deref(), Some("<html> <b>no</b>"));
        assert_eq!(excerpt("é".repeat(500).as_bytes()).unwrap().chars().count(), 200);
        assert_eq!(excerpt(b"\n"), None);
    }
}
