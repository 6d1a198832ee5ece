//! Decides between the records of a batch and those of the same object that came under the same keys
//! in batches before: the newer version is kept, and of equal ones the earlier record. The core
//! decides so itself as long as it remembers a key; of the others it says which to ask for.

use std::collections::BTreeSet;

use normalise::{Batch, Reject, RejectReason, RootKey};
use tokio_postgres::types::ToSql;

use crate::contest::{place, version};
use crate::keyed::Keyed;
use crate::rows::RootRow;
use crate::work::{Work, field};
use crate::{EndpointFacts, WarehouseError};

/// Which of the records are not kept.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// Records of the batch, their keys.
    pub(crate) losers: Vec<RootKey>,
    /// Earlier ones, whether they stand or are shadows.
    pub(crate) displaced: Vec<RootRow>,
}

/// An earlier record.
struct Earlier {
    /// Which of the keys asked for, from 0.
    key: usize,
    row: i32,
    version: Vec<u8>,
}

/// Judges the records of a batch that perhaps come again.
pub(crate) async fn judge(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
    keyed: &Keyed<'_>,
    object_id: i64,
    batch: &Batch,
) -> Result<Verdict, WarehouseError> {
    let keys = batch.keys.iter().filter(|key| key.is_perhaps_again).collect::<Vec<_>>();
    let mut verdict = Verdict::default();
    if keys.is_empty() {
        return Ok(verdict);
    }
    let (standing, shadows) = futures::try_join!(
        standing(work, keyed, object_id, &keys),
        shadows(work, endpoint, keyed, object_id, &keys),
    )?;
    for earlier in standing.into_iter().chain(shadows) {
        let Some(key) = keys.get(earlier.key).filter(|key| key.row != earlier.row) else {
            continue;
        };
        if key.version > earlier.version {
            verdict.displaced.push((object_id, earlier.row));
        } else {
            verdict.losers.push((*key).clone());
        }
    }
    Ok(verdict)
}

impl Verdict {
    /// The root rows of all that are not kept: of an earlier record that was very large, the last rows
    /// may come in the batch in which it is displaced.
    pub(crate) fn rows(&self) -> BTreeSet<i32> {
        let displaced = self.displaced.iter().map(|(_, row)| *row);
        self.losers.iter().map(|key| key.row).chain(displaced).collect()
    }

    /// What is said of the records that are not kept. Where the earlier ones stood in the object is
    /// not known any more.
    pub(crate) fn rejects(&self, endpoint: &EndpointFacts, records: &str) -> Vec<Reject> {
        let field = endpoint.key.first().map_or("", String::as_str);
        let field = field.strip_prefix(records).unwrap_or(field);
        let reject = |row, bytes| Reject {
            row,
            reason: RejectReason::KeyTwice,
            pointer: field.to_owned(),
            bytes,
            json: None,
        };
        let losers = self.losers.iter().map(|key| reject(key.row, Some(key.bytes.clone())));
        losers.chain(self.displaced.iter().map(|(_, row)| reject(*row, None))).collect()
    }
}

async fn standing(
    work: &Work<'_>,
    keyed: &Keyed<'_>,
    object_id: i64,
    keys: &[&RootKey],
) -> Result<Vec<Earlier>, WarehouseError> {
    let sql = format!(
        "SELECT k.n, r._row AS \"row\"{} FROM {} WHERE r._object_id = $1",
        keyed.versions(),
        keyed.standing(2)
    );
    let cells = keyed.parameters(keys)?;
    let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&object_id];
    parameters.extend(cells.iter().map(|cells| cells as &(dyn ToSql + Sync)));
    let rows = work.query("find the object's own records", &sql, &parameters).await?;
    let earlier = rows.iter().map(|row| {
        Ok(Earlier { key: place(row)?, row: field(row, "row")?, version: version(keyed, row)? })
    });
    earlier.collect()
}

async fn shadows(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
    keyed: &Keyed<'_>,
    object_id: i64,
    keys: &[&RootKey],
) -> Result<Vec<Earlier>, WarehouseError> {
    let sql = format!(
        "SELECT k.n, s.\"row\", s.version FROM {} JOIN riacho.shadows s
            ON s.source = $1 AND s.endpoint = $2 AND s.key = {}
         WHERE s.object_id = $3",
        keyed.unnest(4),
        keyed.text_of_unnest()
    );
    let cells = keyed.parameters(keys)?;
    let mut parameters: Vec<&(dyn ToSql + Sync)> =
        vec![&endpoint.source, &endpoint.endpoint, &object_id];
    parameters.extend(cells.iter().map(|cells| cells as &(dyn ToSql + Sync)));
    let rows = work.query("find the object's own shadows", &sql, &parameters).await?;
    let earlier = rows.iter().map(|row| {
        Ok(Earlier { key: place(row)?, row: field(row, "row")?, version: field(row, "version")? })
    });
    earlier.collect()
}
