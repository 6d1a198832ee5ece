//! The one table from S3's error codes to what they mean for an object. The rule: what S3 says of the
//! object is permanent, what it says of itself, of the bucket or of our rights is transient, and so is
//! the unknown.
//!
//! Source: Amazon S3 API Reference, "Error responses", list of error codes.

use Meaning::{
    Archived, Changed, Denied, KeyTooLong, Missing, NoBucket, NoVersion, Throttled, Unknown,
};

/// What a code means; `translate` makes errors of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    Missing,
    NoVersion,
    NoBucket,
    Archived,
    KeyTooLong,
    Changed,
    Throttled,
    Denied,
    Unknown,
}

const CODES: &[(&str, Meaning)] = &[
    ("NoSuchKey", Missing),
    ("NotFound", Missing),
    ("NoSuchVersion", NoVersion),
    ("NoSuchBucket", NoBucket),
    ("InvalidObjectState", Archived),
    ("KeyTooLongError", KeyTooLong),
    ("KeyTooLong", KeyTooLong),
    ("PreconditionFailed", Changed),
    ("SlowDown", Throttled),
    ("Throttling", Throttled),
    ("ThrottlingException", Throttled),
    ("TooManyRequestsException", Throttled),
    ("RequestLimitExceeded", Throttled),
];

/// Codes that say it only where a version was asked for: one that is a delete marker answers 405; an id
/// that was never one, 400.
const VERSION_CODES: &[(&str, Meaning)] =
    &[("MethodNotAllowed", NoVersion), ("InvalidArgument", NoVersion)];

/// What an answer means. HEAD's has no body, and so no code.
pub(crate) fn meaning(code: &str, status: u16, has_version: bool) -> Meaning {
    let find = |table: &[(&str, Meaning)]| {
        table.iter().find(|(known, _)| *known == code).map(|(_, meaning)| *meaning)
    };
    let of_version = || has_version.then(|| find(VERSION_CODES)).flatten();
    find(CODES).or_else(of_version).unwrap_or(match (code, status) {
        ("", 404) => Missing,
        ("", 412) => Changed,
        (_, 429) => Throttled,
        (_, 401 | 403) => Denied,
        _ => Unknown,
    })
}

#[cfg(test)]
mod tests {
    use landing::{Classify, FailureKind};

    use super::*;
    use crate::translate::Request;

    #[test]
    fn the_page_on_errors_says_the_same() {
        let page = include_str!("../../../docs/errors.md");
        let start = page.find("## S3's codes").unwrap();
        let table = page[start..].split("\n## ").next().unwrap();
        let mut said = Vec::new();
        for line in table.lines().filter(|line| line.starts_with("| `")) {
            let cells = line.split('|').map(str::trim).collect::<Vec<_>>();
            let codes = cells[1].split(' ').map(|code| code.trim_matches('`'));
            said.extend(codes.map(|code| format!("{code} {} {}", cells[2], cells[3])));
        }
        let known = CODES.iter().map(|(code, meaning)| {
            let mut request = Request::of("GetObject", "b/k".to_owned());
            request.version_id = (*meaning == NoVersion).then(|| "v".to_owned());
            let error = request.answered(400, (*code).to_owned(), String::new());
            let is_permanent = error.kind() == FailureKind::Permanent;
            let kind = if is_permanent { "permanent" } else { "transient" };
            format!("{code} `{}` {kind}", error.name())
        });
        let mut known = known.collect::<Vec<_>>();
        said.sort();
        known.sort();
        assert_eq!(said, known);
    }

    #[test]
    fn an_answer_without_a_code_is_known_by_its_status_and_a_version_by_its_answers() {
        assert_eq!(meaning("", 404, false), Missing);
        assert_eq!(meaning("", 412, false), Changed);
        assert_eq!(meaning("RequestTimeTooSkewed", 403, false), Denied);
        assert_eq!(meaning("InternalError", 500, false), Unknown);
        assert_eq!(meaning("MethodNotAllowed", 405, false), Unknown);
        assert_eq!(meaning("MethodNotAllowed", 405, true), NoVersion);
        assert_eq!(meaning("InvalidArgument", 400, true), NoVersion);
    }
}
