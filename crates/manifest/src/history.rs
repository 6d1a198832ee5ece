//! What came and went, by day: `manifests/history/2026/11/24/101500Z-3f9a1c20.jsonl`.

use jiff::Timestamp;
use landing::{ErrorLog, MANIFESTS_PREFIX, ObjectKey};
use objects::{Lake, LakeError, PutOptions};
use serde::Serialize;

use crate::Changed;

#[derive(Serialize)]
struct Line<'a> {
    at: Timestamp,
    change: &'static str,
    #[serde(flatten)]
    log: &'a ErrorLog,
}

/// Writes one object with a line for each change. Its name ends in a random number, so that no two
/// functions ever write the same.
pub(crate) async fn write(
    lake: &Lake,
    bucket: &str,
    changed: &Changed,
    now: Timestamp,
) -> Result<(), LakeError> {
    let listed = changed.listed.iter().map(|log| ("listed", log));
    let resolved = changed.resolved.iter().map(|log| ("resolved", log));
    let mut body = Vec::new();
    for (change, log) in listed.chain(resolved) {
        let line = Line { at: now, change, log };
        // An error log holds nothing that JSON can't.
        body.extend(serde_json::to_vec(&line).unwrap_or_default());
        body.push(b'\n');
    }
    let key = format!(
        "{MANIFESTS_PREFIX}history/{}-{:08x}.jsonl",
        now.strftime("%Y/%m/%d/%H%M%SZ"),
        fastrand::u32(..)
    );
    let options = PutOptions {
        content_type: Some("application/x-ndjson".to_owned()),
        ..PutOptions::default()
    };
    lake.put(bucket, &ObjectKey::new(key), body.into(), options).await?;
    Ok(())
}
