//! What the ledger knows of given objects: a comparison of it with the lake asks page by page.

use jiff::Timestamp;
use landing::{ErrorLog, ObjectKey};
use serde_json::Value;

use crate::values::Instant;
use crate::work::field;
use crate::{Warehouse, WarehouseError};

/// An object's line, as far as a comparison needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The object.
    pub key: ObjectKey,
    /// `loaded`, `unchanged`, `superseded`, `failed`.
    pub status: String,
    /// The bytes that the line speaks of.
    pub etag: Option<String>,
    /// Their version, where the bucket keeps versions.
    pub version_id: Option<String>,
    /// When the object was dealt with, if it was.
    pub loaded_at: Option<Timestamp>,
    /// Why it failed, if it did.
    pub failure: Option<ErrorLog>,
}

impl Known {
    /// Whether the object was dealt with, and did not fail.
    pub fn is_done(&self) -> bool {
        matches!(self.status.as_str(), "loaded" | "unchanged" | "superseded")
    }
}

impl Warehouse {
    /// The lines of those of `keys` that have one.
    pub async fn known(
        &mut self,
        bucket: &str,
        keys: &[ObjectKey],
    ) -> Result<Vec<Known>, WarehouseError> {
        const KNOWN: &str = "
            SELECT key, status, etag, version_id, loaded_at, error FROM riacho.objects
            WHERE bucket = $1 AND key = ANY($2) AND status <> 'loading'";
        let keys = keys.iter().map(ObjectKey::as_str).collect::<Vec<_>>();
        let work = self.work().await?;
        let rows = work.query("ask the ledger for objects", KNOWN, &[&bucket, &keys]).await?;
        let mut known = Vec::with_capacity(rows.len());
        for row in &rows {
            known.push(Known {
                key: ObjectKey::new(field::<String>(row, "key")?),
                status: field(row, "status")?,
                etag: field(row, "etag")?,
                version_id: field(row, "version_id")?,
                failure: field::<Option<Value>>(row, "error")?
                    .and_then(|error| serde_json::from_value(error).ok()),
                loaded_at: field::<Option<Instant>>(row, "loaded_at")?.map(|at| at.0),
            });
        }
        work.rollback().await?;
        Ok(known)
    }
}
