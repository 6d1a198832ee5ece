//! What is derived from the list: `open.csv` for machines, `index.html` for people.

use landing::{MANIFESTS_PREFIX, ObjectKey};
use objects::{Lake, PutOptions};

use super::{Lines, OpenList, csv, html};
use crate::ManifestError;

/// Each round means that another writer was quicker; that one derives as well.
const ROUNDS_MAX: u32 = 8;

/// Writes both, then looks whether the list is still the one they were derived from: whoever writes
/// them last has looked last, so the last state wins.
pub(super) async fn write(
    lake: &Lake,
    bucket: &str,
    lines: &Lines,
    etag: &str,
) -> Result<(), ManifestError> {
    let mut lines = lines.clone();
    let mut etag = etag.to_owned();
    for _ in 0..ROUNDS_MAX {
        put(lake, bucket, "open.csv", "text/csv", csv::to_csv(&lines)).await?;
        let page = html::to_html(&lines);
        put(lake, bucket, "index.html", "text/html; charset=utf-8", page).await?;
        let head = lake.head(bucket, &OpenList::key()).await?;
        if head.is_none_or(|head| head.etag == etag) {
            break;
        }
        let (newer, found) = OpenList::of(lake, bucket).read_with_etag().await?;
        lines = newer;
        etag = found.unwrap_or_default();
    }
    Ok(())
}

async fn put(
    lake: &Lake,
    bucket: &str,
    name: &str,
    content_type: &str,
    text: String,
) -> Result<(), ManifestError> {
    let key = ObjectKey::new(format!("{MANIFESTS_PREFIX}{name}"));
    let options =
        PutOptions { content_type: Some(content_type.to_owned()), ..PutOptions::default() };
    lake.put(bucket, &key, text.into(), options).await?;
    Ok(())
}
