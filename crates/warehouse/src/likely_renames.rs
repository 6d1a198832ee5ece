//! Likely renames as the change log has them. Finding them is `likeness`'s.

use crate::work::field;
use crate::{Rename, Warehouse, WarehouseError};

/// A likely rename that was noticed.
#[derive(Debug, Clone, PartialEq)]
pub struct LikelyRename {
    /// Its line in the change log.
    pub id: i64,
    /// The source.
    pub source: String,
    /// The endpoint.
    pub endpoint: String,
    /// The rename, with its score and evidence.
    pub rename: Rename,
}

impl Warehouse {
    /// The likely rename with that number, accepted or not.
    pub async fn likely_rename(&mut self, id: i64) -> Result<Option<LikelyRename>, WarehouseError> {
        const FIND: &str = "
            SELECT id, source, endpoint, path, details->>'old' AS old,
                (details->>'score')::real AS score, details->'evidence' AS evidence
            FROM riacho.changes WHERE kind = 'likely_rename' AND id = $1";
        let work = self.work().await?;
        let row = work.query_opt("find the likely rename", FIND, &[&id]).await?;
        work.rollback().await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(LikelyRename {
            id: field(&row, "id")?,
            source: field(&row, "source")?,
            endpoint: field(&row, "endpoint")?,
            rename: Rename {
                new: field(&row, "path")?,
                old: field(&row, "old")?,
                score: field(&row, "score")?,
                evidence: field(&row, "evidence")?,
            },
        }))
    }
}
