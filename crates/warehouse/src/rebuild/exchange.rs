//! Puts rebuilt rows in place of those that stand, in the tables that stand: only rows that differ are
//! touched, so that views, grants and all else that hangs on the tables stay as they are, and readers
//! see the old rows until the commit.

use super::pairs::Pair;
use super::{Rebuild, Rebuilt};
use crate::values::uncount;
use crate::work::{Work, field};
use crate::{WarehouseError, rows};

/// How many rows went and came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Exchanged {
    pub(super) gone: u64,
    pub(super) come: u64,
}

/// Exchanges a table's rows. Nobody else writes to it.
pub(super) async fn exchange(
    work: &Work<'_>,
    pair: &Pair,
    table: &normalise::Table,
) -> Result<Exchanged, WarehouseError> {
    let Pair { live, rebuilt, .. } = pair;
    let columns = rows::columns(table);
    let go = format!(
        "DELETE FROM {live} t WHERE NOT EXISTS (SELECT FROM {rebuilt} s WHERE {})",
        pair.is_same()
    );
    let come = format!(
        "INSERT INTO {live} ({columns}) SELECT {columns} FROM {rebuilt} s
         WHERE NOT EXISTS (SELECT FROM {live} t
            WHERE t._object_id = s._object_id AND t._row = s._row)"
    );
    let count = format!(
        "SELECT (SELECT count(*) FROM {live}) AS live, (SELECT count(*) FROM {rebuilt}) AS rebuilt"
    );
    let gone = work.execute("take out rows that differ", &go, &[]).await?;
    let come = work.execute("put rebuilt rows in", &come, &[]).await?;
    let row = work.query_one("count what stands", &count, &[]).await?;
    let (live, rebuilt) = (field::<i64>(&row, "live")?, field::<i64>(&row, "rebuilt")?);
    if live == rebuilt {
        return Ok(Exchanged { gone, come });
    }
    Err(WarehouseError::ChangedByHand(format!(
        "of {} rows for {} a trigger or rule let only {} in, so nothing is changed; `riacho schema \
         diff` names it: drop it, then run the rebuild again",
        uncount(rebuilt),
        pair.name,
        uncount(live)
    )))
}

/// Exchanges what could not be kept, and what gave way.
pub(super) async fn exchange_rest(
    work: &Work<'_>,
    rebuild: &Rebuild,
    endpoint: &Rebuilt,
) -> Result<(), WarehouseError> {
    const REST: [&str; 4] = [
        "DELETE FROM riacho.rejects j USING riacho.objects o
         WHERE o.id = j.object_id AND o.source = $1 AND o.endpoint = $2
            AND NOT EXISTS (SELECT FROM {side}.rejects s
                WHERE (s.object_id, s.\"row\", s.reason, s.pointer, s.byte_offset, s.byte_length)
                    = (j.object_id, j.\"row\", j.reason, j.pointer, j.byte_offset, j.byte_length)
                    AND s.json IS NOT DISTINCT FROM j.json)",
        "INSERT INTO riacho.rejects SELECT s.* FROM {side}.rejects s
         JOIN {side}.objects o ON o.id = s.object_id
         WHERE o.source = $1 AND o.endpoint = $2
            AND NOT EXISTS (SELECT FROM riacho.rejects j
                WHERE (j.object_id, j.\"row\") = (s.object_id, s.\"row\"))",
        "DELETE FROM riacho.shadows w WHERE w.source = $1 AND w.endpoint = $2
            AND NOT EXISTS (SELECT FROM {side}.shadows s
                WHERE (s.object_id, s.\"row\", s.key, s.version)
                    = (w.object_id, w.\"row\", w.key, w.version))",
        "INSERT INTO riacho.shadows SELECT s.* FROM {side}.shadows s
         WHERE s.source = $1 AND s.endpoint = $2
            AND NOT EXISTS (SELECT FROM riacho.shadows w
                WHERE (w.object_id, w.\"row\") = (s.object_id, s.\"row\"))",
    ];
    for sql in REST {
        let sql = rebuild.sql(sql);
        work.execute("put rebuilt rejects and shadows in", &sql, &endpoint.names()).await?;
    }
    Ok(())
}
