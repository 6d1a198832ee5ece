//! Where an object was put again with other bytes after a newer object of its scope had been found
//! to be equal to it, the rows that stand are no longer its own: they are the newer object's.

use tokio_postgres::types::ToSql;

use crate::ledger::{Line, Standing};
use crate::work::{Work, field};
use crate::{EndpointFacts, ObjectFacts, WarehouseError, catalog};

/// Gives the line's rows to the newer object that they stand for; says whether there is one.
pub(crate) async fn hand_over(
    work: &Work<'_>,
    object: &ObjectFacts,
    endpoint: &EndpointFacts,
    line: &mut Line,
) -> Result<bool, WarehouseError> {
    const HEIR: &str = "
        SELECT id FROM riacho.objects
        WHERE source = $1 AND endpoint = $2 AND scope = $3 AND key = $4 AND status = 'unchanged'
        FOR NO KEY UPDATE";
    let Some(standing) = line.standing.clone() else { return Ok(false) };
    if line.stands_on(&object.object) || standing <= Standing::of(object) {
        return Ok(false);
    }
    let scope = object.location.scope.to_string();
    let of: [&(dyn ToSql + Sync); 4] =
        [&endpoint.source, &endpoint.endpoint, &scope, &standing.key];
    let Some(row) = work.query_opt("find the object that the rows stand for", HEIR, &of).await?
    else {
        return Ok(false);
    };
    let heir = field::<i64>(&row, "id")?;
    move_rows(work, endpoint, line.id, heir).await?;
    move_standing(work, line.id, heir).await?;
    line.stands = false;
    line.standing = None;
    Ok(true)
}

async fn move_rows(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
    from: i64,
    to: i64,
) -> Result<(), WarehouseError> {
    let catalog = catalog::open(work, endpoint).await?;
    let mut statements = catalog.for_each_table(|table| {
        format!("UPDATE {table} SET _object_id = $2 WHERE _object_id = $1")
    });
    for table in ["riacho.shadows", "riacho.rejects"] {
        statements.push(format!("UPDATE {table} SET object_id = $2 WHERE object_id = $1"));
    }
    work.execute_each("hand rows over to a newer object", &statements, &[&from, &to]).await?;
    Ok(())
}

async fn move_standing(work: &Work<'_>, from: i64, to: i64) -> Result<(), WarehouseError> {
    const MOVE: &str = "
        UPDATE riacho.objects o SET status = 'loaded', stands = true,
            standing_time = f.standing_time, standing_key = f.standing_key,
            records = f.records, rows = f.rows, rejects = f.rejects, envelope = f.envelope
        FROM riacho.objects f WHERE o.id = $2 AND f.id = $1";
    const LEAVE: &str = "UPDATE riacho.objects SET stands = false WHERE id = $1";
    work.execute("let the newer object stand", MOVE, &[&from, &to]).await?;
    work.execute("let the older object go", LEAVE, &[&from]).await?;
    Ok(())
}
