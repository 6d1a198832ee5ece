//! The list as S3 Batch Operations takes it: bucket, percent-encoded key, and version.
//!
//! Source: Amazon S3 User Guide, "Specifying a manifest": every line has the same columns, and
//! either all lines name a version or none does.

use std::fmt::Write;

use super::Lines;

/// Writes the list. The version stands in it if every line has one.
pub(super) fn to_csv(lines: &Lines) -> String {
    let with_version = lines.iter().all(|log| log.version_id.is_some());
    let mut text = String::new();
    for log in lines.iter() {
        let version = log.version_id.as_deref().filter(|_| with_version);
        let key = log.key.to_percent_encoded();
        // Buckets, encoded keys and versions hold neither commas nor quotes; writing to a String
        // does not fail.
        let _ = match version {
            Some(version) => writeln!(text, "{},{key},{version}", log.bucket),
            None => writeln!(text, "{},{key}", log.bucket),
        };
    }
    text
}
