//! Decides between the records of a batch and those of other objects that stand under the same
//! keys: the newest version stands, and of equal versions the newer object's.

use normalise::{Batch, RootKey, version_from_cell};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::WarehouseError;
use crate::keyed::Keyed;
use crate::ledger::{self, Standing};
use crate::rows::RootRow;
use crate::values::RawCell;
use crate::work::{Parameters, Work, field};

/// A record that stands under a key.
#[derive(Debug)]
pub(crate) struct Stander {
    /// Which of the keys asked for, from 0.
    pub(crate) key: usize,
    pub(crate) row: RootRow,
    pub(crate) version: Vec<u8>,
    pub(crate) standing: Standing,
    /// The row version of its object's line.
    pub(crate) line: String,
}

/// What a batch changes.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// Rows of the batch that give way.
    pub(crate) losers: Vec<RootKey>,
    /// Standing records that give way, with their versions.
    pub(crate) displaced: Vec<(RootRow, Vec<u8>)>,
}

/// Judges a batch. `own` is what the object counts with.
pub(crate) async fn judge(
    work: &Work<'_>,
    keyed: &Keyed<'_>,
    object_id: i64,
    own: &Standing,
    batch: &Batch,
) -> Result<Verdict, WarehouseError> {
    let keys = batch.keys.iter().collect::<Vec<_>>();
    let standers = find(work, keyed, object_id, &keys).await?;
    share(work, &standers).await?;
    let mut verdict = Verdict::default();
    for stander in standers {
        let Some(key) = keys.get(stander.key) else { continue };
        if (&key.version, own) > (&stander.version, &stander.standing) {
            verdict.displaced.push((stander.row, stander.version));
        } else {
            verdict.losers.push((*key).clone());
        }
    }
    Ok(verdict)
}

/// Makes sure that nobody takes away what the judgement counts on.
pub(crate) async fn share(work: &Work<'_>, standers: &[Stander]) -> Result<(), WarehouseError> {
    let seen = standers.iter().map(|stander| (stander.row.0, stander.line.clone()));
    ledger::share(work, seen.collect()).await
}

/// The records of other objects that stand under the keys.
async fn find(
    work: &Work<'_>,
    keyed: &Keyed<'_>,
    object_id: i64,
    keys: &[&RootKey],
) -> Result<Vec<Stander>, WarehouseError> {
    let sql = format!(
        "SELECT k.n, r._object_id, r._row, o.standing_time, o.standing_key, o.xmin::text AS line{}
         FROM {} JOIN riacho.objects o ON o.id = r._object_id
         WHERE r._object_id <> $1",
        keyed.versions(),
        keyed.standing(2)
    );
    let cells = keyed.parameters(keys)?;
    let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&object_id];
    parameters.extend(cells.iter().map(|cells| cells as &(dyn ToSql + Sync)));
    let parameters: Parameters<'_> = &parameters;
    let rows = work.query("find the records that stand", &sql, parameters).await?;
    rows.iter().map(|row| stander(keyed, row)).collect()
}

/// The version of a standing record, from the columns that `Keyed::versions` selects.
pub(crate) fn version(keyed: &Keyed<'_>, row: &Row) -> Result<Vec<u8>, WarehouseError> {
    let mut version = Vec::new();
    for (at, column) in keyed.version.iter().enumerate() {
        if let Some(cell) = field::<Option<RawCell>>(row, &format!("v{at}"))? {
            version = version_from_cell(column.of, &cell.0);
        }
    }
    Ok(version)
}

/// Which of the keys asked for, from 0: `unnest` counts from 1.
pub(crate) fn place(row: &Row) -> Result<usize, WarehouseError> {
    Ok(usize::try_from(field::<i64>(row, "n")? - 1).unwrap_or(usize::MAX))
}

pub(crate) fn stander(keyed: &Keyed<'_>, row: &Row) -> Result<Stander, WarehouseError> {
    Ok(Stander {
        key: place(row)?,
        row: (field(row, "_object_id")?, field(row, "_row")?),
        version: version(keyed, row)?,
        standing: Standing::read(row)?,
        line: field(row, "line")?,
    })
}
